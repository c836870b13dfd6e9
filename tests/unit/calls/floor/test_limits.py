from __future__ import annotations

from calls.floor.limits import DEFAULTS, Limit, Metric, limits, set_limits
from db.models import FloorLimit
from db.session import Sessions


async def test_a_queue_has_its_own_limits_or_the_usual_ones(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await set_limits(session, "common", {Metric.WAITING: Limit(10, 30), Metric.READY: Limit(None, None)})
        session.add(FloorLimit(queue="common", metric="newer", amber=1, red=1))
    async with sessions() as session:
        found = await limits(session, ["", "common"])
    assert found[""] == DEFAULTS
    assert found["common"][Metric.WAITING] == Limit(10, 30)
    assert found["common"][Metric.READY] == Limit(None, None)
    assert found["common"][Metric.LONGEST_S] == DEFAULTS[Metric.LONGEST_S]


async def test_setting_them_again_replaces_all(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await set_limits(session, "", {Metric.WAITING: Limit(1, 2)})
    async with sessions.begin() as session:
        await set_limits(session, "", {Metric.ABANDONED: Limit(3, 4)})
    async with sessions() as session:
        found = await limits(session, [""])
    assert (found[""][Metric.WAITING], found[""][Metric.ABANDONED]) == (DEFAULTS[Metric.WAITING], Limit(3, 4))
