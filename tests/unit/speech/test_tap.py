from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db.models import Call, CallLeg, TranscriptGapRow
from db.session import Sessions
from runtime.bus import LocalBus
from runtime.events import (
    CallAnswered,
    CallEnded,
    Event,
    HandoffChanged,
    LegJoined,
    LegLeft,
    Speaker,
    SpeechStateChanged,
    TapClosed,
    TapOpened,
    TapsEnded,
    TapSilent,
    TranscriptGap,
)
from runtime.settings import Settings
from speech import tap as tap_module
from speech.instance import home
from speech.tap import TapManager
from tests.fakes.clock import FakeClock
from tests.waiting import until

ORIGIN = datetime(2025, 11, 14, 0, 59, 50, tzinfo=UTC)


class Answer:
    def __init__(self, answered: bool) -> None:
        self.answered = answered


class FakeLink:
    """Originates as told; `failures` tries fail first."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.done: list[tuple[str, dict[str, Any]]] = []
        self.failures = 0
        self.raises = False
        self.handlers: list[Callable[[Any], None]] = []

    async def originate(self, *, timeout: float, **fields: Any) -> Answer:
        self.asked.append(fields)
        if self.raises:
            raise ConnectionError("the link is down")
        if self.failures:
            self.failures -= 1
            return Answer(False)
        return Answer(True)

    async def do(self, name: str, *, timeout: float, **fields: Any) -> None:
        self.done.append((name, fields))

    def on_event(self, handler: Callable[[Any], None]) -> Callable[[], None]:
        self.handlers.append(handler)
        return lambda: self.handlers.remove(handler)

    def hang_up(self, tap_id: str) -> None:
        for handler in self.handlers:
            handler({"Event": "Hangup", "Uniqueid": f"tap-{tap_id}"})


class Node:
    def __init__(self, settings: Settings, bus: LocalBus, clock: FakeClock) -> None:
        self.settings, self.bus, self.clock = settings, bus, clock
        self.link = FakeLink()
        self.taps = TapManager(self.link, bus, clock, settings)
        self.events: list[Event] = []
        bus.subscribe(self._hear)

    async def _hear(self, event: Event) -> None:
        self.events.append(event)

    def opened(self, speaker: Speaker = "citizen") -> list[TapOpened]:
        return [e for e in self.events if isinstance(e, TapOpened) and e.speaker == speaker]

    def gaps(self) -> list[TranscriptGap]:
        return [e for e in self.events if isinstance(e, TranscriptGap)]

    async def answer(self, call_id: str = "call") -> None:
        await self.bus.publish(
            CallAnswered(
                call_id=call_id,
                agent="8001",
                citizen_channel="PJSIP/trunk-00000001",
                agent_channel="PJSIP/8001-00000002",
                at=self.clock.now(),
                origin=ORIGIN,
            )
        )
        await until(lambda: self.opened("citizen") and self.opened("agent"))
        await until(lambda: len(self.link.asked) >= 2)

    async def speech(self, instance: str = "one", *, available: bool = True) -> None:
        await self.bus.publish(
            SpeechStateChanged(available=available, model="m", instance=home(self.settings) + instance)
        )
        await self.settled()

    async def settled(self) -> None:
        await self.bus.settle()
        for _ in range(20):
            await asyncio.sleep(0)
        await self.bus.settle()


@pytest.fixture
async def node(
    settings: Settings, bus: LocalBus, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Node]:
    monkeypatch.setattr(tap_module, "PAUSES_S", (0.0, 0.0, 0.0))
    node = Node(settings, bus, clock)
    await node.taps.start()
    yield node
    await node.taps.close()


async def test_each_speaker_gets_a_leg_announced_before_it_is_made(node: Node) -> None:
    await node.answer()
    by_tap = {fields["Channel"].rpartition("/")[2]: fields for fields in node.link.asked}
    for speaker, channel in (("citizen", "PJSIP/trunk-00000001"), ("agent", "PJSIP/8001-00000002")):
        (opened,) = node.opened(speaker)  # type: ignore[arg-type]
        fields = by_tap[opened.tap_id]
        assert fields["Data"] == f"{channel},qoES"
        assert fields["Channel"] == f"AudioSocket/127.0.0.1:{node.settings.audiosocket_port}/{opened.tap_id}"
        assert opened.origin == ORIGIN
    assert node.gaps() == []


async def test_a_leg_that_cannot_be_made_is_tried_again_and_the_gap_is_told(node: Node) -> None:
    node.link.failures = 4
    await node.answer()
    await until(lambda: node.gaps())
    await until(lambda: len(node.link.asked) == 6)
    assert {opened.tap_id for opened in node.opened()} != set()
    assert len({fields["ChannelId"] for fields in node.link.asked}) == 6, "each try has an id of its own"
    assert node.gaps()[0].start_ms == 10_000


async def test_a_leg_that_came_late_leaves_a_gap_from_when_it_was_wanted(node: Node) -> None:
    async def slow(**fields: Any) -> Answer:
        node.link.asked.append(fields)
        node.clock.move(seconds=3)
        return Answer(True)

    node.link.originate = slow  # type: ignore[method-assign]
    await node.answer()
    await until(lambda: len(node.gaps()) == 2)
    assert [gap.end_ms - gap.start_ms for gap in node.gaps()] == [3000, 3000]


async def test_a_leg_whose_first_try_took_long_to_fail_leaves_a_gap_from_its_beginning(node: Node) -> None:
    async def failing_once(**fields: Any) -> Answer:
        node.link.asked.append(fields)
        if len(node.link.asked) > 2:
            return Answer(True)
        if len(node.link.asked) == 1:
            node.clock.move(seconds=5)
        return Answer(False)

    node.link.originate = failing_once  # type: ignore[method-assign]
    await node.answer()
    await until(lambda: len(node.gaps()) == 2)
    assert node.gaps()[0].start_ms == 10_000


async def test_what_was_said_to_a_leg_born_mute_is_told_as_a_gap(node: Node) -> None:
    await node.answer()
    await node.settled()
    node.clock.move(seconds=3)
    tap_id = node.opened()[-1].tap_id
    await node.bus.publish(TapSilent(call_id="call", tap_id=tap_id, speaker="citizen", silent_s=3.0))
    await until(lambda: node.gaps())
    assert [(g.speaker, g.start_ms, g.end_ms) for g in node.gaps()] == [("citizen", 10_000, 13_000)]


async def test_a_lost_link_to_asterisk_is_survived(node: Node) -> None:
    node.link.raises = True
    await node.answer()
    node.link.raises = False
    await until(lambda: len(node.gaps()) == 2)


async def test_a_leg_that_ends_while_the_call_goes_on_is_renewed(node: Node) -> None:
    await node.answer()
    await node.settled()
    node.clock.move(seconds=5)
    node.link.hang_up(node.opened()[0].tap_id)
    await until(lambda: len(node.opened()) == 2)
    await until(lambda: node.gaps())
    assert [(g.speaker, g.start_ms, g.end_ms) for g in node.gaps()] == [("citizen", 15_000, 15_000)]
    assert len(node.opened("agent")) == 1


def handoff(node: Node, status: str) -> HandoffChanged:
    return HandoffChanged(call_id="call", handoff_id=1, target="110", status=status, at=node.clock.now())


async def test_when_the_agent_has_left_the_conference_nobody_listens_on(node: Node) -> None:
    await node.answer()
    await node.settled()
    agent = {"call_id": "call", "name": "8001", "role": "agent", "channel": "PJSIP/8001-00000002"}
    await node.bus.publish(handoff(node, "accepted"))
    await node.bus.publish(LegLeft(**agent, at=node.clock.now()))
    await node.bus.publish(handoff(node, "completed"))
    await until(lambda: node.link.done)
    await node.settled()
    (citizen,) = node.opened("citizen")
    assert node.link.done == [
        ("Hangup", {"Channel": f"tap-{citizen.tap_id}"})
    ]  # the agent's went with its channel
    assert [e.call_id for e in node.events if isinstance(e, TapsEnded)] == ["call"]
    for speaker in ("citizen", "agent"):
        (tap,) = node.opened(speaker)
        node.link.hang_up(tap.tap_id)
        await node.bus.publish(TapClosed(call_id="call", tap_id=tap.tap_id, speaker=speaker))
    await node.settled()
    assert len(node.link.asked) == 2, "no tap is renewed"
    # The police hang up and another agent takes the citizen: somebody listens again.
    await node.bus.publish(LegJoined(**agent | {"channel": "PJSIP/8002-00000009"}, at=node.clock.now()))
    await until(lambda: len(node.opened("citizen")) == 2 and len(node.opened("agent")) == 2)


async def test_after_a_transfer_the_next_agent_is_heard_and_so_is_the_citizen(node: Node) -> None:
    await node.answer()
    await node.settled()
    second = {"call_id": "call", "name": "8002", "role": "agent", "channel": "PJSIP/8002-00000009"}
    await node.bus.publish(LegJoined(**second, at=node.clock.now()))
    first = {"call_id": "call", "name": "8001", "role": "agent", "channel": "PJSIP/8001-00000002"}
    await node.bus.publish(LegLeft(**first, at=node.clock.now()))
    await node.bus.publish(handoff(node, "completed"))
    await node.settled()
    assert node.link.done == []
    assert not [e for e in node.events if isinstance(e, TapsEnded)]


async def test_after_our_restart_a_call_that_was_handed_over_is_not_listened_to(
    node: Node, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        session.add(
            Call(id="elsewhere", node="other", state="talking", started_at=ORIGIN, channel="PJSIP/trunk-1")
        )
        for call_id, left in (("here", None), ("gone", node.clock.now())):
            row = {"state": "conference", "started_at": ORIGIN, "channel": f"PJSIP/{call_id}-00000001"}
            session.add(Call(id=call_id, node=node.settings.node, agent_channel="PJSIP/8001-00000002", **row))
            await session.flush()
            leg = {"role": "agent", "name": "8001", "channel": "PJSIP/8001-00000002", "joined_at": ORIGIN}
            session.add(CallLeg(call_id=call_id, left_at=left, **leg))
    await node.taps.resume(sessions)
    await until(lambda: len(node.link.asked) == 2)
    assert {e.call_id for e in node.events if isinstance(e, TapOpened)} == {"here"}


async def test_the_end_of_a_leg_that_was_replaced_means_nothing(node: Node) -> None:
    await node.answer()
    await node.settled()
    old = node.opened()[0].tap_id
    node.link.hang_up(old)
    await until(lambda: len(node.opened()) == 2)
    await node.bus.publish(TapClosed(call_id="call", tap_id=old, speaker="citizen"))
    node.link.hang_up(old)
    await node.settled()
    assert len(node.opened()) == 2


async def test_a_silent_leg_is_renewed_once_until_sound_is_back(node: Node) -> None:
    await node.answer()
    await node.settled()

    async def silent(seconds: float) -> None:
        tap_id = node.opened()[-1].tap_id
        await node.bus.publish(TapSilent(call_id="call", tap_id=tap_id, speaker="citizen", silent_s=seconds))
        await node.settled()

    await silent(3.0)
    assert len(node.opened()) == 2
    await silent(3.0)
    assert len(node.opened()) == 2, "once"
    await silent(0.0)
    await silent(3.0)
    assert len(node.opened()) == 3


async def test_a_gap_s_row_is_there_when_it_is_told(
    settings: Settings, bus: LocalBus, clock: FakeClock, sessions: Sessions
) -> None:
    rows: list[tuple[int, int]] = []

    async def look(event: TranscriptGap) -> None:
        async with sessions() as session:
            rows.extend((r.start_ms, r.end_ms) for r in await session.scalars(select(TranscriptGapRow)))

    bus.subscribe(look, TranscriptGap)
    taps = TapManager(FakeLink(), bus, clock, settings, sessions)
    tap = tap_module.Tap("call", "citizen", "PJSIP/x", clock.now())
    for _ in range(2):  # told by whoever notices, written once
        tap.lost_at = tap.origin + timedelta(seconds=3)
        tap.opened_at = tap.origin + timedelta(seconds=5)
        await taps._tell_gap(tap)
    await bus.settle()
    assert set(rows) == {(3000, 5000)}
    async with sessions() as session:
        assert len((await session.scalars(select(TranscriptGapRow))).all()) == 1


async def test_a_new_speech_process_gets_all_live_calls_again_with_their_gaps(node: Node) -> None:
    await node.speech("one")
    await node.answer()
    await node.settled()
    node.clock.move(seconds=2)
    await node.speech("two", available=False)
    assert len(node.opened()) == 1, "not before its model is loaded"
    node.clock.move(seconds=3)
    await node.speech("two")
    await until(lambda: len(node.opened()) == 2 and len(node.opened("agent")) == 2)
    await until(lambda: len(node.gaps()) == 2)
    assert {(g.start_ms, g.end_ms) for g in node.gaps()} == {(12_000, 15_000)}
    await node.speech("two")
    assert len(node.opened()) == 2, "its repeated announcements change nothing"


async def test_other_nodes_speech_processes_are_none_of_our_business(node: Node) -> None:
    await node.speech("one")
    await node.answer()
    await node.settled()
    await node.bus.publish(SpeechStateChanged(available=True, model="m", instance="elsewhere:1#x"))
    await node.settled()
    assert len(node.opened()) == 1


async def test_without_a_model_nothing_is_tapped_until_there_is_one(node: Node) -> None:
    await node.speech(available=False)
    await node.bus.publish(
        CallAnswered(
            call_id="call",
            agent="8001",
            citizen_channel="PJSIP/trunk-00000001",
            agent_channel="PJSIP/8001-00000002",
            at=node.clock.now(),
            origin=ORIGIN,
        )
    )
    await node.settled()
    assert node.link.asked == []
    await node.speech()
    await until(lambda: len(node.link.asked) == 2)


async def test_another_agent_takes_over_and_is_heard_in_the_place_of_the_first(node: Node) -> None:
    await node.answer()
    leave = LegLeft(call_id="call", role="agent", name="8001", channel="PJSIP/8001-00000002", at=node.clock.now())
    join = LegJoined(call_id="call", role="agent", name="8002", channel="PJSIP/8002-00000009", at=node.clock.now())
    await node.bus.publish(leave)
    await node.bus.publish(join)
    await until(lambda: len(node.opened("agent")) == 2)
    await until(lambda: len(node.link.asked) == 3)
    assert node.link.asked[-1]["Data"].startswith("PJSIP/8002-00000009,")
    assert len(node.opened()) == 1


async def test_after_the_call_nothing_is_renewed(node: Node) -> None:
    await node.answer()
    await node.settled()
    await node.bus.publish(CallEnded(call_id="call", outcome="answered", at=node.clock.now()))
    await node.settled()
    node.link.hang_up(node.opened()[0].tap_id)
    await node.speech("new")
    await node.settled()
    assert len(node.opened()) == 1


@pytest.mark.parametrize(("unheard_s", "told"), [(7, [(15_000, 22_000)]), (0.5, [])])
async def test_the_unheard_end_of_a_call_is_told(
    node: Node, unheard_s: float, told: list[tuple[int, int]]
) -> None:
    """Without it the transcript would look whole. The moment in which a call is hung up is none."""
    await node.answer()
    await node.settled()
    node.clock.move(seconds=5)
    node.link.raises = True
    node.link.hang_up(node.opened("citizen")[0].tap_id)
    node.clock.move(seconds=unheard_s)
    await node.bus.publish(CallEnded(call_id="call", hungup_by="citizen", outcome="answered", at=node.clock.now()))
    await node.settled()
    assert [(gap.start_ms, gap.end_ms) for gap in node.gaps()] == told


async def test_a_channel_that_would_inject_options_is_refused(node: Node) -> None:
    await node.bus.publish(
        CallAnswered(
            call_id="call",
            agent="8001",
            citizen_channel="PJSIP/x,w\r\nAction: Originate",
            agent_channel="PJSIP/8001-00000002",
            at=node.clock.now(),
            origin=ORIGIN,
        )
    )
    await until(lambda: node.link.asked)
    await node.settled()
    assert len(node.link.asked) == 1


async def test_by_the_second_way_taps_are_announced_and_nothing_is_originated(
    settings: Settings, bus: LocalBus, clock: FakeClock
) -> None:
    node = Node(settings.model_copy(update={"tap": "mixmonitor"}), bus, clock)
    await node.taps.start()
    await bus.publish(
        CallAnswered(
            call_id="call",
            agent="8001",
            citizen_channel="a",
            agent_channel="b",
            at=clock.now(),
            origin=ORIGIN - timedelta(seconds=1),
        )
    )
    await until(lambda: node.opened("citizen") and node.opened("agent"))
    await node.settled()
    assert node.link.asked == []
    await node.taps.close()
