"""The runner on the paper line: exits, keys pressed ahead, queue rounds, and what happens when we break."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.line import ALL_KEYS, Caller, Dialled, LineFailed, Prompt, QueueEnd, QueueStay, Recorded
from ivr.lookups import Lookups
from ivr.prompts import SORRY
from ivr.running.acts import place
from ivr.running.runner import STEPS, Runner, ScriptInForce
from ivr.running.walk import WalkJournal, WalkLine, walk
from ivr.script.script import Script
from ivr.script.versions import shipped_document
from tests.fakes.clock import FakeClock
from tests.unit.ivr.scripts import SOUND, nodes, script

DIRECT = shipped_document("direct").script
MENU = shipped_document("menu").script


def path(line: WalkLine) -> list[str]:
    """The nodes entered, in order."""
    return [step.text.split()[0] for step in line.steps if step.what == "node" and step.text[0] != " "]


def said(line: WalkLine) -> str:
    return "".join(step.text for step in line.steps if step.what == "says")


def notes(line: WalkLine) -> list[str]:
    return [step.text for step in line.steps if step.what == "notes"]


async def progress_of(ticket_no: str | None, phone: str | None) -> list[str]:
    if ticket_no is not None:
        return ["按号查到一件。"] if ticket_no == "251114090000123456" else []
    return ["您的工单正在办理。"] if phone == "13912345678" else []


TICKETS = Lookups(progress=progress_of)


@pytest.mark.parametrize(
    ("inputs", "nodes_entered"),
    [
        ("", ["queue", "survey", "goodbye_short"]),
        ("wait,answered,1", ["queue", "survey", "goodbye_short"]),
        ("wait,timeout,1,1", ["queue", "offer", "callback", "goodbye"]),
        ("wait,timeout,wait,answered", ["queue", "offer", "queue", "survey", "goodbye_short"]),
        ("wait,unavailable,wait,#", ["queue", "closed", "voicemail", "goodbye"]),
        ("2,wait,wait", ["queue", "progress", "after_progress", "queue_after_progress", "queue"]),
        ("2,1", ["queue", "progress", "after_progress", "goodbye"]),
        ("7", ["queue", "survey"]),
    ],
)
async def test_the_direct_script(inputs: str, nodes_entered: list[str]) -> None:
    line = await walk(DIRECT, inputs, lookups=TICKETS)
    assert path(line)[: len(nodes_entered)] == nodes_entered
    assert line.finished


@pytest.mark.parametrize(
    ("inputs", "ends_in"),
    [
        ("1", "common: answered"),
        ("3", "common: answered"),
        ("0", "common: answered"),
        ("4", "enterprise: answered"),
        ("4,timeout", "common: answered"),
        ("5", "foreign: answered"),
        ("9,1", "110: answered"),
        ("9,2", "119: answered"),
        ("9,3", "120: answered"),
        ("9,4", "122: answered"),
        ("9,1,no_answer", "common: answered"),
        ("8,8", "common: answered"),
        ("wait,wait", "common: answered"),
    ],
)
async def test_the_menu_script(inputs: str, ends_in: str) -> None:
    line = await walk(MENU, inputs)
    reached = [step.text for step in line.steps if step.what in ("queue", "dials")]
    assert reached[-1] == ends_in
    assert line.finished


@pytest.mark.parametrize("made", [DIRECT, MENU], ids=lambda made: made.name)
async def test_zero_leads_to_a_person_from_every_prompt(made: Script) -> None:
    for node_id, node in made.nodes.items():
        if node.kind in ("queue", "branch", "set", "goto") or (node.kind == "hangup" and not node.prompts()):
            continue
        begun_here = made.model_copy(update={"start": node_id})
        line = await walk(begun_here, "0", lookups=TICKETS)
        assert any(step.what == "queue" for step in line.steps[:20]), (node_id, line.steps)


async def test_silence_and_a_wrong_key_leave_by_their_own_exits() -> None:
    body = (
        "  first: {kind: menu, prompt: 选, choices: {'1': bye}, attempts: 2, wrong_key_prompt: 按错了,"
        " no_input_prompt: 没听到, no_input: silent, wrong_key: wrong}\n"
        "  silent: {kind: say, prompt: 静默, next: queue}\n"
        "  wrong: {kind: say, prompt: 错键, next: queue}"
    )
    made = script(nodes(body))
    silent = await walk(made, "wait,wait")
    assert path(silent)[1] == "silent"
    assert "没听到选" in said(silent)
    wrong = await walk(made, "5,6")
    assert path(wrong)[1] == "wrong"
    assert "按错了选" in said(wrong)
    assert path(await walk(made, "wait,5"))[1] == "wrong"
    assert path(await walk(made, "5,wait"))[1] == "silent"


async def test_a_key_pressed_during_the_greeting_counts_for_the_menu() -> None:
    line = await walk(script(), "2,345")
    assert path(line) == ["greet", "main", "number", "queue", "bye"]
    assert "一请按1" not in said(line)


async def test_a_meaningless_key_during_the_greeting_is_no_wrong_key() -> None:
    line = await walk(script(), "9,2,345")
    assert path(line) == ["greet", "main", "number", "queue", "bye"]
    assert "不正确" not in said(line)


@pytest.mark.parametrize(
    ("typed", "exit_name"),
    [
        ("12345", "next"),
        ("123#", "next"),
        ("123,wait", "next"),
        ("99*123#", "next"),
        ("12#,12#", "wrong_key"),
        ("wait,wait", "no_input"),
        ("#,#", "no_input"),
        ("0#", "human"),
        ("0,wait", "human"),
    ],
)
async def test_digits(typed: str, exit_name: str) -> None:
    line = await walk(script(), f"wait,2,{typed}")
    entered = [step.text for step in line.steps if step.what == "node"]
    assert entered[3].endswith(f"by {exit_name}"), entered


async def test_who_comes_back_to_the_queue_keeps_his_place(clock: FakeClock) -> None:
    line = await walk(DIRECT, "wait,timeout,wait,timeout,wait,answered", clock=clock)
    fresh, *returned = line.priorities
    assert fresh == 0
    assert returned == [place(0, clock.monotonic())] * 2
    urgent = await walk(MENU, "9,0,timeout,answered")
    assert urgent.priorities[0] == place(9, None)


@given(st.lists(st.floats(0, 3e6), min_size=2, max_size=8), st.integers(0, 8))
def test_places_in_the_queue(arrivals: list[float], priority: int) -> None:
    first, later = min(arrivals), max(arrivals)
    assert place(priority, first) >= place(priority, later) > place(priority, None)
    assert place(priority + 1, None) > place(priority, first)
    assert place(9, 0.0) < 2**31


async def test_an_unknown_key_in_the_queue_changes_nothing(clock: FakeClock) -> None:
    line = await walk(DIRECT, "wait,7,answered", clock=clock)
    assert line.priorities == [0, place(0, clock.monotonic())]
    assert path(line)[:2] == ["queue", "survey"]


async def test_waiting_is_bounded_by_the_total(clock: FakeClock) -> None:
    class SlowLine(WalkLine):
        async def queue(self, name: str, *, priority: int, seconds: float, opening: Sequence[Prompt]) -> QueueStay:
            clock.move(seconds=seconds)
            self.priorities.append(int(seconds))
            return QueueStay(QueueEnd.TIMEOUT)

    made = script(
        nodes("  first: {kind: queue, wait: 50, total: 120, answered: bye, overflow: first, unavailable: bye}")
    )
    line = SlowLine(Caller("walk"))
    runner = Runner(WalkJournal(line), Lookups(), clock, Path("walk"))
    await runner.run(line, ScriptInForce(made, 1))
    assert line.priorities == [50, 50, 20]
    assert path(line)[-1] == "bye"


async def test_a_long_talk_is_no_waiting(clock: FakeClock) -> None:
    """Who wants a person again after it is not told that nobody is there."""

    class TalkingLine(WalkLine):
        async def queue(self, name: str, *, priority: int, seconds: float, opening: Sequence[Prompt]) -> QueueStay:
            self.priorities.append(int(seconds))
            clock.move(seconds=4000 if len(self.priorities) == 1 else seconds)
            return QueueStay(QueueEnd.ANSWERED if len(self.priorities) == 1 else QueueEnd.TIMEOUT)

    made = script(
        nodes("  first: {kind: queue, wait: 50, total: 60, answered: first, overflow: first, unavailable: bye}")
    )
    line = TalkingLine(Caller("walk"))
    await Runner(WalkJournal(line), Lookups(), clock, Path("walk")).run(line, ScriptInForce(made, 1))
    assert line.priorities == [50, 50, 10]


@pytest.mark.parametrize("answered", [True, False])
async def test_a_hand_off_that_the_caller_ends_is_noted_as_it_went(answered: bool) -> None:
    class LeavingLine(WalkLine):
        async def dial(self, number: str, *, seconds: float) -> Dialled:
            return Dialled(answered, hung_up=True)

    made = script(nodes("  first: {kind: handoff, target: '110', done: bye, no_answer: bye}"))
    line = LeavingLine(Caller("walk"))
    await Runner(WalkJournal(line), Lookups(), FakeClock(), Path("walk")).run(line, ScriptInForce(made, 1))
    assert notes(line) == [f"hand-off to 110: {answered}"]
    assert path(line) == ["first"]
    assert not line.finished


async def test_the_survey_notes_one_answer() -> None:
    assert notes(await walk(DIRECT, "wait,answered,3")) == ["survey service: 3"]
    assert notes(await walk(DIRECT, "wait,answered,7,5")) == ["survey service: 5"]
    assert notes(await walk(DIRECT, "wait,answered,7,8")) == []


async def test_the_call_back_number_is_read_back_and_may_be_changed() -> None:
    own = await walk(DIRECT, "wait,timeout,1,1")
    assert notes(own) == ["call back 13912345678"]
    assert "幺三九幺二三四五六七八" in said(own)
    other = await walk(DIRECT, "wait,timeout,1,2,13800138000#,1")
    assert notes(other) == ["call back 13800138000"]
    anonymous = await walk(DIRECT, "wait,timeout,1,13800138000#,1", phone="")
    assert notes(anonymous) == ["call back 13800138000"]
    nonsense = await walk(DIRECT, "wait,timeout,1,11#,22#,33#", phone="")
    assert notes(nonsense) == []
    assert path(nonsense)[-3:] == ["queue", "survey", "goodbye_short"]


async def test_progress_by_phone_then_by_number() -> None:
    assert "您的工单正在办理。" in said(await walk(DIRECT, "2", lookups=TICKETS))
    typed = await walk(DIRECT, "2,251114090000123456", phone="13700000000", lookups=TICKETS)
    assert "按号查到一件。" in said(typed)
    missing = await walk(DIRECT, "2,2511#", phone="", lookups=TICKETS)
    assert "没有查到您的工单。" in said(missing)
    assert "queue_after_progress" in path(missing)


async def test_a_broken_progress_look_up_leads_to_a_person() -> None:
    async def broken(ticket_no: str | None, phone: str | None) -> list[str]:
        raise RuntimeError("database is away")

    line = await walk(DIRECT, "2", lookups=Lookups(progress=broken))
    assert path(line)[2:4] == ["queue_after_progress", "queue"]


async def test_voicemail_is_noted_unless_it_is_a_breath() -> None:
    assert notes(await walk(DIRECT, "wait,unavailable,#")) == ["voicemail of 10 s"]


@pytest.mark.parametrize(
    ("recorded", "noted"),
    [
        (Recorded(1.02, quiet=1.0, cut=9.0), False),
        (Recorded(1.9, quiet=1.0, cut=9.0), False),
        (Recorded(3.0, quiet=1.0, cut=9.0), True),
    ],
)
async def test_a_message_of_nothing_but_silence_is_none(recorded: Recorded, noted: bool, tmp_path: Path) -> None:
    class QuietLine(WalkLine):
        async def record(self, path: Path, *, seconds: float, end_keys: str) -> Recorded:
            path.parent.mkdir(parents=True)
            path.write_bytes(b"RIFF")
            return recorded

    line = QuietLine(Caller("quiet", phone="", called=""), ["wait", "unavailable"])
    await Runner(WalkJournal(line), Lookups(), FakeClock(), tmp_path).run(line, ScriptInForce(DIRECT, 0))
    assert notes(line) == (["voicemail of 3 s"] if noted else [])
    assert bool(list(tmp_path.rglob("*.wav"))) is noted


async def test_hang_up_and_hand_off_end_the_walk_quietly(caplog: pytest.LogCaptureFixture) -> None:
    for word, detail in (("hangup", "hung_up"), ("taken", "taken")):
        line = await walk(DIRECT, f"wait,{word}")
        assert not line.finished
        assert line.steps[-1].text == f" (end) by {detail}"
    assert caplog.text == ""


class BrokenLine(WalkLine):
    """Fails on a sentence, as often as told."""

    failures = 1

    async def say(self, prompts: Sequence[Prompt], keys: str = ALL_KEYS) -> str:
        if type(self).failures:
            type(self).failures -= 1
            raise self.fault()
        return await super().say(prompts, keys)

    def fault(self) -> Exception:
        return RuntimeError("a fault of ours")


async def rescue(line: WalkLine) -> WalkLine:
    runner = Runner(WalkJournal(line), Lookups(), FakeClock(), Path("walk"))
    await runner.run(line, ScriptInForce(script(), 1))
    return line


async def test_when_we_fail_the_caller_hears_a_sentence_and_goes_to_the_queue() -> None:
    BrokenLine.failures = 1
    line = await rescue(BrokenLine(Caller("walk")))
    assert said(line) == SORRY.text
    assert [step.text for step in line.steps if step.what == "queue"] == ["common: answered"]
    assert line.finished


async def test_when_even_the_sentence_fails_he_still_goes_to_the_queue() -> None:
    class DumbLine(BrokenLine):
        failures = 2

        def fault(self) -> Exception:
            return LineFailed("no sound")

    line = await rescue(DumbLine(Caller("walk")))
    assert [step.what for step in line.steps if step.what in ("says", "queue")] == ["queue"]
    assert line.finished


async def test_when_nobody_can_answer_the_dialplan_goes_on() -> None:
    BrokenLine.failures = 1
    line = await rescue(BrokenLine(Caller("walk"), inputs=["unavailable"]))
    assert not line.finished


async def test_a_line_that_fails_altogether_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    class DeadLine(BrokenLine):
        failures = 99

    line = await rescue(DeadLine(Caller("walk")))
    assert not line.finished
    assert "the dialplan goes on" in caplog.text


async def test_a_stuck_key_cannot_keep_a_call_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    made = script(nodes("  first: {kind: menu, prompt: 选, choices: {'1': first}, no_input: bye, wrong_key: bye}"))
    caplog.set_level(logging.ERROR)
    line = await walk(made, ",".join("1" * (STEPS + 5)))
    assert len(path(line)) >= STEPS
    assert [step.what for step in line.steps].count("queue") == 1
    assert "nodes in one call" in caplog.text


async def test_a_call_stays_on_the_version_it_began_with() -> None:
    versions: list[int] = []

    class NotingJournal(WalkJournal):
        def step(self, call_id: str, script: str, version: int, node: str, kind: str, detail: str) -> None:
            versions.append(version)

    line = WalkLine(Caller("walk"))
    in_force = ScriptInForce(script(SOUND), 7)
    await Runner(NotingJournal(line), Lookups(), FakeClock(), Path("walk")).run(line, in_force)
    assert set(versions) == {7}


@pytest.mark.parametrize("refused", ["0085291234567890", "1391234567890", "95598", "13912345", "07153061234567"])
async def test_a_number_that_cannot_be_called_back_is_refused_in_words_and_never_cut(refused: str) -> None:
    line = await walk(DIRECT, f"wait,timeout,1,2,{refused}#,13900000001#,1")
    assert "这个号码无法回拨" in said(line)
    assert any("13900000001" in note for note in notes(line))
    assert not any(refused[:8] in note for note in notes(line))


async def test_a_caller_from_abroad_is_asked_for_a_number_at_home() -> None:
    line = await walk(DIRECT, "wait,timeout,1,07153061234#,1", phone="0085291234567")
    assert "这个号码无法回拨" in said(line)
    assert any("07153061234" in note for note in notes(line))
