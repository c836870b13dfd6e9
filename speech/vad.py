"""Voice activity detection in front of the recogniser: is there a voice in these 20 ms?

Chosen by measurement, see docs/decisions and bench/vad.py.
"""

from __future__ import annotations

from typing import Protocol

import webrtcvad

from speech.audiosocket import SAMPLE_RATE


class VoiceDetector(Protocol):
    """One speaker's detector; frames in order, 20 ms each."""

    def voiced(self, pcm: bytes) -> bool:
        """Whether this frame (320 bytes, 8 kHz) holds voice."""
        ...


class WebrtcDetector:
    """The detector of WebRTC: 2 µs a frame, no state worth mentioning."""

    def __init__(self, mode: int = 2) -> None:
        self._vad = webrtcvad.Vad(mode)

    def voiced(self, pcm: bytes) -> bool:
        return bool(self._vad.is_speech(pcm, SAMPLE_RATE))
