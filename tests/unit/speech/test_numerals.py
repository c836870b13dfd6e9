from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.numerals import clerk_numbers
from tests.unit.speech.number_phrases import PHRASES


@pytest.mark.parametrize(("said", "written"), PHRASES, ids=[said for said, _ in PHRASES])
def test_as_a_clerk_writes_it(said: str, written: str) -> None:
    assert clerk_numbers(said) == written


def test_what_is_written_stays_as_it_is() -> None:
    for _, written in PHRASES:
        assert clerk_numbers(written) == written


def test_names_of_the_city_keep_their_numerals() -> None:
    assert clerk_numbers("在三一五路二十号", names=("三一五路",)) == "在三一五路20号"


@given(st.text("零一二两三四五六七八九幺十百千万亿点半几多个块元号楼月日年分之第星期的我", max_size=20))
def test_any_mixture_of_numerals_is_survived_and_loses_no_other_character(text: str) -> None:
    written = clerk_numbers(text)
    assert [c for c in written if c in "的我楼号"] == [c for c in text if c in "的我楼号"]
