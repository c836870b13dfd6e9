from __future__ import annotations

from pathlib import Path

import pytest

from asterisk_conf import logfiles
from asterisk_conf.logfiles import put_away_full


def test_full_files_are_put_away_and_the_oldest_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfiles, "LARGEST", 10)
    for turn in range(logfiles.KEPT + 2):
        (tmp_path / "security.log").write_text(f"{turn}" * 10)
        assert put_away_full(tmp_path)
    kept = {path.name: path.read_text()[0] for path in tmp_path.iterdir()}
    assert kept == {"security.log.1": "4", "security.log.2": "3", "security.log.3": "2"}


def test_what_is_not_full_stays(tmp_path: Path) -> None:
    assert not put_away_full(tmp_path)
    (tmp_path / "messages.log").write_text("NOTICE")
    assert not put_away_full(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["messages.log"]
