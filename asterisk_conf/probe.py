"""Looks at one candidate, an installed Asterisk or an extracted tree, and tells exactly why it is of no use."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from asterisk_conf.program import AsteriskError, AsteriskProgram

_VERSION = re.compile(r"Asterisk (?:certified/|certified-)?(\d+)\.(\d+)(?:[.-]cert)?\.?(\d+)?")
_DUAL_CHANNEL_SINCE = {20: (20, 12, 0), 21: (21, 7, 0), 22: (22, 2, 0)}
"""First releases whose MixMonitor records two channels (option D, asterisk PR #965)."""
_MODULE_FOLDERS = ("/usr/lib/asterisk/modules", "/usr/lib64/asterisk/modules", "/usr/local/lib/asterisk/modules")
_DATA_FOLDERS = ("/usr/share/asterisk", "/var/lib/asterisk", "/usr/local/var/lib/asterisk")


def inspect(path: Path) -> AsteriskProgram:
    """Make a program from a path: a tree, or an executable. Raises AsteriskError with the reason
    when it is of no use."""
    if not path.exists():
        raise AsteriskError(f"HOTLINE_ASTERISK={path} does not exist", "unset it or correct it")
    program = _from_tree(path) if path.is_dir() else _from_host(path)
    minimum = _DUAL_CHANNEL_SINCE.get(program.version[0], (22, 2, 0))
    if program.version < minimum:
        raise AsteriskError(
            f"{program.origin} is Asterisk {program.version_text}, which cannot record two channels; "
            f"{'.'.join(map(str, minimum))} or newer is needed",
            "run `hotline asterisk fetch`",
        )
    return program


def _from_tree(tree: Path) -> AsteriskProgram:
    """A Debian tree that was extracted, not installed: run through its own loader and libraries."""
    binary = tree / "usr/sbin/asterisk"
    loaders = sorted([*tree.glob("usr/lib64/ld-linux-*.so.*"), *tree.glob("usr/lib/ld-linux-*.so.*")])
    modules = sorted(tree.glob("usr/lib/*/asterisk/modules"))
    if not binary.exists() or not loaders or not modules:
        raise AsteriskError(f"{tree} holds no complete Asterisk", "remove it and run `hotline asterisk fetch`")
    libraries = modules[0].parent.parent
    command = (
        str(loaders[0]),
        "--library-path",
        f"{libraries}:{libraries / 'asterisk'}",
        str(binary),
    )
    return AsteriskProgram(
        command=command,
        modules=modules[0],
        data=tree / "usr/share/asterisk",
        version=_version_of(command),
        origin=str(tree),
    )


def _from_host(binary: Path) -> AsteriskProgram:
    command = (str(binary),)
    near = binary.resolve().parent.parent
    folders = [*sorted(Path("/usr/lib").glob("*/asterisk/modules")), *map(Path, _MODULE_FOLDERS)]
    modules = next((f for f in [near / "lib/asterisk/modules", *folders] if f.is_dir()), None)
    if modules is None:
        raise AsteriskError(f"{binary} has no module folder", "apt-get install asterisk-modules")
    data = next((Path(f) for f in _DATA_FOLDERS if (Path(f) / "documentation").is_dir()), Path(_DATA_FOLDERS[0]))
    return AsteriskProgram(
        command=command, modules=modules, data=data, version=_version_of(command), origin=str(binary)
    )


def _version_of(command: tuple[str, ...]) -> tuple[int, int, int]:
    try:
        done = subprocess.run([*command, "-V"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AsteriskError(f"{command[-1]} does not run: {error}") from error
    found = _VERSION.search(done.stdout)
    if found is None:
        raise AsteriskError(f"{command[-1]} is not Asterisk: {(done.stdout or done.stderr).strip()[:200]!r}")
    return int(found[1]), int(found[2]), int(found[3] or 0)
