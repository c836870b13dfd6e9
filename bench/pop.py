"""How soon the caller's card is on the agent's screen once Asterisk rings the seat.

    python -m bench.pop [--quick] [--calls N] [--json FILE]

A whole system (`hotline up`), a headless Chromium agent, citizens from the simulator, one call after another;
every second caller has called before, so that the card has history to read. Begin: Asterisk's own time stamp of
DialBegin towards the seat (and, for comparison, of the browser's "ringing"). End: the frame after the number, and
then the card with its history, was put into the page, by the page's clock; all clocks are this machine's. "page's
question" is the request for the call's state, the longest part of the whole card. Aim: p99 of 300 ms.

And how soon a person speaks: from the INVITE at our Asterisk to the two being joined, with an agent who picks up
at once (aim 6.5 s), and how much of the opening (greeting, recording notice) the citizen's recording holds.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import expect

from bench import command_line
from calls.asterisk.ami import AmiLink, Message
from ivr.prompts import Prompts
from ivr.script.versions import shipped_document
from language.phone import normalise
from network.line import CitizenLine
from runtime.secretfile import secret
from sound import wav
from sound.likeness import heard_share
from tests.chromium import chromium
from tests.e2e.conftest import RunningSystem, start_system, stop_system
from tests.e2e.desk_page import DeskPage
from tests.speech_samples import unpack_model
from tests.waiting import until

AIM_MS = 300
CALLS, QUICK = 30, 8
TALKS, QUICK_TALKS = 6, 2
TALK_AIM_MS = 6500
SEAT = "PJSIP/8001-"
TRUNK = "PJSIP/trunk-"
Row = dict[str, float]

WATCH = """() => {
  window.painted = [];
  let last = "";
  new MutationObserver(() => {
    const text = document.querySelector(".c-number b")?.textContent ?? "";
    const whole = document.querySelector("#caller .c-list")?.getAttribute("aria-busy") === "false";
    if (text + whole === last) return;
    last = text + whole;
    if (!text) return;
    // The frame that shows it is on the screen when the next one begins.
    requestAnimationFrame(() => requestAnimationFrame(() => {
      window.painted.push([text, whole, performance.timeOrigin + performance.now()]);
    }));
  }).observe(document.getElementById("caller"), {childList: true, subtree: true, characterData: true});
}"""


@dataclass(slots=True)
class Rings:
    """Asterisk's time stamps of the seat's ringing, by channel name, seconds since 1970."""

    dialled: dict[str, float] = field(default_factory=dict)
    ringing: dict[str, float] = field(default_factory=dict)
    invited: dict[str, float] = field(default_factory=dict)
    joined: dict[str, float] = field(default_factory=dict)

    def hear(self, event: Message) -> None:
        at = float(event.get("Timestamp", "0"))
        if event.get("Event") == "DialBegin" and (channel := event.get("DestChannel", "")).startswith(SEAT):
            self.dialled.setdefault(channel, at)
        elif event.get("Event") == "Newchannel" and (channel := event.get("Channel", "")).startswith(TRUNK):
            self.invited.setdefault(channel, at)
        elif event.get("Event") == "BridgeEnter" and (channel := event.get("Channel", "")).startswith(SEAT):
            self.joined.setdefault(channel, at)
        elif event.get("Event") == "Newstate" and event.get("ChannelStateDesc") == "Ringing":
            channel = event.get("Channel", "")
            if channel.startswith(SEAT):
                self.ringing.setdefault(channel, at)

    def clear(self) -> None:
        for times in (self.dialled, self.ringing, self.invited, self.joined):
            times.clear()


def caller(number: int) -> str:
    """A new number for odd calls; the same one, with ever more history, for even ones."""
    return f"139{10_000_000 + number:08d}" if number % 2 else "13912345678"


ASKED = """() => {
  const asked = performance.getEntriesByType("resource").filter((e) => e.name.endsWith("/api/desk/state"));
  performance.clearResourceTimings();
  return asked[0]?.duration ?? 0;
}"""


async def one_call(system: RunningSystem, desk: DeskPage, rings: Rings, number: int) -> Row:
    """One call's figures, ms."""
    page, phone = desk.page, caller(number)
    shown = normalise(phone).display
    await page.evaluate("window.painted.length = 0; performance.clearResourceTimings()")
    rings.clear()
    async with CitizenLine(system.settings, caller=phone) as citizen:
        assert await citizen.wait_answered(20)
        await expect(page.locator(".c-number b")).to_have_text(shown, timeout=60_000)
        await until(lambda: rings.dialled and rings.ringing, 10, "Asterisk's word that the seat rings")
        painted: list[tuple[str, bool, float]] = []
        async with asyncio.timeout(20):
            while not any(whole for _, whole, _ in painted):
                painted = await page.evaluate("window.painted")
        asking: float = await page.evaluate(ASKED)
    await desk.wait_state("示闲")
    await expect(page.locator(".c-number b")).to_have_count(0, timeout=20_000)
    dialled, ringing = min(rings.dialled.values()) * 1000, min(rings.ringing.values()) * 1000
    first = min(at for text, _, at in painted if text == shown)
    whole = min(at for text, complete, at in painted if complete and text == shown)
    return {
        "dial to number": first - dialled,
        "dial to whole card": whole - dialled,
        "ringing to number": first - ringing,
        "page's question": asking,
    }


