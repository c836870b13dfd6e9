from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.tickets.conftest import lamp_fields
from tickets.fields import (
    FIELD_NAMES,
    FieldErrors,
    TicketFields,
    UnitReplyFields,
    check_answer,
    check_decline,
    check_open,
    check_reply,
    clean_phone,
)

NOW = datetime(2025, 11, 14, 9, 0, tzinfo=UTC)


def faults_of(fields: TicketFields, caller: str = "") -> dict[str, str]:
    with pytest.raises(FieldErrors) as caught:
        check_open(fields, caller)
    return caught.value.errors


def test_a_complete_ticket_passes() -> None:
    check_open(lamp_fields())


@pytest.mark.parametrize(
    "name",
    ["appeal_type", "category_code", "title", "content", "demand", "appellant_name", "phone", "occurred_text"],
)
def test_each_required_element_is_asked_for(name: str) -> None:
    faults = faults_of(lamp_fields(**{name: ""}))
    assert list(faults) == [name]
    assert faults[name].endswith("。")


def test_place_may_be_a_division_or_words() -> None:
    assert "place_text" in faults_of(lamp_fields(place_text="", region_code=""))
    check_open(lamp_fields(place_text=""))
    check_open(lamp_fields(region_code=""))


def test_a_consultation_needs_neither_time_nor_place() -> None:
    check_open(lamp_fields(appeal_type="CONSULT", occurred_text="", place_text="", region_code=""))


def test_a_suggestion_needs_a_place_but_no_time() -> None:
    check_open(lamp_fields(appeal_type="SUGGEST", occurred_text=""))
    blank = lamp_fields(appeal_type="SUGGEST", occurred_text="", place_text="", region_code="")
    assert "place_text" in faults_of(blank)


def test_the_caller_id_is_contact_enough() -> None:
    check_open(lamp_fields(phone=""), caller_id="07153312233")


def test_a_firm_names_itself() -> None:
    assert "company" in faults_of(lamp_fields(is_enterprise=True))


def test_short_content_is_sent_back() -> None:
    assert "至少10个字" in faults_of(lamp_fields(content="路灯 不亮了"))["content"]


@pytest.mark.parametrize(
    ("raw", "digits"),
    [
        ("+86 139 1234 5678", "13912345678"), ("8613912345678", "13912345678"), ("0715-3312233", "07153312233"),
        ("(0715) 331 2233", "07153312233"), ("１３９１２３４５６７８", "13912345678"), ("", ""),
    ],
)  # fmt: skip
def test_numbers_are_cleaned(raw: str, digits: str) -> None:
    assert clean_phone(raw) == digits


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("phone", "1391234"[:3] + "x"), ("phone", "1" * 40), ("phone", "139'; DROP"), ("appeal_type", "ANGRY"),
        ("urgency", "NOW"), ("confidential", "YES"), ("title", "长" * 121), ("tags", [""]), ("tags", ["标"] * 13),
        ("occurred_at", "2025-11-14T09:00:00"), ("occurred_at", "昨天"), ("lat", 91),
    ],
)  # fmt: skip
def test_hostile_values_get_a_sentence_beside_their_field(name: str, value: Any) -> None:
    with pytest.raises(FieldErrors) as caught:
        TicketFields.parse({name: value})
    assert list(caught.value.errors) == [name]
    assert caught.value.errors[name].startswith(FIELD_NAMES[name])


@pytest.mark.parametrize("text", ["a\0b", "half a character \ud83d"])
def test_what_one_database_cannot_keep_is_refused_before(text: str) -> None:
    """PostgreSQL takes neither; SQLite takes both."""
    for values in ({"content": text}, {"tags": [text]}):
        with pytest.raises(FieldErrors):
            TicketFields.parse(values)
    with pytest.raises(FieldErrors):
        UnitReplyFields.parse({"result_text": text})
    with pytest.raises(FieldErrors) as caught:
        check_answer(lamp_fields(appeal_type="CONSULT"), None, text)
    assert list(caught.value.errors) == ["answer_text"]


def test_unknown_fields_are_ignored_and_doubled_tags_once() -> None:
    fields = TicketFields.parse({"caller_id": "110", "tags": ["涉企", "涉企"]})
    assert fields.tags == ["涉企"]
    assert not hasattr(fields, "caller_id")


def test_answers_on_the_line() -> None:
    consult = lamp_fields(appeal_type="CONSULT")
    check_answer(consult, "lamp", "")
    check_answer(consult, None, "请带身份证到窗口办理。")
    with pytest.raises(FieldErrors) as caught:
        check_answer(consult, None, "  ")
    assert list(caught.value.errors) == ["answer_text"]
    for kind in ("COMPLAINT", "REPORT"):
        with pytest.raises(FieldErrors) as caught:
            check_answer(lamp_fields(appeal_type=kind), "lamp", "")
        assert "不能直接答复" in caught.value.errors["appeal_type"]


def test_refusals_need_a_code_and_what_was_told() -> None:
    check_decline(lamp_fields(), "NA01", "已告知可向法院起诉。")
    with pytest.raises(FieldErrors) as caught:
        check_decline(lamp_fields(), "NA99", "")
    assert caught.value.errors.keys() == {"decline_code", "told"}
    with pytest.raises(FieldErrors, match="移交"):
        check_decline(lamp_fields(), "NA10", "已告知拨打110")


REPLY: dict[str, Any] = {
    "is_true": True,
    "contacted": True,
    "contact_time": NOW,
    "solved": True,
    "result_text": "已更换控制器，恢复照明。",
    "public_text": "路灯已修复。",
}


def reply_faults(**changes: Any) -> set[str]:
    reply = UnitReplyFields.parse(REPLY | changes)
    try:
        check_reply(reply, since=NOW - timedelta(hours=5), now=NOW, private=("陈建华", "13586427903"))
    except FieldErrors as error:
        return set(error.errors)
    return set()


def test_a_reply_with_contact_result_and_public_text_passes() -> None:
    assert reply_faults() == set()


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"is_true": None}, "is_true"),
        ({"solved": None}, "solved"),
        ({"solved": False}, "unsolved_reason"),
        ({"contacted": False}, "contacted"),
        ({"contact_time": None}, "contact_time"),
        ({"contact_time": NOW + timedelta(minutes=1)}, "contact_time"),
        ({"contact_time": NOW - timedelta(days=2)}, "contact_time"),
        ({"result_text": "办了"}, "result_text"),
        ({"public_text": ""}, "public_text"),
        ({"public_text": "陈建华反映的路灯已修复"}, "public_text"),
        ({"public_text": "已致电13586427903告知"}, "public_text"),
    ],
)
def test_each_guard_of_the_reply(changes: dict[str, Any], fault: str) -> None:
    assert reply_faults(**changes) == {fault}
