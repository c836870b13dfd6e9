from __future__ import annotations

import socket

import pytest

from asterisk_conf.ports import check_ports_free
from asterisk_conf.program import AsteriskError
from runtime.settings import Settings


def test_free_ports_are_no_problem(settings: Settings) -> None:
    check_ports_free(settings, "hotline")
    check_ports_free(settings, "network")


def test_a_taken_port_is_named_with_the_setting(settings: Settings) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.bind(("127.0.0.1", settings.ami_port))
        holder.listen()
        with pytest.raises(AsteriskError) as caught:
            check_ports_free(settings, "hotline")
        check_ports_free(settings, "network")  # the other instance does not care
    assert f"port {settings.ami_port} (manager interface)" in caught.value.message
    assert "HOTLINE_PORT_BASE" in caught.value.remedy
