"""Frames of Asterisk's AudioSocket protocol: one byte of kind, two of length (big endian), the payload.

Kinds (Asterisk 22, app_audiosocket): 0x00 hang-up, 0x01 the leg's UUID (16 bytes), 0x03 a key, 0x10 audio
(16-bit little-endian mono at 8 kHz, 20 ms in 320 bytes), 0xff error. Anything else is abuse.
"""

from __future__ import annotations

from enum import IntEnum

HEADER = 3
SAMPLE_RATE = 8000
FRAME_BYTES = 320
"""20 ms of audio."""

MAX_AUDIO = 3200
"""Longest audio payload accepted, 200 ms: Asterisk sends 20 ms, other senders may bundle some."""


class Kind(IntEnum):
    HANGUP = 0x00
    UUID = 0x01
    KEY = 0x03
    AUDIO = 0x10
    ERROR = 0xFF


LIMITS: dict[Kind, tuple[int, int]] = {
    Kind.HANGUP: (0, 64),
    Kind.UUID: (16, 16),
    Kind.KEY: (1, 1),
    Kind.AUDIO: (0, MAX_AUDIO),
    Kind.ERROR: (0, 64),
}
"""Shortest and longest payload of each kind, bytes."""


class ProtocolAbuse(Exception):
    """The peer does not speak AudioSocket as Asterisk does."""


class FrameParser:
    """Cuts a byte stream into frames; holds at most one unfinished frame."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[Kind, bytes]]:
        """The frames completed by `data`. Raises ProtocolAbuse at the first header that cannot be."""
        data = self._rest + data if self._rest else data
        frames: list[tuple[Kind, bytes]] = []
        at, size = 0, len(data)
        while size - at >= HEADER:
            length = data[at + 1] << 8 | data[at + 2]
            kind = _checked(data[at], length)
            end = at + HEADER + length
            if end > size:
                break
            frames.append((kind, data[at + HEADER : end]))
            at = end
        self._rest = data[at:]
        return frames


def _checked(code: int, length: int) -> Kind:
    try:
        kind = Kind(code)
    except ValueError:
        raise ProtocolAbuse(f"frame of unknown kind 0x{code:02x}") from None
    low, high = LIMITS[kind]
    if not low <= length <= high:
        raise ProtocolAbuse(f"{kind.name} frame of {length} bytes, expected {low} to {high}")
    if kind is Kind.AUDIO and length % 2:
        raise ProtocolAbuse(f"AUDIO frame of {length} bytes: half a sample")
    return kind


def frame(kind: Kind, payload: bytes = b"") -> bytes:
    """The bytes of one frame."""
    return bytes((kind,)) + len(payload).to_bytes(2, "big") + payload
