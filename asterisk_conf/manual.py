"""The part of Asterisk's own manual without which it does not start.

Asterisk reads its manual (1.6 MB of XML) at each start and searches it for each thing that a module registers:
three quarters of the time until it takes calls. What it cannot do without are the settings' descriptions, which
tell it what a configuration may hold, and one line about whatever it registers.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

FILE = "core-en_US.xml"
_LONG = frozenset({"description", "see-also", "example", "since"})
_NAMED = frozenset({"application", "function", "manager", "agi"})
"""One that is missing is complained of at each start."""


def write_manual(whole: Path, folder: Path) -> bool:
    """Write into `folder` what Asterisk needs of the manual in the folder `whole`; False where there is none.

    A manual that cannot be read as XML is copied as it is: Asterisk says what is wrong with it.
    """
    source = whole / FILE
    if not source.is_file():
        return False
    about = source.stat()
    needed = _needed(source, about.st_mtime_ns, about.st_size)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / FILE
    if not target.is_file() or target.read_bytes() != needed:
        target.write_bytes(needed)
    return True


@lru_cache(maxsize=4)
def _needed(source: Path, _changed: int, _size: int) -> bytes:
    text = source.read_bytes()
    try:
        manual = ElementTree.fromstring(text)  # noqa: S314  (from Asterisk's own package)
    except ElementTree.ParseError:
        return text
    for entry in list(manual):
        if entry.tag == "configInfo":
            _shorten(entry)
        elif entry.tag in _NAMED:
            for part in list(entry):
                if part.tag != "synopsis":
                    entry.remove(part)
        else:
            manual.remove(entry)
    return bytes(ElementTree.tostring(manual, encoding="utf-8"))


def _shorten(entry: ElementTree.Element) -> None:
    for part in list(entry):
        if part.tag in _LONG:
            entry.remove(part)
        else:
            _shorten(part)
