"""`hotline text`: what the system makes of numbers and times in people's words, one line of JSON a line of text.

For whoever wants to try it on words of the own city; the live path calls the same functions.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any

import typer

from hotline.console import fail
from language.numbers_aloud import aloud as spoken
from language.numerals import clerk_numbers
from language.phone import normalise
from language.said_phones import said_phones
from language.times import said_time
from runtime.clock import SHANGHAI, SystemClock, local

LONGEST = 10_000
"""Characters of a line that are read."""

app = typer.Typer(no_args_is_help=True, help="Numbers and times in people's words (lines in, lines of JSON out).")


def lines_in() -> Iterator[str]:
    """Lines of standard input as text, whatever bytes they hold, each cut to `LONGEST`."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")[:LONGEST]


def each_line(answer: Callable[[str], dict[str, Any] | list[Any]]) -> None:
    """One line of JSON for each line of standard input, written at once."""
    for line in lines_in():
        if not told(json.dumps(answer(line), ensure_ascii=False)):
            raise typer.Exit(1)


def told(line: str) -> bool:
    """Write one line at once; False when whoever read us has gone (`| head`)."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter must not try to flush once more at its end.
        sys.stdout = open("/dev/null", "w", encoding="utf-8")  # noqa: SIM115, PTH123
        return False
    return True


@app.command("numerals")
def numerals() -> None:
    """Spoken numbers as a clerk writes them: {"text": …}."""
    each_line(lambda line: {"text": clerk_numbers(line)})


@app.command("aloud")
def aloud() -> None:
    """How the system speaks a text: {"text": …}."""
    each_line(lambda line: {"text": spoken(line)})


@app.command("phone")
def phone() -> None:
    """One dialled or typed number in one form: {"digits": …, "shown": …}; "" when it is none."""

    def answer(line: str) -> dict[str, Any]:
        number = normalise(line)
        return {"digits": number.digits, "shown": number.display if number.digits else ""}

    each_line(answer)


@app.command("phones")
def phones() -> None:
    """Telephone numbers said in running text: {"phones": […]}."""
    each_line(lambda line: {"phones": [number.digits for number in said_phones(line)]})


@app.command("when")
def when(
    called_at: Annotated[
        str, typer.Option("--called-at", help="Moment of the call (ISO 8601, default now): 昨天 is seen from it.")
    ] = "",
) -> None:
    """The time that a text names: {"start": ISO|null, "end": ISO|null, "words": …}."""
    try:
        now = datetime.fromisoformat(called_at) if called_at else SystemClock().now()
    except ValueError:
        fail(f"--called-at {called_at} is no moment", "write it like 2026-11-26T10:00:00+08:00")
    now = local(now) if now.tzinfo else now.replace(tzinfo=SHANGHAI)

    def answer(line: str) -> dict[str, Any]:
        said = said_time(line, now)
        if said is None:
            return {"start": None, "end": None, "words": ""}
        start, end = (moment.isoformat() if moment else None for moment in (said.start, said.end))
        return {"start": start, "end": end, "words": said.words}

    each_line(answer)
