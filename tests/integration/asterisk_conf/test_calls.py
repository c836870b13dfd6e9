"""Calls through real Asterisk with nothing of ours behind it: the dialplan alone must serve the caller."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from asterisk_conf.launcher import AsteriskInstance
from asterisk_conf.program import AsteriskProgram
from calls.asterisk.ami import AmiLink, Message
from network.citizen import CitizenCall, call
from network.line import CitizenLine
from runtime.callid import is_call_id
from runtime.secretfile import secret
from runtime.settings import Settings
from tests import audio
from tests.integration.conftest import AsteriskPair
from tests.integration.sip_caller import SipCaller
from tests.waiting import until

CITIZEN_HZ, AGENT_HZ, POLICE_HZ = 1000, 1500, 523


@pytest.fixture
async def link(asterisk_pair: AsteriskPair) -> AsyncIterator[AmiLink]:
    """A manager link to our Asterisk."""
    settings = asterisk_pair.settings
    made = AmiLink("127.0.0.1", settings.ami_port, "hotline", secret(settings.secrets_dir, "ami.hotline"))
    await made.start()
    await made.wait_ready(30)
    yield made
    await made.close()


@pytest.fixture
def events(link: AmiLink) -> list[Message]:
    """Everything our Asterisk tells, as it comes."""
    seen: list[Message] = []
    link.on_event(seen.append)
    return seen


def _user_events(events: list[Message], name: str) -> list[Message]:
    return [e for e in events if e.get("Event") == "UserEvent" and e.get("UserEvent") == name]


async def _waiting(hotline: AsteriskInstance) -> int:
    found = re.search(r"common has (\d+) calls", await hotline.cli("queue show common"))
    assert found is not None
    return int(found[1])


async def _sign_in(hotline: AsteriskInstance) -> None:
    """Somebody is there, though no softphone rings: with nobody signed in callers are offered a message."""
    assert "Added" in await hotline.cli("queue add member PJSIP/8001 to common")


async def _until_waiting(hotline: AsteriskInstance, number: int) -> None:
    async with asyncio.timeout(30):
        while await _waiting(hotline) != number:  # noqa: ASYNC110 (it must be asked)
            await asyncio.sleep(0.1)


async def _written(instance: AsteriskInstance, file: Path) -> None:
    """Wait until Asterisk has closed a file: only then is all of it there."""

    def closed() -> bool:
        opened = Path(f"/proc/{instance.pid}/fd").iterdir()
        return file.exists() and all(_target(path) != file for path in opened)

    await until(closed, 30, f"{file.name} to be closed")


def _target(descriptor: Path) -> Path | None:
    try:
        return descriptor.readlink()
    except OSError:  # closed meanwhile
        return None


async def test_without_fastagi_the_caller_waits_in_the_queue(
    asterisk_pair: AsteriskPair, events: list[Message]
) -> None:
    await _sign_in(asterisk_pair.hotline)
    async with CitizenLine(asterisk_pair.settings, caller="13912345678") as line:
        assert await line.wait_answered()
        await _until_waiting(asterisk_pair.hotline, 1)
        fallback = _user_events(events, "HotlineFallback")
        assert [e["CallId"] for e in fallback] == [line.call_id]
        assert fallback[0]["AgiStatus"] == "FAILURE"
    assert line.outcome == "citizen_hung_up"
    await _until_waiting(asterisk_pair.hotline, 0)


async def test_a_fastagi_that_breaks_off_leads_to_the_queue(asterisk_pair: AsteriskPair) -> None:
    await _sign_in(asterisk_pair.hotline)

    async def break_off(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(break_off, "127.0.0.1", asterisk_pair.settings.fastagi_port)
    async with server, CitizenLine(asterisk_pair.settings, caller="13912345678") as line:
        assert await line.wait_answered()
        await _until_waiting(asterisk_pair.hotline, 1)


async def test_a_script_that_has_done_its_work_ends_the_call(asterisk_pair: AsteriskPair) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        writer.write(b'SET VARIABLE HOTLINE_DONE "1"\n')
        await reader.readline()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(script, "127.0.0.1", asterisk_pair.settings.fastagi_port)
    async with server, CitizenLine(asterisk_pair.settings, caller="13912345678") as line:
        assert await line.wait_ended(30)
    assert line.outcome == "hotline_hung_up"


async def test_call_ids_are_uuid7_and_sort_by_time(asterisk_pair: AsteriskPair) -> None:
    from runtime.callid import new_call_id

    ids = []
    for caller in ("13900000001", "13900000002", "13900000003"):
        before = new_call_id()
        async with CitizenLine(asterisk_pair.settings, caller=caller) as line:
            assert await line.wait_answered()
        ids += [before, line.call_id]
    assert all(is_call_id(call_id) for call_id in ids), ids
    # Our own and the dialplan's share one clock: to the millisecond they come in the order of the calls.
    stamps = [call_id[:13] for call_id in ids]
    assert stamps == sorted(stamps)


async def test_left_is_the_citizen_and_right_is_what_the_citizen_hears(
    asterisk_pair: AsteriskPair, live_recordings: Path, tmp_path: Path
) -> None:
    await _sign_in(asterisk_pair.hotline)
    voice = audio.write_wav(tmp_path / "citizen.wav", audio.tone(CITIZEN_HZ, 3.0))
    heard = tmp_path / "heard.wav"
    wish = CitizenCall(caller="13912345678", audio=voice, press="wait 1,speak", record=heard, hang_up_after=0.5)
    result = await call(asterisk_pair.settings, wish)
    assert result.answered
    recording = live_recordings / f"{result.call_id}.raw"
    await _written(asterisk_pair.hotline, recording)
    left, right = audio.raw_tracks(recording)
    assert 2.7 <= audio.tone_seconds(left, CITIZEN_HZ) <= 3.3
    assert audio.tone_seconds(right, CITIZEN_HZ) == 0
    assert audio.loud_seconds(right) > 3.0  # music on hold
    assert len(left) / audio.RATE == pytest.approx(result.seconds, abs=0.7)
    assert result.heard == heard
    (citizen_heard,) = audio.wav_tracks(heard)
    assert audio.loud_seconds(citizen_heard) > 3.0
    assert audio.tone_seconds(citizen_heard, CITIZEN_HZ) == 0


async def test_a_recording_that_cannot_be_written_harms_no_call(
    asterisk_pair: AsteriskPair, live_recordings: Path, events: list[Message]
) -> None:
    await _sign_in(asterisk_pair.hotline)
    live_recordings.rmdir()
    live_recordings.write_text("not a folder")
    async with CitizenLine(asterisk_pair.settings, caller="13912345678") as line:
        assert await line.wait_answered()
        await _until_waiting(asterisk_pair.hotline, 1)
        failed = _user_events(events, "HotlineRecordingFailed")
        assert [e["CallId"] for e in failed] == [line.call_id]


HOSTILE = [
    "8001",  # the number of a seat
    "anonymous",
    "1" * 40,
    "+8613912345678",
    "139%201234%205678",
    "%22%0d%0aAction:%20Originate",
    "'; DROP TABLE call; --".replace(" ", "%20").replace(";", "%3B"),
    "${SHELL(id)}".replace("{", "%7B").replace("}", "%7D"),
    "%E5%BC%A0%E4%B8%89",
    "",
]


@pytest.mark.parametrize("caller", HOSTILE)
async def test_a_hostile_caller_id_reaches_a_queue(
    hotline_alone: AsteriskInstance, settings: Settings, caller: str
) -> None:
    await _sign_in(hotline_alone)
    async with SipCaller(settings, caller, name='"a\\"b, ${CALL_ID} <x>; 张三"') as sip:
        assert await sip.invite() == 200
        await _until_waiting(hotline_alone, 1)


async def test_a_caller_cannot_speak_to_us_as_asterisk(
    hotline_alone: AsteriskInstance, settings: Settings
) -> None:
    """Line ends in a SIP user part are decoded by Asterisk and would end a header of its manager interface."""
    await _sign_in(hotline_alone)
    seen: list[Message] = []
    link = AmiLink("127.0.0.1", settings.ami_port, "hotline", secret(settings.secrets_dir, "ami.hotline"))
    link.on_event(seen.append)
    await link.start()
    try:
        await link.wait_ready(30)
        forged = "139%0D%0AUniqueid%3A%20forged%0D%0A%0D%0AEvent%3A%20Forged%0D%0AX%3A%20y"
        async with SipCaller(settings, forged) as sip:
            assert await sip.invite() == 200
            await _until_waiting(hotline_alone, 1)
        numbers = {str(event.get("CallerIDNum")) for event in seen}
        assert "139Uniqueid: forgedEvent: ForgedX: y" in numbers
        assert "Forged" not in {event.get("Event") for event in seen}
        assert "forged" not in {event.get("Uniqueid") for event in seen}
    finally:
        await link.close()


async def test_a_caller_cannot_speak_to_the_script_as_asterisk(
    hotline_alone: AsteriskInstance, settings: Settings
) -> None:
    """AGI's header is lines of text as well: no field a caller fills may end one."""
    header: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        header.set_result(await reader.readuntil(b"\n\n"))
        writer.close()
        await writer.wait_closed()

    forged = "139%0Aagi_arg_1%3A%20019a8f00-0000-7000-8000-00000000dead%0A%0A"
    server = await asyncio.start_server(script, "127.0.0.1", settings.fastagi_port)
    async with server, SipCaller(settings, forged, name=f'"{forged}"', diverted=f"<sip:{forged}@x>") as sip:
        assert await sip.invite() == 200
        async with asyncio.timeout(30):
            lines = (await header).decode().split("\n")
    (argument,) = [line for line in lines if line.startswith("agi_arg_1:")]
    assert is_call_id(argument.partition(": ")[2]), "the dialplan's own, and the header went on to its end"
    assert "dead" not in argument
    assert "agi_rdnis: unknown" in lines, "no module that reads Diversion is loaded: one that does needs a filter"
    assert "agi_calleridname: unknown" in lines


