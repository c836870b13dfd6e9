"""`hotline tickets`: the vectors of the brief, pauses, and one ticket of a database."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from db.migrate import upgrade
from db.models import TicketClock
from db.session import make_engine, make_sessions
from hotline.cli import app
from runtime.bus import LocalBus
from tests.fakes.clock import FakeClock
from tests.unit.tickets.conftest import CALL, CALLER, build_centre, lamp_fields

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in [name for name in os.environ if name.startswith("HOTLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOTLINE_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "300")

    def command(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["tickets", *words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return command


def reckoned(run: Run, *words: str) -> dict[str, dict[str, Any]]:
    code, text = run("clocks", "--json", *words)
    assert code == 0, text
    return {row["clock"]: row for row in json.loads(text)["clocks"]}


@pytest.mark.parametrize(
    ("created", "sign", "transfer", "close"),
    [
        ("2025-09-26T16:40", "09-28T09:40", "09-30", "10-13"),
        ("2025-09-30T17:20", "10-09T10:20", "10-11", "10-16"),
        ("2025-10-03T22:10", "10-09T10:30", "10-11", "10-16"),
        ("2025-11-14T09:00", "11-14T11:00", "11-19", "11-25"),
        ("2025-11-14T11:30", "11-14T15:00", "11-19", "11-25"),
        ("2025-01-24T15:00+08:00", "01-24T17:00", "02-05", "02-10"),
    ],
)
def test_the_vectors_of_the_brief(run: Run, created: str, sign: str, transfer: str, close: str) -> None:
    rows = reckoned(run, "--profile", "ZJ2017", "--created", created)
    assert rows["sign_by"]["due"] == f"2025-{sign}:00+08:00"
    assert rows["transfer_by"]["due"] == f"2025-{transfer}T17:30:00+08:00"
    assert rows["close_by"]["due"] == f"2025-{close}T17:30:00+08:00"
    assert rows["close_by"]["red"] == f"2025-{close}T17:30:01+08:00"
    ordinary = reckoned(run, "--created", created, "--procedure", "ORDINARY")
    assert {"inform_by", "close_by"} <= ordinary.keys()


def test_what_happened_moves_what_it_is_about(run: Run) -> None:
    created = ("--created", "2025-11-14T09:00", "--at", "2025-11-26T09:00")
    events = ("--event", "resume@2025-11-20T10:00", "--event", "pause@2025-11-18T10:00")
    rows = reckoned(run, *created, *events, "--event", "sign@2025-11-14T11:00")
    assert (rows["close_by"]["due"], rows["close_by"]["lamp"]) == ("2025-11-27T17:30:00+08:00", "GREEN")
    assert rows["close_by"]["suspended_s"] == 2 * 86400
    assert (rows["sign_by"]["met"], rows["sign_by"]["lamp"]) == ("2025-11-14T11:00:00+08:00", "GREY")
    longer = reckoned(run, *created, "--event", "close_by:extend@2025-11-20T09:00=3")
    assert longer["close_by"]["due"] == "2025-11-28T17:30:00+08:00"
    paused = reckoned(run, *created, "--event", "pause@2025-11-18T10:00")
    assert paused["close_by"]["lamp"] == "PAUSED"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--created", "yesterday"), "is no moment"),
        (("--created", "2025-11-14T09:00", "--profile", "XX"), "no profile XX"),
        (("--created", "2025-11-14T09:00", "--profile", "BASE"), "no profile BASE"),
        (("--created", "2025-11-14T09:00", "--event", "pause"), "has no moment"),
        (("--created", "2025-11-14T09:00", "--event", "melt@2025-11-15T09:00"), "nothing called melt"),
        (("--created", "2025-11-14T09:00", "--event", "resume@2025-11-15T09:00"), "not possible here"),
        (("--created", "2025-11-14T09:00", "--event", "pause@2025-11-13T09:00"), "before what happened last"),
        (("--created", "2025-11-14T09:00", "--event", "nap:pause@2025-11-15T09:00"), "no clock is called nap"),
        (("--created", "2025-11-14T09:00", "--event", "extend@2025-11-15T09:00=many"), "many is no number"),
    ],
)
def test_mistakes_are_sentences(run: Run, words: tuple[str, ...], said: str) -> None:
    code, text = run("clocks", *words)
    assert code == 2
    assert said in text and "Traceback" not in text


@pytest.fixture
def ticket_no(tmp_path: Path) -> str:
    """A ticket that waits for its unit, in the installation's database."""
    (tmp_path / "var").mkdir()

    async def make() -> str:
        engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'var' / 'hotline.db'}")
        await upgrade(engine)
        bus = LocalBus()
        centre = await build_centre(make_sessions(engine), FakeClock(), bus)
        ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban)
        await bus.close()
        await engine.dispose()
        return ticket.ticket_no

    return asyncio.run(make())


def test_one_ticket_with_its_clocks_and_without_who_complained(run: Run, ticket_no: str) -> None:
    code, text = run("show", ticket_no, "--json")
    assert code == 0, text
    found = json.loads(text)
    assert (found["state"], found["nature"]) == ("DISPATCHED", "LEAD")
    clocks = {clock["name"]: clock for clock in found["clocks"]}
    assert [event["kind"] for event in clocks["divert_by"]["events"]] == ["start", "meet"]
    assert clocks["close_by"]["due_at"] == "2025-11-25T17:30:00+08:00"
    assert [step["label"] for step in found["steps"]] == ["建立草稿", "提交", "派单"]
    assert len(found["beside"]["dispatches"]) == 1
    assert "陈建华" not in text and CALLER not in text
    assert ticket_no in run("show", ticket_no)[1]
    assert run("show", "251114090000999999")[0] == 2


def test_the_books_are_checked_and_put_right(run: Run, ticket_no: str, tmp_path: Path) -> None:
    code, text = run("check")
    assert (code, "all agree" in text) == (0, True), text

    async def spoil() -> None:
        engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'var' / 'hotline.db'}")
        async with make_sessions(engine).begin() as session:
            wrong = update(TicketClock).where(TicketClock.name == "close_by")
            await session.execute(wrong.values(due_at=TicketClock.started_at, warn_at=TicketClock.started_at))
        await engine.dispose()

    asyncio.run(spoil())
    code, text = run("check", "--json")
    findings = json.loads(text)["findings"]
    assert code == 1
    assert {(finding["kind"], finding["ticket_no"]) for finding in findings} >= {("clock", ticket_no)}
    code, text = run("recompute")
    assert (code, text.strip()) == (0, "3 clocks reckoned again, 1 changed")
    assert run("check")[0] == 0
