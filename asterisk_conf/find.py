"""Finds the Asterisk to use: the one asked for, one on PATH, the fetched tree; or fetches it."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from asterisk_conf.fetch import fetch_asterisk, tree_folder
from asterisk_conf.probe import inspect
from asterisk_conf.program import AsteriskError, AsteriskProgram
from runtime.settings import Settings

log = logging.getLogger(__name__)


def find_asterisk(settings: Settings) -> AsteriskProgram | None:
    """The Asterisk to use, or None when one must be fetched.

    Order: `HOTLINE_ASTERISK` (a wrong one is an error: it was asked for), `asterisk` on PATH when it is
    new enough, the fetched tree under var/.
    """
    if settings.asterisk:
        return inspect(Path(settings.asterisk).expanduser().resolve())
    on_path = shutil.which("asterisk", path=_search_path())
    if on_path:
        try:
            return inspect(Path(on_path))
        except AsteriskError as reason:  # an old one of the distribution: the fetched one stands in
            log.info("passing over %s: %s", on_path, reason.message)
    tree = tree_folder(settings)
    if (tree / "usr/sbin/asterisk").exists():
        return inspect(tree)
    return None


def _search_path() -> str:
    """PATH and the sbin folders, which ordinary users often lack in theirs."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])


__all__ = ["fetch_asterisk", "find_asterisk"]
