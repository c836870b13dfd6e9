"""The IVR server of `bench.ivr`, in a process of its own as in production."""

from __future__ import annotations

import asyncio
import signal

from db.models import Base
from db.session import make_engine, make_sessions
from ivr.line import Prompt
from ivr.prompts import Prompts
from ivr.script.versions import publish
from ivr.server import IvrServer
from runtime import loop
from runtime.bus import LocalBus
from runtime.clock import SystemClock
from runtime.settings import Settings

PROMPT = "您好，这里是测试，请按1，请按1，请按1。"

SCRIPT = f"""\
format: 1
name: bench
title: 测速
start: main
human: {{key: "0", to: queue}}
nodes:
  main:
    kind: menu
    prompt: {PROMPT}
    choices: {{"1": bye}}
    timeout: 5
    attempts: 2
    no_input: bye
    wrong_key: bye
  queue: {{kind: queue, answered: bye, overflow: queue, unavailable: bye}}
  bye: {{kind: hangup}}
"""


async def main() -> None:
    """Serve until told to stop; the first line printed is the path of the menu's prompt."""
    settings = Settings()
    settings.make_folders()
    engine = make_engine(settings.db_url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions, clock, bus = make_sessions(engine), SystemClock(), LocalBus()
    async with sessions.begin() as session:
        await publish(session, clock, SCRIPT)
    prompts = Prompts(settings)
    server = IvrServer(settings, sessions, bus, clock, prompts=prompts)
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(prompts.path(Prompt(PROMPT, key="bench-main")).with_suffix(""), flush=True)
    await stop.wait()
    await server.close(within=30)
    await bus.close()
    await engine.dispose()


if __name__ == "__main__":
    loop.run(main())
