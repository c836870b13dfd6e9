from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Call
from db.session import Sessions
from runtime.bus import LocalBus
from runtime.events import EmergencyHeard, Speaker, Utterance
from tests.fakes.clock import FakeClock
from tests.unit.tickets.conftest import CALL, add_call
from tickets.emergency.spotter import Spotter, alerts_of
from tickets.emergency.wordlist import spot

CASES = yaml.safe_load((Path(__file__).parent / "emergency_cases.yaml").read_text(encoding="utf-8"))
CODES = sorted(CASES)


def test_there_are_twenty_of_each_for_every_code() -> None:
    assert len(CODES) == 13
    for code, cases in CASES.items():
        assert len(set(cases["alert"])) >= 20, code
        assert len(set(cases["quiet"])) >= 20, code


@pytest.mark.parametrize("code", CODES)
def test_emergencies_alert_with_their_code(code: str) -> None:
    missed = [text for text in CASES[code]["alert"] if code not in [hit.code for hit in spot(text)]]
    assert missed == []


@pytest.mark.parametrize("code", CODES)
def test_past_tense_enquiries_and_the_like_do_not_alert(code: str) -> None:
    false = {text: hits for text in CASES[code]["quiet"] if (hits := spot(text))}
    assert false == {}


def test_the_recordings_emergencies_alert_as_recognised() -> None:
    heard = {
        "快来人啊我们这动楼五楼起火了窗户里都是浓烟地址是建设路八十八号": "E119-01",
        "有人掉进河里了就在大桥下面赶快派人来就": "E110-03",
        "我在人民路二十三号三楼厨房里的油锅着火了": "E119-01",
    }
    for text, code in heard.items():
        assert code in [hit.code for hit in spot(text)], text


def test_everyday_talk_does_not_alert() -> None:
    for text in (
        "前天还有一个老人摔倒了",
        "小区北门的围墙到了一截砖头都掉在人行道上差一点砸到小孩",
        "我家燃气打不着火报修三天了没人来",
        "都是半夜来倒的昨天半夜又倒了两车",
        "搬家了想从乡镇小学转到县城",
        "连着五个晚上了每天都搞到凌晨两点",
        "",
    ):
        assert spot(text) == [], text


def test_the_heard_words_are_words_of_the_sentence() -> None:
    for cases in CASES.values():
        for text in cases["alert"]:
            for hit in spot(text):
                assert all(word in text for word in hit.words)


def test_something_happening_now_overrules_something_past() -> None:
    assert spot("去年着过火") == []
    assert [hit.code for hit in spot("去年着过火现在又着火了")] == ["E119-01"]
    assert [hit.code for hit in spot("我已经打了119他们还没到火还在烧现在又爆炸了")] == ["E119-01"]


class Ears:
    """A spotter on a bus, and what it announced."""

    def __init__(self, bus: LocalBus) -> None:
        self.bus = bus
        self.heard: list[EmergencyHeard] = []
        self.count = 0

    async def note(self, event: EmergencyHeard) -> None:
        self.heard.append(event)

    async def say(
        self,
        text: str,
        speaker: Speaker = "citizen",
        *,
        final: bool = True,
        pause_ms: int = 3000,
        call: str = CALL,
    ) -> list[str]:
        self.count += 1
        start = self.count * 100_000 + pause_ms
        await self.bus.publish(
            Utterance(
                call_id=call,
                utterance_id=f"u{self.count}",
                speaker=speaker,
                start_ms=start,
                end_ms=self.count * 100_000 + 100_000,
                text=text,
                final=final,
            )
        )
        await self.bus.settle()
        return [event.code for event in self.heard]


@pytest.fixture
async def ears(bus: LocalBus, clock: FakeClock) -> AsyncIterator[Ears]:
    spotter = Spotter(bus, clock)
    await spotter.start()
    made = Ears(bus)
    bus.subscribe(made.note, EmergencyHeard)
    yield made
    await spotter.close()


