from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import TicketDraft, TranscriptUtterance
from db.session import Sessions
from runtime.bus import LocalBus
from runtime.events import CallStarted, DraftUpdated, Speaker, Suggestion, Utterance
from tests.fakes.clock import FakeClock
from tests.unit.tickets.conftest import CALL, Centre, add_call, lamp_fields
from tickets.drafting import drafts as drafts_module
from tickets.drafting.drafts import Drafts, DraftView, load_draft, save_draft
from tickets.drafting.lexicon import Lexicon
from tickets.errors import Conflict
from tickets.fields import FieldErrors


class Line:
    """A call's utterances onto a bus, and the drafts that come of them."""

    def __init__(self, bus: LocalBus) -> None:
        self.bus = bus
        self.updates: list[DraftUpdated] = []
        self.count = 0
        self._heard = asyncio.Condition()
        bus.subscribe(self._note, DraftUpdated)

    async def _note(self, event: DraftUpdated) -> None:
        async with self._heard:
            self.updates.append(event)
            self._heard.notify_all()

    async def after(self, count: int) -> None:
        """Wait for so many updates, at most five seconds."""
        async with asyncio.timeout(30), self._heard:
            await self._heard.wait_for(lambda: len(self.updates) >= count)

    def utterance(self, text: str, speaker: Speaker = "citizen", *, final: bool = True) -> Utterance:
        self.count += 1
        return Utterance(
            call_id=CALL,
            utterance_id=f"u{self.count}",
            speaker=speaker,
            start_ms=self.count * 1000,
            end_ms=self.count * 1000 + 900,
            text=text,
            final=final,
        )

    async def say(self, text: str, speaker: Speaker = "citizen", *, final: bool = True) -> None:
        await self.bus.publish(self.utterance(text, speaker, final=final))
        await self.bus.settle()

    def best(self, field: str) -> str:
        return self.updates[-1].fields[field][0].value


@pytest.fixture
async def line(sessions: Sessions, bus: LocalBus, clock: FakeClock, lexicon: Lexicon) -> AsyncIterator[Line]:
    await add_call(sessions, CALL, clock.now())
    drafts = Drafts(sessions, bus, clock, lexicon)
    await drafts.start()
    yield Line(bus)
    await drafts.close()


async def load(sessions: Sessions) -> DraftView:
    async with sessions() as session:
        return await load_draft(session, CALL)


async def save(sessions: Sessions, clock: FakeClock, **changes: Any) -> DraftView:
    async with sessions.begin() as session:
        return await save_draft(session, clock, CALL, None, changes)


async def test_each_final_updates_the_draft_and_keeps_it(line: Line, sessions: Sessions) -> None:
    await line.say("我想反映一个问题我们村的路灯坏了")
    await line.say("我们是天城镇白泉村的从上个星期三开始路灯全都不亮")
    assert [update.revision for update in line.updates] == [1, 2]
    assert line.best("category_code") in ("1106", "1706")
    assert line.best("region_code") == "421223100200"
    place = line.updates[-1].fields["place_text"][0]
    assert (place.utterance_id, place.quote) == ("u2", "天城镇白泉村")
    view = await load(sessions)
    assert view.revision == 2
    assert view.values["place_text"] == "天城镇白泉村"
    assert view.suggestions == line.updates[-1].fields
    assert view.values["phone"] == "13586427903"  # the caller id, where no number was said


async def test_partials_and_silence_change_nothing(line: Line, sessions: Sessions) -> None:
    await line.say("我们村的路灯", final=False)
    await line.say("")
    assert line.updates == []
    assert (await load(sessions)).revision == 0


async def test_what_the_agent_typed_stays_for_ever(line: Line, sessions: Sessions, clock: FakeClock) -> None:
    await line.say("我们是天城镇白泉村的路灯不亮")
    await save(sessions, clock, place_text="天城镇白泉村3组", title="")
    await line.say("不对是沙坪镇枫树村的路灯")
    view = await load(sessions)
    assert view.values["place_text"] == "天城镇白泉村3组"
    assert view.values["title"] == ""  # emptied on purpose
    assert view.touched == ("place_text", "title")
    assert view.suggestions["place_text"]  # still offered beside it
    back = await save(sessions, clock, place_text=None)
    assert back.values["place_text"] != "天城镇白泉村3组"
    assert back.touched == ("title",)


