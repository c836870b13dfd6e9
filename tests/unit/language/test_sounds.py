from __future__ import annotations

import pytest

from language.sounds import fold, near, sound, syllable


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("西门接", "西门街"), ("厂理由", "厂里有"), ("四楼", "是楼"), ("牛奶", "流来"),
        ("公程", "工成"), ("12", "一二"),
    ],
)  # fmt: skip
def test_homophones_and_accents_sound_alike(heard: str, meant: str) -> None:
    assert sound(heard) == sound(meant)


def test_one_unit_for_each_character() -> None:
    for text in ("", "A座3楼", "西门街 56 号", "绿"):
        assert len(sound(text)) == len(text)


def test_others_stand_for_themselves() -> None:
    assert syllable("K") == "k"
    assert syllable("，") == "，"


def test_near_syllables() -> None:
    assert near("lin", "li")
    assert near("tan", "pan")
    assert not near("tan", "zou")


@pytest.mark.parametrize(
    ("syllable", "folded"),
    [
        ("zhong", "zon"),
        ("chi", "ci"),
        ("shang", "san"),
        ("niu", "liu"),
        ("ling", "lin"),
        ("nve", "lve"),
        ("nue", "lve"),
        ("lue", "lve"),
        ("n", "n"),
        ("an", "an"),
    ],
)
def test_the_local_accent_is_folded(syllable: str, folded: str) -> None:
    assert fold(syllable) == folded
