"""`hotline script`: IVR scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hotline.console import fail, load_settings, out, run
from runtime.errors import UserError

app = typer.Typer(no_args_is_help=True, help="IVR scripts: check, show, walk through, publish.")

ScriptFile = Annotated[str, typer.Argument(help="A YAML file, or the name of a shipped script (direct, menu).")]


def _path(name: str) -> Path:
    """The file meant; leaves with an error when there is none."""
    from ivr.script.versions import SHIPPED

    for path in (SHIPPED / f"{name}.yaml", Path(name)):
        if path.is_file():
            return path
    shipped = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.yaml")))
    what = "is a folder, not a script" if Path(name).is_dir() else "does not exist"
    fail(f"{name} {what}", f"give the path of a YAML file, or the name of a shipped script: {shipped}")


@app.command("check")
def check(file: ScriptFile) -> None:
    """Check a script: every problem with its node, its line and what to do. Exit code 1 on errors."""
    from ivr.script.check import check_file

    document, report = check_file(_path(file))
    for problem in report.problems:
        colour = "red" if problem.level == "error" else "yellow"
        out.print(f"[{colour}]•[/] ", end="")
        out.print(str(problem), markup=False)
    for path in report.paths:
        keys = "、".join(path.keys) or "不按键"
        out.print(f"[dim]到人工 {path.seconds:5.1f} 秒（{keys}）：{' → '.join(path.nodes)}[/]")
    if report.errors or document is None:
        raise SystemExit(1)
    out.print(
        f"[green]通过[/]：{document.script.name}，{len(document.script.nodes)} 个节点，"
        f"{len(report.warnings)} 条提醒"
    )


@app.command("show")
def show(file: ScriptFile) -> None:
    """Show a script's nodes, what each says and where its exits lead."""
    from ivr.script.document import ScriptRefused, read_file

    try:
        document = read_file(_path(file))
    except ScriptRefused as error:
        fail(str(error), f"`hotline script check {file}` shows every problem")
    script = document.script
    out.print(f"[bold]{script.name}[/]  开始于 {script.start}")
    for name, node in script.nodes.items():
        out.print(f"\n[bold]{name}[/] [cyan]{node.kind}[/]")
        for field, text in node.prompts().items():
            out.print(f"  {field}：{text}", markup=False)
        for label, target in node.exits().items():
            out.print(f"  {label} → {target}", markup=False)


@app.command("walk")
def walk(
    file: ScriptFile,
    press: Annotated[str, typer.Option(help='What the caller does, e.g. "2,wait,1" (wait = says nothing).')] = "",
) -> None:
    """Walk through a script without a telephone and print what the caller hears."""
    from ivr.running.walk import walk_file

    async def work() -> int:
        return await walk_file(_path(file), press, lambda line: out.print(line, markup=False))

    run(work)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of scripts, for editors."""
    import json

    from ivr.script.script import json_schema

    out.print(json.dumps(json_schema(), ensure_ascii=False, indent=2), markup=False)


@app.command("publish")
def publish(
    file: ScriptFile, note: Annotated[str, typer.Option(help="What is new, kept with the version.")] = ""
) -> None:
    """Publish a script as a new version. Calls under way stay on theirs."""
    from hotline.commands.database import open_sessions
    from hotline.commands.user import at_the_terminal
    from ivr.editing.publishing import InForceChanged, NothingNew, publish_tested
    from ivr.script.document import ScriptRefused
    from ivr.script.versions import current
    from runtime.clock import SystemClock

    settings = load_settings()
    path = _path(file)

    async def work() -> None:
        async with open_sessions(settings) as sessions, sessions.begin() as session:
            try:
                text = path.read_text(encoding="utf-8")
                before = await current(session)
                version = await publish_tested(
                    session,
                    SystemClock(),
                    text,
                    in_force=before.id if before else None,
                    user_name=at_the_terminal(),
                    note=note,
                )
            except NothingNew:
                assert before is not None
                version = before
            except InForceChanged as error:
                raise UserError(
                    "another version was published just now", "look at it, then publish again"
                ) from error
            except (ScriptRefused, OSError, UnicodeDecodeError) as error:
                raise UserError(str(error), f"`hotline script check {path}` shows every problem") from error
        out.print(f"published {version.name} version {version.version}")

    run(work)
