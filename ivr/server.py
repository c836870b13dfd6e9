"""The IVR of a node: FastAGI, the script in force, and what each call needs.

A script published elsewhere is taken up within seconds, after its prompts are made; calls that run keep theirs.
Without a database the script that comes with the system answers: a caller always hears something.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from calls.callbacks.call_hours import CallHours
from db.models import CalendarDay, Call
from db.session import Sessions
from ivr.agi.agi_line import AgiLine
from ivr.agi.server import AgiApplication, AgiRequest
from ivr.journal import DatabaseJournal
from ivr.lookups import Lookups, national_workday
from ivr.openings import Openings, Reload
from ivr.prompts import Prompts
from ivr.running.runner import Runner, ScriptInForce
from ivr.script.document import ScriptRefused
from ivr.script.versions import current, document_of, publish, shipped_document
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.errors import UserError
from runtime.settings import Settings

log = logging.getLogger(__name__)

REFRESH_SECONDS = 3.0
DATABASE_SECONDS = 5.0


class IvrServer:
    """FastAGI server of this node. Needs a running event loop; `start`, then `close`."""

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        bus: Bus,
        clock: Clock,
        *,
        prompts: Prompts | None = None,
        reload_music: Reload | None = None,
        lookups: Lookups | None = None,
        refresh_seconds: float = REFRESH_SECONDS,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._clock = clock
        self._prompts = prompts or Prompts(settings)
        self._openings = Openings(settings, self._prompts, reload_music)
        self._journal = DatabaseJournal(sessions, bus, clock, hours=CallHours.of(settings), node=settings.node)
        self._lookups = lookups or database_lookups(sessions)
        self._runner = Runner(self._journal, self._lookups, clock, settings.recordings_dir)
        self._refresh_seconds = refresh_seconds
        self._in_force: ScriptInForce | None = None
        self._version_id = 0
        self._refreshing: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._agi: AgiApplication | None = None

    @property
    def in_force(self) -> ScriptInForce:
        """The script that the next call begins with."""
        assert self._in_force is not None, "the IVR is not started"
        return self._in_force

    @property
    def calls(self) -> int:
        """Calls in the script now."""
        return self._agi.calls if self._agi is not None else 0

    async def start(self) -> None:
        """Load or publish the script, make its prompts, listen. Raises UserError when the port is taken."""
        await self._load_first()
        await self._journal.start()
        self._agi = AgiApplication()
        self._agi.add_route("script", self._answer)
        self._agi.add_route("after-talk", self._after_talk)
        port = self._settings.fastagi_port
        try:
            await self._agi.start("127.0.0.1", port)
        except OSError as error:
            await self._journal.close()
            raise UserError(
                f"FastAGI cannot listen on port {port}: {error.strerror}",
                "another program holds the port: choose other ports with HOTLINE_PORT_BASE",
            ) from error
        self._refreshing = asyncio.create_task(self._refresh_for_ever(), name="ivr:refresh")

    async def close(self, within: float = 5.0) -> None:
        """Let go of all calls (Asterisk takes them to the queue); write what is left, for `within` seconds."""
        self._stopping.set()  # not cancelled: a query cut off in the middle leaves a connection behind
        if self._refreshing is not None:
            await asyncio.gather(self._refreshing, return_exceptions=True)
        if self._agi is not None:
            await self._agi.close()
        await self._journal.close(within)
        await self._prompts.close()

    async def settle(self) -> None:
        """Wait until all that calls left behind is published and written."""
        await self._journal.settle()

    async def _answer(self, agi: AgiRequest) -> None:
        line = await AgiLine.take(agi, self._prompts, self._openings)
        await self._runner.run(line, self.in_force)

    async def _after_talk(self, agi: AgiRequest) -> None:
        """A talk that ended in a conference: its script goes on here."""
        line = await AgiLine.take(agi, self._prompts, self._openings)
        seat = agi.headers.get("agi_arg_2", "")
        await self._runner.after_talk(line, self.in_force, seat if seat.isascii() and seat.isdigit() else "")

    # -- the script in force ---------------------------------------------------------------------
    async def _load_first(self) -> None:
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                async with self._sessions.begin() as session:
                    if await current(session) is None:
                        shipped = shipped_document(self._settings.script)
                        await publish(session, self._clock, shipped.text, note="首次启动")
            await self._refresh()
        except ScriptRefused as refused:
            raise UserError(
                f"the script {self._settings.script!r} cannot be used:\n{refused}",
                "choose a script with HOTLINE_SCRIPT (direct or menu) or mend it",
            ) from refused
        except (OSError, TimeoutError, SQLAlchemyError) as error:
            log.error("the database is away (%s): the script that came with us answers", type(error).__name__)
        if self._in_force is None:
            script = shipped_document("direct").script
            await self._make_prompts([script.name], ScriptInForce(script, 0))
            self._in_force = ScriptInForce(script, 0)

    async def _refresh(self) -> None:
        async with asyncio.timeout(DATABASE_SECONDS), self._sessions() as session:
            version = await current(session)
        if version is None or version.id == self._version_id:
            if self._in_force is not None:  # a recording was exchanged, or Asterisk could not be asked before
                await self._openings.take_up(self._in_force.script)
            return
        try:
            fresh = ScriptInForce(document_of(version).script, version.version)
        except ScriptRefused:
            log.error("script %s version %d cannot be read: the old one stays", version.name, version.version)
            self._version_id = version.id
            return
        await self._make_prompts([version.name], fresh)
        self._in_force, self._version_id = fresh, version.id
        log.info("script %s version %d is in force", version.name, version.version)

    async def _make_prompts(self, names: list[str], fresh: ScriptInForce) -> None:
        """Before the script answers. Without a voice it answers all the same; the sentences are then missing."""
        try:
            await self._prompts.make_all([fresh.script])
        except UserError as error:
            log.error("prompts of %s are missing: %s (%s)", names[0], error.message, error.remedy)
        except OSError as error:
            log.error("prompts of %s are missing: %s", names[0], error.strerror)
        await self._openings.take_up(fresh.script)

    async def _refresh_for_ever(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._refresh_seconds):
                    await self._stopping.wait()
                    return
            try:
                await self._refresh()
            except (OSError, TimeoutError, SQLAlchemyError) as error:
                log.debug("whether there is a newer script cannot be seen now: %s", type(error).__name__)
            except Exception:  # else no script would ever be taken up again, and nobody would be told why
                log.exception("a newer script could not be taken up")


def database_lookups(sessions: Sessions) -> Lookups:
    """The script's questions answered from the database."""
    from tickets.reading.queries import progress as ticket_progress

    async def progress(ticket_no: str | None, phone: str | None) -> list[str]:
        async with sessions() as session:
            found = await ticket_progress(session, ticket_no=ticket_no, phone=phone)
        return [one.spoken for one in found]

    async def recent_calls(phone: str, since: datetime, call_id: str) -> int:
        query = (
            select(func.count())
            .select_from(Call)
            .where(Call.caller == phone, Call.started_at >= since, Call.id != call_id)
        )
        async with sessions() as session:
            return await session.scalar(query) or 0

    async def workday(day: object) -> bool:
        from datetime import date

        assert isinstance(day, date)
        async with sessions() as session:
            row = await session.get(CalendarDay, day)
        return row.is_workday if row is not None else await national_workday(day)

    return Lookups(progress=progress, recent_calls=recent_calls, workday=workday)
