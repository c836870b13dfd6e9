from __future__ import annotations

import os
from pathlib import Path

from speech.decoding.trial import STRIKES, ModelTrial


def test_a_model_that_always_kills_us_is_left_alone_until_it_is_mended(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    note = tmp_path / "note"
    for _ in range(STRIKES):
        assert ModelTrial(note).begin(model)
    assert not ModelTrial(note).begin(model)
    assert ModelTrial(note).begin(tmp_path / "another"), "another model gets its own tries"
    for _ in range(STRIKES):
        ModelTrial(note).begin(model)
    assert not ModelTrial(note).begin(model)
    os.utime(model, (1, 1_900_000_000))
    assert ModelTrial(note).begin(model), "the folder changed: somebody mended it"


def test_a_model_that_worked_starts_clean(tmp_path: Path) -> None:
    note = tmp_path / "note"
    for _ in range(10):
        trial = ModelTrial(note)
        assert trial.begin(tmp_path)
        trial.passed()
    assert not note.exists()


def test_a_note_that_cannot_be_read_or_written_forbids_nothing(tmp_path: Path) -> None:
    note = tmp_path / "note"
    note.write_bytes(b"\xff\xfe nonsense")
    assert ModelTrial(note).begin(tmp_path)
    assert ModelTrial(tmp_path / "no" / "folder").begin(tmp_path)
