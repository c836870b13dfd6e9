"""(h) Nobody can take the call: the citizen leaves a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import expect
from sqlalchemy import select

from db.models import (
    AuditEvent,
    Call,
    CallbackTask,
    Recording,
    Ticket,
    TicketDraft,
    TranscriptUtterance,
    Voicemail,
)
from network.line import CitizenLine
from tests.audio import loud_seconds, wav_tracks
from tests.e2e.conftest import RunningSystem, agent_at_desk
from tests.e2e.desk_page import SHOWN_MS
from tests.e2e.observe import call_row, database, ended_call, eventually, ticket_row
from tests.e2e.test_progress import step
from tests.e2e.voices import LIGHTS, say
from tests.speech_samples import error_rate
from tests.waiting import until

CALLER = "13300000001"


async def test_a_message_becomes_text_a_ticket_and_a_call_back(system: RunningSystem, voices: Path) -> None:
    voice = await say(voices, LIGHTS, "lights")
    async with CitizenLine(system.settings, caller=CALLER) as citizen:
        assert await citizen.wait_answered(45)
        call_id = citizen.call_id
        await step(system, call_id, "voicemail", seconds=60)
        messages = system.settings.recordings_dir / "voicemail"
        # The file is there once the tone is over: what is said before it is not part of the message.
        await until(lambda: any(messages.rglob(f"{call_id}-*.wav")), 60, "the message's file")
        await citizen.play(voice)
        await citizen.press("#")
        assert await citizen.wait_ended(30)
    await ended_call(system.settings, call_id)

    async def counted() -> bool:
        row = await call_row(system.settings, call_id)  # put right once the message itself is written
        return row is not None and row.outcome == "voicemail"

    await eventually(counted, "the outcome voicemail")

    async def kept() -> Voicemail | None:
        async with database(system.settings) as session:
            return await session.scalar(select(Voicemail).where(Voicemail.call_id == call_id))

    message = await eventually(kept, "the message")
    assert message.seconds > 5
    (track,) = wav_tracks(system.settings.recordings_dir / message.path)
    assert loud_seconds(track) > 5

    async def task() -> CallbackTask | None:
        async with database(system.settings) as session:
            return await session.scalar(select(CallbackTask).where(CallbackTask.call_id == call_id))

    assert (await eventually(task, "the call-back task")).kind == "voicemail"
    number = await checked_ticket(system, call_id)
    await at_the_desk(system, call_id, number)


async def checked_ticket(system: RunningSystem, call_id: str) -> str:
    """The message's transcript and its ticket, as the house makes them by itself; returns the ticket's number."""

    async def ticketed() -> Voicemail | None:
        async with database(system.settings) as session:
            row = await session.scalar(select(Voicemail).where(Voicemail.call_id == call_id))
            return row if row is not None and row.ticket_id is not None else None

    message = await eventually(ticketed, "the message's ticket", 90)
    assert error_rate([(LIGHTS, message.text)]) < 0.2, message.text
    async with database(system.settings) as session:
        heard = list(
            await session.scalars(
                select(TranscriptUtterance)
                .where(TranscriptUtterance.call_id == call_id)
                .order_by(TranscriptUtterance.start_ms)
            )
        )
        draft = await session.get_one(TicketDraft, call_id)
        tickets = list(await session.scalars(select(Ticket).where(Ticket.call_id == call_id)))
        trail = list(
            await session.scalars(
                select(AuditEvent.action).where(
                    AuditEvent.object_kind == "voicemail", AuditEvent.object_id == str(message.id)
                )
            )
        )
        call = await session.get_one(Call, call_id)
        recording = await session.scalar(select(Recording).where(Recording.call_id == call_id))
    assert "，".join(row.text for row in heard) == message.text
    (ticket,) = tickets
    assert (ticket.state, ticket.channel, ticket.created_by) == ("REGISTERED", "VOICEMAIL", None)
    assert (ticket.id, ticket.phone, ticket.content) == (message.ticket_id, CALLER, message.text)
    assert ticket.category_code == "1106" and draft.suggestions["title"]
    assert trail == ["ticket"]
    # The sentences lie where they are heard in the recording of the whole call.
    assert recording is not None and call.ended_at is not None
    citizen, _ = wav_tracks(system.settings.recordings_dir / recording.path)
    first, last = heard[0].start_ms * 8, heard[-1].end_ms * 8
    assert loud_seconds(citizen[first:last]) > 0.9 * loud_seconds(citizen)
    return ticket.ticket_no


async def at_the_desk(system: RunningSystem, call_id: str, number: str) -> None:
    """An agent hears the message, calls the citizen back, checks the ticket and sends it on."""
    async with agent_at_desk(system, ready=False) as desk:
        row = desk.page.locator(".cb").filter(has_text="133 0000 0001")
        await expect(row.locator("q")).to_contain_text("路灯", timeout=SHOWN_MS)
        await row.locator("audio").evaluate("a => a.play()")

        async def played() -> bool:
            return bool(await row.locator("audio").evaluate("a => a.currentTime > 0.2"))

        await eventually(played, "the message being played")
        await row.locator("audio").evaluate("a => a.pause()")

        await row.get_by_role("button", name="回拨").click()
        await desk.in_call()
        await eventually(lambda: answered(system), "the citizen's answer")

        async def state() -> CallbackTask:
            async with database(system.settings) as session:
                found = await session.scalar(select(CallbackTask).where(CallbackTask.call_id == call_id))
            assert found is not None
            return found

        assert (await state()).state == "taken"
        await desk.hang_up()
        await eventually(lambda: done(state), "the task being done")
        await desk.wait_state("示闲|示忙")

        row = desk.page.locator(".cb").filter(has_text="133 0000 0001")
        await expect(row).to_contain_text("待核对", timeout=SHOWN_MS)
        await row.get_by_role("button", name="核对工单").click()
        await desk.wait_said("citizen", "路灯")
        await desk.page.click("#d-take")
        await desk.type("appellant_name", "匿名")
        await desk.type("occurred_text", "近几天")
        await desk.type("place_text", "白泉村村口到小学")
        await desk.choose("appeal_type", "HELP")
        assert await desk.value("unit_id") == "城管局"  # taken with the other suggestions
        assert await desk.submit("dispatch") == number
    ticket = await ticket_row(system.settings, number)
    assert (ticket.state, ticket.channel) == ("DISPATCHED", "VOICEMAIL")
    assert ticket.category_code == "1106"
    assert ticket.created_by is not None and "路灯" in ticket.content


async def answered(system: RunningSystem) -> bool:
    async with database(system.settings) as session:
        call = await session.scalar(select(Call).where(Call.caller == CALLER, Call.direction == "out"))
    return call is not None and call.answered_at is not None


async def done(state: Callable[[], Awaitable[CallbackTask]]) -> bool:
    task = await state()
    return (task.state, task.attempts) == ("done", 1) and "已接通" in task.result
