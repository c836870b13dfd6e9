from __future__ import annotations

import pytest

from tests.unit.tickets.drafting.talking import said
from tickets.drafting.drafter import Drafter
from tickets.drafting.repair import Repair
from tickets.drafting.talk import lines_of


@pytest.fixture(scope="module")
def repair() -> Repair:
    return Repair(["养老保险", "垃圾中转站"])


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("我的养劳保险断了", "我的养老保险断了"),
        ("从上个星其三开始", "从上个星期三开始"),
        ("垃极中转站太臭", "垃圾中转站太臭"),
    ],
)
def test_misheard_words_are_put_right(repair: Repair, heard: str, meant: str) -> None:
    assert repair(heard) == meant


@pytest.mark.parametrize(
    "text", ["简易棚", "天成了", "我叫陈建华", "4组18号", "希望你们尽快派人来修", "", "ABC 12"]
)
def test_what_is_right_is_left_alone(repair: Repair, text: str) -> None:
    assert repair(text) == text


def test_the_length_never_changes_and_quotes_stay_what_was_heard(drafter: Drafter, repair: Repair) -> None:
    (line,) = lines_of(said("C: 我的养劳保险断了"), repair)
    assert (line.text, line.read) == ("我的养劳保险断了", "我的养老保险断了")
    found = drafter.update(said("C: 我们是天城镇摆泉村的路灯坏了"))
    place = found["place_text"][0]
    assert (place.value, place.quote) == ("天城镇白泉村", "天城镇摆泉村")
