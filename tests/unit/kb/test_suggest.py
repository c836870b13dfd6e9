"""Suggestions beside a call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Literal

import pytest

from kb.suggest import SURE_SCORE, Conversation, Suggester
from runtime.bus import LocalBus
from runtime.clock import SystemClock
from runtime.events import Answer, AnswersSuggested, CallEnded, Utterance

WAIT_S = 30.0


def answer(article_id: str, score: float, *, expired: bool = False) -> Answer:
    return Answer(
        article_id=article_id, title=article_id, short_answer="", owner="", score=score, why="", expired=expired
    )


class FakeIndex:
    """Answers by a table; can be held up or made to fail."""

    def __init__(self) -> None:
        self.table: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, bool]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failing = False

    async def search(self, text: str, *, limit: int = 8, spoken: bool = False) -> list[Answer]:
        self.asked.append((text, spoken))
        await self.open.wait()
        if self.failing:
            raise RuntimeError("the database is away")
        return self.table.get(text, [])


class Desk:
    """Keeps what was suggested and waits for it."""

    def __init__(self, bus: LocalBus) -> None:
        self.seen: list[AnswersSuggested] = []
        self._changed = asyncio.Condition()
        bus.subscribe(self._take, AnswersSuggested)

    async def _take(self, event: AnswersSuggested) -> None:
        async with self._changed:
            self.seen.append(event)
            self._changed.notify_all()

    async def wait(self, count: int) -> list[list[str]]:
        """Article ids of the suggestions, once there are so many."""
        async with asyncio.timeout(WAIT_S), self._changed:
            await self._changed.wait_for(lambda: len(self.seen) >= count)
        return [[a.article_id for a in event.answers] for event in self.seen]


@pytest.fixture
def index() -> FakeIndex:
    return FakeIndex()


@pytest.fixture
async def desk(bus: LocalBus) -> Desk:
    return Desk(bus)


@pytest.fixture
async def suggester(index: FakeIndex, bus: LocalBus) -> AsyncIterator[Suggester]:
    made = Suggester(index, bus)
    await made.start()
    yield made
    await made.close()


def said(
    text: str,
    *,
    call: str = "c1",
    speaker: Literal["citizen", "agent"] = "citizen",
    final: bool = True,
    number: int = 1,
) -> Utterance:
    return Utterance(
        call_id=call,
        utterance_id=f"{call}-{number}",
        speaker=speaker,
        start_ms=0,
        end_ms=1000,
        text=text,
        final=final,
    )


async def until(condition: object, bus: LocalBus) -> None:
    assert callable(condition)
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await bus.settle()
            await asyncio.sleep(0)


# -- the events ------------------------------------------------------------------------------------
async def test_a_final_utterance_brings_answers(
    suggester: Suggester, index: FakeIndex, bus: LocalBus, desk: Desk
) -> None:
    index.table["公积金怎么取"] = [answer("fund", 60), answer("loan", 45), answer("far", 39), answer("other", 25)]
    await bus.publish(said("公积", final=False))
    await bus.publish(said("公积金怎么取"))
    assert await desk.wait(1) == [["fund", "loan", "far"]]
    event = desk.seen[0]
    assert (event.call_id, event.utterance_id, event.query) == ("c1", "c1-1", "公积金怎么取")
    assert index.asked == [("公积金怎么取", True)]


async def test_weak_answers_are_not_shown(
    suggester: Suggester, index: FakeIndex, bus: LocalBus, desk: Desk
) -> None:
    index.table["嗯好的"] = [answer("x", SURE_SCORE - 1)]
    index.table["路灯"] = [answer("light", SURE_SCORE + 1)]
    await bus.publish(said("嗯好的"))
    await bus.publish(said("路灯"))
    assert await desk.wait(1) == [["light"]]


async def test_the_same_answers_are_not_published_twice(
    suggester: Suggester, index: FakeIndex, bus: LocalBus, desk: Desk
) -> None:
    index.table["路灯"] = [answer("light", 40)]
    index.table["井盖"] = [answer("cover", 90)]
    for text in ("路灯", "路灯", "你好", "井盖"):
        await bus.publish(said(text))
    assert await desk.wait(2) == [["light"], ["cover", "light"]]


async def test_the_agent_helps_but_triggers_nothing(
    suggester: Suggester, index: FakeIndex, bus: LocalBus, desk: Desk
) -> None:
    index.table["是公积金提取吗"] = [answer("fund", 60)]
    index.table["对就是这个"] = [answer("noise", 5)]
    await bus.publish(said("是公积金提取吗", speaker="agent"))
    await until(lambda: index.asked, bus)
    assert desk.seen == []
    await bus.publish(said("对就是这个"))
    assert await desk.wait(1) == [["fund"]]


async def test_calls_do_not_mix(suggester: Suggester, index: FakeIndex, bus: LocalBus, desk: Desk) -> None:
    index.table["路灯"] = [answer("light", 40)]
    index.table["你好"] = []
    await bus.publish(said("路灯", call="c1"))
    await bus.publish(said("你好", call="c2"))
    await until(lambda: len(index.asked) == 2, bus)
    assert await desk.wait(1) == [["light"]]
    assert desk.seen[0].call_id == "c1"
    assert suggester.calls == 2


async def test_call_ended_ends_the_task(suggester: Suggester, index: FakeIndex, bus: LocalBus) -> None:
    index.open.clear()
    await bus.publish(said("路灯"))
    await until(lambda: index.asked, bus)
    await bus.publish(CallEnded(call_id="c1", outcome="answered", at=SystemClock().now()))
    await until(lambda: suggester.calls == 0, bus)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "suggest:c1"]


async def test_a_slow_index_blocks_neither_the_bus_nor_other_calls(
    suggester: Suggester, index: FakeIndex, bus: LocalBus, desk: Desk
) -> None:
    index.table["路灯99"] = [answer("light", 40)]
    index.open.clear()
    await bus.publish(said("路灯0", number=0))
    await until(lambda: index.asked, bus)
    for number in range(1, 100):
        await bus.publish(said(f"路灯{number}", number=number))
    await bus.settle()  # ends although no search has
    assert len(index.asked) == 1
    index.open.set()
    assert await desk.wait(1) == [["light"]]
    assert len(index.asked) < 12  # what was said long ago is skipped
    assert desk.seen[0].utterance_id == "c1-99"


async def test_a_failing_index_is_tried_again_and_logs_no_words(
    suggester: Suggester, index: FakeIndex, bus: LocalBus, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    index.table["路灯"] = [answer("light", 40)]
    index.failing = True
    await bus.publish(said("我叫张三"))
    await until(lambda: "failed" in caplog.text, bus)
    index.failing = False
    await bus.publish(said("路灯"))
    assert await desk.wait(1) == [["light"]]
    assert "张三" not in caplog.text


async def test_close_ends_everything(index: FakeIndex, bus: LocalBus) -> None:
    suggester = Suggester(index, bus)
    await suggester.start()
    index.open.clear()
    await bus.publish(said("路灯"))
    await until(lambda: index.asked, bus)
    await suggester.close()
    await bus.publish(said("井盖"))
    await bus.settle()
    assert suggester.calls == 0 and len(index.asked) == 1


# -- putting utterances together --------------------------------------------------------------------
def test_weak_words_of_many_utterances_add_up_to_nothing() -> None:
    conversation = Conversation()
    for _ in range(4):
        conversation.add("citizen", "…", [answer("light", SURE_SCORE - 1), answer("cover", 17)])
    assert conversation.best() == ()
    assert conversation.need() == ""


def test_the_need_stays_the_reason_when_the_talk_goes_on() -> None:
    conversation = Conversation()
    conversation.add("citizen", "路灯坏了", [answer("light", 60)])
    conversation.add("citizen", "晚上看不见", [answer("light", 15), answer("cover", 20)])
    assert [a.article_id for a in conversation.best()] == ["light"]
    assert conversation.best()[0].score > 60
    assert conversation.need() == "路灯坏了"


def test_a_new_topic_takes_over() -> None:
    conversation = Conversation()
    conversation.add("citizen", "…", [answer("light", 50)])
    conversation.add("citizen", "…", [answer("fund", 50)])
    assert [a.article_id for a in conversation.best()] == ["fund", "light"]
    for _ in range(4):
        conversation.add("citizen", "…", [answer("fund", 50)])
    assert [a.article_id for a in conversation.best()] == ["fund"]


def test_idle_words_do_not_push_out_the_topic() -> None:
    conversation = Conversation()
    conversation.add("citizen", "…", [answer("light", 50)])
    for _ in range(10):
        conversation.add("citizen", "…", [])
        conversation.add("citizen", "…", [answer("x", 2)])
    assert [a.article_id for a in conversation.best()] == ["light"]


def test_expired_articles_are_never_suggested() -> None:
    conversation = Conversation()
    conversation.add("citizen", "…", [answer("old", 90, expired=True)])
    assert conversation.best() == ()
