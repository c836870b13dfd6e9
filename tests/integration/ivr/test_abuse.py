"""Rude clients and a killed FastAGI server: no citizen's call is harmed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from runtime.settings import ROOT, Settings
from tests.integration.conftest import AsteriskPair
from tests.integration.ivr.kit import agent_on_break, channel_in, channels, citizen, running_ivr, waiting
from tests.integration.ivr.test_calls import add_agent, agent_channel, eventually


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def send(sock: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):  # being cut off is what an attacker deserves
        sock.sendall(data)


async def connect_and_close(port: int) -> None:
    for _ in range(100):
        connect(port).close()
        await asyncio.sleep(0)


async def garbage(port: int) -> None:
    for _ in range(50):
        with connect(port) as sock:
            send(sock, os.urandom(4096) + b"\n\n")
        await asyncio.sleep(0)


async def one_byte_at_a_time(port: int) -> None:
    with connect(port) as sock:
        for byte in b"agi_network: yes":
            send(sock, bytes([byte]))
            await asyncio.sleep(1)


async def header_too_large(port: int) -> None:
    for _ in range(10):
        with connect(port) as sock:
            sock.setblocking(False)
            for _ in range(100):
                send(sock, b"agi_x: " + b"a" * 4000 + b"\n")
            await asyncio.sleep(0.05)


async def two_hundred_that_say_nothing(port: int) -> None:
    with contextlib.ExitStack() as crowd:
        for _ in range(200):
            crowd.enter_context(connect(port))
            await asyncio.sleep(0)
        await asyncio.sleep(4)


Attack = Callable[[int], Awaitable[None]]
ATTACKS: list[Attack] = [
    connect_and_close,
    garbage,
    one_byte_at_a_time,
    header_too_large,
    two_hundred_that_say_nothing,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_abuse_harms_no_call(
    asterisk_pair: AsteriskPair, attack: Attack, caplog: pytest.LogCaptureFixture
) -> None:
    """A call that is in the script goes on, and a call that begins meanwhile is served as quickly as ever."""
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    async with running_ivr(pair.settings) as ivr, citizen(pair.settings) as before:
        assert await before.wait_answered()
        await ivr.reach("queue")
        attacking = asyncio.ensure_future(attack(pair.settings.fastagi_port))
        try:
            async with citizen(pair.settings, "13700000000") as during:
                assert await during.wait_answered()
                await eventually(lambda: _both_wait(pair), what="both callers wait")
                await before.press("2")
                await ivr.reach("progress")
        finally:
            attacking.cancel()
            await asyncio.gather(attacking, return_exceptions=True)
        assert not before.ended
    assert "Traceback" not in caplog.text


async def _both_wait(pair: AsteriskPair) -> bool:
    return len(await waiting(pair.hotline)) == 2


@asynccontextmanager
async def node_process(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    """The IVR in a process of its own, ready to be killed."""
    environment = os.environ | {
        "HOTLINE_VAR": str(settings.var),
        "HOTLINE_PORT_BASE": str(settings.port_base),
        "PYTHONPATH": str(ROOT),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.ivr.node"), env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_fastagi_killed_in_the_script_the_caller_goes_to_the_queue(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    async with node_process(pair.settings) as process, citizen(pair.settings) as line:
        assert await line.wait_answered()
        await eventually(lambda: channel_in(pair.hotline, "AGI"), what="the script runs")
        process.send_signal(signal.SIGKILL)
        await eventually(lambda: waiting(pair.hotline), 25, "the caller waits for a person")
        assert not line.ended


async def test_fastagi_killed_while_waiting_the_caller_goes_on_waiting(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    async with node_process(pair.settings) as process, citizen(pair.settings) as line:
        assert await line.wait_answered()
        await eventually(lambda: waiting(pair.hotline), 25, "the caller waits")
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await add_agent(pair)
        await eventually(lambda: agent_channel(pair), 20, "an agent talks with the caller")
        assert not line.ended


async def test_fastagi_killed_in_a_talk_the_talk_goes_on_and_ends_well(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    await add_agent(pair)
    async with node_process(pair.settings) as process, citizen(pair.settings) as line:
        assert await line.wait_answered()
        await eventually(lambda: agent_channel(pair), 25, "an agent talks")
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await line.hold(2)
        assert not line.ended
        agent = await agent_channel(pair)
        assert agent
        await pair.hotline.cli(f"channel request hangup {agent}")
        assert await line.wait_ended(30), "the dialplan ends the answered call by itself"
        await eventually(lambda: _empty(pair), what="no channel left")


async def _empty(pair: AsteriskPair) -> bool:
    return not await channels(pair.hotline)


async def test_without_fastagi_the_dialplan_takes_the_caller_to_the_queue(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    async with citizen(pair.settings) as line:
        assert await line.wait_answered()
        await eventually(lambda: waiting(pair.hotline), 25, "the caller waits for a person")
