"""How many calls a second the IVR carries: the same menu in plain dialplan and through FastAGI, in one run.

    python -m bench.ivr [--quick] [--bare] [--json bench/results/ivr.json]

Calls arrive at rising rates until calls fail, or until the 99th percentile of the answer (dialling to
200 OK) or of the reaction (key pressed to hang-up) exceeds 1 s. Both ways take turns at each rate, so that other
work on the machine hits both alike. Every call is recorded, as in production (not with --bare). FastAGI runs as
in production: own process, published script, every step as an event and as a row. Needs sipp (sip-tester),
espeak-ng and an Asterisk.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from asterisk_conf.launcher import AsteriskInstance
from bench import command_line
from bench.sipp import Crowd, SippError, call_in_crowd
from runtime.settings import ROOT, Settings

LIMIT_MS = 1000.0
WAYS = {"plain": "70001", "fastagi": "70002"}
AIM = 0.95


class BenchSettings(Settings):
    """As always, but with RTP ports for thousands of calls instead of a hundred."""

    @property
    def rtp_ports(self) -> tuple[int, int]:
        return 40_000, 59_999


@dataclass
class Way:
    """One way of running the menu: its greatest rate so far, and every crowd it was tried with."""

    name: str
    best: float = 0.0
    broke_at: float = 0.0
    crowds: list[Crowd] = field(default_factory=list)
    cpu_s: float = 0.0
    """Processor time of Asterisk and of the IVR process in all crowds that held."""
    cpu_calls: int = 0

    @property
    def cpu_ms_per_call(self) -> float:
        return 1000 * self.cpu_s / self.cpu_calls if self.cpu_calls else 0.0


def cpu_seconds(pids: list[int]) -> float:
    """Processor time these processes have used so far; what neighbours use does not count."""
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


async def add_menus(asterisk: AsteriskInstance, settings: Settings, prompt: str, recording: bool) -> None:
    """Both menus, added to the running dialplan; the trunk's context leads to them."""
    record = "Gosub,record,s,1" if recording else "NoOp,"
    lines = [
        ("from-trunk", f"{WAYS['plain']},1,Goto,bench-plain,s,1"),
        ("from-trunk", f"{WAYS['fastagi']},1,Goto,bench-fastagi,s,1"),
        ("bench-plain", "s,1,Gosub,call-id,s,1"),
        ("bench-plain", "s,2,Answer,"),
        ("bench-plain", f"s,3,{record}"),
        ("bench-plain", f"s,4,Read,KEY,{prompt},1,,2,5"),
        ("bench-plain", "s,5,Goto,bench-plain,key${KEY},1"),
        ("bench-plain", "key1,1,Hangup,"),
        ("bench-plain", "key,1,Wait,30"),
        ("bench-fastagi", "s,1,Gosub,call-id,s,1"),
        ("bench-fastagi", "s,2,Answer,"),
        ("bench-fastagi", f"s,3,{record}"),
        ("bench-fastagi", f"s,4,AGI,agi://127.0.0.1:{settings.fastagi_port}/script,${{CALL_ID}}"),
        ("bench-fastagi", "s,5,Goto,bench-fastagi,done${HOTLINE_DONE},1"),
        ("bench-fastagi", "done1,1,Hangup,"),
        ("bench-fastagi", "done,1,Wait,30"),
    ]
    for context, line in lines:
        await asterisk.cli(f"dialplan add extension {line} into {context} replace")
    shown = await asterisk.cli("dialplan show bench-fastagi") + await asterisk.cli("dialplan show bench-plain")
    if "AGI" not in shown or "Read" not in shown:
        raise SippError(f"the menus could not be added to the dialplan:\n{shown}")


