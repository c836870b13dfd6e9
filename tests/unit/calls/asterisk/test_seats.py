"""From seat to interface and back, also with the naming that tests use."""

from __future__ import annotations

import pytest

from calls.asterisk.seats import Seats, role_and_name


def test_production_names() -> None:
    seats = Seats()
    assert seats.dial("8001") == "PJSIP/8001"
    assert seats.extension_of_interface("PJSIP/8001") == "8001"
    assert seats.extension_of_channel("PJSIP/8001-0000002a") == "8001"


@pytest.mark.parametrize(
    "channel", ["PJSIP/trunk-0000002a", "Local/8001@x-0001;1", "AsyncGoto/PJSIP/8001-0000002a"]
)
def test_other_channels_are_no_seats(channel: str) -> None:
    assert Seats().extension_of_channel(channel) == ""


def test_names_with_a_tail() -> None:
    seats = Seats(interface="PJSIP/{}@trunk")
    assert seats.extension_of_interface("PJSIP/8001@trunk") == "8001"
    assert seats.extension_of_interface("PJSIP/8001") == ""
    assert seats.extension_of_channel("PJSIP/8001-0000002a") == ""


@pytest.mark.parametrize(
    ("variable", "role"),
    [
        ("citizen", ("citizen", "")),
        ("emergency:110", ("emergency", "110")),
        ("agent:8001", ("agent", "8001")),
        ("", ("", "")),
        ("root:1", ("", "")),
    ],
)
def test_roles(variable: str, role: tuple[str, str]) -> None:
    assert role_and_name(variable) == role
