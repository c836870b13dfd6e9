"""Texts from a citizen's mouth on their way into SIP headers: nothing special is left."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from calls.acts.handoff_leg import caller_id, leg_variables, safe, whisper_text
from calls.state.live import LiveCall, LiveHandoff


def pair(caller: str = "13912345678", place: str = "", summary: str = "") -> tuple[LiveCall, LiveHandoff]:
    call = LiveCall(
        "01a20049-a4f5-7069-9c8d-968102d07eca", "PJSIP/trunk-1", "1.1", datetime(2026, 1, 1, tzinfo=UTC)
    )
    call.caller = caller
    return call, LiveHandoff(1, "110", "emergency", "emergency", place=place, summary=summary, by="8001")


@given(st.text(max_size=300))
def test_nothing_special_survives(text: str) -> None:
    line = safe(text)
    assert not re.search(r"[\x00-\x1f\x7f,;:()\[\]{}<>\"'\\$&|@=^]", line)
    assert len(line) <= 80


def test_the_number_is_passed_through_with_a_short_place_as_name() -> None:
    assert caller_id(*pair(place="白霓镇桥头"), "12345") == '"白霓镇桥头" <13912345678>'
    assert caller_id(*pair(place="白" * 30), "12345") == '"13912345678" <13912345678>'
    assert caller_id(*pair(caller=""), "12345") == '"12345" <12345>'


def test_the_role_comes_before_the_call_id() -> None:
    found = leg_variables(*pair(place="白霓镇", summary="打架, 有刀"), "/run/w")
    assert found[:2] == ["HOTLINE_ROLE=emergency:110", "CALL_ID=01a20049-a4f5-7069-9c8d-968102d07eca"]
    assert "PJSIP_HEADER(add,X-Hotline-Summary)=打架， 有刀" in found
    assert found[-1] == "HOTLINE_WHISPER=/run/w"


def test_an_empty_header_is_not_sent() -> None:
    assert not any("Place" in variable for variable in leg_variables(*pair()))


def test_the_whisper_tells_number_place_and_one_line() -> None:
    text = whisper_text(*pair(place="白霓镇", summary="打架"))
    assert all(part in text for part in ("白霓镇", "打架", "13912345678"))
    assert "未显示号码" in whisper_text(*pair(caller=""))
