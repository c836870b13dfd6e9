"""The command line as a person meets it: helpful, and no traceback whatever is typed."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from accounts.roles import ROLES
from db.migrate import upgrade
from db.seed import load_units
from db.session import make_engine, make_sessions
from hotline.cli import _program, app
from runtime.settings import ROOT, Settings
from tests import audio
from tests.ports import free_port_base

Run = Callable[..., tuple[int, str]]

NEWEST = ScriptDirectory("db/migrations").get_current_head()


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and units."""
    path = tmp_path_factory.mktemp("cli") / "hotline.db"

    async def make() -> None:
        engine = make_engine(f"sqlite+aiosqlite:///{path}")
        await upgrade(engine)
        async with make_sessions(engine).begin() as session:
            await load_units(session)
        await engine.dispose()

    asyncio.run(make())
    return path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `hotline …` on an installation where nothing was ever started; gives exit code and output."""
    for name in [name for name in os.environ if name.startswith("HOTLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOTLINE_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("HOTLINE_PORT_BASE", str(free_port_base()))
    monkeypatch.setenv("COLUMNS", "300")

    def command(*words: str, **environment: str) -> tuple[int, str]:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            result = CliRunner().invoke(app, list(words))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result.exit_code, result.output

    return command


@pytest.fixture
def installed(run: Run, tmp_path: Path, migrated: Path) -> Run:
    """The same, with a database."""
    (tmp_path / "var").mkdir()
    shutil.copy(migrated, tmp_path / "var" / "hotline.db")
    return run


def mistake(answer: tuple[int, str]) -> str:
    """The one sentence of a mistake that can be mended, with its remedy."""
    code, text = answer
    lines = text.strip().splitlines()
    assert code == 2, text
    assert len(lines) == 2, text
    assert lines[0].startswith("error: ")
    assert lines[1].startswith("  → ")
    return text


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield words
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from commands(child, (*words, name))


@pytest.mark.parametrize("words", list(commands(get_command(app))), ids=" ".join)
def test_every_command_says_what_it_does_and_what_each_word_means(run: Run, words: tuple[str, ...]) -> None:
    code, text = run(*words, "--help")
    assert code == 0
    command: Any = get_command(app)
    for word in words:
        assert isinstance(command, TyperGroup)
        command = command.commands[word]
    assert command.help and len(command.help) > 15, f"{words} does not say what it does"
    for parameter in command.params:
        assert getattr(parameter, "help", ""), f"{words}: {parameter.name} has no help"
    assert "Usage:" in text


def test_help_tells_what_people_look_for(run: Run) -> None:
    assert all(role in run("user", "add", "--help")[1] for role in ROLES)
    call = run("call", "--help")[1]
    assert "Example: hotline call --from" in call
    assert "wait 3 (seconds)" in call


@pytest.mark.parametrize(
    "words", [("nosuch",), ("user", "add"), ("call",), ("db", "downgrade"), ("up", "--nosuch")]
)
def test_a_mistyped_command_shows_where_help_is(run: Run, words: tuple[str, ...]) -> None:
    code, text = run(*words)
    assert code == 2
    assert "--help" in text


def test_the_version_is_told(run: Run) -> None:
    code, text = run("--version")
    assert code == 0
    assert re.fullmatch(r"hotline \d+\.\d+\.\d+\n", text)


def test_a_wrong_log_level_is_named_with_the_right_ones(run: Run) -> None:
    text = mistake(run("up", HOTLINE_LOG_LEVEL="loud"))
    assert "HOTLINE_LOG_LEVEL='loud'" in text
    assert "'warning'" in text
    assert run("db", "status", HOTLINE_LOG_LEVEL="warning")[0] == 1


@pytest.mark.parametrize("value", ["abc", "70000", "80", ""])
def test_a_wrong_port_base_is_named_with_its_meaning(run: Run, value: str) -> None:
    text = mistake(run("db", "status", HOTLINE_PORT_BASE=value))
    assert f"HOTLINE_PORT_BASE={value!r}" in text
    assert "First of the 700 ports" in text


def test_a_folder_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for words in (
        ("up",),
        ("db", "status"),
        ("user", "list"),
        ("prompts", "make"),
        ("prompts", "voice", "zh_CN-huayan-medium"),
        ("asterisk", "fetch"),
        ("models", "download"),
    ):
        text = mistake(run(*words, HOTLINE_VAR=str(tmp_path / "file" / "var")))
        assert f"{tmp_path / 'file' / 'var'} cannot be written" in text
        assert "HOTLINE_VAR" in text


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-"])
def test_a_command_works_with_closed_streams(tmp_path: Path, closed: str) -> None:
    """As some services start programs. uvloop would abort the process."""
    environment = os.environ | {"HOTLINE_VAR": str(tmp_path / "var")}
    line = f'exec "$0" -m hotline.cli db status {closed}'
    done = subprocess.run(["bash", "-c", line, sys.executable], env=environment, cwd=ROOT, capture_output=True)
    assert (done.returncode, done.stderr) == (1, b""), "the status of a database that is not there"


def test_a_terminal_that_knows_no_chinese_gets_what_it_can_show(tmp_path: Path) -> None:
    environment = os.environ | {"HOTLINE_VAR": str(tmp_path / "var"), "PYTHONIOENCODING": "latin-1"}
    command = [sys.executable, "-m", "hotline.cli", "script", "show", "direct"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"survey" in done.stdout


# -- scripts -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("verb", ["check", "show", "walk", "publish"])
def test_an_unknown_script_is_refused_with_the_shipped_ones(run: Run, verb: str) -> None:
    text = mistake(run("script", verb, "nosuch.yaml"))
    assert "nosuch.yaml does not exist" in text
    assert "direct, menu" in text
    assert "is a folder" in mistake(run("script", verb, "/tmp"))


def test_a_broken_script_is_told_by_node_and_line(run: Run, tmp_path: Path) -> None:
    good = (ROOT / "ivr" / "scripts" / "direct.yaml").read_text(encoding="utf-8")
    broken = tmp_path / "broken.yaml"
    broken.write_text(good.replace("no_input: queue", "no_input: nowhere", 1), encoding="utf-8")
    line = good[: good.index("no_input: queue")].count("\n") + 1
    code, text = run("script", "check", str(broken))
    assert code == 1
    assert "offer" in text
    assert "nowhere" in text
    assert f"第 {line} 行" in text
    assert run("script", "check", "direct")[0] == 0

    broken.write_text("format: [", encoding="utf-8")
    assert run("script", "check", str(broken))[0] == 1
    assert "script check" in run("script", "show", str(broken))[1]


def test_a_broken_script_is_not_published(installed: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("format: 1\nname: x\n", encoding="utf-8")
    code, text = installed("script", "publish", str(broken))
    assert code == 2
    assert f"`hotline script check {broken}`" in text
    assert installed("script", "publish", "menu", "--note", "first")[0] == 0
    with sqlite3.connect(tmp_path / "var" / "hotline.db") as database:
        published = database.execute("SELECT object_id, actor_name, reason FROM audit_event").fetchall()
    database.close()
    assert [(what, who.startswith("命令行 "), why) for what, who, why in published] == [("menu:1", True, "first")]


# -- database and accounts ---------------------------------------------------------------------------------
def test_the_database_is_for_its_owner_only(run: Run, tmp_path: Path) -> None:
    assert run("db", "upgrade")[0] == 0
    assert (tmp_path / "var" / "hotline.db").stat().st_mode & 0o777 == 0o600


def test_the_database_goes_up_and_down_and_says_where_it_is(run: Run) -> None:
    assert run("db", "status")[0] == 1
    assert f"revision {NEWEST}" in run("db", "upgrade")[1]
    assert run("db", "status")[0] == 0
    assert "nosuch" in mistake(run("db", "upgrade", "nosuch"))
    assert "nosuch" in mistake(run("db", "downgrade", "nosuch"))
    code, text = run("db", "downgrade", "-1")
    assert (code, "base" in text) == (0, True)
    assert run("db", "status")[0] == 1


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("nonsense", "HOTLINE_DATABASE_URL is not a database address"),
        ("nosuch://host/db", "HOTLINE_DATABASE_URL is not a database address"),
        ("postgresql+asyncpg://nobody:secret-word@127.0.0.1:1/none", "does not do what was asked"),
    ],
)
def test_a_database_that_cannot_be_had_is_told_without_its_password(run: Run, url: str, word: str) -> None:
    for words in (("db", "status"), ("db", "upgrade"), ("user", "list"), ("up",), ("desk",)):
        code, text = run(
            *words, HOTLINE_DATABASE_URL=url, HOTLINE_NATS_URL="nats://127.0.0.1:1", HOTLINE_VOSK_MODEL="/nosuch"
        )
        mistake((code, text[text.index("error: ") :]))
        assert word in text
        assert "secret-word" not in text
    code, text = run("doctor", HOTLINE_DATABASE_URL=url)
    assert code == 1
    assert word in text
    assert "HOTLINE_DATABASE_URL" in text
    assert "secret-word" not in text


@pytest.mark.parametrize("damage", ["noise", "half"])
def test_a_damaged_database_is_told_with_what_to_do(
    installed: Run, tmp_path: Path, migrated: Path, damage: str
) -> None:
    file = tmp_path / "var" / "hotline.db"
    whole = migrated.read_bytes()
    file.write_bytes(bytes(range(256)) * 80 if damage == "noise" else whole[:4096] + b"\xff" * (len(whole) - 4096))
    for words in (("db", "upgrade"), ("user", "list"), ("up",)):
        code, text = installed(*words, HOTLINE_VOSK_MODEL="/nosuch")
        assert str(file) in mistake((code, text[text.index("error: ") :]))
    code, text = installed("doctor")
    assert code == 1
    assert f"is{file}damaged?" in "".join(text.split()), "a narrow console may break the line"


def test_a_file_that_may_not_be_written_is_no_fault_of_ours(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(_settings: Settings) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "x"))

    monkeypatch.setattr("hotline.commands.db.open_database", full)
    assert f"{tmp_path / 'x'} cannot be written: No space left" in mistake(run("db", "status"))


def test_where_nothing_can_be_kept_a_fault_is_still_one_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_settings: Settings) -> None:
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr("hotline.commands.db.open_database", broken)
    code, text = run("db", "status", HOTLINE_VAR="/proc/x")
    assert code == 1
    assert len(text.splitlines()) == 2
    assert "test_cli.py line" in text


def test_accounts_need_a_database_first(run: Run) -> None:
    for words in (
        ("user", "list"),
        ("user", "password", "x"),
        ("user", "add", "ab", "--name", "王", "--role", "QA"),
    ):
        assert "hotline up" in mistake(run(*words))


def test_accounts_are_made_listed_and_given_new_passwords(installed: Run) -> None:
    assert "no accounts yet" in installed("user", "list")[1]
    add = ("user", "add", "wangli", "--name", "王丽", "--role", "AGENT")
    code, text = installed(*add)
    assert code == 0
    assert "seat 8001" in text
    password = text.split("password ")[1].split(",")[0]
    assert "'wangli' is taken" in mistake(installed(*add))
    listed = installed("user", "list")[1]
    assert "wangli" in listed
    assert "王丽" in listed
    assert "8001" in listed
    code, text = installed("user", "password", "wangli")
    assert code == 0
    assert password not in text
    assert "no account 'nobody'" in mistake(installed("user", "password", "nobody"))


def test_a_new_password_ends_sessions_must_be_changed_and_leaves_a_trace(installed: Run, tmp_path: Path) -> None:
    assert installed("user", "add", "wangli", "--name", "王丽", "--role", "AGENT")[0] == 0
    with sqlite3.connect(tmp_path / "var" / "hotline.db") as database:
        database.execute('UPDATE "user" SET must_change_password = 0, failed_logins = 4')
        database.execute(
            "INSERT INTO web_session VALUES ('hash', 1, 'csrf', :now, :now, :now, '', '')", {"now": "2025-01-01"}
        )
    database.close()
    assert installed("user", "password", "wangli")[0] == 0
    with sqlite3.connect(tmp_path / "var" / "hotline.db") as database:
        assert database.execute("SELECT count(*) FROM web_session").fetchall() == [(0,)]
        assert database.execute('SELECT must_change_password, failed_logins FROM "user"').fetchall() == [(1, 0)]
        rows = database.execute("SELECT action, actor_name, object_id FROM audit_event ORDER BY id").fetchall()
    database.close()
    assert [action for action, *_ in rows] == ["account_made", "password_reset"]
    assert all(name.startswith("命令行 ") and account == "1" for _, name, account in rows)


def test_a_second_factor_is_taken_away_at_the_terminal(installed: Run, tmp_path: Path) -> None:
    assert installed("user", "add", "wangli", "--name", "王丽", "--role", "ADMIN")[0] == 0
    assert "has no second factor" in mistake(installed("user", "second-factor", "wangli"))
    assert "no account 'nobody'" in mistake(installed("user", "second-factor", "nobody"))
    with sqlite3.connect(tmp_path / "var" / "hotline.db") as database:
        database.execute("INSERT INTO second_factor VALUES (1, 'salt', '2025-01-01', '2025-01-01', 7)")
    database.close()
    code, text = installed("user", "second-factor", "wangli")
    assert code == 0 and "password alone" in text
    with sqlite3.connect(tmp_path / "var" / "hotline.db") as database:
        assert database.execute("SELECT count(*) FROM second_factor").fetchall() == [(0,)]
        (action, name) = database.execute("SELECT action, actor_name FROM audit_event ORDER BY id DESC").fetchone()
    database.close()
    assert action == "second_factor_reset" and name.startswith("命令行 ")


@pytest.mark.parametrize(
    ("words", "said", "remedy"),
    [
        (("wangli", "--role", "BOSS"), "unknown role BOSS", "UNIT_LIAISON"),
        (("wangli", "--role", "QA", "--unit", "zz"), "no unit 'zz'", "centre"),
        (("王 丽", "--role", "QA"), "cannot be a login", "letters"),
        (("wangli", "--role", "AGENT"), "all 1 seats are taken", "HOTLINE_SEATS"),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    installed: Run, words: tuple[str, ...], said: str, remedy: str
) -> None:
    assert installed("user", "add", "first", "--name", "甲", "--role", "AGENT")[0] == 0
    text = mistake(installed("user", "add", *words, "--name", "王丽", HOTLINE_SEATS="1"))
    assert said in text
    assert remedy in text


@pytest.mark.parametrize("name", ["", " ", "王" * 65])
def test_a_name_that_no_database_keeps_is_refused(installed: Run, name: str) -> None:
    text = mistake(installed("user", "add", "wangli", "--name", name, "--role", "QA"))
    assert "cannot be a name" in text
    assert "64 characters" in text


# -- the system is not running -----------------------------------------------------------------------------
def test_a_call_without_a_system_is_one_sentence_and_no_retries_on_the_console(run: Run) -> None:
    base = free_port_base()
    done = subprocess.run(
        [sys.executable, "-m", "hotline.cli", "call", "--from", "13912345678"],
        cwd=ROOT,
        env={**os.environ, "HOTLINE_PORT_BASE": str(base)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == ""
    text = mistake((done.returncode, done.stderr))
    assert f"port {base + 39}" in text
    assert "hotline up" in text


def test_a_bad_voice_or_plan_is_refused_before_anything_rings(run: Run, tmp_path: Path) -> None:
    call = ("call", "--from", "13912345678")
    empty = tmp_path / "empty.wav"
    empty.write_bytes(b"")
    for path, said in (
        (tmp_path / "none.wav", "cannot be read"),
        (ROOT / "Makefile", "not a WAV"),
        (empty, "empty"),
    ):
        assert said in mistake(run(*call, "--audio", str(path)))
    good = audio.write_wav(tmp_path / "good.wav", audio.tone(440, 1))
    text = mistake(run(*call, "--audio", str(good), "--press", "jump"))
    assert "'jump'" in text
    assert "wait 3" in text
    assert "telephone number" in mistake(run(*call, "--to", "x@y"))


@pytest.mark.parametrize(
    "words", [("status",), ("cli", "core show channels"), ("cli", "--instance", "network", "x")]
)
def test_an_asterisk_that_does_not_run_is_said_so(
    run: Run, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asterisk_conf.find.find_asterisk", lambda _settings: object())
    text = mistake(run("asterisk", *words))
    assert "does not run" in text
    assert "hotline up" in text


def test_a_wrong_asterisk_is_named(run: Run) -> None:
    assert "/nosuch" in mistake(run("asterisk", "status", HOTLINE_ASTERISK="/nosuch"))


# -- models and the doctor ---------------------------------------------------------------------------------
def test_a_wrong_model_is_named(run: Run) -> None:
    text = mistake(run("models", "list", HOTLINE_VOSK_MODEL="/nosuch"))
    assert "HOTLINE_VOSK_MODEL=/nosuch" in text


def test_the_model_in_use_is_listed(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "var" / "models" / "vosk-model-small-cn-9"
    for name in ("am/final.mdl", "conf/model.conf"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    code, text = run("models", "list")
    assert code == 0
    assert f"in use: {folder}" in text


def test_the_doctor_looks_at_a_folder_where_nothing_is_yet_and_leaves_it_so(run: Run, tmp_path: Path) -> None:
    code, text = run("doctor", HOTLINE_VOSK_MODEL="/nosuch")
    assert code in (0, 1)  # 1 where this machine is short of disk or has no voice
    assert "not made yet" in text
    assert "HOTLINE_VOSK_MODEL=/nosuch" in text
    assert not (tmp_path / "var").exists()
    for part in ("Python", "disk", "secrets", "ports", "database", "Asterisk", "prompts", "speech model"):
        assert part in text


def test_the_doctor_tells_a_wrong_address_from_a_taken_port(run: Run) -> None:
    code, text = run("doctor", HOTLINE_HOST="192.0.2.1")
    assert code == 1
    assert "192.0.2.1 is not an address" in text
    assert "correct HOTLINE_HOST" in text
    assert "taken" not in text


def test_the_doctor_names_a_secret_that_others_can_read(installed: Run, tmp_path: Path) -> None:
    secret = tmp_path / "var" / "secrets" / "sip.key"
    secret.parent.mkdir()
    secret.write_text("x")
    secret.chmod(0o644)
    code, text = installed("doctor")
    assert code == 1
    assert "sip.key" in text
    assert "chmod 600" in text
    assert f"revision {NEWEST}" in text


def test_our_own_fault_is_told_in_a_sentence_and_kept_in_full(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_settings: Settings) -> None:
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr("hotline.commands.db.open_database", broken)
    monkeypatch.setattr("sys.argv", ["hotline", "call", "--from", "13912345678"])
    code, text = run("db", "status")
    assert code == 1
    kept = tmp_path / "var" / "log" / "command.log"
    assert "no such luck" in text
    assert str(kept) in text
    assert "Traceback" in kept.read_text(encoding="utf-8")
    assert kept.read_text(encoding="utf-8").startswith("$ hotline call\n"), "which command, and nobody's number"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """An installed `hotline` that nobody needs to run."""
    path = tmp_path / "venv with space/bin/hotline"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_hint_names_the_program_as_the_shell_finds_it(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(program), "up"])
    monkeypatch.setenv("PATH", str(program.parent))
    assert _program() == "hotline"


def test_the_hint_names_the_path_where_the_shell_finds_none_or_another(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [str(program), "up"])
    other = tmp_path / "other/hotline"
    other.parent.mkdir()
    shutil.copy(program, other)
    for path in ("/nowhere", str(other.parent)):
        monkeypatch.setenv("PATH", path)
        monkeypatch.chdir(tmp_path)
        assert _program() == "'venv with space/bin/hotline'"
        monkeypatch.chdir("/")
        assert _program() == f"'{str(program).removeprefix('/')}'"
        monkeypatch.chdir(other.parent)
        assert _program() == f"'{program}'"


def test_what_was_started_in_another_way_is_called_hotline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "__main__.py"
    module.write_text("")
    monkeypatch.setattr(sys, "argv", [str(module)])
    assert _program() == "hotline"


def test_an_agent_is_given_a_node_that_there_is(installed: Run, tmp_path: Path) -> None:
    assert installed("user", "add", "wangli", "--name", "王丽", "--role", "AGENT")[0] == 0
    now = "2025-11-14 01:00:00"
    with sqlite3.connect(tmp_path / "var" / "hotline.db") as database:
        database.execute("INSERT INTO node VALUES ('city', 'i', 'h', 'u', 'r', ?, ?, NULL)", (now, now))
    database.close()
    assert "no account 'nobody'" in mistake(installed("user", "node", "nobody", "city"))
    assert "nodes so far: city" in mistake(installed("user", "node", "wangli", "town"))
    assert "at node city" in installed("user", "node", "wangli", "city")[1]
    assert "city" in installed("user", "list")[1]
    assert "at any node" in installed("user", "node", "wangli")[1]
