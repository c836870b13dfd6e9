"""The line over AGI, against a fake Asterisk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ivr.agi.agi_line import AgiLine
from ivr.agi.server import AgiApplication, AgiRequest
from ivr.line import CallerHungUp, Dialled, LineFailed, Prompt, QueueEnd, QueueStay, Recorded
from ivr.prompts import Prompts
from runtime.callid import is_call_id
from runtime.settings import Settings
from sound import levels, wav
from tests.fakes.asterisk_agi import FakeChannel, header, serve_call
from tests.waiting import until


class ToneVoice:
    """A voice that needs no program; texts with 坏 in them cannot be spoken."""

    name = "tone"

    async def speak(self, text: str, out: Path) -> None:
        if "坏" in text:
            raise wav.WavError("cannot be spoken")
        wav.write(out, levels.tone(440.0, 0.2))


@pytest.fixture
def prompts(settings: Settings) -> Prompts:
    return Prompts(settings, ToneVoice())


Play = Callable[..., Awaitable[object]]


@pytest.fixture
async def play(prompts: Prompts) -> AsyncIterator[Play]:
    """Run an act on an AgiLine against this channel; returns what the act returned or raised."""
    apps: list[AgiApplication] = []

    async def run(
        channel: FakeChannel, act: Callable[[AgiLine], Awaitable[object]], head: bytes | None = None
    ) -> object:
        results: list[object] = []

        async def route(request: AgiRequest) -> None:
            try:
                line = await AgiLine.take(request, prompts)
                results.append(await act(line))
            except Exception as error:
                results.append(error)

        app = AgiApplication()
        apps.append(app)
        app.add_route("script", route)
        await serve_call(await app.start("127.0.0.1", 0), channel.answer, head)
        await until(lambda: results)
        return results[0]

    yield run
    for app in apps:
        await app.close()


async def test_the_caller_is_taken_over(play: Play) -> None:
    async def act(line: AgiLine) -> object:
        return line.caller.call_id, line.caller.phone, line.caller.called

    channel = FakeChannel()
    assert await play(channel, act) == (channel.variables["CALL_ID"], "13912345678", "12345")
    assert channel.commands == [], "a caller waits for nothing that the header told already"


@pytest.mark.parametrize(
    ("raw", "phone"),
    [
        ("+8613912345678", "13912345678"),
        ("139 1234 5678", "13912345678"),
        ("anonymous", ""),
        ("unknown", ""),
        ("1" * 40, ""),
        ("\"'; DROP TABLE call; --", ""),
        ("${SHELL(id)}", ""),
        ("\u6c49\u5b57", ""),
    ],
)
async def test_hostile_caller_ids_become_a_number_or_nothing(play: Play, raw: str, phone: str) -> None:
    async def act(line: AgiLine) -> object:
        return line.caller.phone

    channel = FakeChannel()
    assert await play(channel, act, header(agi_callerid=raw, agi_calleridname=raw)) == phone
    assert not any(raw in command for command in channel.commands)


@pytest.mark.parametrize("bad", ["", "../../etc/passwd", "x' OR 1=1", "019A8F00"])
async def test_a_call_without_a_usable_id_gets_one(play: Play, bad: str) -> None:
    async def act(line: AgiLine) -> object:
        return line.caller.call_id

    channel = FakeChannel()
    call_id = await play(channel, act, header(agi_arg_1=bad))
    assert isinstance(call_id, str)
    assert is_call_id(call_id)
    assert channel.variables["CALL_ID"] == call_id


async def test_a_key_cuts_the_prompts_short(play: Play) -> None:
    channel = FakeChannel(keys=["", "5"])
    prompts = [Prompt("一"), Prompt("二"), Prompt("三")]
    assert await play(channel, lambda line: line.say(prompts)) == "5"
    assert len([command for command in channel.commands if command.startswith("STREAM")]) == 2
    assert '"0123456789*#"' in channel.commands[-1]


async def test_a_question_and_its_answer_are_one_command(play: Play) -> None:
    """Between two commands Asterisk throws keys away."""
    channel = FakeChannel(keys=["", "#"])
    assert await play(channel, lambda line: line.ask([Prompt("一"), Prompt("二")], 2.5)) == "#"
    assert [command.split('"')[0] for command in channel.commands[-2:]] == ["STREAM FILE ", "GET OPTION "]
    assert channel.commands[-1].endswith('"0123456789*#" "2500"')
    early = FakeChannel(keys=["7"])
    assert await play(early, lambda line: line.ask([Prompt("一"), Prompt("二")], 2.5)) == "7"
    assert early.commands[-1].startswith("STREAM FILE")
    assert await play(FakeChannel(), lambda line: line.ask([Prompt("一")], 1)) == ""


async def test_a_question_without_words_only_waits(play: Play) -> None:
    channel = FakeChannel(keys=["5"])
    assert await play(channel, lambda line: line.ask([Prompt("坏")], 3)) == "5"
    assert channel.commands[-1] == 'WAIT FOR DIGIT "3000"'


async def test_digits_are_taken_in_one_command(play: Play) -> None:
    channel = FakeChannel(keys=["12345"])
    assert await play(channel, lambda line: line.ask_digits([Prompt("号")], 5, 18)) == "12345"
    assert channel.commands[-1].endswith('"5000" "18"')
    early = FakeChannel(keys=["1", "2345"])
    assert await play(early, lambda line: line.ask_digits([Prompt("错"), Prompt("号")], 5, 18)) == "12345"
    assert early.commands[-1] == 'GET DATA "silence/1" "5000" "17"'
    ended = FakeChannel(keys=["#"])
    assert await play(ended, lambda line: line.ask_digits([Prompt("错"), Prompt("号")], 5, 18)) == ""
    assert await play(FakeChannel(), lambda line: line.ask_digits([], 5, 0)) == ""


async def test_a_prompt_that_cannot_be_made_is_left_out(play: Play) -> None:
    channel = FakeChannel(keys=["3"])
    assert await play(channel, lambda line: line.say([Prompt("坏了"), Prompt("好的")])) == "3"
    assert len([command for command in channel.commands if command.startswith("STREAM")]) == 1


QUEUE_ENDS = [
    ({"QUEUESTATUS": "CONTINUE", "MEMBERINTERFACE": "PJSIP/8001"}, QueueStay(QueueEnd.ANSWERED, agent="8001")),
    ({"QUEUESTATUS": "TIMEOUT"}, QueueStay(QueueEnd.TIMEOUT)),
    ({"QUEUESTATUS": "JOINEMPTY"}, QueueStay(QueueEnd.UNAVAILABLE)),
    ({"QUEUESTATUS": "LEAVEEMPTY"}, QueueStay(QueueEnd.UNAVAILABLE)),
    ({"QUEUESTATUS": "FULL"}, QueueStay(QueueEnd.UNAVAILABLE)),
    ({}, QueueStay(QueueEnd.UNAVAILABLE)),
    ({"CONTEXT": "queue-keys", "EXTEN": "2"}, QueueStay(QueueEnd.KEY, key="2")),
]


@pytest.mark.parametrize(("after", "expected"), QUEUE_ENDS)
async def test_how_a_stay_in_the_queue_ends(play: Play, after: dict[str, str], expected: QueueStay) -> None:
    channel = FakeChannel(after_queue=after)

    async def act(line: AgiLine) -> object:
        return await line.queue("common", priority=1001, seconds=60, opening=[Prompt("请稍候")])

    assert await play(channel, act) == expected
    assert 'EXEC "Queue" "common,c,,,60"' in channel.commands
    assert channel.variables["QUEUE_PRIO"] == "1001"


async def test_the_agent_of_an_earlier_talk_does_not_answer_a_second_wait(play: Play) -> None:
    channel = FakeChannel(after_queue={"QUEUESTATUS": "TIMEOUT"})
    channel.variables["MEMBERINTERFACE"] = "PJSIP/8001"

    async def act(line: AgiLine) -> object:
        return await line.queue("common", priority=0, seconds=60, opening=[])

    assert await play(channel, act) == QueueStay(QueueEnd.TIMEOUT)


async def test_a_key_in_the_queue_puts_the_channel_back_where_agi_began(play: Play) -> None:
    channel = FakeChannel(after_queue={"CONTEXT": "queue-keys", "EXTEN": "2"})

    async def act(line: AgiLine) -> object:
        return await line.queue("common", priority=0, seconds=60, opening=[])

    await play(channel, act)
    assert channel.commands[-3:] == ['SET CONTEXT "inbound"', 'SET EXTENSION "start"', 'SET PRIORITY "9"']


async def test_queue_length(play: Play) -> None:
    channel = FakeChannel()
    channel.variables["QUEUE_WAITING_COUNT(common)"] = "12"
    assert await play(channel, lambda line: line.queue_length("common")) == 12
    assert isinstance(await play(FakeChannel(), lambda line: line.queue_length("common")), LineFailed)


@pytest.mark.parametrize(
    ("status", "answered"), [("ANSWER", True), ("NOANSWER", False), ("BUSY", False), ("", False)]
)
async def test_dialling_another_number(play: Play, status: str, answered: bool) -> None:
    channel = FakeChannel()
    channel.variables["DIALSTATUS"] = status
    assert await play(channel, lambda line: line.dial("110", seconds=10)) == Dialled(answered)
    assert 'EXEC "Dial" "PJSIP/110@trunk,10,g"' in channel.commands


@pytest.mark.parametrize(("status", "answered"), [("ANSWER", True), ("CANCEL", False)])
async def test_a_talk_that_the_caller_ends_was_answered_all_the_same(
    play: Play, status: str, answered: bool
) -> None:
    channel = FakeChannel(hang_up_at='EXEC "Dial"')
    channel.variables["DIALSTATUS"] = status
    assert await play(channel, lambda line: line.dial("110", seconds=10)) == Dialled(answered, hung_up=True)


async def test_recording_a_message(play: Play, tmp_path: Path) -> None:
    channel = FakeChannel()
    path = tmp_path / "voicemail" / "x.wav"

    async def act(line: AgiLine) -> object:
        return await line.record(path, seconds=180, end_keys="#0")

    async def act_after_speech(line: AgiLine) -> object:
        wav.write(path, levels.tone(440.0, 2.0))
        return await line.record(path, seconds=180, end_keys="#0")

    recorded = await play(channel, act)
    assert (recorded.key, recorded.seconds) == ("#", 0.0)  # type: ignore[attr-defined]
    assert path.parent.is_dir()
    recorded = await play(channel, act_after_speech)
    assert recorded.seconds == 2.0  # type: ignore[attr-defined]
    hung_up = await play(FakeChannel(hang_up_at="RECORD"), act_after_speech)
    assert (hung_up.hung_up, hung_up.seconds) == (True, 2.0)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("length", "quiet", "cut"),
    [(4.0, 1.0, 9.0), (0.5, 0.5, 9.0), (179.9, 0.0, 0.0)],
    ids=["speech", "none", "full"],
)
async def test_silence_ends_a_message(play: Play, tmp_path: Path, length: float, quiet: float, cut: float) -> None:
    path = tmp_path / "x.wav"
    wav.write(path, levels.tone(440.0, length))

    async def act(line: AgiLine) -> object:
        return await line.record(path, seconds=180, end_keys="#0")

    # Asterisk answers with the milliseconds that were left: 48 is no key 0.
    channel = FakeChannel(recorded="200 result=48 (timeout) endpos=8000\n")
    recorded = await play(channel, act)
    assert isinstance(recorded, Recorded)
    assert (recorded.key, recorded.quiet, recorded.cut) == ("", quiet, cut)
    assert channel.commands[-1].endswith('"wav" "#0" "180000" "BEEP" "s=10"')


async def test_a_folder_that_cannot_be_written_is_a_failure_of_the_line(play: Play, tmp_path: Path) -> None:
    (tmp_path / "voicemail").write_text("in the way")

    async def act(line: AgiLine) -> object:
        return await line.record(tmp_path / "voicemail" / "day" / "x.wav", seconds=10, end_keys="#")

    assert isinstance(await play(FakeChannel(), act), LineFailed)


async def test_finishing_tells_the_dialplan(play: Play) -> None:
    channel = FakeChannel()
    await play(channel, lambda line: line.finish())
    assert channel.variables["HOTLINE_DONE"] == "1"


async def test_a_hang_up_during_a_prompt(play: Play) -> None:
    channel = FakeChannel(hang_up_at="STREAM")
    assert isinstance(await play(channel, lambda line: line.say([Prompt("你好")])), CallerHungUp)
