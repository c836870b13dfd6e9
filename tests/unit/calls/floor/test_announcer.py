"""Position and expected wait: who hears them, when, what is said, and when it stops."""

from __future__ import annotations

import pytest

from calls.floor.announcer import AT_ONCE, Announcer, expected_minutes
from runtime.events import CallQueued, QueueAbandoned
from tests.fakes.asterisk_ami import Fields, listing
from tests.unit.calls.kit import CALL, CITIZEN, Room
from tests.waiting import until


@pytest.mark.parametrize(
    ("position", "agents", "handling_s", "minutes"),
    [(1, 1, 180, 3), (1, 3, 180, 1), (4, 2, 180, 6), (1, 0, 60, 1), (1, 10, 30, 1), (500, 1, 300, 60)],
)
def test_the_wait_is_what_is_before_one_shared_by_who_works(
    position: int, agents: int, handling_s: float, minutes: int
) -> None:
    assert expected_minutes(position, agents, handling_s) == minutes


class Queue:
    """Callers in the fake Asterisk's queue, and what is whispered to them."""

    def __init__(self, calls: Room, *, talk_s: int = 0) -> None:
        self.calls = calls
        self.talk_s = talk_s
        self.channels: list[str] = []
        self.announcer = Announcer(calls.link, calls.tracker, wrap_up_s=30)
        calls.fake.on("QueueStatus", self._status)
        calls.fake.on("Originate", self._originate)
        calls.link.on_event(self.announcer._event)

    def _status(self, fields: Fields) -> list[Fields]:
        params: Fields = {"Event": "QueueParams", "Queue": "common", "TalkTime": str(self.talk_s)}
        entries: list[Fields] = [
            {"Event": "QueueEntry", "Queue": "common", "Channel": channel, "Position": str(at)}
            for at, channel in enumerate(self.channels, 1)
        ]
        return listing("QueueStatus", [params, *entries])

    def _originate(self, fields: Fields) -> list[Fields]:
        done: Fields = {"Event": "OriginateResponse", "Tagged": "1", "Response": "Success", "Reason": "4"}
        return [{"Response": "Success"}, done]

    async def join(self, count: int = 1) -> None:
        for number in range(1, count + 1):
            channel = f"PJSIP/trunk-{number:08x}"
            self.calls.arrives(CALL[:-3] + f"{number:03x}", channel)
            self.calls.queues(channel)
            self.channels.append(channel)
        await until(lambda: len(self.calls.heard(CallQueued)) >= count)

    async def said(self) -> list[tuple[str, str, str]]:
        """Asked of Asterisk so far: whose channel, position, minutes."""
        await until(lambda: not self.announcer._background)
        found = []
        for fields in self.calls.fake.asked("Originate"):
            position, minutes = (str(v).partition("=")[2] for v in fields["Variable"])
            found.append((str(fields["Data"]).partition(",")[0], position, minutes))
        return found

    async def later(self, seconds: float) -> None:
        self.calls.clock.move(seconds=seconds)
        await self.announcer.tick(self.calls.clock.now())

    def over(self) -> None:
        """Every sentence that was begun ends by itself."""
        for speaker in set(self.announcer._speaking.values()):
            self.announcer._event({"Event": "Hangup", "Uniqueid": speaker})


async def test_everybody_hears_it_the_first_in_line_too_every_25_seconds(calls: Room) -> None:
    await calls.sits()
    queue = Queue(calls)
    await queue.join(2)
    await queue.later(5)
    assert await queue.said() == [], "most are answered before"
    await queue.later(1)
    both = [("PJSIP/trunk-00000001", "1", "3"), ("PJSIP/trunk-00000002", "2", "6")]
    assert sorted(await queue.said()) == both
    await queue.later(24)
    assert len(await queue.said()) == 2
    queue.over()
    await queue.later(1)
    assert sorted(await queue.said()) == sorted(both * 2)


async def test_the_wait_follows_how_long_talks_take(calls: Room) -> None:
    await calls.sits()
    queue = Queue(calls, talk_s=450)
    await queue.join()
    await queue.later(6)
    assert await queue.said() == [(CITIZEN, "1", "8")]


async def test_a_sentence_is_cut_off_when_an_agent_answers(calls: Room) -> None:
    await calls.sits()
    queue = Queue(calls)
    await queue.join()
    await queue.later(6)
    await queue.said()
    (speaker,) = queue.announcer._speaking.values()
    calls.fake.on("Hangup", lambda fields: [{"Response": "Success"}])
    calls.rings()
    calls.emit("QueueCallerLeave", Queue="common", Position="1", Count="0")
    await until(lambda: calls.fake.asked("Hangup"))
    assert [fields["Channel"] for fields in calls.fake.asked("Hangup")] == [speaker]
    assert queue.announcer._speaking == {}


async def test_a_sentence_that_never_began_is_said_later(calls: Room) -> None:
    """No channel came about, so that no end of one will be told."""
    await calls.sits()
    queue = Queue(calls)
    done: Fields = {"Event": "OriginateResponse", "Tagged": "1", "Response": "Failure", "Reason": "0"}
    calls.fake.on("Originate", lambda _: [{"Response": "Success"}, dict(done)])
    await queue.join()
    await queue.later(6)
    await queue.said()
    await queue.later(25)
    assert await queue.said() == [(CITIZEN, "1", "3")] * 2


async def test_whoever_has_left_hears_nothing_and_is_forgotten(calls: Room) -> None:
    await calls.sits()
    queue = Queue(calls)
    await queue.join()
    await queue.later(6)
    calls.emit("QueueCallerAbandon", Queue="common", Position="1")
    await calls.wait(QueueAbandoned)
    queue.over()
    await queue.later(30)
    assert len(await queue.said()) == 1
    assert queue.announcer._told == {}


async def test_many_waiting_do_not_drown_asterisk_and_all_get_their_turn(calls: Room) -> None:
    await calls.sits()
    queue = Queue(calls)
    await queue.join(AT_ONCE + 5)
    await queue.later(6)
    assert len(await queue.said()) == AT_ONCE
    queue.over()
    await queue.later(7)
    assert len({channel for channel, *_ in await queue.said()}) == AT_ONCE + 5
