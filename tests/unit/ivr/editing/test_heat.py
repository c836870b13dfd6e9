"""What callers did is counted from their steps, each caller once."""

from __future__ import annotations

from datetime import timedelta

from db.models import Call, ScriptStepRow
from db.session import Sessions
from ivr.editing.heat import heat, live_versions
from tests.fakes.clock import FakeClock


async def steps(
    sessions: Sessions, clock: FakeClock, call: str, *rows: str, script: str = "test", days: int = 0
) -> None:
    """Rows as `node kind exit`; `-` is empty."""
    async with sessions.begin() as session:
        for row in rows:
            node, kind, detail = (part.replace("-", "").replace("+", " ") for part in row.split())
            session.add(
                ScriptStepRow(
                    call_id=call,
                    script=script,
                    version=1,
                    node=node,
                    kind=kind,
                    detail=detail,
                    at=clock.now() - timedelta(days=days),
                )
            )
            await session.flush()


async def test_exits_hang_ups_and_wrong_keys(sessions: Sessions, clock: FakeClock) -> None:
    await steps(sessions, clock, "a", "greet say -", "main menu next", "main menu wrong_key", "queue queue key+2")
    await steps(sessions, clock, "b", "greet say -", "main menu next", "- end hung_up")
    await steps(sessions, clock, "c", "greet say -", "- end taken")
    await steps(sessions, clock, "old", "greet say -", "- end hung_up", days=8)
    await steps(sessions, clock, "other", "greet say -", "- end hung_up", script="else")
    async with sessions() as session:
        found = await heat(session, clock, "test")
    assert (found["greet"].entered, found["greet"].hung_up, found["greet"].exits["next"]) == (3, 0, 2)
    assert (found["main"].entered, found["main"].hung_up, found["main"].wrong_keys) == (2, 1, 1)
    assert found["main"].exits["key 2"] == 1
    assert set(found) == {"greet", "main", "queue"}


async def test_live_calls_are_counted_by_the_version_they_began_with(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        session.add(Call(id="a", state="ivr", started_at=clock.now()))
        session.add(Call(id="b", state="ended", started_at=clock.now(), ended_at=clock.now()))
    await steps(sessions, clock, "a", "greet say -", "main menu next")
    await steps(sessions, clock, "b", "greet say -")
    async with sessions() as session:
        assert await live_versions(session) == {("test", 1): 1}
