"""A script server that stands still lets its callers go, and serves again when it runs again."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator

import pytest

from ivr.agi.hang_watch import HangWatch
from ivr.agi.server import AgiApplication, AgiRequest
from tests.fakes.asterisk_agi import FakeChannel, header, serve_call
from tests.waiting import until

BOUND_SECONDS = 20.0


class Asterisk(threading.Thread):
    """A connection of its own, read in a thread until it is cut: the test's loop will stand still."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self.cut = threading.Event()

    def run(self) -> None:
        with socket.create_connection(("127.0.0.1", self._port), timeout=BOUND_SECONDS) as connection:
            connection.sendall(header())
            try:
                while connection.recv(4096):
                    pass
            except ConnectionResetError:
                pass
        self.cut.set()


@pytest.fixture
async def app() -> AsyncIterator[AgiApplication]:
    made = AgiApplication(hang_watch=HangWatch(beat_seconds=0.02, hung_beats=5))
    yield made
    await made.close()


async def test_callers_in_the_script_and_new_ones_are_let_go(app: AgiApplication) -> None:
    let_go: list[bool] = []

    async def stand_still(request: AgiRequest) -> None:
        if let_go:
            await request.send_command("ANSWER")
            return
        newcomer = Asterisk(port)
        newcomer.start()
        # Blocks the loop as a fault of ours would.
        let_go.extend([first.cut.wait(BOUND_SECONDS), newcomer.cut.wait(BOUND_SECONDS)])

    app.add_route("script", stand_still)
    port = await app.start("127.0.0.1", 0)
    first = Asterisk(port)
    first.start()
    await until(lambda: let_go)
    assert let_go == [True, True]

    channel = FakeChannel()
    await serve_call(port, channel.answer)
    await until(lambda: channel.commands)


async def test_a_loop_that_runs_keeps_its_callers(app: AgiApplication) -> None:
    ends: list[str] = []

    async def wait(request: AgiRequest) -> None:
        # Many times as long as a hung loop would be given.
        for _ in range(30):
            await asyncio.sleep(0.01)
        await request.send_command("ANSWER")
        ends.append("answered")

    app.add_route("script", wait)
    await serve_call(await app.start("127.0.0.1", 0), FakeChannel().answer)
    await until(lambda: ends)
