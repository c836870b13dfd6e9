"""One talk, sentence by sentence: words and model together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from tickets.emergency import listener
from tickets.emergency.examples import Before
from tickets.emergency.listener import Listener, listen_with
from tickets.emergency.model import Judgement, shipped_model


@dataclass
class Told:
    """A model whose judgement of each text is written down: (code, probability, alert)."""

    texts: Mapping[str, tuple[str, float, bool]]
    asked: list[tuple[str, tuple[Before, ...]]] = field(default_factory=list)

    def judge(self, text: str, before: Sequence[Before] = ()) -> Judgement:
        self.asked.append((text, tuple(before)))
        code, probability, alert = self.texts.get(text, ("E119-01", 0.2, False))
        doubted = probability < 0.03
        return Judgement({code: probability}, code, probability, alert, (text[:2],), doubted)


@pytest.fixture(autouse=True)
def model() -> Iterator[Told]:
    told = Told(
        {
            "黑烟直往外滚": ("E119-01", 0.98, True),
            "人也呛得叫不应了": ("E120-01", 0.99, True),
            "烧得更大": ("E119-01", 0.99, True),
            "去年我家着火了": ("E119-01", 0.01, False),
            "你们搞消防演习说着火了": ("E119-01", 0.001, False),
            "我写信说着火了": ("E119-01", 0.5, True),
            "快救命啊": ("E110-01", 0.001, False),
        }
    )
    listen_with(told)  # type: ignore[arg-type]
    yield told
    listen_with(shipped_model())


def codes(one: Listener, *said: str, speaker: str = "citizen") -> list[str]:
    return [alert.code for text in said for alert in one.hear(speaker, text)]


def test_the_model_hears_what_no_list_has() -> None:
    (alert,) = Listener().hear("citizen", "黑烟直往外滚")
    assert (alert.code, alert.target, alert.by_word, alert.probability) == ("E119-01", "119", False, 0.98)
    assert alert.words == ("黑烟",)


def test_one_matter_alerts_once_and_another_again() -> None:
    assert codes(Listener(), "黑烟直往外滚", "烧得更大", "人也呛得叫不应了") == ["E119-01", "E120-01"]


def test_plain_words_alert_where_the_model_is_not_sure() -> None:
    (alert,) = Listener().hear("citizen", "我家着火了")
    assert (alert.code, alert.by_word) == ("E119-01", True)
    assert alert.probability >= 0.5


def test_plain_words_are_overruled_where_the_model_doubts_them() -> None:
    assert codes(Listener(), "你们搞消防演习说着火了") == []


def test_a_bare_cry_is_believed_whatever_the_model_thinks() -> None:
    assert codes(Listener(), "快救命啊") == ["E110-01"]


@pytest.mark.parametrize("cry", ["救命啊", "我要跳楼", "我家着火了", "电梯困人了", "我不想活了"])
def test_the_shipped_model_takes_no_plain_cry_back(cry: str) -> None:
    listen_with(shipped_model())
    assert codes(Listener(), cry)


def test_the_agent_alerts_nobody_but_a_yes_to_him_does() -> None:
    one = Listener()
    assert codes(one, "是着火了吗", speaker="agent") == []
    assert codes(one, "是的") == ["E119-01"]


def test_what_was_said_before_is_judged_too(model: Told) -> None:
    one = Listener()
    one.hear("agent", "您在什么位置")
    one.hear("citizen", "三楼")
    assert model.asked[-1] == ("三楼", (Before("agent", "您在什么位置"),))


def test_a_letter_needs_word_and_model() -> None:
    assert codes(Listener(typed=True), "黑烟直往外滚") == []
    assert codes(Listener(typed=True), "我写信说着火了") == []


def test_each_sentence_is_judged_once(model: Told) -> None:
    for _ in range(3):
        listener.judge("烧得更大")
    assert len(model.asked) == 1
