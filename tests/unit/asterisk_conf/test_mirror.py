from __future__ import annotations

from pathlib import Path

import pytest

from asterisk_conf.mirror import DEFAULT_MIRROR, debian_mirror

DEB822 = """\
# comment
Types: deb
URIs: https://other.example/apt
Suites: stable

Types: deb deb-src
URIs: http://mirrors.tuna.tsinghua.edu.cn/debian/
Suites: bookworm
 bookworm-updates
Components: main
"""


def _apt(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_without_sources_the_usual_mirror(tmp_path: Path) -> None:
    assert debian_mirror(tmp_path) == DEFAULT_MIRROR


def test_the_new_format(tmp_path: Path) -> None:
    apt = _apt(tmp_path, **{"sources.list.d__debian_sources": DEB822})
    assert debian_mirror(apt) == "http://mirrors.tuna.tsinghua.edu.cn/debian"


def test_the_classic_format_with_options(tmp_path: Path) -> None:
    text = "# deb http://old/debian x main\ndeb [arch=amd64 signed-by=/k] http://near/debian bookworm main\n"
    assert debian_mirror(_apt(tmp_path, sources_list=text)) == "http://near/debian"


@pytest.mark.parametrize(
    "line",
    [
        "deb http://archive.ubuntu.com/ubuntu noble main",
        "deb http://deb.debian.org/debian-security bookworm-security main",
        "deb cdrom:[Debian]/ bookworm main",
        "deb-src http://near/debian bookworm main",
        "deb file:/srv/debian bookworm main",
        "garbage",
    ],
)
def test_what_holds_no_asterisk_is_passed_over(tmp_path: Path, line: str) -> None:
    assert debian_mirror(_apt(tmp_path, sources_list=line + "\n")) == DEFAULT_MIRROR


def test_a_stanza_that_is_switched_off(tmp_path: Path) -> None:
    text = "Enabled: no\nTypes: deb\nURIs: http://near/debian\nSuites: x\n"
    assert debian_mirror(_apt(tmp_path, **{"sources.list.d__debian_sources": text})) == DEFAULT_MIRROR
