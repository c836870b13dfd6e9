from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from db.models import SlaProfile
from db.session import Sessions
from tickets.clocks.sla import Matter, load_profile, seed_profiles, shipped

SIMPLE = Matter("HELP", "1106", "GENERAL", "SIMPLE")


async def test_profiles_are_seeded_once_and_read_back(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        assert await seed_profiles(session) == len(shipped()) - 1
    async with sessions.begin() as session:
        assert await seed_profiles(session) == 0
        profile = await load_profile(session, date(2025, 11, 14))
    assert profile.stamp == "ZJ2017-1"
    assert profile.row_id is not None
    assert profile.clocks(SIMPLE)["close_by"].value == 7


async def test_a_newer_version_counts_from_its_day(sessions: Sessions) -> None:
    stricter = {"rules": [{"clocks": {"close_by": {"value": 3, "unit": "workday"}}}]}
    async with sessions.begin() as session:
        await seed_profiles(session)
        session.add(SlaProfile(code="ZJ2017", version=2, valid_from=date(2026, 1, 1), rules=stricter))
    async with sessions() as session:
        before = await load_profile(session, date(2025, 12, 31))
        after = await load_profile(session, date(2026, 1, 1))
    assert (before.version, after.version) == (1, 2)
    assert after.clocks(SIMPLE)["close_by"].value == 3


async def test_without_rows_the_shipped_profile_serves(sessions: Sessions) -> None:
    async with sessions() as session:
        profile = await load_profile(session, date(2025, 11, 14))
    assert profile.row_id is None
    assert profile.stamp == "ZJ2017-1"


def test_an_unknown_clock_in_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sla.yaml"
    file.write_text(
        "- {code: X, version: 1, valid_from: 2020-01-01, name: x, source: x,"
        " rules: [{clocks: {sing_by: {value: 2, unit: hour}}}]}"
    )
    with pytest.raises(ValueError, match="sing_by"):
        shipped(file)
