from __future__ import annotations

from datetime import UTC, datetime

from agent_desk.live.live_calls import KEPT, LiveCalls
from runtime.events import (
    CallAnswered,
    CallEnded,
    CallRinging,
    CallStarted,
    LegJoined,
    LegLeft,
    QueueChanged,
    RingMissed,
    SpeechStateChanged,
    TelephonyStale,
    Utterance,
)

AT = datetime(2025, 11, 14, 1, tzinfo=UTC)


def ringing(agent: str, call_id: str = "c") -> CallRinging:
    return CallRinging(call_id=call_id, agent=agent, at=AT)


def answered(agent: str, call_id: str = "c") -> CallAnswered:
    return CallAnswered(call_id=call_id, agent=agent, citizen_channel="t", agent_channel="a", at=AT, origin=AT)


def said(utterance_id: str, text: str, *, final: bool, start_ms: int = 0) -> Utterance:
    return Utterance(
        call_id="c",
        utterance_id=utterance_id,
        speaker="citizen",
        start_ms=start_ms,
        end_ms=start_ms + 500,
        text=text,
        final=final,
    )


def after(*events: object) -> LiveCalls:
    calls = LiveCalls()
    for event in events:
        calls.take(event)  # type: ignore[arg-type]
    return calls


def test_a_ringing_call_is_the_seat_s_until_it_is_missed() -> None:
    assert after(ringing("8001")).seats("c") == {"8001"}
    missed = RingMissed(call_id="c", agent="8001", at=AT)
    assert after(ringing("8001"), missed).seats("c") == set()
    assert after(ringing("8001"), ringing("8002"), missed).seats("c") == {"8002"}
    assert after(ringing("8001")).ringing_at("8001") == "c"


def test_who_answers_has_the_call() -> None:
    assert after(ringing("8001"), ringing("8002"), answered("8002")).seats("c") == {"8002"}


def test_after_a_transfer_only_who_stays_hears_more() -> None:
    joined = LegJoined(call_id="c", role="agent", name="8002", channel="x", at=AT)
    left = LegLeft(call_id="c", role="agent", name="8001", channel="a", at=AT)
    assert after(answered("8001"), joined).seats("c") == {"8001", "8002"}
    assert after(answered("8001"), joined, left).seats("c") == {"8002"}


def test_the_last_agent_keeps_the_call_to_write_it_up() -> None:
    left = LegLeft(call_id="c", role="agent", name="8001", channel="a", at=AT)
    ended = CallEnded(call_id="c", outcome="answered", at=AT)
    assert after(answered("8001"), left, ended).seats("c") == {"8001"}


def test_a_half_sentence_goes_when_it_or_a_later_one_is_finished() -> None:
    half = said("u1", "我要", final=False)
    live = after(answered("8001"), half).get("c")
    assert live is not None and live.partials == {"citizen": half}
    for final in (said("u1", "我要反映", final=True), said("u2", "喂", final=True, start_ms=900)):
        live = after(answered("8001"), half, final).get("c")
        assert live is not None and live.partials == {}
    earlier = said("u0", "喂", final=True, start_ms=-900)
    live = after(answered("8001"), half, earlier).get("c")
    assert live is not None and live.partials == {"citizen": half}


def test_memory_is_bounded() -> None:
    calls = LiveCalls()
    for number in range(KEPT + 10):
        calls.take(ringing("8001", f"call-{number}"))
    assert calls.get("call-0") is None
    assert calls.get(f"call-{KEPT + 9}") is not None


def test_the_number_is_known_before_the_seat_rings() -> None:
    calls = LiveCalls()
    for raw, shown in (("+8613912345678", "139 1234 5678"), ("anonymous", "匿名来电"), ("1" * 40, "号码异常")):
        started = CallStarted(call_id="c", caller="", caller_raw=raw, callee="12345", channel="PJSIP/x", at=AT)
        calls.take(started)
        assert calls.of("c").display == shown
    assert calls.of("of which we never heard").display == ""


def waiting(node: str, number: int, *, ready: int = 0) -> QueueChanged:
    since = AT if number else None
    return QueueChanged(node=node, queue="common", waiting=number, oldest_since=since, ready=ready, staffed=ready)


def test_a_queue_is_counted_over_all_nodes_and_one_that_is_away_counts_no_longer() -> None:
    calls = after(waiting("city", 2, ready=1), waiting("town", 3), waiting("city", 1, ready=2))
    merged = calls.queue("common")
    assert merged is not None and (merged.waiting, merged.ready, merged.oldest_since) == (4, 2, AT)
    assert calls.waiting == {"common": 4}
    calls.forget_node("town")
    assert calls.waiting == {"common": 1}
    assert calls.queue("police") is None


def test_speech_and_telephony_are_each_node_s_own() -> None:
    calls = after(
        TelephonyStale(node="city", stale=False, since=AT),
        TelephonyStale(node="town", stale=True, since=AT),
        SpeechStateChanged(node="town", available=True, model="m"),
        SpeechStateChanged(node="city", available=False, model=""),
    )
    stale = {node: state.stale for node in ("city", "town", "") if (state := calls.telephony_at(node))}
    assert stale == {"city": False, "town": True, "": True}  # who sits at none is told the worst
    heard = {node: speech.available for node in ("city", "town", "") if (speech := calls.speech_at(node))}
    assert heard == {"city": False, "town": True, "": True}
