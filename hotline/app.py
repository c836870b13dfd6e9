"""The whole system put together: which parts run in which role, started in order and stopped in reverse.

`hotline up` runs every role in one process with Asterisk, the simulator and speech as supervised
children; `hotline node|speech|desk|jobs` run one role each against PostgreSQL and NATS.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Protocol

import aiohttp

from hotline.core import Core, open_core
from runtime.child import Child
from runtime.errors import UserError
from runtime.lock import InstanceLock
from runtime.ports import own_ports, wait_free
from runtime.settings import ROOT, Settings

if TYPE_CHECKING:
    from asterisk_conf.launcher import AsteriskInstance

log = logging.getLogger(__name__)

Say = Callable[[str], None]


class Part(Protocol):
    """What runs between `start` and `close`."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...


ALL_ROLES = frozenset({"asterisk", "node", "speech", "desk", "jobs"})


class System:
    """One installation with the roles it runs here."""

    def __init__(self, settings: Settings, roles: frozenset[str] = ALL_ROLES, say: Say = log.info) -> None:
        self.settings = settings
        self.roles = roles
        self.say = say
        self.core: Core | None = None
        self.speech: Child | None = None
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Start every part in order; on failure stop what was started and raise."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def close(self) -> None:
        """Stop what we started, in reverse order, and nothing else."""
        await self._stack.aclose()

    async def _start(self) -> None:
        settings = self.settings
        settings.make_folders()
        if self.roles == ALL_ROLES:
            lock = InstanceLock(settings.run_dir / "hotline.lock")
            lock.acquire()
            self._stack.callback(lock.release)
            # Before anything is fetched, made or started: a taken port is found out in a second.
            await wait_free(own_ports(settings), settings)
        core = await self._stack.enter_async_context(
            open_core(
                settings, embedded=self.roles == ALL_ROLES, everything=not self.roles.isdisjoint({"desk", "jobs"})
            )
        )
        self.core = core
        if "node" in self.roles:  # a name that is taken is told before anything is fetched or started
            from calls.nodes.lease import NodeLease

            lease = NodeLease(settings, core.sessions, core.clock)
            await lease.start()
            self._stack.push_async_callback(lease.close)
        ours: AsteriskInstance | None = None
        if "asterisk" in self.roles:
            ours = await self._stack.enter_async_context(running_asterisk(settings, self.say))
        if "node" in self.roles:
            await self._stack.enter_async_context(running_node(core, self.say, ours))
        if "speech" in self.roles:
            self.speech = await self._stack.enter_async_context(running_speech(settings))
        if "desk" in self.roles:
            await self._stack.enter_async_context(running_desk(core))
        if "jobs" in self.roles:
            from calls.callbacks.call_hours import CallHours
            from hotline.jobs import Jobs
            from kb.index import KnowledgeIndex

            jobs = Jobs(
                core.sessions,
                core.clock,
                KnowledgeIndex(core.sessions, clock=core.clock),
                core.bus,
                hours=CallHours.of(settings),
            )
            await jobs.start()
            self._stack.push_async_callback(jobs.close)


@asynccontextmanager
async def running_asterisk(settings: Settings, say: Say) -> AsyncIterator[AsteriskInstance]:
    """Asterisk, and the telephone-network simulator beside it unless a real trunk is configured."""
    from asterisk_conf.fetch import fetch_asterisk
    from asterisk_conf.find import find_asterisk
    from asterisk_conf.launcher import AsteriskInstance
    from asterisk_conf.orphan import find_orphan
    from asterisk_conf.ports import check_ports_free
    from asterisk_conf.render import Folders, InstanceName

    names: list[InstanceName] = ["hotline"]
    if settings.simulator and not settings.trunk_host:
        names.append("network")
    for name in names:
        if find_orphan(Folders.of(settings, name)) is None:  # else the ports are its own, and it is taken over
            check_ports_free(settings, name)
    program = find_asterisk(settings)
    if program is None:
        say("Asterisk is not on this machine: fetching it (about 300 MB, once)")
        program = await fetch_asterisk(settings, say)
    await make_prompts(settings, say)
    # They outlive this process if it is killed, for the sake of the calls; the next start takes them over.
    instances = [AsteriskInstance(settings, name, program=program, survive=True) for name in names]
    try:
        await asyncio.gather(*(instance.start() for instance in instances))
        yield instances[0]
    finally:
        await asyncio.gather(*(instance.stop() for instance in instances), return_exceptions=True)


async def make_prompts(settings: Settings, say: Say) -> None:
    """Make what is missing of the spoken prompts; without a voice the system starts and says so."""
    from ivr.prompts import Prompts
    from ivr.script.versions import shipped_scripts

    prompts = Prompts(settings)
    if not any(settings.prompts_dir.glob("*.wav")):
        say("making the spoken prompts (half a minute, once) …")
    try:
        made = await prompts.make_all(shipped_scripts())
    except UserError as error:
        say(f"prompts are missing: {error.message}. {error.remedy}")
        return
    finally:
        await prompts.close()
    if made:
        say(f"made {made} spoken prompts")


