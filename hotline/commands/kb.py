"""`hotline kb`: the knowledge that is shipped, asked without a server or a database."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from hotline.commands.text import lines_in, told
from hotline.console import out, run

app = typer.Typer(no_args_is_help=True, help="The shipped knowledge articles.")


@app.callback()
def _several() -> None:
    """Keeps `search` a command of its own while it is the only one."""


@app.command("search")
def search(
    as_json: Annotated[
        bool, typer.Option("--json", help="A list of {article, title, score, why} for each line.")
    ] = False,
    spoken: Annotated[bool, typer.Option("--spoken", help="The lines were recognised from speech.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Articles a line, at most.")] = 8,
) -> None:
    """What is found for each line of standard input."""

    async def work() -> int:
        from hotline.sample_city import sample_city

        async with sample_city() as city:
            for line in lines_in():
                found = await city.index.search(line, limit=limit, spoken=spoken)
                if not as_json:
                    out.print(line, markup=False, style="bold")
                    for answer in found:
                        why = f"（{answer.why}）" if answer.why else ""
                        out.print(f"  {answer.score:6.1f}  {answer.title}{why}", markup=False)
                    if not found:
                        out.print("  没有找到", markup=False)
                    continue
                rows = [{"article": a.article_id, "title": a.title, "score": a.score, "why": a.why} for a in found]
                if not told(json.dumps(rows, ensure_ascii=False)):
                    return 1
        return 0

    run(work)
