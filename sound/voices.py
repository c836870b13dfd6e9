"""Who speaks the prompts: espeak-ng everywhere, piper where a Chinese voice file lies (`sound.piper`)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from language.numbers_aloud import aloud, digits
from sound import voice

SPEED = 200
"""Words a minute, as espeak-ng counts them: 4.3 characters a second. The test recogniser understands it no worse
than 150 (character error rate 16 % and 18 %), and a greeting costs 7 s instead of 10."""

_NAMED_BY_DIGITS = re.compile(r"(?<=号)\d{2,}")


def spoken(text: str) -> str:
    """The text with numbers as they are said; what follows 尾号 or 编号 is read digit by digit."""
    return aloud(_NAMED_BY_DIGITS.sub(lambda found: digits(found[0]), text))


class Voice(Protocol):
    """Turns Chinese text into a WAV file. `name` goes into the prompt's hash."""

    name: str

    async def speak(self, text: str, out: Path) -> None:
        """Write the text as sound (any rate). Raises UserError where a person must act."""
        ...


class EspeakVoice:
    """espeak-ng fed with tone-numbered pinyin (speech.md: its own reading of characters is wrong)."""

    name = f"espeak-{SPEED}"

    async def speak(self, text: str, out: Path) -> None:
        await voice.speak(spoken(text), out, speed=SPEED)
