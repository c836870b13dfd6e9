"""At start: is every application and function that the dialplan uses really there?

Asterisk itself says nothing when a module declines to load; the caller would be the first to find out.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from asterisk_conf.program import AsteriskError
from asterisk_conf.render import Folders, InstanceName

_STEP = re.compile(r"^\s*(?:exten\s*=>\s*[^,]+,\s*[^,]+|same\s*=>\s*n[^,]*),\s*(\w+)\(", re.M)
_EXEC_IF = re.compile(r"ExecIf\(.*?\]\?\s*(\w+)\(")
_FUNCTION = re.compile(r"\$\{([A-Z][A-Z_0-9]+)\(")
_SET_FUNCTION = re.compile(r"\bSet\(([A-Z][A-Z_0-9]+)\(")

BY_MANAGER: dict[str, tuple[str, ...]] = {
    "hotline": ("ChanSpy", "AudioSocket", "ConfBridge", "Queue", "AGI", "MixMonitor", "Playback", "Read"),
    "network": ("MixMonitor", "Playback"),
}
"""Applications that are started over AMI or AGI, so that the dialplan does not show them."""

MODULE_OF = {
    "AGI": "res_agi",
    "Busy": "Asterisk itself",
    "Gosub": "app_stack",
    "Return": "app_stack",
    "ExecIf": "app_exec",
    "PlayTones": "app_playtones",
    "STAT": "func_env",
    "RAND": "func_rand",
    "STRFTIME": "func_strings",
    "FILTER": "func_strings",
    "LOCAL": "app_stack",
    "TALK_DETECT": "func_talkdetect",
}
"""Where the module's name does not follow from the name of what it brings."""


def used_applications(dialplan: str) -> set[str]:
    """Names of all applications in a dialplan, those inside ExecIf included."""
    return {*_STEP.findall(dialplan), *_EXEC_IF.findall(dialplan)}


def used_functions(dialplan: str) -> set[str]:
    """Names of all functions read or set in a dialplan."""
    return {*_FUNCTION.findall(dialplan), *_SET_FUNCTION.findall(dialplan)}


async def check_loaded(cli: Callable[[str], Awaitable[str]], folders: Folders, name: InstanceName) -> None:
    """Compare dialplan and Asterisk. Raises AsteriskError naming everything that is missing."""
    dialplan = (folders.etc / "extensions.conf").read_text(encoding="utf-8")
    has_apps = _names(await cli("core show applications"), re.compile(r"^\s*(\w+):", re.M))
    has_functions = _names(await cli("core show functions"), re.compile(r"^(\w+)\s", re.M))
    apps = {*used_applications(dialplan), *BY_MANAGER[name]}
    missing = sorted(app for app in apps if app.lower() not in has_apps)
    missing_functions = sorted(f for f in used_functions(dialplan) if f.lower() not in has_functions)
    if not missing and not missing_functions:
        return
    listed = [f"application {app} ({_module(app, 'app')})" for app in missing]
    listed += [f"function {function} ({_module(function, 'func')})" for function in missing_functions]
    raise AsteriskError(
        f"asterisk ({name}) runs, but lacks: {', '.join(listed)}",
        f"the module is missing or declined to load: see {folders.log}/messages.log",
    )


def _names(text: str, pattern: re.Pattern[str]) -> set[str]:
    return {name.lower() for name in pattern.findall(text)}


def _module(name: str, kind: str) -> str:
    return MODULE_OF.get(name, f"{kind}_{name.lower()}")