@asynccontextmanager
async def running_node(core: Core, say: Say, ours: AsteriskInstance | None = None) -> AsyncIterator[None]:
    """Everything beside one Asterisk (`ours` if we supervise it): calls, the IVR, taps, drafts, suggestions."""
    from calls.node import CallsNode
    from hotline.sip_guard import SipGuard
    from ivr.server import IvrServer
    from kb.index import KnowledgeIndex
    from kb.suggest import Suggester
    from runtime.node_bus import NodeBus
    from sound.voice import speak
    from speech.tap import TapManager
    from tickets.drafting.drafts import Drafts
    from tickets.drafting.endpoint import EndpointRefiner
    from tickets.drafting.lexicon import Lexicon
    from tickets.emergency.listener import listen_with
    from tickets.emergency.model import model_of
    from tickets.emergency.spotter import Spotter
    from tickets.learned import vectors
    from tickets.messages.tickets import MessageTickets

    settings, sessions, clock = core.settings, core.sessions, core.clock
    await asyncio.to_thread(vectors.available)  # loads them, if there are any
    listen_with(model_of(settings.var))
    bus = NodeBus(core.bus, settings.node)
    async with sessions() as session:
        lexicon = await Lexicon.load(session)
    index = KnowledgeIndex(sessions, clock=clock)
    written = await index.build()
    if written:
        say(f"indexed {written} knowledge articles")
    node = CallsNode(settings, sessions, bus, clock, speak=speak, wrap_up_s=settings.wrap_up_s)
    taps = TapManager(node.link, bus, clock, settings, sessions)
    refiner: EndpointRefiner | None = None
    async with AsyncExitStack() as stack:
        if settings.llm_url:
            client = await stack.enter_async_context(aiohttp.ClientSession())
            refiner = EndpointRefiner(client, settings.llm_url, settings.llm_model, lexicon)
        parts: list[Part] = [
            Drafts(sessions, bus, clock, lexicon, refiner=refiner),
            Spotter(bus, clock, sessions),
            MessageTickets(sessions, bus, clock, lexicon),
            Suggester(index, bus),
            node,
            taps,
            IvrServer(
                settings,
                sessions,
                bus,
                clock,
                reload_music=lambda: node.link.do("Command", Command="moh reload"),
            ),
            SipGuard(node, bus, clock, settings.sip_port, ours.restart if ours else None),
        ]
        for part in parts:
            await part.start()
            stack.push_async_callback(part.close)
        await taps.resume(sessions)
        yield


@asynccontextmanager
async def running_speech(settings: Settings) -> AsyncIterator[Child]:
    """The recogniser in a process of its own: what happens there never touches a call."""
    child = Child(
        "speech",
        [sys.executable, "-m", "speech.process"],
        settings.log_dir / "speech.out",
        child_environment(settings),
    )
    await child.start()
    try:
        yield child
    finally:
        await child.stop()


def child_environment(settings: Settings) -> dict[str, str]:
    """The settings as environment for a child process (it must see what we see, not what .env files say)."""
    values = {
        f"HOTLINE_{name.upper()}": str(value)
        for name, value in settings.model_dump(mode="json").items()
        if value not in (None, "")
    }
    values["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return values


@asynccontextmanager
async def running_desk(core: Core) -> AsyncIterator[None]:
    """The web application."""
    from aiohttp import web

    from agent_desk.app import make_app
    from agent_desk.web.services import DeskServices
    from calls.acts.client import ControlClient
    from calls.nodes.places import Places
    from kb.index import KnowledgeIndex
    from tickets.desk import TicketDesk

    settings = core.settings
    places = Places(core.sessions, core.clock)
    control = ControlClient(core.bus, core.clock, places)
    services = DeskServices(
        settings=settings,
        sessions=core.sessions,
        bus=core.bus,
        clock=core.clock,
        control=control,
        places=places,
        tickets=TicketDesk(core.sessions, core.bus, core.clock),
        kb=KnowledgeIndex(core.sessions, clock=core.clock),
    )
    await places.start()
    runner = web.AppRunner(make_app(services), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    site = web.TCPSite(runner, settings.host, settings.desk_port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        await places.close()
        raise UserError(
            f"the desk cannot listen on {settings.host}:{settings.desk_port}: {error.strerror}",
            "another program holds the port: choose other ports with HOTLINE_PORT_BASE",
        ) from error
    try:
        yield
    finally:
        await runner.cleanup()
        await control.close()
        await places.close()


async def run_until_stopped(system: System, started: Callable[[System], Awaitable[None]]) -> None:
    """Start, report, wait for Ctrl-C or SIGTERM, stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    start = asyncio.create_task(system.start())
    waiter = asyncio.create_task(stop.wait())
    await asyncio.wait({start, waiter}, return_when=asyncio.FIRST_COMPLETED)
    if not start.done():
        start.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await start
        return
    waiter_done = waiter.done()
    try:
        await start
    except BaseException:
        waiter.cancel()
        raise
    try:
        if not waiter_done:
            await started(system)
            await waiter
    finally:
        waiter.cancel()
        system.say("stopping …")
        await system.close()
        system.say("stopped")
