"""`hotline prompts`: spoken prompts."""

from __future__ import annotations

from typing import Annotated

import typer

from hotline.console import load_settings, out, run
from hotline.core import ensure_writable

app = typer.Typer(no_args_is_help=True, help="Spoken prompts: make them, install a better voice.")


@app.command("make")
def make() -> None:
    """Make the prompts that are missing; recorded files in asterisk_conf/sounds/zh win over made ones."""
    from ivr.prompts import Prompts
    from ivr.script.versions import shipped_scripts

    settings = load_settings()

    async def work() -> None:
        ensure_writable(settings.var)
        settings.make_folders()
        prompts = Prompts(settings)
        try:
            made = await prompts.make_all(shipped_scripts())
        finally:
            await prompts.close()
        out.print(f"made {made} prompts in {settings.prompts_dir}")

    run(work)


@app.command("voice")
def voice(name: Annotated[str, typer.Argument(help="A piper voice, e.g. zh_CN-huayan-medium.")]) -> None:
    """Download a Chinese piper voice (needs internet and the piper-tts package)."""
    from sound.piper import download_voice

    settings = load_settings()

    async def work() -> None:
        ensure_writable(settings.var)
        path = await download_voice(settings, name)
        out.print(f"voice ready: {path}; run `hotline prompts make` to speak the prompts with it")

    run(work)
