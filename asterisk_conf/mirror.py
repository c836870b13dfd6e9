"""Which Debian mirror this host uses: read from its own apt sources, in both of apt's formats."""

from __future__ import annotations

import re
from pathlib import Path

DEFAULT_MIRROR = "http://deb.debian.org/debian"
APT = Path("/etc/apt")

_ONE_LINE = re.compile(r"^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$")
_WEB = re.compile(r"https?://[^\s<>\"']+")


def debian_mirror(apt: Path = APT) -> str:
    """The first Debian archive among the host's apt sources, else Debian's usual one.

    Archives of other makers, of Ubuntu and the security archive are passed over: Asterisk is not in them.
    """
    lists = apt / "sources.list.d"
    deb822 = sorted(lists.glob("*.sources")) if lists.is_dir() else []
    classic = [apt / "sources.list", *(sorted(lists.glob("*.list")) if lists.is_dir() else [])]
    for address in (*_from_deb822(deb822), *_from_classic(classic)):
        if _is_debian_archive(address):
            return address.rstrip("/")
    return DEFAULT_MIRROR


def _is_debian_archive(address: str) -> bool:
    return bool(_WEB.fullmatch(address)) and address.rstrip("/").endswith("/debian")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _from_deb822(files: list[Path]) -> list[str]:
    found: list[str] = []
    for path in files:
        for stanza in re.split(r"\n\s*\n", _text(path)):
            fields = _fields(stanza)
            if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() != "no":
                found += fields.get("uris", "").split()
    return found


def _fields(stanza: str) -> dict[str, str]:
    """The fields of one deb822 stanza, continuation lines joined, comments left out."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line[0] in " \t":
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
            continue
        key, _, value = line.partition(":")
        name = key.strip().lower()
        fields[name] = value.strip()
    return fields


def _from_classic(files: list[Path]) -> list[str]:
    lines = (line for path in files for line in _text(path).splitlines())
    return [found[1] for line in lines if (found := _ONE_LINE.match(line))]
