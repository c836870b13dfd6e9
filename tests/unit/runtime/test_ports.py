from __future__ import annotations

import socket

import pytest

from runtime.errors import UserError
from runtime.ports import Port, PortTaken, check_free
from runtime.settings import Settings


@pytest.mark.parametrize(("host", "said"), [("999.1.1.1", "not an address"), ("203.0.113.7", "of this machine")])
def test_a_wrong_host_is_a_mistake_that_can_be_mended(settings: Settings, host: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        check_free([Port("desk", settings.desk_port, host)], settings)
    assert "HOTLINE_HOST" in caught.value.remedy


def test_a_taken_port_is_named_with_the_setting(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.desk_port)), pytest.raises(PortTaken) as caught:
        check_free([Port("desk", settings.desk_port)], settings)
    assert str(settings.desk_port) in caught.value.message
    assert "HOTLINE_PORT_BASE" in caught.value.remedy
