"""Names speech processes, so that a node knows its own one's rebirth from another node's."""

from __future__ import annotations

import platform
import uuid

from runtime.settings import Settings


def home(settings: Settings) -> str:
    """What the names of all speech processes beside this node's Asterisk begin with."""
    return f"{platform.node()}:{settings.audiosocket_port}#"


def new_instance(settings: Settings) -> str:
    """The name of a speech process from its start to its end."""
    return home(settings) + uuid.uuid4().hex[:12]
