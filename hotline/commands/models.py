"""`hotline models`: speech models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from hotline.console import fail, load_settings, out, run
from hotline.core import ensure_writable
from hotline.errors import UserError
from hotline.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Speech models for the transcript.")


@app.command("list")
def list_() -> None:
    """Show which model would be used and which others lie beside it. Exit code 1 when there is none."""
    from speech.models import find_model, is_model

    settings = load_settings()
    model = find_model(settings)
    if model is None and settings.vosk_model:
        fail(
            f"HOTLINE_VOSK_MODEL={settings.vosk_model} is not the folder of a Vosk model",
            "name a folder that holds am/ and conf/, or unset it and run `hotline models download`",
        )
    out.print(f"in use: {model}" if model else "no speech model: calls work without a transcript")
    if settings.models_dir.is_dir():
        for folder in sorted(settings.models_dir.iterdir()):
            if is_model(folder):
                out.print(f"  {folder}")
    if model is None:
        out.print("[dim]→ `hotline models download`, or set HOTLINE_VOSK_MODEL[/]")
        raise SystemExit(1)


@app.command("download")
def download_(
    url: Annotated[str, typer.Option(help="Another model's zip, e.g. the large vosk-model-cn-0.22.")] = "",
) -> None:
    """Download vosk-model-small-cn-0.22 (42 MB) into var/models."""
    from speech.models import SMALL_URL, ModelUnavailable

    settings = load_settings()

    async def work() -> None:
        ensure_writable(settings.var)
        try:
            folder = await fetch(settings, url or SMALL_URL)
        except ModelUnavailable as error:
            raise UserError(str(error)) from error
        out.print(f"model ready: {folder}")

    run(work)


async def fetch(settings: Settings, url: str) -> Path:
    """Download a model with a progress bar. Raises ModelUnavailable."""
    from speech.models import download

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("model", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        return await download(settings, progress, url=url)


async def obtain(settings: Settings) -> None:
    """At the first start of an installation without a model: try to download one, once; go on without."""
    from speech.models import SMALL_URL, ModelUnavailable, find_model

    tried = settings.models_dir / ".download-tried"
    if settings.vosk_model or find_model(settings) is not None or tried.exists():
        return
    settings.models_dir.mkdir(parents=True, exist_ok=True)
    tried.touch()  # an installation without internet must not wait for it at each start
    out.print("[dim]downloading the speech model vosk-model-small-cn-0.22 (42 MB, once)[/]")
    try:
        await fetch(settings, SMALL_URL)
    except ModelUnavailable as error:
        out.print(f"[yellow]no speech model could be had:[/] {error}")
