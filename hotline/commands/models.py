"""`hotline models`: speech models, and the model that hears emergencies."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from hotline.console import fail, load_settings, out, run
from hotline.core import ensure_writable
from runtime.errors import UserError
from runtime.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Models: of speech, and of emergencies.")


@app.command("list")
def list_() -> None:
    """Show which model would be used and which others lie beside it. Exit code 1 when there is none."""
    from speech.decoding.demo import NOTE, is_demo
    from speech.decoding.models import find_model, is_model

    settings = load_settings()
    model = find_model(settings)
    if model is None and settings.vosk_model:
        fail(
            f"HOTLINE_VOSK_MODEL={settings.vosk_model} is not the folder of a Vosk model",
            "name a folder that holds am/ and conf/, or unset it and run `hotline models download`",
        )
    out.print(f"in use: {model}" if model else "no speech model: calls work without a transcript")
    if model is not None and is_demo(model):
        out.print(f"[yellow]{NOTE}[/] (demonstration model: it hears `hotline call --say`, no person)")
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
    from speech.decoding.models import SMALL_URL, ModelUnavailable

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
    from speech.decoding.models import download

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("model", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        return await download(settings, progress, url=url)


async def obtain(settings: Settings) -> None:
    """At the first start without a model: try to download one, once; else unpack the demonstration's."""
    from speech.decoding.demo import is_demo, provide_demo
    from speech.decoding.models import SMALL_URL, ModelUnavailable, find_model

    tried = settings.models_dir / ".download-tried"
    found = find_model(settings)
    if settings.vosk_model or (found is not None and not is_demo(found)):
        return
    settings.models_dir.mkdir(parents=True, exist_ok=True)
    if not tried.exists():
        tried.touch()  # an installation without internet must not wait for it at each start
        out.print("[dim]downloading the speech model vosk-model-small-cn-0.22 (42 MB, once)[/]")
        try:
            await fetch(settings, SMALL_URL)
            return
        except ModelUnavailable as error:
            out.print(f"[yellow]it could not be had:[/] {error}", highlight=False)
    try:
        await asyncio.to_thread(provide_demo, settings)
    except OSError as error:
        out.print(f"[yellow]the demonstration model cannot be unpacked:[/] {error.strerror or error}")


@app.command("train")
def train_() -> None:
    """Learn emergencies anew: from what is shipped and what agents here answered "不是紧急情况" to.

    Shows both models' figures on situations that neither has learnt; a worse one never replaces a better.
    """
    from hotline.understanding_models import retrain

    settings = load_settings()
    run(lambda: retrain(settings, say=lambda text: out.print(f"[dim]{text}[/]")))


@app.command("evaluate")
def evaluate_() -> None:
    """Figures of the emergency model in use, on situations that it has not learnt."""
    from hotline.understanding_models import evaluated
    from tickets.emergency.model import model_of

    model = model_of(load_settings().var)
    with out.status("judging"):
        lines = evaluated(model)
    for line in lines:
        out.print(line)


@app.command("card")
def card_() -> None:
    """What the emergency model in use was trained on."""
    from tickets.emergency.model import model_of, own_file
    from tickets.learned import vectors

    settings = load_settings()
    model = model_of(settings.var)
    whose = "this centre's own model" if own_file(settings.var).exists() else "the shipped model"
    out.print(f"emergencies: {whose}")
    out.print(f"learnt from {model.card}")
    out.print(f"codes: {', '.join(code for code in model.codes if code != 'NONE')}")
    used = "used" if model.has_vectors else "in the model" if vectors.available() else "not on this machine"
    out.print(f"sentence vectors: {used} (optional: pip install 'hotline12345[vectors]')")
