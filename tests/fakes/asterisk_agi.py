"""A fake Asterisk speaking AGI: connects to our server, sends a header, answers commands by a table."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

HEADER = {
    "agi_network": "yes",
    "agi_network_script": "script",
    "agi_request": "agi://127.0.0.1/script",
    "agi_channel": "PJSIP/trunk-00000001",
    "agi_language": "zh",
    "agi_callerid": "13912345678",
    "agi_dnid": "12345",
    "agi_context": "inbound",
    "agi_extension": "start",
    "agi_priority": "8",
    "agi_arg_1": "019a8f00-0000-7000-8000-000000000001",
}

Answer = Callable[[str], "str | bytes | None"]
"""Command line -> the whole reply with its line ends, or None to answer nothing at all."""


def header(**changes: str) -> bytes:
    """The variables Asterisk sends first, ended by an empty line."""
    values = HEADER | changes
    return "".join(f"{name}: {value}\n" for name, value in values.items()).encode() + b"\n"


@dataclass
class FakeChannel:
    """Variables and place of the channel; `dead` after a hang-up."""

    variables: dict[str, str] = field(
        default_factory=lambda: {"CALL_ID": "019a8f00-0000-7000-8000-000000000001", "CONTEXT": "inbound"}
    )
    keys: list[str] = field(default_factory=list)
    """Keys the caller will press: each prompt or wait takes one ("" = silence)."""
    commands: list[str] = field(default_factory=list)
    hang_up_at: str = ""
    """Hang up when a command begins like this."""
    move_at: str = ""
    """Redirect the channel to a conference when a command begins like this."""
    fail_at: str = ""
    after_queue: dict[str, str] = field(default_factory=dict)
    recorded: str = "200 result=35 (dtmf) endpos=16000\n"
    """What it answers to RECORD FILE."""
    dead: bool = False

    def answer(self, line: str) -> str:
        """What res_agi.c would say."""
        self.commands.append(line)
        if line.startswith("GET FULL VARIABLE"):
            return f"200 result=1 ({self._expand(_arguments(line)[0])})\n"
        if line.startswith("SET VARIABLE"):
            name, value = _arguments(line)
            self.variables[name] = value
            return "200 result=1\n"
        if self.dead:
            return "511 Command Not Permitted on a dead channel or intercept routine\n"
        if self.move_at and line.startswith(self.move_at):
            self.variables["CONTEXT"] = "handoff"
            self.dead = True
            return "200 result=-1\nHANGUP\n"
        if self.hang_up_at and line.startswith(self.hang_up_at):
            self.dead = True
            return "HANGUP\n200 result=-1\n"
        if self.fail_at and line.startswith(self.fail_at):
            return "510 Invalid or unknown command\n"
        if line.startswith("GET DATA"):
            return f"200 result={self.keys.pop(0) if self.keys else ''}\n"
        if line.startswith(("STREAM FILE", "WAIT FOR DIGIT", "GET OPTION")):
            key = self.keys.pop(0) if self.keys else ""
            return f"200 result={ord(key) if key else 0} endpos=0\n"
        if line.startswith('EXEC "Queue"'):
            self.variables |= self.after_queue
            return "200 result=0\n"
        if line.startswith("RECORD FILE"):
            return self.recorded
        if line.startswith(("SET CONTEXT", "SET EXTENSION")):
            name = {"CONTEXT": "CONTEXT", "EXTENSION": "EXTEN"}[line.split()[1]]
            self.variables[name] = _arguments(line)[0]
        return "200 result=0\n"

    def _expand(self, text: str) -> str:
        return re.sub(r"\$\{([^}]*)\}", lambda found: self.variables.get(found[1], ""), text)


def _arguments(line: str) -> list[str]:
    found = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
    return [re.sub(r"\\(.)", r"\1", argument) for argument in found]


async def serve_call(port: int, answer: Answer, head: bytes | None = None) -> list[str]:
    """Play Asterisk for one call until our server closes; returns the commands it sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    commands: list[str] = []
    try:
        writer.write(header() if head is None else head)
        while line := await reader.readline():
            commands.append(line.decode().rstrip("\n"))
            reply = answer(commands[-1])
            if reply is None:
                continue
            writer.write(reply if isinstance(reply, bytes) else reply.encode())
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return commands
