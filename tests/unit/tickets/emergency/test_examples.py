"""The labelled utterances: readable, varied, and test situations that training does not know."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tickets.emergency.examples import (
    NONE,
    Before,
    DataError,
    Example,
    held_out_examples,
    near_copies,
    read_examples,
    training_examples,
)
from tickets.emergency.wordlist import FILE


@pytest.fixture(scope="module")
def train() -> list[Example]:
    return training_examples()


@pytest.fixture(scope="module")
def held_out() -> list[Example]:
    return held_out_examples()


def test_every_code_is_known_and_taught(train: list[Example], held_out: list[Example]) -> None:
    known = set(yaml.safe_load(FILE.read_text(encoding="utf-8"))["codes"]) | {NONE}
    assert {one.code for one in [*train, *held_out]} <= known
    taught = {one.code for one in train}
    assert {one.code for one in held_out} <= taught


def test_nothing_says_the_same_twice(train: list[Example], held_out: list[Example]) -> None:
    """A thousand fillings of ten templates teach nothing, and a copy in the test proves nothing."""
    assert [(a.text, b.text) for a, b in near_copies(held_out)] == []
    assert [(a.text, b.text) for a, b in near_copies(train, held_out)] == []


def test_near_copies_are_found() -> None:
    fire = Example("E119-01", "a", "我家厨房着火了快来人")
    same = Example("E119-01", "b", "我家厨房着火了快来人救火")
    other = Example("E119-01", "c", "隔壁冒黑烟")
    assert list(near_copies([fire, same, other])) == [(same, fire)]
    assert list(near_copies([same], [fire])) == [(same, fire)]


def test_a_line_with_what_was_said_before(tmp_path: Path) -> None:
    file = tmp_path / "x.tsv"
    file.write_text("E119-01\t厨房\t当事人\t客:您在哪里|民:三楼|火好大\n", encoding="utf-8")
    assert read_examples(file) == [
        Example("E119-01", "厨房", "火好大", (Before("agent", "您在哪里"), Before("citizen", "三楼")))
    ]


@pytest.mark.parametrize("line", ["E119-01\t厨房\t火好大", "E119-01\t\t当事人\t火好大", "E1\ta\tb\t谁:问|火好大"])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "x.tsv"
    file.write_text(f"NONE\ta\tb\t好\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"x\.tsv:2"):
        read_examples(file)