NETWORK_SAYS = {
    '"<sip:110@x>" <sip:13912345678@ims.example>': "13912345678",
    "<tel:+8613912345678>": "+8613912345678",
    "<sip:+8613912345678@ims.example;user=phone>": "+8613912345678",
}


@pytest.mark.parametrize("header", NETWORK_SAYS)
async def test_the_number_that_the_network_vouches_for_counts(
    hotline_alone: AsteriskInstance, settings: Settings, header: str
) -> None:
    await _sign_in(hotline_alone)
    async with SipCaller(settings, "110", asserted=header) as sip:
        assert await sip.invite() == 200
        await _until_waiting(hotline_alone, 1)
        shown = await hotline_alone.cli("core show channels concise")
        assert f"!{NETWORK_SAYS[header]}!" in shown, shown


async def test_keys_in_the_queue_lead_to_a_message(
    asterisk_pair: AsteriskPair, events: list[Message], tmp_path: Path
) -> None:
    await _sign_in(asterisk_pair.hotline)
    settings = asterisk_pair.settings
    voice = audio.write_wav(tmp_path / "message.wav", audio.tone(CITIZEN_HZ, 2.0))
    async with CitizenLine(settings, caller="13912345678") as line:
        assert await line.wait_answered()
        await _until_waiting(asterisk_pair.hotline, 1)
        await line.press("5")  # means nothing here
        await line.hold(1)
        await _until_waiting(asterisk_pair.hotline, 1)
        await line.press("1")
        await _until_waiting(asterisk_pair.hotline, 0)
        await line.wait_prompt(30)  # the beep
        await line.play(voice)
    await until(lambda: _user_events(events, "HotlineVoicemail"), 30, "the message")
    (told,) = _user_events(events, "HotlineVoicemail")
    assert told["CallId"] == line.call_id
    await _written(asterisk_pair.hotline, Path(str(told["File"])))
    (track,) = audio.wav_tracks(Path(str(told["File"])))
    assert 1.7 <= audio.tone_seconds(track, CITIZEN_HZ) <= 2.3