async def test_saves_at_the_same_moment_lose_nothing(line: Line, sessions: Sessions, clock: FakeClock) -> None:
    names = ["title", "content", "demand", "subject", "company", "place_text", "occurred_text", "appellant_name"]
    await asyncio.gather(
        *(save(sessions, clock, **{name: f"值{name}"}) for name in names),
        *(line.say(f"我叫陈建华路灯坏了第{i}次反映") for i in range(3)),
    )
    view = await load(sessions)
    assert {name: view.values[name] for name in names} == {name: f"值{name}" for name in names}
    assert set(view.touched) == set(names)
    assert view.suggestions["appellant_name"][0].value == "陈建华"


async def test_a_restart_reads_the_talk_again(
    line: Line, sessions: Sessions, bus: LocalBus, clock: FakeClock
) -> None:
    """The speech process writes finals to the database: a node that comes back hears the beginning there."""
    earlier = [line.utterance("我们是天城镇白泉村的"), line.utterance("我叫陈建华")]
    async with sessions.begin() as session:
        for said in earlier:
            session.add(
                TranscriptUtterance(
                    id=said.utterance_id,
                    call_id=CALL,
                    speaker=said.speaker,
                    start_ms=said.start_ms,
                    end_ms=said.end_ms,
                    text=said.text,
                    created_at=clock.now(),
                )
            )
    await save(sessions, clock, demand="修路灯")
    await line.say("路灯全都不亮晚上看不见")
    assert line.best("appellant_name") == "陈建华"
    assert line.best("region_code") == "421223100200"
    view = await load(sessions)
    assert view.values["demand"] == "修路灯"


async def test_after_submission_the_draft_is_closed(centre: Centre, lexicon: Lexicon) -> None:
    drafts = Drafts(centre.sessions, centre.bus, centre.clock, lexicon)
    await drafts.start()
    line = Line(centre.bus)
    await line.say("路灯不亮")
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    await line.say("我叫陈建华")
    assert len(line.updates) == 1
    assert (await load(centre.sessions)).submitted_ticket_id == ticket.id
    with pytest.raises(Conflict, match="已经提交"):
        await save(centre.sessions, centre.clock, title="晚了")
    await drafts.close()


async def test_the_agent_who_saves_holds_the_draft(centre: Centre) -> None:
    """After a transfer both the first agent and the one who kept the draft may submit."""
    async with centre.sessions.begin() as session:
        await save_draft(session, centre.clock, CALL, centre.other_agent.user_id, {"title": "路灯不亮"})
    ticket = await centre.desk.open_ticket(centre.other_agent, lamp_fields(), CALL)
    assert ticket.created_by == centre.other_agent.user_id


async def test_hostile_changes_are_refused_whole(sessions: Sessions, clock: FakeClock) -> None:
    cases: list[dict[str, Any]] = [
        {"id": "1"},
        {"title": "长" * 8001},
        {"title": {"a": 1}},
        {"title": "a\0b"},
        {"title": "half a character \ud83d"},
        {"lat": float("nan")},
        {"lng": float("inf")},
        {"tags": ["x" * 65]},
        {"tags": ["a\0b"]},
        {"tags": [1]},
    ]
    for changes in cases:
        with pytest.raises(FieldErrors):
            await save(sessions, clock, **({"demand": "好"} | changes))
    async with sessions() as session:
        assert await session.scalar(select(TicketDraft)) is None


async def test_an_unknown_call_has_an_empty_draft(sessions: Sessions) -> None:
    assert await load(sessions) == DraftView(call_id=CALL)


