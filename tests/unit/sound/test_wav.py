from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from sound import wav
from tests import audio


def _riff(path: Path, kind: int, channels: int, rate: int, bits: int, data: bytes, *, claimed: int = -1) -> Path:
    """A WAV written by hand."""
    form = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    size = len(data) if claimed < 0 else claimed
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    return path


def _sine(rate: int, seconds: float = 1.0, hertz: float = 440.0) -> audio.Track:
    return audio.tone(hertz, seconds, peak=0.5, rate=rate)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
def test_any_rate_becomes_eight_kilohertz(tmp_path: Path, rate: int) -> None:
    source = audio.write_wav(tmp_path / "in.wav", _sine(rate), rate=rate)
    made = wav.telephone(source, tmp_path / "out.wav")
    (track,) = audio.wav_tracks(tmp_path / "out.wav")
    assert made.seconds == pytest.approx(1.0, abs=0.01)
    assert audio.tone_db(track, 440) == pytest.approx(20 * np.log10(0.5), abs=0.3)


def test_stereo_is_mixed_down(tmp_path: Path) -> None:
    source = audio.write_wav(tmp_path / "in.wav", _sine(44100), _sine(44100, hertz=1000), rate=44100)
    made = wav.telephone(source, tmp_path / "out.wav")
    (track,) = audio.wav_tracks(tmp_path / "out.wav")
    assert made.channels == 2
    assert audio.tone_db(track, 440) == pytest.approx(20 * np.log10(0.25), abs=0.4)
    assert audio.tone_db(track, 1000) == pytest.approx(20 * np.log10(0.25), abs=0.4)


def test_what_the_telephone_cannot_carry_is_removed_and_not_folded_down(tmp_path: Path) -> None:
    source = audio.write_wav(tmp_path / "in.wav", _sine(44100, hertz=6000), rate=44100)
    wav.telephone(source, tmp_path / "out.wav")
    (track,) = audio.wav_tracks(tmp_path / "out.wav")
    assert audio.tone_db(track[800:-800], 2000) < -60  # 8000 - 6000
    assert audio.rms_db(track[800:-800]) < -55


@pytest.mark.parametrize(
    ("kind", "bits", "encode"),
    [
        (1, 8, lambda s: (s * 127 + 128).astype(np.uint8).tobytes()),
        (1, 16, lambda s: (s * 32767).astype("<i2").tobytes()),
        (1, 24, lambda s: b"".join(int(v * 8388607).to_bytes(3, "little", signed=True) for v in s)),
        (1, 32, lambda s: (s * 2147483647).astype("<i4").tobytes()),
        (3, 32, lambda s: s.astype("<f4").tobytes()),
        (3, 64, lambda s: s.astype("<f8").tobytes()),
    ],
)
def test_every_kind_of_sample(tmp_path: Path, kind: int, bits: int, encode) -> None:  # type: ignore[no-untyped-def]
    path = _riff(tmp_path / "in.wav", kind, 1, 8000, bits, encode(_sine(8000)))
    assert wav.read(path).samples == pytest.approx(_sine(8000), abs=0.02)


def test_alaw_and_ulaw_reference_points(tmp_path: Path) -> None:
    # ITU-T G.711: codes of silence and of the greatest positive value.
    alaw = wav.read(_riff(tmp_path / "a.wav", 6, 1, 8000, 8, bytes([0xD5, 0x55, 0xAA, 0x2A] * 100))).samples
    ulaw = wav.read(_riff(tmp_path / "u.wav", 7, 1, 8000, 8, bytes([0xFF, 0x7F, 0x80, 0x00] * 100))).samples
    assert (alaw[:4] * 32768).tolist() == [8, -8, 32256, -32256]
    assert (ulaw[:4] * 32768).tolist() == [0, 0, 32124, -32124]


@pytest.mark.parametrize("claimed", [0, 0xFFFFFFFF])
def test_a_length_that_lies_as_streams_do(tmp_path: Path, claimed: int) -> None:
    data = (_sine(8000) * 32767).astype("<i2").tobytes()
    assert wav.read(_riff(tmp_path / "in.wav", 1, 1, 8000, 16, data, claimed=claimed)).seconds == 1.0


def test_refusals_say_what_was_found(tmp_path: Path) -> None:
    empty = tmp_path / "empty.wav"
    empty.touch()
    text = tmp_path / "text.wav"
    text.write_text("hello, this is not sound at all")
    cases = {
        empty: "is empty",
        text: "is not a WAV file",
        tmp_path / "nowhere.wav": "cannot be read",
        tmp_path: "cannot be read",
        _riff(tmp_path / "silent.wav", 1, 1, 8000, 16, b""): "holds no sound",
        _riff(tmp_path / "mp3.wav", 0x55, 1, 8000, 16, b"1234"): "kind 85",
        _riff(tmp_path / "many.wav", 1, 99, 8000, 16, b"1234"): "99 channels",
        _riff(tmp_path / "zero.wav", 1, 0, 8000, 16, b"1234"): "0 channels",
        _riff(tmp_path / "rate.wav", 1, 1, 0, 16, b"1234"): "at 0 Hz",
        _riff(tmp_path / "click.wav", 1, 1, 8000, 16, b"1234"): "ms of sound",
    }
    for path, reason in cases.items():
        with pytest.raises(wav.WavError, match=reason):
            wav.telephone(path, tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()


def test_no_cut_of_a_file_breaks_the_reader(tmp_path: Path) -> None:
    whole = audio.write_wav(tmp_path / "whole.wav", _sine(8000, 0.01)).read_bytes()
    for length in range(len(whole)):
        part = tmp_path / "part.wav"
        part.write_bytes(whole[:length])
        try:
            assert len(wav.read(part).samples) > 0
        except wav.WavError as error:
            assert error.remedy


def test_levelling_reaches_minus_three_decibels_and_leaves_silence_alone() -> None:
    assert float(np.abs(wav.level(_sine(8000) * 0.1)).max()) == pytest.approx(0.7, abs=0.001)
    assert float(np.abs(wav.level(np.zeros(100))).max()) == 0.0


def test_a_file_appears_whole(tmp_path: Path) -> None:
    wav.write(tmp_path / "deep" / "out.wav", _sine(8000) * 9)  # far too loud: clipped, never wrapped
    with wave.open(str(tmp_path / "deep" / "out.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out.wav"]