async def test_hand_over_to_110_keeps_the_citizen_when_the_agent_leaves(
    asterisk_pair: AsteriskPair, link: AmiLink, tmp_path: Path
) -> None:
    settings = asterisk_pair.settings
    citizen_voice = audio.write_wav(tmp_path / "citizen.wav", audio.tone(CITIZEN_HZ, 30))
    agent_voice = audio.write_wav(tmp_path / "agent.wav", audio.tone(AGENT_HZ, 30))
    heard = tmp_path / "heard.wav"
    async with (
        CitizenLine(settings, caller="13912345678", heard=heard) as citizen,
        CitizenLine(settings, caller="8001") as agent,  # a stand-in: what matters is the second leg
    ):
        assert await citizen.wait_answered()
        assert await agent.wait_answered()
        talking = [asyncio.create_task(citizen.play(citizen_voice)), asyncio.create_task(agent.play(agent_voice))]
        await link.do(
            "Redirect",
            Channel=citizen.hotline_channel,
            Context="handoff",
            Exten="9001",
            Priority=1,
            ExtraChannel=agent.hotline_channel,
            ExtraContext="handoff",
            ExtraExten="9001",
            ExtraPriority=1,
        )
        police = await link.originate(
            timeout=10,
            Channel="PJSIP/110@trunk",
            Context="handoff",
            Exten="9001",
            Priority=1,
            CallerID="13912345678 <13912345678>",
        )
        assert police.answered
        await _until_members(asterisk_pair, 3)
        await asyncio.sleep(3)  # three people talk: this is what is measured below
        await agent.hang_up()
        left_at = citizen.timeline.now()
        await _until_members(asterisk_pair, 2)
        await asyncio.sleep(3)  # and now two
        assert not citizen.ended
        assert "13912345678" in (await asterisk_pair.network.cli("core show channels verbose"))
        await citizen.hang_up()
        await asyncio.gather(*talking)
    (citizen_heard,) = audio.wav_tracks(heard)
    after = citizen_heard[int(left_at * audio.RATE) :]
    assert audio.tone_db(citizen_heard[: int(left_at * audio.RATE)], AGENT_HZ) > -45  # heard the agent before
    assert audio.tone_db(after[audio.RATE :], POLICE_HZ) > -40  # the citizen hears 110
    assert audio.tone_db(after[audio.RATE :], AGENT_HZ) < -60  # and the agent no more
    (police_file,) = (settings.var / "network" / "recordings").glob("110-*.wav")
    await _written(asterisk_pair.network, police_file)
    (police_heard,) = audio.wav_tracks(police_file)
    tail = police_heard[-2 * audio.RATE :]
    assert audio.tone_db(tail, CITIZEN_HZ) > -40  # 110 hears the citizen to the end
    assert audio.tone_db(tail, AGENT_HZ) < -60
    middle = police_heard[: 3 * audio.RATE]
    assert audio.tone_db(middle, AGENT_HZ) > -45  # and heard the agent while there


