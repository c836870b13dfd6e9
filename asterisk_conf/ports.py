"""The ports of an Asterisk, checked before it starts: it would boot without those that are taken."""

from __future__ import annotations

import socket

from asterisk_conf.program import AsteriskError
from asterisk_conf.render import InstanceName
from runtime.ports import Port, PortTaken, check_free
from runtime.settings import Settings


def check_ports_free(settings: Settings, name: InstanceName) -> None:
    """Bind each port for a moment. Raises AsteriskError with the first one that is taken."""
    if name == "hotline":
        wanted = [
            Port("SIP", settings.sip_port, kind=socket.SOCK_DGRAM),
            Port("manager interface", settings.ami_port),
            Port("softphone WebSocket", settings.asterisk_http_port),
        ]
    else:
        wanted = [
            Port("simulator's SIP", settings.network_sip_port, kind=socket.SOCK_DGRAM),
            Port("simulator's manager interface", settings.network_ami_port),
        ]
    try:
        check_free(wanted, settings)
    except PortTaken as error:
        raise AsteriskError(error.message, error.remedy) from error
