"""Transfers to units: the number is the database's, an emergency unit is handed over instead."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from calls.acts.client import ControlRefused
from calls.acts.units import called_unit
from calls.state.live import LiveCall
from calls.state.rebuild import _handoff
from db.models import Handoff, Jurisdiction, Unit
from db.session import Sessions
from runtime.events import HandoffChanged
from tests.unit.calls.kit import CALL, Room, joins, originates


async def seed(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(Jurisdiction(id=1, code="demo", name="示范市", level=2))
        await session.flush()
        rows: list[dict[str, Any]] = [
            {"short_name": "城管局", "phone": "0715-3061234"},
            {"short_name": "消防救援局", "phone": "119", "kind": "EMERGENCY"},
            {"short_name": "公安局", "phone": "110"},
            {"short_name": "档案局", "phone": ""},
            {"short_name": "旧局", "phone": "07153061235", "active": False},
        ]
        for at, row in enumerate(rows, start=1):
            session.add(Unit(id=at, jurisdiction_id=1, code=f"u{at}", name=row["short_name"], **row))


@pytest.mark.parametrize(
    ("unit_id", "refusal"),
    [
        (2, "移交"),
        (3, "移交"),
        (4, "没有登记"),
        (5, "停用"),
        (99, "没有这个单位"),
        ("1", "没有"),
        (True, "没有"),
        (None, "没有"),
    ],
)
async def test_who_cannot_be_rung_is_told(sessions: Sessions, unit_id: object, refusal: str) -> None:
    await seed(sessions)
    async with sessions() as session:
        with pytest.raises(ControlRefused, match=refusal):
            await called_unit(session, unit_id)


async def test_the_number_is_the_unit_s_own_and_its_name_is_kept(calls: Room) -> None:
    await seed(calls.sessions)
    await calls.talks()
    joins(calls)
    originates(calls, answered=True)
    await calls.client.do("transfer_unit", actor="8001", call_id=CALL, unit_id=1, number="13900001111")
    told = await calls.wait(HandoffChanged, status="accepted")
    assert (told.target, told.name) == ("07153061234", "城管局")
    assert [fields["Channel"] for fields in calls.fake.asked("Originate")] == ["PJSIP/07153061234@trunk"]
    await calls.taken()
    async with calls.sessions() as session:
        row = (await session.scalars(select(Handoff))).one()
    assert (row.target, row.target_kind, row.reason_code, row.summary) == (
        "07153061234",
        "unit",
        "unit:1",
        "城管局",
    )
    again = _handoff(row, LiveCall(CALL, "", "", calls.clock.now()))
    assert (again.shown, again.role) == ("城管局", "unit"), "known by its name after a restart too"


async def test_an_emergency_unit_is_not_dialled(calls: Room) -> None:
    await seed(calls.sessions)
    await calls.talks()
    with pytest.raises(ControlRefused, match="移交"):
        await calls.client.do("transfer_unit", actor="8001", call_id=CALL, unit_id=2, number="119")
    assert calls.fake.asked("Originate") == []
    assert calls.fake.asked("Redirect") == []