async def _until_members(pair: AsteriskPair, number: int) -> None:
    async with asyncio.timeout(30):
        while len(re.findall(r"PJSIP/", await pair.hotline.cli("confbridge list 9001"))) != number:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_110_is_tried_although_the_network_was_away_before(
    hotline_alone: AsteriskInstance, settings: Settings, asterisk_program: AsteriskProgram
) -> None:
    link = AmiLink("127.0.0.1", settings.ami_port, "hotline", secret(settings.secrets_dir, "ami.hotline"))
    await link.start()
    network = AsteriskInstance(settings, "network", program=asterisk_program)
    call_110: dict[str, Any] = {"Channel": "PJSIP/110@trunk", "Context": "handoff", "Exten": "9003", "Priority": 1}
    try:
        await link.wait_ready(30)
        assert not (await link.originate(timeout=1, **call_110)).answered
        await network.start()
        assert (await link.originate(timeout=10, **call_110)).answered
    finally:
        await link.close()
        await network.stop()


@pytest.mark.parametrize("mode", ["busy", "noanswer", "answer"])
async def test_the_network_answers_as_told(
    asterisk_pair: AsteriskPair, link: AmiLink, events: list[Message], mode: str
) -> None:
    await asterisk_pair.network.cli(f"database put network 110 {mode}")
    answer = await link.originate(
        timeout=3, Channel="PJSIP/110@trunk", Context="handoff", Exten="9002", Priority=1, CallerID="x <12345>"
    )
    assert answer.answered == (mode == "answer")

    def ended() -> list[str]:
        dialled = [e["DialStatus"] for e in events if e.get("Event") == "DialEnd"]
        return dialled or [{"17": "BUSY"}.get(e["Cause"], "") for e in events if e.get("Event") == "Hangup"]

    # Asterisk's own OriginateResponse says "failed" for busy: who wants to know reads DialEnd or Hangup. A ring
    # that we give up just as the other side ends it has no DialEnd.
    await until(ended, 30, "DialEnd or Hangup, which may come after the answer to Originate")
    assert ("BUSY" in ended()) == (mode == "busy")


async def test_a_call_back_is_recorded_with_the_citizen_on_the_left(
    asterisk_pair: AsteriskPair, link: AmiLink, live_recordings: Path, tmp_path: Path
) -> None:
    voice = audio.write_wav(tmp_path / "agent.wav", audio.tone(AGENT_HZ, 6))
    async with CitizenLine(asterisk_pair.settings, caller="8001") as agent:  # stands in for a softphone
        assert await agent.wait_answered()
        call_id = "01a2003a-ccc7-743d-8714-2b17cbba01d4"
        await link.do("Setvar", Channel=agent.hotline_channel, Variable="__CALL_ID", Value=call_id)
        await link.do(
            "Redirect", Channel=agent.hotline_channel, Context="outgoing", Exten="13912345678", Priority=1
        )
        recording = live_recordings / f"{call_id}.raw"
        await until(recording.exists, 30, "the recording")
        await agent.play(voice)
    await _written(asterisk_pair.hotline, recording)
    left, right = audio.raw_tracks(recording)
    assert audio.tone_seconds(left, 784) > 1.0  # the number that was called says this
    assert audio.tone_seconds(right, AGENT_HZ) > 2.0
