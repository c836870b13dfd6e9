"""`hotline figures` on the scripted hour, and on what people mistype."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from db.migrate import upgrade
from db.session import make_engine, make_sessions
from hotline.cli import app
from tests.ports import free_port_base
from tests.unit.calls.figures import hour
from tests.unit.calls.figures.test_report import BY_HAND

HOUR = ("figures", "--from", "2025-05-06T09:00", "--to", "2025-05-06T10:00")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """State of an installation that holds the scripted hour."""
    var = tmp_path_factory.mktemp("var")

    async def fill() -> None:
        engine = make_engine(f"sqlite+aiosqlite:///{var / 'hotline.db'}")
        await upgrade(engine)
        async with make_sessions(engine).begin() as session:
            await hour.write(session)
        await engine.dispose()

    asyncio.run(fill())
    return var


@pytest.fixture(autouse=True)
def _here(installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_VAR", str(installation))
    monkeypatch.setenv("HOTLINE_PORT_BASE", str(free_port_base()))
    monkeypatch.setenv("COLUMNS", "300")


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    assert "Traceback" not in result.output
    return result.exit_code, result.output


def test_json_holds_each_numerator_and_denominator() -> None:
    code, text = run(*HOUR, "--json")
    assert code == 0
    found = json.loads(text)
    counted = {row["code"]: (row["numerator"], row["denominator"]) for row in found["figures"]}
    # No script version is stored here: nothing is known of what callers heard but the dialplan's own notice.
    assert counted == BY_HAND | {"NOTICE": (1, 31)}
    assert all(row["definition"] for row in found["figures"])
    assert (found["from"], found["to"]) == ("2025-05-06T09:00:00+08:00", "2025-05-06T10:00:00+08:00")
    assert found["worst"]["ANS15_24H_MIN"]["to"] == "2025-05-06T09:56:00+08:00"


def test_people_read_a_table() -> None:
    code, text = run(*HOUR)
    assert code == 0
    row = next(line for line in text.splitlines() if " CONNECT_RATE " in line)
    assert "接通率" in row and "79.49%" in row and " 31 " in row and " 39 " in row
    assert "CONNECT_RATE 接通率：接听量÷人工请求量" in text
    assert "worst window 2025-05-05 09:56 – 2025-05-06 09:56, 25 of 39 calls" in text


def test_a_zone_counts() -> None:
    _, text = run("figures", "--from", "2025-05-06T01:00Z", "--to", "2025-05-06T02:00+00:00", "--json")
    assert json.loads(text)["figures"][0]["numerator"] == 40


def test_one_queue() -> None:
    _, text = run(*HOUR, "--queue", "enterprise", "--json")
    found = {row["code"]: row["numerator"] for row in json.loads(text)["figures"]}
    assert (found["CALL_QUEUED"], found["CALL_ANSWERED"], found["OVERFLOW_RATE"]) == (1, 0, 1)


def test_an_empty_period_has_no_rates() -> None:
    code, text = run("figures", "--from", "2025-01-01", "--to", "2025-01-02", "--json")
    assert code == 0
    assert {row["value"] for row in json.loads(text)["figures"] if row["kind"] != "count"} == {None}


def test_staffing_of_each_half_hour() -> None:
    code, text = run("figures", "staffing", *HOUR[1:])
    assert code == 0
    row = next(line for line in text.splitlines() if " 09:00 " in line)
    assert " 20.0 " in row and " 120 s " in row and " 2.0 " in row
    rows = json.loads(run("figures", "staffing", *HOUR[1:], "--json")[1])
    assert [row["half"] for row in rows] == [18, 19] and all(row["needed"] > row["staffed"] for row in rows)
    fewer = json.loads(run("figures", "staffing", *HOUR[1:], "--share", "50", "--within", "60", "--json")[1])
    assert all(low["needed"] < high["needed"] for low, high in zip(fewer, rows, strict=True))


def test_staffing_of_nothing_and_its_mistakes() -> None:
    code, text = run("figures", "staffing", "--from", "2025-01-01", "--to", "2025-01-02")
    assert code == 0 and "nothing to reckon from" in text
    code, text = run("figures", "staffing", "--from", "2025-01-01")
    assert code == 2 and "--to is missing" in text
    assert run("figures", "staffing", *HOUR[1:], "--share", "100")[0] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "yesterday", "--to", "2025-05-06"), "--from 'yesterday' is not a moment"),
        (("--from", "2025-05-06", "--to", "2025-05-32"), "--to '2025-05-32' is not a moment"),
        (("--from", "2025-05-06", "--to", "2025-05-05"), "--to 2025-05-05 is not after --from 2025-05-06"),
        (("--from", "2025-05-06", "--to", "2025-05-06"), "is not after"),
        (("--from", "2020-01-01", "--to", "2025-05-06"), "more than 366 days"),
        (("--to", "2025-05-06"), "--from is missing"),
        (("--from", "2025-05-05", "--to", "2025-05-06", "--queue", "vip"), "there is no queue 'vip'"),
    ],
)
def test_mistakes_are_named(words: tuple[str, ...], said: str) -> None:
    code, text = run("figures", *words)
    assert code == 2
    assert said in text and "→" in text