async def test_an_emergency_is_announced_once_per_code_and_call(ears: Ears) -> None:
    assert await ears.say("我们家着火了") == ["E119-01"]
    assert await ears.say("厨房着火了快来") == ["E119-01"]
    assert await ears.say("我奶奶晕倒了") == ["E119-01", "E120-01"]
    assert await ears.say("我们家着火了", call="other") == ["E119-01", "E120-01", "E119-01"]
    first = ears.heard[0]
    assert (first.target, first.words, first.speaker, first.utterance_id) == (
        "119",
        ("着火", "着火了"),
        "citizen",
        "u1",
    )


async def test_partials_alert_nobody(ears: Ears) -> None:
    assert await ears.say("我们家着火了", final=False) == []
    assert await ears.say("我们家没有着火") == []


async def test_the_agents_words_alone_alert_nobody_but_a_yes_to_them_does(ears: Ears) -> None:
    assert await ears.say("您家着火了吗", "agent") == []
    assert await ears.say("没有没有是烧烤的烟") == []
    assert await ears.say("是的") == []
    assert await ears.say("您是说现在着火了吗", "agent") == []
    assert await ears.say("对") == ["E119-01"]
    assert ears.heard[0].speaker == "citizen"


async def test_what_was_said_in_the_same_breath_qualifies(ears: Ears) -> None:
    await ears.say("我去年在小区里面")
    assert await ears.say("着火了房子烧了一半", pause_ms=500) == []
    await ears.say("我去年就反映过")
    assert await ears.say("着火了快来人", pause_ms=500) == ["E119-01"]


async def test_the_call_is_marked(sessions: Sessions, bus: LocalBus, clock: FakeClock) -> None:
    await add_call(sessions, CALL, clock.now())
    spotter = Spotter(bus, clock, sessions)
    await spotter.start()
    await Ears(bus).say("有人要跳楼")
    await spotter.close()
    async with sessions() as session:
        call = await session.get_one(Call, CALL)
    assert call.emergency


async def test_a_database_that_is_away_costs_the_mark_not_the_alert(
    sessions: Sessions, bus: LocalBus, clock: FakeClock
) -> None:
    class Away:
        def begin(self) -> None:
            raise OSError("no database")

    spotter = Spotter(bus, clock, Away())  # type: ignore[arg-type]
    await spotter.start()
    made = Ears(bus)
    bus.subscribe(made.note, EmergencyHeard)
    assert await made.say("有人要跳楼") == ["E110-03"]
    assert await made.say("我们家着火了") == ["E110-03", "E119-01"]
    await spotter.close()


async def test_alerts_are_kept_on_the_call_s_time_line(
    sessions: Sessions, bus: LocalBus, clock: FakeClock
) -> None:
    await add_call(sessions, CALL, clock.now())
    spotter = Spotter(bus, clock, sessions)
    await spotter.start()
    ears = Ears(bus)
    bus.subscribe(ears.note, EmergencyHeard)
    await ears.say("我们家着火了")
    await ears.say("我奶奶晕倒了")
    await spotter.close()
    async with sessions() as session:
        assert await alerts_of(session, CALL) == ears.heard
        assert await alerts_of(session, "another") == []


async def test_an_alert_that_could_not_be_written_follows_with_the_next(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    await add_call(sessions, CALL, clock.now())

    class Away:
        def begin(self) -> AsyncSession:
            raise OSError("away")

    spotter = Spotter(bus, clock, sessions)
    await spotter.start()
    ears = Ears(bus)
    bus.subscribe(ears.note, EmergencyHeard)
    spotter._sessions = Away()  # type: ignore[assignment]
    assert await ears.say("我们家着火了") == ["E119-01"], "the alert does not wait for the database"
    spotter._sessions = sessions
    await ears.say("请快一点")
    await ears.say("我奶奶晕倒了")
    await spotter.close()
    async with sessions() as session:
        assert [alert.code for alert in await alerts_of(session, CALL)] == ["E119-01", "E120-01"]
