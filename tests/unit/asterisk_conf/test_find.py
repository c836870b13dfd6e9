from __future__ import annotations

import os
from pathlib import Path

import pytest

from asterisk_conf.find import find_asterisk
from asterisk_conf.program import AsteriskError
from runtime.settings import Settings
from tests.unit.asterisk_conf.programs import script, tree


@pytest.fixture(autouse=True)
def no_asterisk_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only what a test puts on PATH is found."""
    monkeypatch.delenv("HOTLINE_ASTERISK", raising=False)
    monkeypatch.setattr("asterisk_conf.find._search_path", lambda: str(tmp_path / "sbin"))


def _installed(tmp_path: Path, version: str) -> Path:
    (tmp_path / "lib/asterisk/modules").mkdir(parents=True)
    return script(tmp_path / "sbin/asterisk", f"echo 'Asterisk {version}'")


def _settings(tmp_path: Path, asterisk: str = "") -> Settings:
    return Settings(var=tmp_path / "var", asterisk=asterisk)


def test_nothing_is_found_on_an_empty_machine(tmp_path: Path) -> None:
    assert find_asterisk(_settings(tmp_path)) is None


def test_the_one_asked_for_comes_first(tmp_path: Path) -> None:
    _installed(tmp_path, "22.10.1")
    asked = tree(tmp_path / "asked", "23.1.0")
    found = find_asterisk(_settings(tmp_path, str(asked)))
    assert found is not None
    assert found.version == (23, 1, 0)
    assert found.origin == str(asked)
    assert found.command[-1] == str(asked / "usr/sbin/asterisk")
    assert "--library-path" in found.command


def test_a_wrong_path_that_was_asked_for_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AsteriskError, match="does not exist"):
        find_asterisk(_settings(tmp_path, str(tmp_path / "nowhere")))


def test_an_incomplete_tree_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    with pytest.raises(AsteriskError, match="no complete Asterisk"):
        find_asterisk(_settings(tmp_path, str(tmp_path / "half")))


def test_one_on_path_is_used_with_its_own_modules(tmp_path: Path) -> None:
    tree(tmp_path / "var/asterisk")
    binary = _installed(tmp_path, "22.10.1")
    found = find_asterisk(_settings(tmp_path))
    assert found is not None
    assert found.command == (str(binary),)
    assert found.modules == tmp_path / "lib/asterisk/modules"


@pytest.mark.parametrize("version", ["20.6.0", "22.1.1", "18.26.4"])
def test_an_old_one_on_path_is_passed_over(tmp_path: Path, version: str) -> None:
    _installed(tmp_path, version)
    assert find_asterisk(_settings(tmp_path)) is None
    tree(tmp_path / "var/asterisk")
    found = find_asterisk(_settings(tmp_path))
    assert found is not None
    assert found.origin == str(tmp_path / "var/asterisk")


@pytest.mark.parametrize("version", ["20.12.0~dfsg", "21.7.1", "certified/22.8-cert3"])
def test_new_enough_versions(tmp_path: Path, version: str) -> None:
    _installed(tmp_path, version)
    assert find_asterisk(_settings(tmp_path)) is not None


def test_an_old_one_that_was_asked_for_is_refused_with_the_version_needed(tmp_path: Path) -> None:
    binary = _installed(tmp_path, "20.6.0")
    with pytest.raises(AsteriskError, match=r"20\.6\.0.*20\.12\.0"):
        find_asterisk(_settings(tmp_path, str(binary)))


def test_something_else_called_asterisk_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lib/asterisk/modules").mkdir(parents=True)
    other = script(tmp_path / "sbin/asterisk", "echo a star")
    with pytest.raises(AsteriskError, match="is not Asterisk"):
        find_asterisk(_settings(tmp_path, str(other)))


def test_sbin_is_searched_although_users_lack_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    from asterisk_conf import find

    assert "/usr/sbin" in find._search_path().split(os.pathsep)
