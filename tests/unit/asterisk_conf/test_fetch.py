from __future__ import annotations

from pathlib import Path

import pytest

from asterisk_conf import fetch
from asterisk_conf.program import AsteriskError
from runtime.settings import Settings
from tests.unit.asterisk_conf.programs import script

MAKES_A_TREE = r"""
echo "$@" >> "$(dirname "$0")/calls"
for last; do before=$into; into=$last; done
into=$before
mkdir -p "$into/usr/lib64" "$into/usr/sbin" "$into/usr/lib/x86_64-linux-gnu/asterisk/modules"
printf '#!/bin/sh\necho Asterisk 22.10.1\n' > "$into/usr/lib64/ld-linux-x86-64.so.2"
chmod +x "$into/usr/lib64/ld-linux-x86-64.so.2"
touch "$into/usr/sbin/asterisk"
echo I: success
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var=tmp_path / "var", mirror="http://near/debian", asterisk="")


def _path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path / "bin"


async def test_fetched_once_and_never_again(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_folder = _path(monkeypatch, tmp_path)
    script(bin_folder / "mmdebstrap", MAKES_A_TREE)
    lines: list[str] = []
    first = await fetch.fetch_asterisk(settings, lines.append)
    second = await fetch.fetch_asterisk(settings, lines.append)
    assert first == second
    assert first.origin == str(settings.var / "asterisk")
    (command,) = (bin_folder / "calls").read_text().splitlines()
    assert "--variant=extract" in command
    assert command.endswith("http://near/debian")
    assert "I: success" in lines


async def test_a_failed_download_leaves_nothing_behind(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(_path(monkeypatch, tmp_path) / "mmdebstrap", MAKES_A_TREE + "echo E: no route to host\nexit 25")
    with pytest.raises(AsteriskError, match="no route to host") as caught:
        await fetch.fetch_asterisk(settings)
    assert "HOTLINE_MIRROR" in caught.value.remedy
    assert list(settings.var.iterdir()) == []


async def test_without_mmdebstrap_an_ordinary_user_is_told_the_command(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(AsteriskError) as caught:
        await fetch.fetch_asterisk(settings)
    assert "sudo apt-get install mmdebstrap" in caught.value.remedy


async def test_root_gets_mmdebstrap_through_apt(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_folder = _path(monkeypatch, tmp_path)
    monkeypatch.setenv("PATH", f"{bin_folder}:{tmp_path / 'only'}")
    for needed in ("mkdir", "chmod", "touch", "dirname", "cp", "sh"):
        (tmp_path / "only").mkdir(exist_ok=True)
        (tmp_path / "only" / needed).symlink_to(f"/bin/{needed}")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    source = script(tmp_path / "package", MAKES_A_TREE)
    script(bin_folder / "apt-get", f'[ "$1" = update ] || cp {source} {bin_folder}/mmdebstrap')
    assert (await fetch.fetch_asterisk(settings)).version == (22, 10, 1)