class SlowRefiner:
    """Answers when told to; puts its word in front of the rules' title."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked: list[int] = []

    async def refine(
        self, utterances: Sequence[Utterance], rules: dict[str, list[Suggestion]]
    ) -> dict[str, list[Suggestion]]:
        self.asked.append(len(utterances))
        await self.go.wait()
        better = replace(rules["appellant_name"][0], value="陈建桦")
        return rules | {"appellant_name": [better]}


async def test_a_refiner_works_beside_the_rules(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, lexicon: Lexicon
) -> None:
    refiner = SlowRefiner()
    drafts = Drafts(sessions, bus, clock, lexicon, refiner=refiner)
    await drafts.start()
    line = Line(bus)
    await line.say("我叫陈建华路灯坏了")
    await line.say("请派人来修")
    assert [update.fields["appellant_name"][0].value for update in line.updates] == ["陈建华", "陈建华"]
    refiner.go.set()
    await line.after(4)
    assert refiner.asked == [1, 2]  # it goes again until it has heard everything
    assert line.best("appellant_name") == "陈建桦"
    await drafts.close()


async def test_closing_stops_a_refiner_that_still_thinks(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, lexicon: Lexicon
) -> None:
    refiner = SlowRefiner()
    drafts = Drafts(sessions, bus, clock, lexicon, refiner=refiner)
    await drafts.start()
    line = Line(bus)
    await line.say("我叫陈建华路灯坏了")
    await drafts.close()
    await line.say("请派人来修")
    assert len(line.updates) == 1


class SwitchedOff:
    """The database's sessions, which fail while it is `away`."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.away = False

    def _check(self) -> None:
        if self.away:
            raise OperationalError("SELECT 1", {}, Exception("database is locked"))

    def __call__(self) -> AsyncSession:
        self._check()
        return self._sessions()

    def begin(self) -> Any:
        self._check()
        return self._sessions.begin()


@pytest.mark.parametrize("from_the_start", [True, False])
async def test_while_the_database_is_away_drafts_are_made_from_memory(
    sessions: Sessions,
    bus: LocalBus,
    clock: FakeClock,
    lexicon: Lexicon,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    from_the_start: bool,
) -> None:
    monkeypatch.setattr(drafts_module, "RETRY_S", 0.02)
    await add_call(sessions, CALL, clock.now())
    switched = SwitchedOff(sessions)
    drafts = Drafts(cast(Sessions, switched), bus, clock, lexicon)
    await drafts.start()
    line = Line(bus)
    if from_the_start:
        await bus.publish(
            CallStarted(
                call_id=CALL, caller="13912345678", caller_raw="", callee="12345", channel="x", at=clock.now()
            )
        )
    else:
        await line.say("我姓陈")
    switched.away = True
    await line.say("白霓镇文化路的井盖坏了")
    await line.after(1 if from_the_start else 2)
    assert line.best("category_code") == "1106"
    told = len(line.updates)
    switched.away = False
    async with asyncio.timeout(30):
        while "category_code" not in (await load(sessions)).suggestions:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await line.after(told + 1)
    await drafts.close()
    assert [r.levelname for r in caplog.records if "database" in r.message] == ["WARNING", "WARNING"]


async def test_a_call_whose_beginning_could_not_be_read_is_read_later(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, lexicon: Lexicon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts_module, "RETRY_S", 0.02)
    await add_call(sessions, CALL, clock.now())
    line = Line(bus)
    earlier = line.utterance("白霓镇文化路的井盖坏了")
    async with sessions.begin() as session:
        session.add(
            TranscriptUtterance(
                id=earlier.utterance_id,
                call_id=CALL,
                speaker="citizen",
                start_ms=earlier.start_ms,
                end_ms=earlier.end_ms,
                text=earlier.text,
                confidence=0.9,
                created_at=clock.now(),
            )
        )
    switched = SwitchedOff(sessions)
    switched.away = True
    drafts = Drafts(cast(Sessions, switched), bus, clock, lexicon)  # a node that has just been started
    await drafts.start()
    await line.say("我姓陈")
    assert "place_text" not in line.updates[-1].fields
    switched.away = False
    await line.say("请尽快修好")
    assert "文化路" in line.best("place_text")
    await drafts.close()
