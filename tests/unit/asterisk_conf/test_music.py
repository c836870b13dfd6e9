from __future__ import annotations

from pathlib import Path

from asterisk_conf.music import make_music
from tests import audio


def test_music_is_quiet_unclipped_and_made_once(tmp_path: Path) -> None:
    path = make_music(tmp_path)
    before = path.stat().st_mtime_ns
    (track,) = audio.wav_tracks(path)
    assert len(track) / audio.RATE > 20
    assert audio.loud_seconds(track, floor_db=-60) > 20
    assert -32 < audio.rms_db(track) < -16
    assert abs(track).max() < 0.5
    assert make_music(tmp_path) == path
    assert path.stat().st_mtime_ns == before
