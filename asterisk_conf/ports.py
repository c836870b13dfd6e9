"""Checks that the ports of an instance are free, and names the port and the setting when one is not."""

from __future__ import annotations

import errno
import socket

from asterisk_conf.program import AsteriskError
from asterisk_conf.render import InstanceName
from hotline.settings import Settings


def check_ports_free(settings: Settings, name: InstanceName) -> None:
    """Bind each port for a moment. Raises AsteriskError with the first one that is taken."""
    if name == "hotline":
        wanted = [
            ("SIP", settings.sip_port, socket.SOCK_DGRAM),
            ("manager interface", settings.ami_port, socket.SOCK_STREAM),
            ("softphone WebSocket", settings.asterisk_http_port, socket.SOCK_STREAM),
        ]
    else:
        wanted = [
            ("simulator's SIP", settings.network_sip_port, socket.SOCK_DGRAM),
            ("simulator's manager interface", settings.network_ami_port, socket.SOCK_STREAM),
        ]
    for what, port, kind in wanted:
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:  # Asterisk does the same; else a port in TIME_WAIT looks taken
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                raise AsteriskError(
                    f"port {port} ({what}) is in use by another program",
                    f"stop that program, or choose other ports with HOTLINE_PORT_BASE (now {settings.port_base})",
                ) from error
