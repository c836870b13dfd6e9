from __future__ import annotations

from runtime.backoff import BackOff


def test_early_ends_wait_longer_each_time_up_to_a_bound() -> None:
    back_off = BackOff(first_s=0.5, longest_s=3.0, steady_s=60.0)
    assert [back_off.after(lived_s=1.0) for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_what_was_well_starts_over() -> None:
    back_off = BackOff(first_s=0.5, longest_s=30.0, steady_s=60.0)
    back_off.after(lived_s=1.0)
    assert back_off.after(lived_s=60.0) == 1.0
    assert back_off.after(lived_s=60.1) == 0.5
    assert back_off.after(lived_s=1.0) == 1.0
