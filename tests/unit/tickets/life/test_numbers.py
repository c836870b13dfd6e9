from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tickets.life.numbers import is_ticket_no, new_ticket_no


def test_eighteen_digits_that_begin_with_the_local_moment() -> None:
    number = new_ticket_no(datetime(2025, 9, 11, 1, 24, 15, tzinfo=UTC))
    assert number.startswith("250911092415")
    assert is_ticket_no(number)


@pytest.mark.parametrize("text", ["", "12", "25091109241500000x", "2509110924150000001", "２" * 18])
def test_what_is_no_number(text: str) -> None:
    assert not is_ticket_no(text)
