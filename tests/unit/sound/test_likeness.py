"""Finding a sound in a recording."""

from __future__ import annotations

import numpy as np
import pytest

from sound import wav
from sound.likeness import heard_share


@pytest.fixture
def said() -> wav.Samples:
    """Two seconds of noise: it is like nothing but itself."""
    return np.random.default_rng(1).normal(0, 0.1, 2 * wav.RATE)


def around(piece: wav.Samples) -> wav.Samples:
    """The piece in the middle of a recording of faint noise."""
    faint = np.random.default_rng(2).normal(0, 0.005, len(piece) + 3 * wav.RATE)
    faint[wav.RATE : wav.RATE + len(piece)] += piece
    return faint


def test_what_was_played_whole_is_found_whole(said: wav.Samples) -> None:
    assert heard_share(said, around(0.5 * said)) == 1.0


def test_what_was_cut_off_is_found_in_part(said: wav.Samples) -> None:
    assert heard_share(said, around(said[: wav.RATE])) == pytest.approx(0.5, abs=0.1)


def test_other_sound_is_not_it(said: wav.Samples) -> None:
    assert heard_share(said, around(said[::-1])) < 0.1