async def one_talk(system: RunningSystem, desk: DeskPage, rings: Rings, number: int, heard: Path) -> Row:
    """A call that is picked up at once: ms from the INVITE to the talk, and percent of the opening heard."""
    rings.clear()
    async with CitizenLine(system.settings, caller=caller(2 * number + 1), heard=heard) as citizen:
        await desk.answer()
        await until(lambda: rings.joined and rings.invited, 30, "the two are joined")
        assert await citizen.wait_agent(10)
        await desk.hang_up()
    await desk.wait_state("示闲")
    opening = Prompts(system.settings).path(shipped_document("direct").script.prompt("queue", "prompt") or "")
    share = heard_share(wav.read(opening).samples, wav.read(heard).samples)
    return {
        "INVITE to talk": (min(rings.joined.values()) - min(rings.invited.values())) * 1000,
        "opening heard, %": 100 * share,
    }


async def measure(system: RunningSystem, calls: int, talks: int, folder: Path) -> tuple[list[Row], list[Row]]:
    settings, rings = system.settings, Rings()
    link = AmiLink("127.0.0.1", settings.ami_port, "hotline", secret(settings.secrets_dir, "ami.hotline"))
    link.on_event(rings.hear)
    await link.start()
    try:
        await link.wait_ready(5)
        async with chromium() as browser:
            context = await browser.new_context(
                viewport={"width": 1366, "height": 768}, locale="zh-CN", permissions=["microphone"]
            )
            desk = DeskPage(await context.new_page(), system.url)
            await desk.log_in("agent1", system.accounts["agent1"])
            await desk.take_seat()
            await desk.become_ready()
            await desk.page.evaluate(WATCH)
            await one_call(system, desk, rings, 0)  # the first of a day warms caches; it is not counted
            measured = [await one_call(system, desk, rings, number) for number in range(1, calls + 1)]
            spoken = [
                await one_talk(system, desk, rings, number, folder / f"{number}.wav") for number in range(talks)
            ]
            await desk.leave()
    finally:
        await link.close()
    return measured, spoken


def summary(values: list[float], aim: float = AIM_MS) -> dict[str, float]:
    ordered = sorted(values)

    def quantile(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)

    return {
        "calls": len(ordered),
        "p50_ms": quantile(0.5),
        "p90_ms": quantile(0.9),
        "p99_ms": quantile(0.99),
        "max_ms": round(ordered[-1], 1),
        "aim_ms": aim,
    }


def options_of(given: list[str] | None = None) -> argparse.Namespace:
    parser = command_line.parser("pop", __doc__, f"only {QUICK} calls")
    parser.add_argument("--calls", type=int, default=0, help=f"calls measured (default {CALLS})")
    return parser.parse_args(given)


def main() -> None:
    arguments = options_of()
    calls = arguments.calls or (QUICK if arguments.quick else CALLS)
    with tempfile.TemporaryDirectory(prefix="hotline-pop-") as folder:
        system = start_system(Path(folder) / "var", unpack_model(Path(folder)), HOTLINE_WRAP_UP_S="0")
        try:
            talks = QUICK_TALKS if arguments.quick else TALKS
            measured, spoken = asyncio.run(measure(system, calls, talks, Path(folder)))
        finally:
            stop_system(system)
    result: dict[str, Any] = {name: summary([row[name] for row in measured]) for name in measured[0]}
    print(f"{'ring to card':20}{'calls':>7}{'p50':>9}{'p90':>9}{'p99':>9}{'max':>9}{'aim':>9}")
    for name in measured[0]:
        row = result[name]
        cells = "".join(f"{row[key]:6.0f} ms" for key in ("p50_ms", "p90_ms", "p99_ms", "max_ms", "aim_ms"))
        print(f"{name:20}{row['calls']:7}{cells}")
    talk = result["talk"] = summary([row["INVITE to talk"] for row in spoken], TALK_AIM_MS)
    talk["opening_heard_percent"] = min(row["opening heard, %"] for row in spoken)
    print(
        f"INVITE to talk, {len(spoken)} calls: p50 {talk['p50_ms']:.0f} ms, max {talk['max_ms']:.0f} ms"
        f" (aim {TALK_AIM_MS}); of the opening heard, least of all: {talk['opening_heard_percent']:.0f} %"
    )
    command_line.write(arguments.json, result)


if __name__ == "__main__":
    main()
