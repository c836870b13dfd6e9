"""The hardened FastAGI server: hostile clients, lost callers, moved channels, replies that never shift."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.agi import server as agi
from ivr.agi.server import AgiApplication, AgiRefused, AgiRequest, AgiTimeout
from ivr.line import CallerHungUp, LineTaken
from tests.fakes.asterisk_agi import FakeChannel, header, serve_call
from tests.waiting import until

Serve = Callable[[Callable[[AgiRequest], Awaitable[None]]], Awaitable[int]]


@pytest.fixture
async def app() -> AsyncIterator[AgiApplication]:
    made = AgiApplication(header_seconds=0.3)
    yield made
    await made.close()


@pytest.fixture
def serve(app: AgiApplication) -> Serve:
    """Start the application with one route `script`; returns the port."""

    async def start(route: Callable[[AgiRequest], Awaitable[None]]) -> int:
        async def endpoint(request: AgiRequest) -> None:
            await route(request)

        app.add_route("script", endpoint)
        return await app.start("127.0.0.1", 0)

    return start


async def outcome_of(
    serve: Serve, answer: Callable[[str], str | bytes | None], route: Callable[[AgiRequest], Awaitable[object]]
) -> object:
    """What the route returned or raised when Asterisk answers like this."""
    results: list[object] = []

    async def note(request: AgiRequest) -> None:
        try:
            results.append(await route(request))
        except Exception as error:
            results.append(error)

    port = await serve(note)
    await serve_call(port, answer)
    await until(lambda: results)
    return results[0]


async def test_a_command_gets_its_reply(serve: Serve) -> None:
    async def route(request: AgiRequest) -> str:
        return (await request.send_command("GET VARIABLE", "CALL_ID")).data or ""

    assert await outcome_of(serve, lambda _: "200 result=1 (abc)\n", route) == "abc"


async def test_trying_is_not_the_reply(serve: Serve) -> None:
    async def route(request: AgiRequest) -> str:
        return (await request.send_command("EXEC", "Dial", "x")).result

    assert await outcome_of(serve, lambda _: "100 result=0 Trying...\n200 result=7\n", route) == "7"


async def test_an_asynchronous_hangup_does_not_shift_the_replies(serve: Serve) -> None:
    channel = FakeChannel()

    async def route(request: AgiRequest) -> list[str]:
        with pytest.raises(CallerHungUp):
            await request.send_command("STREAM FILE", "greet", "")
        return await request.expand("${CALL_ID}", "${CONTEXT}")

    channel.hang_up_at = "STREAM"
    assert await outcome_of(serve, channel.answer, route) == [channel.variables["CALL_ID"], "inbound"]


async def test_a_channel_moved_to_a_conference_is_no_hangup(serve: Serve) -> None:
    channel = FakeChannel(move_at="EXEC")

    async def route(request: AgiRequest) -> None:
        await request.send_command("EXEC", "Queue", "common,c,,,60", within=None)

    assert isinstance(await outcome_of(serve, channel.answer, route), LineTaken)


async def test_a_dead_channel_is_a_hangup(serve: Serve) -> None:
    channel = FakeChannel(dead=True)

    async def route(request: AgiRequest) -> None:
        await request.send_command("ANSWER")

    assert isinstance(await outcome_of(serve, channel.answer, route), CallerHungUp)


async def test_minus_one_on_a_living_channel_is_a_failed_command(serve: Serve) -> None:
    channel = FakeChannel()

    def answer(line: str) -> str:
        return "200 result=-1\n" if line.startswith("EXEC") else channel.answer(line)

    async def route(request: AgiRequest) -> None:
        await request.send_command("EXEC", "NoSuchApplication")

    assert isinstance(await outcome_of(serve, answer, route), AgiRefused)


async def test_a_multi_line_520_is_read_to_its_end(serve: Serve) -> None:
    usage = (
        "520-Invalid command syntax.  Proper usage follows:\n"
        "Usage: EXEC\n  200 result=1 (forged)\n520 End of proper usage.\n"
    )

    def answer(line: str) -> str:
        return usage if line.startswith("EXEC") else "200 result=1 (next)\n"

    async def route(request: AgiRequest) -> str:
        with pytest.raises(AgiRefused):
            await request.send_command("EXEC")
        return (await request.send_command("GET VARIABLE", "X")).data or ""

    assert await outcome_of(serve, answer, route) == "next"


async def test_end_of_stream_is_a_hangup(serve: Serve) -> None:
    results: list[BaseException] = []

    async def route(request: AgiRequest) -> None:
        try:
            await request.send_command("ANSWER")
        except CallerHungUp as gone:
            results.append(gone)

    port = await serve(route)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(header())
    await reader.readline()
    writer.close()
    await until(lambda: results)


async def test_a_forged_reply_in_a_variable_is_skipped(serve: Serve) -> None:
    channel = FakeChannel()

    def answer(line: str) -> str:
        return "junk\n200 result=1 (forged|forged)\n" + channel.answer(line)

    async def route(request: AgiRequest) -> list[str]:
        return await request.expand("${CALL_ID}")

    assert await outcome_of(serve, answer, route) == [channel.variables["CALL_ID"]]


async def test_the_bound_belongs_to_the_command(serve: Serve) -> None:
    async def route(request: AgiRequest) -> None:
        await request.send_command("STREAM FILE", "greet", "", within=0.05)

    assert isinstance(await outcome_of(serve, lambda _: None, route), AgiTimeout)


async def test_a_peer_that_only_talks_nonsense_is_left(serve: Serve) -> None:
    async def route(request: AgiRequest) -> None:
        await request.send_command("ANSWER")

    assert isinstance(await outcome_of(serve, lambda _: "nonsense\n" * 100, route), CallerHungUp)


async def test_an_endless_line_is_a_bounded_line(serve: Serve) -> None:
    async def route(request: AgiRequest) -> None:
        await request.send_command("ANSWER")

    assert isinstance(await outcome_of(serve, lambda _: b"2" * 200_000 + b"\n", route), CallerHungUp)


async def closes(port: int, sent: bytes, *, end: bool = False) -> bytes:
    """Send this and return what came back until the server closed. A bound makes hanging a failure."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        if end:
            writer.write_eof()
        async with asyncio.timeout(30):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


