"""The desk with the demo city and a call that never ends badly, to look at and to click through.

`python -m tests.fakes.desk_show` prints the demo accounts and the address, and begins a call whenever agent1
is ready.
"""

from __future__ import annotations

import asyncio

from aiohttp import web

from agent_desk.app import make_app
from agent_desk.web.services import DeskServices
from db.models import AgentSession, Base
from db.seed import load_demo
from db.session import make_engine, make_sessions
from kb.articles import load_articles
from kb.index import KnowledgeIndex
from runtime.bus import LocalBus
from runtime.clock import SystemClock
from runtime.settings import Settings
from tests.fakes.desk_control import FakeControl
from tests.fakes.desk_feed import DeskFeed
from tests.fakes.desk_talks import manhole_call, speech_ready
from tickets.desk import TicketDesk


async def serve() -> None:
    settings = Settings()
    settings.make_folders()
    (settings.var / "desk-feed.db").unlink(missing_ok=True)
    engine = make_engine(f"sqlite+aiosqlite:///{settings.var / 'desk-feed.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions, clock, bus = make_sessions(engine), SystemClock(), LocalBus()
    async with sessions.begin() as session:
        accounts = await load_demo(session, clock.now())
        await load_articles(session, clock)
    control = FakeControl(sessions, bus, clock)
    index = KnowledgeIndex(sessions, clock=clock)
    await index.build()
    app = make_app(
        DeskServices(
            settings=settings,
            sessions=sessions,
            bus=bus,
            clock=clock,
            control=control,
            tickets=TicketDesk(sessions, bus, clock),
            kb=index,
        )
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.desk_port).start()
    await speech_ready(bus)
    for account in accounts:
        print(account.login, account.password)
    print(settings.desk_url())
    while True:
        async with sessions() as session:
            seat = await session.get(AgentSession, "8001")
        if seat is not None and seat.state == "ready":
            feed = DeskFeed(control, sessions, bus, clock)
            await manhole_call(feed, pause=1.0)
            await asyncio.sleep(20)
            await feed.end(settings.recordings_dir)
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(serve())
