from __future__ import annotations

import pytest

from accounts.errors import Fault, Refusal
from accounts.policy import Policy, policy, set_policy
from tests.unit.accounts.conftest import House


async def test_nothing_is_demanded_until_somebody_says_so(house: House) -> None:
    async with house.sessions.begin() as session:
        assert await policy(session) == Policy(required=False, version=0)
        await set_policy(session, house.admin, required=True, version=0, now=house.clock.now())
    async with house.sessions() as session:
        now = await policy(session)
    assert now.demands(["QA", "ADMIN"]) and now.demands(["SECURITY"]) and not now.demands(["AGENT", "SHIFT_LEAD"])
    (row,) = await house.trail()
    assert (row.action, row.detail["before"], row.detail["after"]) == (
        "setting_changed", {"required": False}, {"required": True},
    )  # fmt: skip


async def test_the_second_of_two_changes_is_refused(house: House) -> None:
    async with house.sessions.begin() as session:
        await set_policy(session, house.admin, required=True, version=0, now=house.clock.now())
    async with house.sessions.begin() as session:
        with pytest.raises(Refusal) as refused:
            await set_policy(session, house.admin, required=False, version=0, now=house.clock.now())
    assert refused.value.fault is Fault.CHANGED
