"""`hotline understand`: what the system makes of talks in a file, without server, database or model download."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from pydantic import ValidationError
from rich.progress import track

from hotline.commands.text import told
from hotline.console import err, fail, run

LONGEST_LINE = 4 << 20
"""Bytes of one talk."""


def understand(
    talks: Annotated[Path, typer.Argument(help="Lines of JSON, one talk a line; - for standard input.")],
) -> None:
    """Drafts, alerts and answers for talks of your own: lines of JSON in, lines of JSON out.

    A talk: {"id": "1", "source": "recognised"|"typed", "caller": "13912345678", "called_at":
    "2026-11-26T10:00:00+08:00", "utterances": [{"speaker": "citizen"|"agent", "text": "…"}]}
    """
    run(lambda: _work(talks))


async def _work(talks: Path) -> int:
    from hotline.sample_city import sample_city
    from hotline.understanding import Understanding

    faults = 0
    async with sample_city() as city:
        understanding = Understanding(city)
        with _opened(talks) as file:
            for number, line in enumerate(_shown(file, talks), start=1):
                if not line.strip():
                    continue
                answer = await _answer(understanding, line, number)
                faults += "error" in answer
                if not told(json.dumps(answer, ensure_ascii=False)):
                    return 1
    return 2 if faults else 0


async def _answer(understanding: Any, line: bytes, number: int) -> dict[str, Any]:
    """The answer of a line; a line that is no talk is answered with what is wrong with it."""
    from hotline.understanding import Talk

    try:
        if len(line) > LONGEST_LINE:
            raise ValueError(f"longer than {LONGEST_LINE >> 20} MB")
        talk = Talk.model_validate_json(line, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the line"
        return {"line": number, "error": f"{where}: {first['msg']}"}
    except (ValueError, RecursionError) as error:
        return {"line": number, "error": str(error)}
    answer: dict[str, Any] = await understanding.of(talk)
    return answer


@contextmanager
def _opened(talks: Path) -> Iterator[BinaryIO]:
    if str(talks) == "-":
        yield sys.stdin.buffer
        return
    try:
        file = talks.open("rb")
    except OSError as error:
        fail(f"{talks} cannot be read: {error.strerror}", "name a file with one talk (JSON) a line, or - ")
    with file:
        yield file


def _shown(file: BinaryIO, talks: Path) -> Iterator[bytes]:
    """The lines, with a bar on a terminal that does not also show the answers."""
    if str(talks) == "-" or not sys.stderr.isatty() or sys.stdout.isatty():
        yield from file
        return
    lines = file.readlines()
    yield from track(lines, description="talks", console=err, transient=True)
