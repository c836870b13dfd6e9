"""Calls through a real Asterisk and the real FastAGI server: keys, queue, survey, voicemail, hang-ups."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from calls.asterisk.ami import AmiLink
from db.models import CallbackTask, Handoff, ScriptStepRow, SurveyAnswer, Voicemail
from ivr.lookups import Lookups
from ivr.running.acts import place
from ivr.script.versions import shipped_document
from runtime.secretfile import secret
from sound import levels, wav
from tests.integration.conftest import AsteriskPair
from tests.integration.ivr.kit import Ivr, agent_on_break, channel_in, channels, citizen, running_ivr, waiting
from tests.unit.ivr.scripts import nodes

MENU = shipped_document("menu").text
QUICK_QUEUE = """\
  first: {kind: queue, wait: 10, answered: bye, overflow: offer, unavailable: bye}
  offer:
    kind: menu
    prompt: 好
    choices: {"1": callback}
    timeout: 1
    attempts: 1
    no_input: first
    wrong_key: first
  callback: {kind: callback, prompt: 号, confirm_prompt: 对, done: bye, declined: first}
"""


async def eventually(check: object, seconds: float = 30.0, what: str = "") -> None:
    """Wait until the coroutine function `check` returns something true."""
    assert callable(check)
    try:
        async with asyncio.timeout(seconds):
            while not await check():  # noqa: ASYNC110  # the condition is about Asterisk
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {what or check}") from None


async def add_agent(pair: AsteriskPair) -> None:
    """An agent whose telephone the simulator answers at once."""
    await pair.hotline.cli(
        "queue add member PJSIP/8001@trunk to common penalty 0 as 8001 state_interface Custom:seat-8001"
    )


async def agent_channel(pair: AsteriskPair) -> str:
    found = [name for name in await channel_in(pair.hotline, "AppQueue") if name.startswith("PJSIP/")]
    return found[0] if found else ""


async def test_direct_script_agent_and_survey(asterisk_pair: AsteriskPair, tmp_path: Path) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    heard = tmp_path / "heard.wav"
    async with running_ivr(pair.settings) as ivr:
        await add_agent(pair)
        async with citizen(pair.settings, heard=heard) as line:
            assert await line.wait_answered()
            await ivr.reach("queue")
            await eventually(lambda: agent_channel(pair), what="an agent talks")
            await pair.hotline.cli(f"channel request hangup {await agent_channel(pair)}")
            await ivr.reach("survey")
            await line.press("2")
            await ivr.reach("goodbye_short")
            assert await line.wait_ended(30)
            assert line.outcome == "hotline_hung_up"
        (answer,) = await ivr.rows(SurveyAnswer)
        assert isinstance(answer, SurveyAnswer)
        assert (answer.answer, answer.call_id) == (2, ivr.steps[0].call_id)
        assert ivr.nodes() == ["queue", "survey", "goodbye_short"]
        rows = await ivr.rows(ScriptStepRow)
        assert len(rows) == len(ivr.steps)
    assert levels.loudness(wav.read(heard).samples) > 0.01, "the greeting was to be heard"


async def test_keys_cut_prompts_short_and_wrong_keys_are_not_silence(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    # Each prompt lasts longer than is waited for the next node.
    async with running_ivr(pair.settings, script=MENU, character_s=1.5) as ivr, citizen(pair.settings) as line:
        assert await line.wait_answered()
        await ivr.reach("greet")
        await line.press("9")  # during the greeting: counts for the menu
        await ivr.reach("emergency")
        await line.press("7")  # a wrong key, in the middle of the prompt
        await ivr.reach("urgent_queue")
        assert ivr.steps[-1].detail == "wrong_key"
        assert [priority for _, priority in await waiting(pair.hotline)] == [place(9, None)]


async def test_when_nobody_is_signed_in_a_message_is_taken(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    async with running_ivr(pair.settings) as ivr, citizen(pair.settings) as line:
        assert await line.wait_answered()
        await ivr.reach("voicemail")
        assert ivr.nodes() == ["queue", "closed", "voicemail"]


async def test_silence_leaves_by_its_own_exit(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    body = (
        "  first: {kind: menu, prompt: 选, choices: {'1': bye}, timeout: 0.5, attempts: 2,"
        " no_input: silent, wrong_key: bye}\n"
        "  silent: {kind: goto, to: queue}"
    )
    async with running_ivr(pair.settings, script=nodes(body)) as ivr, citizen(pair.settings) as line:
        assert await line.wait_answered()
        await ivr.reach("queue")
        assert ivr.nodes() == ["first", "silent", "queue"]


async def test_progress_by_phone_and_by_number(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    asked: list[tuple[str | None, str | None]] = []

    async def progress(ticket_no: str | None, phone: str | None) -> list[str]:
        asked.append((ticket_no, phone))
        return ["您的工单正在办理。"] if ticket_no else []

    lookups = Lookups(progress=progress)
    async with running_ivr(pair.settings, lookups=lookups) as ivr, citizen(pair.settings) as line:
        assert await line.wait_answered()
        await ivr.reach("queue")
        await eventually(lambda: waiting(pair.hotline), what="the caller is in the queue")
        await line.press("2")
        await ivr.reach("progress")
        await line.press("251114090000123456")
        await ivr.reach("after_progress")
        await line.press("1")
        await ivr.reach("goodbye")
        assert await line.wait_ended(30)
    assert asked == [(None, "13912345678"), ("251114090000123456", "13912345678")]


async def test_voicemail_is_recorded_and_kept(asterisk_pair: AsteriskPair, tmp_path: Path) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    voice = tmp_path / "voice.wav"
    wav.write(voice, levels.tone(600.0, 2.0))
    body = "  first: {kind: voicemail, prompt: 请, next: bye}"
    async with running_ivr(pair.settings, script=nodes(body)) as ivr, citizen(pair.settings) as line:
        assert await line.wait_answered()
        await ivr.reach("first")
        await ivr.add_call(ivr.steps[0].call_id)
        await eventually(lambda: _files(pair), what="a recording")
        await line.play(voice)
        await line.press("#")
        await ivr.reach("bye")
        (row,) = await ivr.rows(Voicemail)
        assert isinstance(row, Voicemail)
        path = pair.settings.recordings_dir / row.path
        assert row.path.startswith("voicemail/")
        assert row.seconds == pytest.approx(wav.seconds(path), abs=0.05)
        assert row.seconds > 1.5
        assert levels.loudness(wav.read(path).samples) > 0.02


async def test_a_caller_who_says_nothing_fills_no_message(asterisk_pair: AsteriskPair, tmp_path: Path) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    before = await _files(pair)
    body = "  first: {kind: voicemail, prompt: 请, next: bye}"
    async with running_ivr(pair.settings, script=nodes(body)) as ivr, citizen(pair.settings) as line:
        assert await line.wait_answered()
        await ivr.reach("first")
        await ivr.add_call(ivr.steps[0].call_id)
        await ivr.reach("bye")
        assert await ivr.rows(Voicemail) == []
        assert await _files(pair) == before


async def _files(pair: AsteriskPair) -> list[Path]:
    return list((pair.settings.recordings_dir / "voicemail").rglob("*.wav"))


async def test_a_message_ended_by_hanging_up_is_kept(asterisk_pair: AsteriskPair, tmp_path: Path) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    voice = tmp_path / "voice.wav"
    wav.write(voice, levels.tone(600.0, 2.0))
    body = "  first: {kind: voicemail, prompt: 请, next: bye}"
    async with running_ivr(pair.settings, script=nodes(body)) as ivr:
        async with citizen(pair.settings) as line:
            assert await line.wait_answered()
            await ivr.reach("first")
            await ivr.add_call(ivr.steps[0].call_id)
            await eventually(lambda: _files(pair), what="a recording")
            await line.play(voice)
        await ivr.reach("end")
        (row,) = await ivr.rows(Voicemail)
        assert isinstance(row, Voicemail)
        assert row.seconds > 1.5
        assert ivr.last_detail() == "hung_up"


HANG_UP_AT = {
    "greet": nodes("  first: {kind: say, prompt: 很长很长很长很长很长很长很长的问候, next: queue}"),
    "menu": nodes("  first: {kind: menu, prompt: 选, choices: {'1': bye}, no_input: queue, wrong_key: queue}"),
    "digits": nodes(
        "  first: {kind: digits, prompt: 号, variable: v, next: bye, no_input: queue, wrong_key: queue}"
    ),
    "queue": nodes("  first: {kind: queue, answered: bye, overflow: first, unavailable: bye}"),
    "voicemail": nodes("  first: {kind: voicemail, prompt: 请, next: bye}"),
    "survey": nodes("  first: {kind: survey, prompt: 请评价, next: bye}"),
    "handoff": nodes("  first: {kind: handoff, target: '110', done: bye, no_answer: queue}"),
}


@pytest.mark.parametrize("phase", HANG_UP_AT)
async def test_a_hang_up_in_any_phase_ends_the_script_and_leaves_nothing(
    asterisk_pair: AsteriskPair, phase: str, caplog: pytest.LogCaptureFixture
) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    async with running_ivr(pair.settings, script=HANG_UP_AT[phase]) as ivr:
        async with citizen(pair.settings) as line:
            assert await line.wait_answered()
            await ivr.reach("first")
            await line.hold(0.8)
        await ivr.reach("end")
        assert ivr.last_detail() == "hung_up"
        await eventually(lambda: _gone(pair), what="no channel left")
        assert ivr.server.calls == 0
    assert "Traceback" not in caplog.text


async def _gone(pair: AsteriskPair) -> bool:
    return not await channels(pair.hotline)


async def test_a_flood_of_keys_ends_in_the_queue_and_the_call_lives(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    body = (
        "  first: {kind: menu, prompt: 选, choices: {'1': first, '2': first}, no_input: queue, wrong_key: queue}"
    )
    async with running_ivr(pair.settings, script=nodes(body)) as ivr, citizen(pair.settings) as line:
        assert await line.wait_answered()
        await ivr.reach("first")
        await line.press("1212*#9876543210121212")
        await ivr.reach("queue")
        await line.press("998877*#")
        await eventually(lambda: waiting(pair.hotline), what="the caller waits")
        assert not line.ended


async def test_overflow_offers_a_call_back_and_staying_keeps_the_place(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    async with (
        running_ivr(pair.settings, script=nodes(QUICK_QUEUE)) as ivr,
        citizen(pair.settings) as first,
    ):
        assert await first.wait_answered()
        await eventually(lambda: waiting(pair.hotline), what="the first waits")
        async with citizen(pair.settings, "13700000000") as second:
            assert await second.wait_answered()
            call_id = ivr.steps[0].call_id
            await eventually(lambda: _rounds(pair, 2), what="both came back to the queue")
            assert [name for name, _ in await waiting(pair.hotline)] == [
                first.hotline_channel,
                second.hotline_channel,
            ]
            await ivr.add_call(call_id)
            while "callback" not in ivr.nodes(call_id):
                offered = ivr.nodes(call_id).count("offer")
                await eventually(lambda: _offers(ivr, call_id, offered + 1), what="another offer")  # noqa: B023
                await first.press("1")  # too late on a slow machine: then the offer is made again
                await eventually(lambda: _decided(ivr, call_id), what="the answer to the offer")
            await first.press("1")
            await ivr.reach("bye")
            (task,) = await ivr.rows(CallbackTask)
            assert isinstance(task, CallbackTask)
            assert (task.phone, task.kind, task.call_id) == ("13912345678", "requested", call_id)


async def _rounds(pair: AsteriskPair, count: int) -> bool:
    return len([priority for _, priority in await waiting(pair.hotline) if priority >= 1]) == count


async def _decided(ivr: Ivr, call_id: str) -> bool:
    return ivr.nodes(call_id)[-1] != "offer"


async def _offers(ivr: Ivr, call_id: str, count: int) -> bool:
    return ivr.nodes(call_id).count("offer") >= count


async def test_a_key_in_the_queue_takes_its_exit(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    body = (
        "  first: {kind: queue, keys: {'1': mail}, answered: bye, overflow: first, unavailable: bye}\n"
        "  mail: {kind: voicemail, prompt: 请, next: bye}"
    )
    async with running_ivr(pair.settings, script=nodes(body)) as ivr, citizen(pair.settings) as line:
        assert await line.wait_answered()
        await eventually(lambda: waiting(pair.hotline), what="the caller waits")
        await line.press("5")  # means nothing: back to the same place
        await eventually(lambda: _rounds(pair, 1), what="back in the queue")
        await line.press("1")
        await ivr.reach("mail")
        await eventually(lambda: _files(pair), what="a recording")
        await line.press("#")
        assert await line.wait_ended(30)
        assert ivr.nodes()[-1] == "bye", "the script ends where the script says"


@pytest.mark.parametrize(
    ("mode", "expected"), [("answer", "done"), ("noanswer", "no_answer"), ("busy", "no_answer")]
)
async def test_hand_off_dials_with_the_callers_number(
    asterisk_pair: AsteriskPair, mode: str, expected: str
) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    await pair.network.cli(f"database put network 110 {mode}")
    body = "  first: {kind: handoff, target: '110', seconds: 5, done: bye, no_answer: queue}"
    async with running_ivr(pair.settings, script=nodes(body)) as ivr, citizen(pair.settings) as line:
        assert await line.wait_answered()
        await ivr.reach("first")
        await ivr.add_call(ivr.steps[0].call_id)
        if mode == "answer":
            await eventually(lambda: _dialled(pair), what="110 on the line")
            shown = await pair.network.cli("core show channels concise")
            assert [row.split("!")[7] for row in shown.splitlines() if "!110!" in row] == ["13912345678"]
            await pair.hotline.cli(f"channel request hangup {(await _dialled(pair))[0]}")
            await ivr.reach("bye")
        else:
            await ivr.reach("queue")
        (row,) = await ivr.rows(Handoff)
        assert isinstance(row, Handoff)
        assert (row.target, row.result) == ("110", "accepted" if expected == "done" else "no_answer")
        assert ivr.steps[1].detail == expected


async def test_a_talk_with_110_that_the_caller_ends_counts_as_handed_over(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    body = "  first: {kind: handoff, target: '110', seconds: 20, done: bye, no_answer: queue}"
    async with running_ivr(pair.settings, script=nodes(body)) as ivr:
        async with citizen(pair.settings) as line:
            assert await line.wait_answered()
            await ivr.reach("first")
            await ivr.add_call(ivr.steps[0].call_id)
            await eventually(lambda: _dialled(pair), what="110 on the line")
        await ivr.reach("end")
        (row,) = await ivr.rows(Handoff)
        assert isinstance(row, Handoff)
        assert (row.target, row.result) == ("110", "accepted")
        assert ivr.last_detail() == "hung_up"


async def _dialled(pair: AsteriskPair) -> list[str]:
    return [name for name in await channel_in(pair.hotline, "AppDial") if name.startswith("PJSIP/")]


async def test_a_call_moved_to_a_conference_is_let_go_at_once(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    settings = pair.settings
    link = AmiLink("127.0.0.1", settings.ami_port, "hotline", secret(settings.secrets_dir, "ami.hotline"))
    await link.start()
    await link.wait_ready(30)
    try:
        async with running_ivr(settings) as ivr, citizen(settings) as line:
            assert await line.wait_answered()
            await ivr.reach("queue")
            await eventually(lambda: waiting(pair.hotline), what="the caller waits")
            await link.do("Redirect", Channel=line.hotline_channel, Context="handoff", Exten="4711", Priority="1")
            await eventually(lambda: channel_in(pair.hotline, "ConfBridge"), what="the caller in the conference")
            await ivr.reach("end")
            assert ivr.last_detail() == "taken"
            assert not line.ended
    finally:
        await link.close()
