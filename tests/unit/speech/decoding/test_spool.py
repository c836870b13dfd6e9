from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from speech.decoding.spool import Spool, SpoolFile


def test_pieces_come_back_whole_and_in_any_order(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path)
    sounds = [bytes([i]) * 1000 * (i + 1) for i in range(5)]
    places = [file.write(sound) for sound in sounds]
    for i in (3, 0, 4, 1, 2):
        assert file.read(places[i]) == sounds[i]


def test_nobody_else_can_read_it_and_nothing_stays(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    file = SpoolFile(folder)
    place = file.write(b"voice")
    assert list(folder.iterdir()) == [], "it has no name"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert file._file is not None
    number = file._file.fileno()
    assert stat.S_IMODE(os.fstat(number).st_mode) == 0o600
    file.read(place)
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(number)


def test_what_nobody_wants_leaves_no_open_file(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path)
    file.write(b"a")
    file.write(b"b")
    file.forget()
    assert file._file is not None
    file.forget()
    assert file._file is None


def test_a_full_disk_is_an_error_and_closes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speech.decoding.spool.SPARED", 1 << 60)
    file = SpoolFile(tmp_path)
    with pytest.raises(OSError, match="nearly full"):
        file.write(b"voice")
    assert file._file is None


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        SpoolFile(tmp_path / "file" / "spool").write(b"voice")


def test_one_thread_writes_and_none_is_left(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    done = threading.Event()
    assert spool.later(done.set)
    assert done.wait(5)
    spool.close()
    assert not spool.later(done.set)
