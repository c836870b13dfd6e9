"""(g) The citizen asks by key how the matter stands."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from db.models import ScriptStepRow, Unit
from db.session import make_engine, make_sessions
from network.line import CitizenLine
from runtime.bus import LocalBus
from runtime.clock import SystemClock
from tests.e2e.conftest import RunningSystem
from tests.e2e.observe import database, ended_call, eventually
from tests.e2e.voices import transcribe
from tickets.actor import Actor
from tickets.desk import TicketDesk
from tickets.fields import TicketFields

CALLER = "13500000001"


async def open_ticket(system: RunningSystem) -> str:
    """A ticket of this caller at the city-management bureau; returns its number."""
    engine = make_engine(system.settings.db_url)
    sessions = make_sessions(engine)
    desk = TicketDesk(sessions, LocalBus(), SystemClock())
    fields = TicketFields(
        appeal_type="HELP",
        category_code="1106",
        appellant_name="张先生",
        phone=CALLER,
        occurred_text="近三天",
        place_text="天城镇白泉村",
        region_code="421223100",
        title="白泉村路灯不亮",
        content="市民反映白泉村村口路灯不亮已有三天，希望尽快维修。",
        demand="尽快维修",
    )
    try:
        async with sessions() as session:
            unit_id = await session.scalar(select(Unit.id).where(Unit.code == "urban"))
        actor = Actor(user_id=1, name="王丽", roles=frozenset({"AGENT"}))
        ticket = await desk.open_ticket(actor, fields, unit_id=unit_id)
        return ticket.ticket_no
    finally:
        await engine.dispose()


async def step(system: RunningSystem, call_id: str, kind: str, seconds: float = 45.0) -> str:
    """The node of this kind that the call has entered."""

    async def look() -> str | None:
        async with database(system.settings) as session:
            rows = select(ScriptStepRow.node).where(ScriptStepRow.call_id == call_id, ScriptStepRow.kind == kind)
            return await session.scalar(rows.limit(1))

    return await eventually(look, f"a step of kind {kind}", seconds)


async def test_one_key_tells_the_caller_how_the_matter_stands(
    system: RunningSystem, model_folder: Path, tmp_path: Path
) -> None:
    await open_ticket(system)
    heard = tmp_path / "heard.wav"
    async with CitizenLine(system.settings, caller=CALLER, heard=heard) as citizen:
        assert await citizen.wait_answered(45)
        call_id = citizen.call_id
        await step(system, call_id, "queue")
        await citizen.press("2")  # during the greeting, as those do who know the line

        async def after() -> str | None:
            async with database(system.settings) as session:
                rows = select(ScriptStepRow.node).where(
                    ScriptStepRow.call_id == call_id, ScriptStepRow.node == "after_progress"
                )
                return await session.scalar(rows)

        await eventually(after, "the end of the announcement", 40)
        await citizen.press("1")  # done: the script says goodbye and hangs up
        assert await citizen.wait_ended(45)
        assert citizen.outcome == "hotline_hung_up"
    call = await ended_call(system.settings, call_id)
    assert call.outcome == "ivr"
    told = transcribe(model_folder, heard)
    assert "工单" in told, told
    assert "承办单位" in told, told
