"""sipp as a crowd of citizens: each calls, hears 3 s of the menu, presses 1 and waits for the hang-up."""

from __future__ import annotations

import asyncio
import csv
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KEY_PCAP = Path("/usr/share/sip-tester/dtmf_2833_1.pcap")

SCENARIO = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="menu">
  <send retrans="500" start_rtd="answer"><![CDATA[
    INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: "139" <sip:139[call_number]@[local_ip]:[local_port]>;tag=[pid]t[call_number]
    To: <sip:[service]@[remote_ip]:[remote_port]>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    Contact: <sip:139@[local_ip]:[local_port]>
    Max-Forwards: 70
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=citizen 1 1 IN IP4 [local_ip]
    s=-
    c=IN IP4 [media_ip]
    t=0 0
    m=audio [auto_media_port] RTP/AVP 8 101
    a=rtpmap:8 PCMA/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-16
    a=ptime:20
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rtd="answer" rrs="true" timeout="10000"/>
  <send><![CDATA[
    ACK [next_url] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: "139" <sip:139[call_number]@[local_ip]:[local_port]>;tag=[pid]t[call_number]
    [last_To:]
    Call-ID: [call_id]
    CSeq: 1 ACK
    Contact: <sip:139@[local_ip]:[local_port]>
    Max-Forwards: 70
    Content-Length: 0
  ]]></send>
  <pause milliseconds="3000"/>
  <nop start_rtd="reaction"><action><exec play_pcap_audio="%(pcap)s"/></action></nop>
  <recv request="BYE" rtd="reaction" timeout="12000"/>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0
  ]]></send>
</scenario>
"""


class SippError(Exception):
    """sipp is missing or could not run; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What came of a crowd of calls. Times in ms: dialling to 200 OK, pressing the key to the hang-up."""

    rate: float
    calls: int
    failed: int
    answer_ms: tuple[float, ...]
    reaction_ms: tuple[float, ...]

    def p99(self, times: Sequence[float]) -> float:
        return sorted(times)[math.ceil(0.99 * len(times)) - 1] if times else math.inf

    @property
    def answer_p99(self) -> float:
        return self.p99(self.answer_ms)

    @property
    def reaction_p99(self) -> float:
        return self.p99(self.reaction_ms)

    def sustained(self, limit_ms: float) -> bool:
        """No call failed, all were placed, and both times stay within the limit at 99 %."""
        return self.failed == 0 and self.answer_p99 <= limit_ms and self.reaction_p99 <= limit_ms


def find_sipp() -> str:
    path = shutil.which("sipp")
    if path is None or not KEY_PCAP.exists():
        raise SippError("sipp with its DTMF files is not installed: apt-get install sip-tester")
    return path


async def call_in_crowd(
    number: str, *, rate: float, seconds: float, target_port: int, own_port: int, folder: Path
) -> Crowd:
    """`rate` calls a second to `number`, for so long. Raises SippError when sipp itself cannot run."""
    folder.mkdir(parents=True, exist_ok=True)
    scenario = folder / "menu.xml"
    scenario.write_text(SCENARIO % {"pcap": KEY_PCAP})
    for old in folder.glob("menu_*.csv"):
        old.unlink()
    calls = max(1, round(rate * seconds))
    process = await asyncio.create_subprocess_exec(
        *(find_sipp(), f"127.0.0.1:{target_port}", "-sf", str(scenario), "-s", number),
        *("-i", "127.0.0.1", "-p", str(own_port), "-mi", "127.0.0.1"),
        *("-r", str(round(rate)), "-m", str(calls), "-l", "4000", "-recv_timeout", "20000"),
        *("-trace_rtt", "-rtt_freq", "1", "-trace_stat", "-fd", "1", "-nostdin", "-timeout", "90"),
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds + 110):
            _, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode not in (0, 1, 97) or not list(folder.glob("menu_*_.csv")):
        raise SippError(f"sipp ended with {process.returncode}: {complaint.decode(errors='replace')[-400:]}")
    return _read(folder, rate, calls)


def _read(folder: Path, rate: float, calls: int) -> Crowd:
    times: dict[str, list[float]] = {"answer": [], "reaction": []}
    for path in folder.glob("menu_*_rtt.csv"):
        with path.open() as file:
            for row in csv.reader(file, delimiter=";"):
                if len(row) >= 3 and row[2] in times:
                    times[row[2]].append(float(row[1]))
    succeeded = 0
    for path in folder.glob("menu_*_.csv"):
        with path.open() as file:
            for stat in csv.DictReader(file, delimiter=";"):
                succeeded = int(stat["SuccessfulCall(C)"])
    return Crowd(rate, calls, calls - succeeded, tuple(times["answer"]), tuple(times["reaction"]))