@asynccontextmanager
async def running_ivr(settings: Settings) -> AsyncIterator[tuple[str, int]]:
    """The IVR in a process of its own; yields the menu's prompt, without extension, and the process id."""
    environment = os.environ | {
        "HOTLINE_VAR": str(settings.var),
        "HOTLINE_PORT_BASE": str(settings.port_base),
        "PYTHONPATH": str(ROOT),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.ivr_child"), env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(120):
            prompt = (await process.stdout.readline()).decode().strip()
        if not prompt:
            raise SippError("the IVR process did not start")
        yield prompt, process.pid
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await process.wait()


async def measure(
    settings: Settings, pids: list[int], seconds: float, start: float, step: float, fine: float
) -> list[Way]:
    """Raise the rate by `step` until each way breaks, then halve the gap down to `fine`."""
    ways = [Way(name) for name in WAYS]
    rate = start
    while any(not way.broke_at for way in ways) and rate < 3000:
        for way in ways:
            if not way.broke_at:
                await try_rate(settings, pids, way, rate, seconds)
        rate = round(rate * step)
    for way in ways:
        while way.best and way.broke_at / way.best > 1 + fine and way.broke_at - way.best >= 2:
            await try_rate(settings, pids, way, round((way.best + way.broke_at) / 2), seconds)
    return ways


async def try_rate(settings: Settings, pids: list[int], way: Way, rate: float, seconds: float) -> None:
    """One crowd; a rate counts as broken when it fails twice, since other work shares the machine."""
    for _ in range(2):
        before = cpu_seconds(pids)
        crowd = await call_in_crowd(
            WAYS[way.name],
            rate=rate,
            seconds=seconds,
            target_port=settings.sip_port,
            own_port=settings.network_sip_port,
            folder=settings.var / "sipp",
        )
        way.crowds.append(crowd)
        for recorded in (settings.recordings_dir / "live").glob("*.raw"):
            recorded.unlink(missing_ok=True)
        held = crowd.sustained(LIMIT_MS)
        print(
            f"{way.name:8} {crowd.rate:6.0f}/s  {crowd.calls:6} calls  {crowd.failed:4} failed  answer p99 "
            f"{crowd.answer_p99:6.0f} ms  reaction p99 {crowd.reaction_p99:6.0f} ms  "
            f"{'held' if held else 'BROKE'}",
            flush=True,
        )
        await asyncio.sleep(1.0 if held else 3.0)  # the next crowd must not meet this one's last calls
        if held:
            way.cpu_s += cpu_seconds(pids) - before
            way.cpu_calls += crowd.calls
            way.best = max(way.best, rate)
            return
    way.broke_at = rate


def steps_written(settings: Settings) -> int:
    """Menu keys that the FastAGI calls left in the database."""
    with sqlite3.connect(settings.var / "hotline.db") as database:
        row = database.execute("SELECT count(*) FROM script_step WHERE detail = 'key 1'").fetchone()
    database.close()
    return int(row[0])


async def run(quick: bool, recording: bool) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="hotline-bench-", ignore_cleanup_errors=True) as folder:
        fetched = ROOT / "var" / "asterisk"
        settings = BenchSettings(var=Path(folder))
        if not settings.asterisk and fetched.is_dir():
            settings.asterisk = str(fetched)
        settings.make_folders()
        async with running_ivr(settings) as (prompt, ivr_pid):
            asterisk = AsteriskInstance(settings, "hotline")
            await asterisk.start()
            try:
                await add_menus(asterisk, settings, prompt, recording)
                await call_in_crowd(  # warm caches; not counted
                    WAYS["fastagi"],
                    rate=5,
                    seconds=1,
                    target_port=settings.sip_port,
                    own_port=settings.network_sip_port,
                    folder=settings.var / "sipp",
                )
                assert asterisk.pid is not None
                ways = await measure(
                    settings,
                    [asterisk.pid, ivr_pid],
                    seconds=4 if quick else 15,
                    start=50 if quick else 40,
                    step=1.5 if quick else 1.25,
                    fine=0.10 if quick else 0.03,
                )
            finally:
                await asterisk.stop()
        written = steps_written(settings)
    plain, fastagi = ways
    good = 5 + sum(crowd.calls - crowd.failed for crowd in fastagi.crowds)
    return {
        "plain_calls_per_s": plain.best,
        "fastagi_calls_per_s": fastagi.best,
        "ratio": round(fastagi.best / plain.best, 3) if plain.best else 0.0,
        "aim": AIM,
        "plain_cpu_ms_per_call": round(plain.cpu_ms_per_call, 2),
        "fastagi_cpu_ms_per_call": round(fastagi.cpu_ms_per_call, 2),
        "limit_ms": LIMIT_MS,
        "recording": recording,
        "fastagi_calls_good": good,
        "fastagi_steps_written": written,
        "crowds": [
            {
                "way": way.name,
                "rate": crowd.rate,
                "calls": crowd.calls,
                "failed": crowd.failed,
                "answer_p99_ms": crowd.answer_p99,
                "reaction_p99_ms": crowd.reaction_p99,
            }
            for way in ways
            for crowd in way.crowds
        ],
    }


def options_of(given: list[str] | None = None) -> argparse.Namespace:
    parser = command_line.parser("ivr", __doc__, "under two minutes, coarser")
    parser.add_argument("--bare", action="store_true", help="do not record the calls, as production does")
    return parser.parse_args(given)


def main() -> None:
    arguments = options_of()
    try:
        result = asyncio.run(run(arguments.quick, not arguments.bare))
    except SippError as error:
        raise SystemExit(str(error)) from error
    print()
    print("way          calls/s held")
    print(f"dialplan     {result['plain_calls_per_s']:>8}")
    print(f"FastAGI      {result['fastagi_calls_per_s']:>8}")
    plain_cpu, fastagi_cpu = result["plain_cpu_ms_per_call"], result["fastagi_cpu_ms_per_call"]
    print(f"processor time a call: dialplan {plain_cpu} ms, FastAGI {fastagi_cpu} ms (Asterisk and IVR together)")
    print(f"ratio        {result['ratio']:>8}   (aim >= {AIM})")
    print(f"steps in the database: {result['fastagi_steps_written']} of {result['fastagi_calls_good']} calls")
    command_line.write(arguments.json, result)


if __name__ == "__main__":
    main()
