"""Pieces of text as features, and text as a recogniser mishears it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.sounds import sound
from tickets.learned import vectors
from tickets.learned.noise import misheard
from tickets.learned.pieces import pieces_of, plain


def test_plain_text_is_what_is_spoken_and_no_longer_than_asked() -> None:
    assert plain("喂，ABC 12！𬇙河。", 100) == "喂abc12𬇙河"
    assert plain("一二三四五", 2) == "四五"


@given(st.text(max_size=60))
def test_every_piece_lies_where_it_says(text: str) -> None:
    said = plain(text, 60)
    for name, start, end in pieces_of(said):
        assert 0 <= start < end <= len(said)
        if name[0] == "c" and "^" not in name and not name.endswith("$"):
            assert name[1:] == said[start:end]


def test_what_sounds_alike_shares_its_sound() -> None:
    right, wrong = ({name for name, _, _ in pieces_of(text) if name[0] == "s"} for text in ("着火了", "找货了"))
    assert right & wrong == right


@pytest.mark.parametrize("seed", range(3))
def test_misheard_text_sounds_the_same(seed: int) -> None:
    text = "我家厨房着火了快来人"
    wrong = misheard(text, 0.5, seed)
    assert wrong != text
    assert sound(wrong) == sound(text)
    assert misheard(text, 0.5, seed) == wrong
    assert misheard(text, 0.0) == text


def test_a_longer_text_has_the_mean_of_its_pieces() -> None:
    if not vectors.available():  # the optional package; without it nobody asks for vectors
        with pytest.raises(RuntimeError, match="optional"):
            vectors.vector("路灯")
        return
    whole = vectors.mean_vector("路灯坏了" * 20, 400)
    assert whole.shape == (vectors.SIZE,)
    assert vectors.mean_vector("路灯坏了", 400) == pytest.approx(vectors.vector("路灯坏了"))
