"""Other names of things."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.source import read_folder
from kb.synonyms import Synonyms, load_synonyms
from kb.tokens import plain


def test_colloquial_names_follow_the_official_one() -> None:
    synonyms = Synonyms(((("转移登记",), ("过户", "改名字")),))
    assert synonyms.others("不动产转移登记（过户）") == ["改名字"]
    assert synonyms.others("路灯") == []


@pytest.mark.parametrize(
    "row", ["- 过户", "- {is: 过户, called: [x]}", "- {is: [过户]}", "- {is: [], called: [x]}"]
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str) -> None:
    path = tmp_path / "synonyms.yaml"
    path.write_text("- {is: [a], called: [b]}\n" + row, encoding="utf-8")
    with pytest.raises(ValueError, match=r"synonyms\.yaml: row 2 must be"):
        load_synonyms(path)


def test_every_shipped_row_is_of_use() -> None:
    """A row whose official names stand in no article's head is dead."""
    heads = [plain("\n".join([a.title, *a.questions, *a.keywords])) for a in read_folder()[0]]
    dead = [official for official, _ in load_synonyms().rows if not any(n in h for n in official for h in heads)]
    assert dead == []
