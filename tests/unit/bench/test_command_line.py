"""`make bench` runs every part with the same words."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest

from bench import command_line
from runtime.settings import ROOT

PARTS = re.findall(r"for part in ([a-z ]+);", (ROOT / "Makefile").read_text(encoding="utf-8"))[0].split()


def test_the_makefile_names_parts() -> None:
    assert {"ivr", "speech", "draft", "pop"} <= set(PARTS)


@pytest.mark.parametrize("part", [*PARTS, "vad"])
def test_every_part_takes_the_same_words(part: str, tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    options = importlib.import_module(f"bench.{part}").options_of(["--quick", "--json", str(target)])
    assert (options.quick, options.json) == (True, target)


def test_figures_say_what_they_were_taken_on(tmp_path: Path) -> None:
    target = tmp_path / "new" / "figures.json"
    command_line.write(target, {"ratio": 1.5})
    written = json.loads(target.read_text(encoding="utf-8"))
    assert written["ratio"] == 1.5
    assert written["machine"]["cores"] >= 1
