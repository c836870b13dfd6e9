"""A centre's own answers become examples to learn from."""

from __future__ import annotations

from db.models import Call, TranscriptUtterance
from db.session import Sessions
from runtime.events import EmergencyHeard
from tests.fakes.clock import FakeClock
from tickets.emergency.answers import NOT_ONE, answer_alerts
from tickets.emergency.examples import NONE, Before, Example
from tickets.emergency.own_data import own_examples
from tickets.emergency.spotter import alert_row

CALL = "019a0000-0000-7000-8000-000000000001"
SAID = [
    ("agent", "请问什么事"),
    ("citizen", "我们单位搞演习"),
    ("citizen", "到处都是烟"),
    ("citizen", "有人晕倒了"),
]


async def call_with_alerts(sessions: Sessions, clock: FakeClock) -> None:
    """Two alerts of one call: the smoke of a drill, and somebody who really fainted."""
    async with sessions.begin() as session:
        session.add(Call(id=CALL, caller="13912345678", started_at=clock.now()))
        await session.flush()
        for at, (speaker, text) in enumerate(SAID):
            session.add(
                TranscriptUtterance(
                    id=f"u{at}",
                    call_id=CALL,
                    speaker=speaker,
                    start_ms=at * 1000,
                    end_ms=at * 1000 + 900,
                    text=text,
                    created_at=clock.now(),
                )
            )
        for code, target, utterance in (("E119-01", "119", "u2"), ("E120-01", "120", "u3")):
            alert = EmergencyHeard(
                call_id=CALL,
                code=code,
                target=target,
                words=("烟",),
                utterance_id=utterance,
                speaker="citizen",
                at=clock.now(),
            )
            session.add(alert_row(alert))


async def test_what_was_answered_so_is_an_example_with_what_came_before(
    sessions: Sessions, clock: FakeClock
) -> None:
    await call_with_alerts(sessions, clock)
    async with sessions.begin() as session:
        await answer_alerts(session, clock, CALL, ["E119-01"], NOT_ONE, by="agent1")
    async with sessions() as session:
        found = await own_examples(session)
    before = (Before("agent", "请问什么事"), Before("citizen", "我们单位搞演习"))
    assert found == [Example(NONE, f"own {CALL}", "到处都是烟", before)]


async def test_other_answers_and_deleted_transcripts_teach_nothing(sessions: Sessions, clock: FakeClock) -> None:
    await call_with_alerts(sessions, clock)
    async with sessions.begin() as session:
        await answer_alerts(session, clock, CALL, ["E119-01"], "handed_over", by="agent1")
        await answer_alerts(session, clock, CALL, ["E120-01"], NOT_ONE, by="agent1")
        row = await session.get_one(TranscriptUtterance, "u3")
        await session.delete(row)
    async with sessions() as session:
        assert await own_examples(session) == []
