"""What citizens and agents say in the end-to-end tests, spoken by espeak-ng when the tests run."""

from __future__ import annotations

import wave
from pathlib import Path

from sound.voice import speak
from speech.decoding.recogniser import VoskEngine
from tests.audio import wav_tracks, write_wav

CONSULT = "你好，请问一下，我想给我父亲办理残疾证，需要准备哪些材料？"
LIGHTS = (
    "我想反映一个问题，我们村的路灯坏了。我们是天城镇白泉村的，"
    "村口到小学那一段路灯全都不亮了。希望你们尽快派人来修。"
)
FIRE = "喂，快来人，我们家着火了！我在人民路二十三号，三楼，厨房里的油锅着火了。"
BURGLAR = "喂，快来人，有人抢劫！我在人民路二十三号，三楼，有人拿着刀抢东西。"
AGENT = "您好，请您说一下具体的地址。"


async def say(folder: Path, text: str, name: str) -> Path:
    """A telephone WAV of this text; made once per folder."""
    path = folder / f"{name}.wav"
    if not path.exists():
        await speak(text, path)
    return path


async def microphone(folder: Path, text: str, *, pause_s: float = 6.0) -> Path:
    """A WAV for the browser's microphone: the text, then silence, over and over (48 kHz as browsers like it)."""
    plain = await say(folder, text, "agent-8k")
    (track,) = wav_tracks(plain)
    wide = track.repeat(6)
    path = folder / "microphone.wav"
    write_wav(path, wide, rate=48_000)
    with wave.open(str(path), "rb") as made:
        sound = made.readframes(made.getnframes())
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48_000)
        out.writeframes(sound + b"\0\0" * int(48_000 * pause_s))
    return path


def transcribe(model: Path, heard: Path) -> str:
    """What a telephone WAV says, by the test model."""
    engine = VoskEngine(model)
    with wave.open(str(heard), "rb") as file:
        assert (file.getframerate(), file.getnchannels()) == (8000, 1)
        recogniser = engine.recogniser()
        recogniser.accept(file.readframes(file.getnframes()))
    return "".join(word.text for word in recogniser.finish())
