"""`hotline call`: a citizen's call through the telephone-network simulator."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from hotline.console import load_settings, out, run


def call(
    caller: Annotated[
        str, typer.Option("--from", help="The citizen's number as the trunk says it, or anonymous.")
    ],
    to: Annotated[str, typer.Option("--to", help="Number dialled; the hotline's own by default.")] = "",
    audio: Annotated[
        Path | None, typer.Option(help="WAV with the citizen's voice (any rate, mono or stereo).")
    ] = None,
    say: Annotated[str, typer.Option(help="Or what the citizen says, in Chinese.")] = "",
    press: Annotated[str, typer.Option(help='Plan of keys and waits, e.g. "wait,2,wait 3,5,agent,speak".')] = "",
    record: Annotated[Path | None, typer.Option(help="Keep what the citizen heard in this WAV.")] = None,
    hang_up_after: Annotated[
        float | None,
        typer.Option(min=0.0, help="Hang up so many seconds after the plan; else wait for the other side."),
    ] = None,
    max_seconds: Annotated[float, typer.Option(min=1.0, help="End the call at the latest after so long.")] = 180.0,
) -> None:
    """Call the hotline as a citizen does, and print the call's time line. No real number is ever dialled.

    The system must run (`hotline up`, same HOTLINE_VAR). Exit code 0 when the call was answered, else 1.

    A plan (--press) is a list of steps: keys (0-9 * #), wait (hear a prompt out), wait 3 (seconds),
    agent (until a person is on the line), speak (say --audio or --say). Without "speak" in the plan the
    citizen speaks as soon as a person is on the line.

    Example: hotline call --from 13912345678 --say "我们村的路灯坏了" --record heard.wav
    """
    from network.citizen import CitizenCall
    from network.citizen import call as make_call

    settings = load_settings()
    wish = CitizenCall(
        caller=caller,
        to=to,
        audio=audio,
        say=say,
        press=press,
        record=record,
        hang_up_after=hang_up_after,
        max_seconds=max_seconds,
    )

    async def work() -> int:
        calling = asyncio.ensure_future(
            make_call(settings, wish, lambda entry: out.print(str(entry), markup=False))
        )
        ended_by: list[int] = []

        def end(number: int) -> None:
            ended_by.append(number)
            calling.cancel()

        # A closed terminal or a time limit hangs up, as Ctrl-C does: nobody is left in the queue for an hour.
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, end, number)
        try:
            result = await calling
        except asyncio.CancelledError:
            if not ended_by:
                raise
            return 128 + ended_by[0]
        out.print(f"[bold]{result.outcome}[/]  call {result.call_id or 'unknown'}, {result.seconds:.1f} s")
        if result.heard is not None:
            out.print(f"what the citizen heard: {result.heard}")
        return 0 if result.answered else 1

    run(work)
