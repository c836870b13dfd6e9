"""The link to Asterisk: each fault of the library it is built on has its test here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from calls.asterisk.ami import AmiBadValue, AmiDown, AmiLink, AmiLoginRefused, AmiRefused, AmiTimeout, Message
from tests.fakes.asterisk_ami import FakeAsterisk, FakeChannel, Fields
from tests.waiting import until


@pytest.fixture
async def fake() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as server:
        yield server


@asynccontextmanager
async def linked(fake: FakeAsterisk, **settings: Any) -> AsyncIterator[AmiLink]:
    quick = {"ping_s": 5.0, "ping_timeout_s": 0.05, "backoff_s": (0.01, 0.05), **settings}
    link = AmiLink(
        "127.0.0.1",
        fake.port,
        "hotline",
        settings.pop("secret", "secret"),
        **{key: value for key, value in quick.items() if key != "secret"},
    )
    await link.start()
    try:
        yield link
    finally:
        await link.close()


async def test_login_then_hooks_then_ready(fake: FakeAsterisk) -> None:
    fake.channels["PJSIP/trunk-1"] = FakeChannel("PJSIP/trunk-1", "1.1", {"CALL_ID": "x"})
    seen: list[str] = []
    async with linked(fake) as link:

        async def hook() -> None:
            assert not link.ready
            seen.extend(m["Channel"] for m in await link.listing("CoreShowChannels"))

        link.on_up(hook)
        await link.wait_ready(30)
    assert seen == ["PJSIP/trunk-1"]


async def test_waits_until_asterisk_has_booted(fake: FakeAsterisk) -> None:
    fake.boot_at_once = False
    async with linked(fake) as link:
        await fake.wait_for(lambda: fake.logins == 1)
        assert not link.ready
        fake.emit("FullyBooted")
        await link.wait_ready(30)


async def test_refused_login_is_loud_and_typed(fake: FakeAsterisk, caplog: pytest.LogCaptureFixture) -> None:
    async with linked(fake, secret="wrong") as link:
        reasons: list[str] = []

        async def down(reason: str) -> None:
            reasons.append(reason)

        link.on_down(down)
        with pytest.raises(AmiLoginRefused, match="Authentication failed"):
            await link.reach(30)
    assert "refused" in reasons[0]
    assert "login as 'hotline' refused" in caplog.text
    assert "wrong" not in caplog.text


async def test_no_server_is_told_as_such() -> None:
    link = AmiLink("127.0.0.1", 1, "hotline", "x", backoff_s=(0.01, 0.05))
    await link.start()
    with pytest.raises(AmiDown, match="cannot connect"):
        await link.reach(30)
    await link.close()


async def test_who_only_wants_to_know_waits_for_the_first_attempt_and_no_longer(fake: FakeAsterisk) -> None:
    fake.boot_at_once = False
    async with linked(fake) as link:
        reaching = asyncio.create_task(link.reach(30))
        await fake.wait_for(lambda: fake.logins == 1)
        assert not reaching.done(), "a slow Asterisk is not an absent one"
        fake.emit("FullyBooted")
        await reaching
        assert link.ready


async def test_something_else_on_the_port_is_noticed() -> None:
    async def web(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(web, "127.0.0.1", 0)
    link = AmiLink("127.0.0.1", server.sockets[0].getsockname()[1], "hotline", "x", backoff_s=(0.01, 0.05))
    await link.start()
    with pytest.raises(AmiDown, match="not Asterisk"):
        await link.reach(30)
    await link.close()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("cut", range(1, 12))
async def test_chinese_split_across_segments_survives(fake: FakeAsterisk, cut: int) -> None:
    got: list[str] = []
    async with linked(fake) as link:
        link.on_event(lambda m: got.append(m["CallerIDName"]) if "CallerIDName" in m else None)
        await link.wait_ready(30)
        data = "Event: Newchannel\r\nCallerIDName: 咸宁市民\r\n\r\n".encode()
        at = data.index("咸".encode()) + cut
        fake.raw(data[:at])
        await until(
            lambda: "CallerIDName" in getattr(link.protocol, "text", "")
        )  # the first part alone has arrived
        fake.raw(data[at:])
        await until(lambda: bool(got))
    assert got == ["咸宁市民"]


async def test_broken_utf8_loses_one_character_not_the_link(fake: FakeAsterisk) -> None:
    got: list[str] = []
    async with linked(fake) as link:
        link.on_event(lambda m: got.append(m["CallerIDName"]) if "CallerIDName" in m else None)
        await link.wait_ready(30)
        fake.raw(b"Event: Newchannel\r\nCallerIDName: a\xffb\r\n\r\n")
        await until(lambda: bool(got))
        await link.do("Ping")
    assert got == ["a\ufffdb"]


async def test_half_open_connection_is_noticed(fake: FakeAsterisk) -> None:
    async with linked(fake, ping_s=0.02) as link:
        await link.wait_ready(30)
        fake.frozen = True
        await until(lambda: not link.ready)
        assert "half-open" in str(link.fault)
        fake.frozen = False
        await link.wait_ready(30)
        assert fake.logins >= 2


async def test_nothing_is_replayed_after_a_reconnect(fake: FakeAsterisk) -> None:
    fake.on("Originate", lambda _: None)  # Asterisk takes it and says nothing before it dies
    async with linked(fake) as link:
        await link.wait_ready(30)
        waiting = asyncio.create_task(link.originate(timeout=30, Channel="PJSIP/110@trunk"))
        await fake.wait_for(lambda: len(fake.asked("Originate")) == 1)
        fake.drop()
        with pytest.raises(AmiDown):
            await waiting
        await until(lambda: link.connections == 2)
        await link.wait_ready(30)
        await link.do("Ping")
    assert len(fake.asked("Originate")) == 1


async def test_actions_without_link_fail_at_once(fake: FakeAsterisk) -> None:
    link = AmiLink("127.0.0.1", fake.port, "hotline", "secret")
    with pytest.raises(AmiDown):
        await link.do("Ping")


async def test_unanswered_action_times_out_alone(fake: FakeAsterisk) -> None:
    fake.on("Redirect", lambda _: None)
    async with linked(fake) as link:
        await link.wait_ready(30)
        with pytest.raises(AmiTimeout):
            await link.do("Redirect", timeout=0.05)
        await link.do("Ping")
        assert link.connections == 1


@pytest.mark.parametrize("bad", ["a\r\nAction: Originate", "a\nb", "a\rb", "a\0b"])
async def test_line_breaks_are_refused_in_every_value(fake: FakeAsterisk, bad: str) -> None:
    async with linked(fake) as link:
        await link.wait_ready(30)
        with pytest.raises(AmiBadValue):
            await link.do("Hangup", Channel=bad)
        with pytest.raises(AmiBadValue):
            await link.do("Originate", Variable=["ok=1", bad])
        with pytest.raises(AmiBadValue):
            await link.do("Hangup", timeout=1, **{"Chan\r\nnel": "x"})
    assert not fake.asked("Hangup")


async def test_refusals_are_typed_also_for_lists_and_queue_members(fake: FakeAsterisk) -> None:
    fake.on("QueueStatus", lambda _: [{"Response": "Error", "Message": "Permission denied"}])
    async with linked(fake) as link:
        await link.wait_ready(30)
        with pytest.raises(AmiRefused, match="Permission denied"):
            await link.listing("QueueStatus")
        added = await link.do("QueueAdd", Queue="general", Interface="PJSIP/8001", MemberName="8001")
        assert added["Response"] == "Success"
        with pytest.raises(AmiRefused):
            await link.do("QueueAdd", Queue="general", Interface="PJSIP/8001", MemberName="8001")


@pytest.mark.parametrize("early", [False, True])
async def test_originate_tells_how_it_ended(fake: FakeAsterisk, early: bool) -> None:
    response: Fields = {"Response": "Success", "Message": "Originate successfully queued"}
    ended: Fields = {"Event": "OriginateResponse", "Tagged": "1", "Response": "Failure", "Reason": "5"}
    fake.on("Originate", lambda _: [dict(ended), dict(response)] if early else [dict(response), dict(ended)])
    async with linked(fake) as link:
        await link.wait_ready(30)
        outcome = await link.originate(timeout=10, Channel="PJSIP/110@trunk")
    assert (outcome.answered, outcome.reason) == (False, "busy")
    assert fake.asked("Originate")[0]["Timeout"] == "10000"


async def test_a_failing_handler_or_hook_harms_nobody(fake: FakeAsterisk) -> None:
    got: list[Message] = []
    tries: list[int] = []

    def broken(_: Message) -> None:
        raise RuntimeError("a fault of ours")

    async with linked(fake) as link:

        async def hook() -> None:
            tries.append(1)
            if len(tries) == 1:
                raise RuntimeError("first read of the state fails")

        link.on_event(broken)
        link.on_event(got.append)
        link.on_up(hook)
        await until(lambda: len(tries) == 2)
        await link.wait_ready(30)
        fake.emit("Hangup", Channel="x")
        await until(lambda: any(m["Event"] == "Hangup" for m in got))


async def test_endless_message_is_cut_off(fake: FakeAsterisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calls.asterisk.ami.MESSAGE_LIMIT", 4096)
    async with linked(fake) as link:
        await link.wait_ready(30)
        fake.raw(b"Event: Garbage\r\nX: " + b"x" * 8192)
        await until(lambda: link.connections == 2)


async def test_unsubscribe_stops_the_events(fake: FakeAsterisk) -> None:
    got: list[Message] = []
    async with linked(fake) as link:
        stop = link.on_event(got.append)
        await link.wait_ready(30)
        count = len(got)
        stop()
        fake.emit("Hangup", Channel="x")
        await link.do("Ping")
    assert len(got) == count
