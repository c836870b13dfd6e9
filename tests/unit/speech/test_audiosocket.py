from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.audiosocket import FrameParser, Kind, ProtocolAbuse, frame


def test_a_frame_cut_into_single_bytes_is_put_together() -> None:
    parser = FrameParser()
    data = frame(Kind.UUID, bytes(range(16))) + frame(Kind.AUDIO, b"ab" * 160) + frame(Kind.HANGUP)
    frames = [found for i in range(len(data)) for found in parser.feed(data[i : i + 1])]
    assert frames == [(Kind.UUID, bytes(range(16))), (Kind.AUDIO, b"ab" * 160), (Kind.HANGUP, b"")]


def test_many_frames_in_one_piece() -> None:
    data = b"".join(frame(Kind.AUDIO, bytes((i, 0)) * 160) for i in range(50))
    frames = FrameParser().feed(data)
    assert [payload[0] for _, payload in frames] == list(range(50))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"GET / HTTP/1.1\r\n", "unknown kind"),
        (b"\x01\x00\x0f", "UUID frame of 15"),
        (b"\x10\xff\xff", "AUDIO frame of 65535"),
        (b"\x10\x00\x03", "half a sample"),
        (b"\x00\x10\x00", "HANGUP frame of 4096"),
        (b"\x11\x02\x80", "unknown kind"),
    ],
)
def test_abuse_is_seen_in_the_header_before_any_payload(data: bytes, why: str) -> None:
    with pytest.raises(ProtocolAbuse, match=why):
        FrameParser().feed(data)


@given(st.binary(max_size=400), st.integers(1, 7))
def test_any_bytes_either_parse_or_are_refused(data: bytes, step: int) -> None:
    parser = FrameParser()
    try:
        for i in range(0, len(data), step):
            for kind, payload in parser.feed(data[i : i + step]):
                assert frame(kind, payload) in data
    except ProtocolAbuse:
        return
