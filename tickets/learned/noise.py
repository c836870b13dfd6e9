"""Text as a recogniser might write it: models learn from both spellings."""

from __future__ import annotations

import random
from functools import cache

from language.sounds import syllable


@cache
def _homophones() -> dict[str, str]:
    """The 3755 characters of GB 2312's first level by their sound."""
    by_sound: dict[str, str] = {}
    for high in range(0xB0, 0xD8):
        for low in range(0xA1, 0xFF):
            char = bytes((high, low)).decode("gb2312", errors="ignore")
            if char:
                by_sound[syllable(char)] = by_sound.get(syllable(char), "") + char
    return by_sound


def misheard(text: str, share: float, seed: int = 0) -> str:
    """The text as a recogniser might write it; the same for the same seed."""
    dice = random.Random(f"{seed}{text}")  # noqa: S311 (noise, no secret)
    return "".join(
        dice.choice(_homophones().get(syllable(char)) or char) if dice.random() < share else char for char in text
    )
