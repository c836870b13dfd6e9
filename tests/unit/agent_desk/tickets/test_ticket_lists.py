from __future__ import annotations

from datetime import timedelta

import pytest

from agent_desk.tickets.ticket_lists import time_left


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=12, hours=5), "剩 12 天"),
        (timedelta(days=3, hours=4, minutes=9), "剩 3 天 4 小时"),
        (timedelta(days=2), "剩 2 天"),
        (timedelta(hours=7, minutes=50), "剩 7 小时"),
        (timedelta(hours=1, minutes=35), "剩 1 小时 35 分"),
        (timedelta(minutes=25, seconds=40), "剩 25 分钟"),
        (timedelta(seconds=5), "剩 0 分钟"),
        (timedelta(minutes=-95), "超期 1 小时 35 分"),
        (timedelta(days=-2), "超期 2 天"),
    ],
)
def test_time_left_in_words(left: timedelta, words: str) -> None:
    assert time_left(left) == words
