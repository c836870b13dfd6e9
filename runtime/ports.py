"""Whether the ports we are about to use are free; names the port and the setting when one is not."""

from __future__ import annotations

import asyncio
import errno
import socket
from dataclasses import dataclass

from runtime.errors import UserError
from runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Port:
    """One port as its user will bind it."""

    what: str
    number: int
    host: str = "127.0.0.1"
    kind: socket.SocketKind = socket.SOCK_STREAM


class PortTaken(UserError):
    """Another program holds a port of ours."""


def own_ports(settings: Settings) -> list[Port]:
    """Ports of our own processes (Asterisk's are checked by asterisk_conf)."""
    return [
        Port("desk", settings.desk_port, settings.host),
        Port("IVR scripts (FastAGI)", settings.fastagi_port),
        Port("speech (AudioSocket)", settings.audiosocket_port),
    ]


def check_free(ports: list[Port], settings: Settings) -> None:
    """Bind each port for a moment. Raises PortTaken for the first that is held by another program."""
    for port in ports:
        with socket.socket(socket.AF_INET6 if ":" in port.host else socket.AF_INET, port.kind) as probe:
            if port.kind == socket.SOCK_STREAM:  # as servers do; else a port in TIME_WAIT looks taken
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((port.host, port.number))
            except socket.gaierror as error:
                raise UserError(f"{port.host} is not an address", "correct HOTLINE_HOST") from error
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise PortTaken(
                        f"port {port.number} ({port.what}) is in use by another program",
                        "stop that program, or choose other ports with HOTLINE_PORT_BASE "
                        f"(now {settings.port_base})",
                    ) from error
                if error.errno == errno.EADDRNOTAVAIL:
                    raise UserError(
                        f"{port.host} is not an address of this machine", "correct HOTLINE_HOST"
                    ) from error
                raise


async def wait_free(ports: list[Port], settings: Settings, seconds: float = 3.0) -> None:
    """As `check_free`, but a predecessor that is just dying gets a moment to let go."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            return check_free(ports, settings)
        except PortTaken:
            if asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(0.1)
