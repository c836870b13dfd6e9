"""A value in which words were put right says what was recognised."""

from __future__ import annotations

from runtime.events import Suggestion
from tickets.drafting.literal import with_literals
from tickets.drafting.talk import Line, whole


def line(heard: str, read: str) -> Line:
    return Line("u1", "citizen", heard, frozenset(), read)


def option(value: str, said: Line, start: int = 0, end: int | None = None) -> Suggestion:
    stop = len(said.text) if end is None else end
    return Suggestion(
        value=value,
        label=value,
        confidence=0.9,
        utterance_id="u1",
        quote=said.text[start:stop],
        start=start,
        end=stop,
    )


def test_words_put_right_are_told_in_every_text_that_holds_them() -> None:
    said = line("同中乡的路灯不亮", "铜钟乡的路灯不亮")
    found = with_literals(
        {
            "title": [option("反映铜钟乡路灯不亮问题", said)],
            "place_text": [option("铜钟乡", said, 0, 3)],
            "category_code": [option("1106", said)],
        },
        [said],
    )
    assert found["title"][0].literal == "反映同中乡路灯不亮问题"
    assert found["place_text"][0].literal == "同中乡"
    assert found["category_code"][0].literal == ""


def test_a_lone_character_goes_back_with_its_neighbour_only() -> None:
    said = line("石成镇城管局", "石城镇城管局")
    found = with_literals({"content": [option("石城镇城管局的车", said)]}, [said])
    assert found["content"][0].literal == "石成镇城管局的车"


def test_a_name_taken_from_the_gazetteer_goes_back_too() -> None:
    said = line("白权村没有水", "白权村没有水")
    found = with_literals(
        {"place_text": [option("天城镇白泉村", said, 0, 3)], "title": [option("白泉村停水", said)]}, [said]
    )
    assert found["place_text"][0].literal == "天城镇白权村"
    assert found["title"][0].literal == "白权村停水"


def test_what_was_recognised_so_says_nothing() -> None:
    said = line("白泉村没有水", "白泉村没有水")
    fields = {"place_text": [option("天城镇白泉村", said, 0, 3)]}
    assert with_literals(fields, [said])["place_text"][0].literal == ""
    assert whole(said).quote == said.text