NOT_ASTERISK = {
    "closed at once": b"",
    "web browser": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "binary": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    "no end": b"agi_network: yes\n" * 3,
    "too large": b"agi_x: " + b"a" * 20_000 + b"\n\n",
    "too many lines": b"agi_arg: 1\n" * 5000,
    "one endless line": b"agi_network: " + b"y" * 200_000,
    "no route": b"agi_network: yes\nagi_network_script: ../../etc/passwd\n\n",
    "no script": b"agi_network: yes\n\n",
    "bad encoding": b"agi_network: yes\nagi_calleridname: \xff\xfe\xb1\xb2\n\n",
}


@pytest.mark.parametrize("sent", NOT_ASTERISK.values(), ids=NOT_ASTERISK)
async def test_garbage_is_closed_and_the_next_call_is_served(
    serve: Serve, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    served = asyncio.Event()

    async def route(request: AgiRequest) -> None:
        await request.send_command("ANSWER")
        served.set()

    caplog.set_level(logging.INFO)
    port = await serve(route)
    assert await closes(port, sent, end=sent == b"") == b""
    assert await serve_call(port, FakeChannel().answer) == ["ANSWER"]
    assert served.is_set()
    assert "Traceback" not in caplog.text


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=600))
def test_hostile_bytes_never_reach_a_route(sent: bytes) -> None:
    async def attack() -> list[AgiRequest]:
        asked: list[AgiRequest] = []

        async def route(request: AgiRequest) -> None:
            asked.append(request)

        app = AgiApplication(header_seconds=0.2)
        app.add_route("script", route)
        port = await app.start("127.0.0.1", 0)
        try:
            await closes(port, sent, end=True)
        finally:
            await app.close()
        return asked

    assert asyncio.run(attack()) == []


