"""The voices of the telephone-network simulator: who answers 110, 119, 120, 122 and everywhere else."""

from __future__ import annotations

import logging
from pathlib import Path

from sound.voice import VoiceError, speak

log = logging.getLogger(__name__)

ANSWERS = {
    "110": "您好，一一零报警服务台，请讲。",
    "119": "您好，一一九消防指挥中心，请讲。",
    "120": "您好，一二零急救中心，请讲。",
    "122": "您好，一二二交通事故报警台，请讲。",
    "other": "喂，您好，请讲。",
}


async def make_answers(folder: Path) -> None:
    """Make what is missing. Without espeak-ng the simulator answers with its tone alone."""
    for name, text in ANSWERS.items():
        path = folder / f"answer-{name}.wav"
        if path.exists():
            continue
        try:
            await speak(text, path)
        except VoiceError as error:
            log.warning("the simulator answers without a voice: %s", error.message)
            return
