"""How seats and roles are named in Asterisk: from an extension to its interface and back."""

from __future__ import annotations

import re
from dataclasses import dataclass

ROLES = frozenset({"citizen", "agent", "supervisor", "emergency", "unit"})


@dataclass(frozen=True, slots=True)
class Seats:
    """Naming of the agents' softphones. Tests without browsers give other patterns; `{}` is the extension.

    `interface` is what a queue rings and an Originate dials. `state_interface` is the device whose state
    tells the queue whether the seat is free; empty means the interface itself.
    """

    interface: str = "PJSIP/{}"
    state_interface: str = ""

    def dial(self, extension: str) -> str:
        return self.interface.format(extension)

    def state(self, extension: str) -> str:
        return self.state_interface.format(extension)

    def extension_of_interface(self, interface: str) -> str:
        """The seat behind a queue member's interface, "" when it is none of ours."""
        before, _, after = self.interface.partition("{}")
        match = re.fullmatch(rf"{re.escape(before)}(\d{{3,6}}){re.escape(after)}", interface)
        return match[1] if match else ""

    def extension_of_channel(self, channel: str) -> str:
        """The seat whose telephone this channel is, "" when it is none ("PJSIP/8001-0000002a" -> "8001")."""
        if self.interface != "PJSIP/{}":
            return ""
        match = re.fullmatch(r"PJSIP/(8\d{3})-[0-9a-f]{8}", channel)
        return match[1] if match else ""


def role_and_name(variable: str) -> tuple[str, str]:
    """What HOTLINE_ROLE says: "citizen", "agent", or "role:name" on legs that we originate ("emergency:110")."""
    role, _, name = variable.partition(":")
    return (role, name) if role in ROLES else ("", "")