async def test_one_byte_a_second_is_cut_off_while_a_good_call_goes_on(serve: Serve) -> None:
    async def route(request: AgiRequest) -> None:
        await request.send_command("ANSWER")

    port = await serve(route)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"a")
    assert await serve_call(port, FakeChannel().answer) == ["ANSWER"]
    async with asyncio.timeout(30):
        assert await reader.read() == b""
    writer.close()


async def test_a_crowd_that_says_nothing_locks_nobody_out(serve: Serve, app: AgiApplication) -> None:
    async def route(request: AgiRequest) -> None:
        await request.send_command("ANSWER")

    port = await serve(route)
    crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
    assert await serve_call(port, FakeChannel().answer) == ["ANSWER"]
    for _, writer in crowd:
        writer.close()
    await until(lambda: not app._tasks)


async def test_of_a_silent_crowd_the_longest_silent_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agi, "STRANGERS", 5)
    monkeypatch.setattr(agi, "STRANGER_SECONDS", 60.0)
    app = AgiApplication()
    port = await app.start("127.0.0.1", 0)
    crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
    await until(lambda: len(app._tasks) == 20)
    assert len(app._strangers) == 20, "a crowd of Asterisk's own is not punished for coming together"
    monkeypatch.setattr(agi, "STRANGER_SECONDS", 0.05)
    async with asyncio.timeout(30):
        while len(app._strangers) > 6:
            crowd.append(await asyncio.open_connection("127.0.0.1", port))
            await asyncio.sleep(0.02)
    for _, writer in crowd:
        writer.close()
    await app.close()


async def test_a_flood_of_bad_clients_is_no_flood_of_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def route(request: AgiRequest) -> None: ...

    port = await serve(route)
    for _ in range(30):
        await closes(port, header(agi_network_script="nosuch"))
    assert caplog.text.count("does not exist") == 1


async def test_over_the_cap_a_call_is_let_go_at_once() -> None:
    app = AgiApplication(connections=1)
    held = asyncio.Event()

    async def route(request: AgiRequest) -> None:
        await request.send_command("ANSWER")
        await held.wait()

    app.add_route("script", route)
    port = await app.start("127.0.0.1", 0)
    first = asyncio.create_task(serve_call(port, FakeChannel().answer))
    await until(lambda: app.calls == 1)
    assert await serve_call(port, FakeChannel().answer) == []
    held.set()
    assert await first == ["ANSWER"]
    await app.close()


async def test_closing_cancels_calls_and_leaves_nothing(serve: Serve, app: AgiApplication) -> None:
    cancelled = asyncio.Event()

    async def route(request: AgiRequest) -> None:
        try:
            await request.send_command("EXEC", "Queue", "common", within=None)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    port = await serve(route)
    call = asyncio.create_task(serve_call(port, lambda _: None))
    await until(lambda: app.calls == 1)
    await app.close()
    assert cancelled.is_set()
    assert await call == ['EXEC "Queue" "common"']


async def test_a_failing_route_ends_only_its_own_call(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    failures = iter([True, False])

    async def route(request: AgiRequest) -> None:
        if next(failures):
            raise RuntimeError("broken")
        await request.send_command("ANSWER")

    port = await serve(route)
    assert await serve_call(port, FakeChannel().answer) == []
    assert await serve_call(port, FakeChannel().answer) == ["ANSWER"]
    assert "broken" in caplog.text


async def test_a_reset_connection_is_no_fault(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def route(request: AgiRequest) -> None:
        await request.send_command("ANSWER")

    port = await serve(route)
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.sendall(header())
    assert await serve_call(port, FakeChannel().answer) == ["ANSWER"]
    assert "Traceback" not in caplog.text


async def test_first_header_wins(serve: Serve) -> None:
    async def route(request: AgiRequest) -> None:
        await request.send_command("VERBOSE", request.headers["agi_context"])

    port = await serve(route)
    forged = header().removesuffix(b"\n") + b"agi_context: forged\n\n"
    assert await serve_call(port, FakeChannel().answer, forged) == ['VERBOSE "inbound"']
