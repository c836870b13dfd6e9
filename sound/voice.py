"""Speaks Chinese through espeak-ng, fed with tone-numbered pinyin (its own reading of characters is wrong).

Used for prompts, for the telephone network's answers and for citizens in demos and tests.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from pathlib import Path

import rjieba
from pypinyin import Style, lazy_pinyin

from language.numbers_aloud import aloud
from runtime.errors import UserError
from sound import wav

VOICE = "cmn-latn-pinyin"
SPEED = 150
"""Words a minute, as espeak-ng counts them."""

LONGEST_TEXT = 2000
SPEAK_S = 60.0

# Full-width marks: espeak-ng takes "." before a small letter for an abbreviation and makes no pause.
_PAUSES = (
    dict.fromkeys("。.…\n", "。")
    | dict.fromkeys("！!", "！")
    | dict.fromkeys("？?", "？")
    | dict.fromkeys('，,、；;：:—（）()“”"《》', "，")
)
_LETTERS = {
    "A": "ei1",
    "B": "bi4",
    "C": "xi1",
    "D": "di4",
    "E": "yi4",
    "F": "ai2fu5",
    "G": "ji4",
    "H": "ai2qi5",
    "I": "ai4",
    "J": "zhei4",
    "K": "kei4",
    "L": "ai2lou5",
    "M": "ai2mu5",
    "N": "en1",
    "O": "ou1",
    "P": "pi1",
    "Q": "kiu1",
    "R": "a4er5",
    "S": "ai2si5",
    "T": "ti4",
    "U": "you1",
    "V": "wei1",
    "W": "da2bu5liu4",
    "X": "ai2ke5si5",
    "Y": "wai4",
    "Z": "zei4",
}
_PIECE = re.compile(r"[\u3400-\u9fff]+|[A-Za-z]|[^\w\s]|\n")


class VoiceError(UserError):
    """Nothing can be spoken: no espeak-ng, or it failed."""


def voice_program() -> str | None:
    """Path of espeak-ng, or None where it is not installed."""
    return shutil.which("espeak-ng")


def pinyin(text: str) -> str:
    """The text as espeak-ng reads it right: each word's syllables joined, tones as numbers, pauses kept.

    >>> pinyin("办理不动产登记。")
    'ban4li3 bu4dong4chan3 deng1ji4。'
    """
    said: list[str] = []
    for piece in _PIECE.findall(aloud(text)):
        if piece in _PAUSES:
            if said and said[-1][-1] not in _PAUSES:
                said[-1] += _PAUSES[piece]  # espeak-ng passes over a mark that stands alone
        elif piece.upper() in _LETTERS:
            said.append(_LETTERS[piece.upper()])
        elif "\u3400" <= piece[0] <= "\u9fff":
            words = (
                "".join(lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True, errors="ignore"))
                for word in rjieba.cut(piece)
            )
            said += filter(None, words)
    return " ".join(said)


async def speak(text: str, out: Path, voice: str = VOICE, *, speed: int = SPEED) -> float:
    """Write `text`, spoken, to `out` (WAV, 8 kHz, mono, 16-bit, peak -3 dBFS); returns its seconds.

    Raises VoiceError when espeak-ng is missing or fails, or when nothing in the text can be spoken.
    """
    program = voice_program()
    if program is None:
        raise VoiceError("espeak-ng is not installed", "apt-get install espeak-ng")
    if len(text) > LONGEST_TEXT:
        raise VoiceError(f"the text has {len(text)} characters", f"give at most {LONGEST_TEXT}")
    words = pinyin(text)
    if not words:
        raise VoiceError("there is nothing to say in this text", "give Chinese text")
    with tempfile.TemporaryDirectory(prefix="hotline-voice-") as folder:
        raw = Path(folder) / "raw.wav"
        process = await asyncio.create_subprocess_exec(
            program,
            *("-v", voice, "-s", str(speed), "-w", str(raw), "--stdin"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(SPEAK_S):
                _, complaint = await process.communicate(words.encode())
        except TimeoutError:
            raise VoiceError(f"espeak-ng did not end within {SPEAK_S:.0f} s", "try a shorter text") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0 or not raw.exists():
            said = complaint.decode("utf-8", "replace").strip()[:200]
            raise VoiceError(f"espeak-ng failed: {said or process.returncode}", "try it in a terminal")
        return await asyncio.to_thread(_finish, raw, out)


def _finish(raw: Path, out: Path) -> float:
    sound = wav.read(raw)
    samples = wav.level(wav.resample(sound.samples, sound.rate))
    wav.write(out, samples)
    return len(samples) / wav.RATE
