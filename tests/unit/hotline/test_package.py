"""What a plain `pip install .` must bring along beside the modules."""

from __future__ import annotations

import tomllib

from runtime.settings import ROOT

NOT_NEEDED = {"agent_desk/vendor.mjs"}
"""Tools of the development checkout."""


def test_every_data_file_of_a_room_is_declared() -> None:
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    rooms = [pattern.removesuffix("*") for pattern in setuptools["packages"]["find"]["include"]]
    declared, there = set[str](), set[str]()
    for room in rooms:
        for pattern in setuptools["package-data"].get(room, []):
            found = {str(path.relative_to(ROOT)) for path in (ROOT / room).glob(pattern) if path.is_file()}
            assert found, f"{room}: nothing matches {pattern}"
            declared |= found
        there |= {
            str(path.relative_to(ROOT))
            for path in (ROOT / room).rglob("*")
            if path.is_file() and path.suffix not in {".py", ".pyc"}
        }
    assert there - declared == NOT_NEEDED
