"""What all unit tests share."""

from __future__ import annotations

import pytest

from db import seed
from tests.fakes.desk_seed import QUICK


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Demo accounts get hashes that are made at once; a real one takes a fifth of a second on purpose."""
    monkeypatch.setattr(seed, "_hasher", QUICK)
