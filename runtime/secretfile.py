"""Secrets: made at first start, mode 0600 under `var/secrets`, never printed and never logged."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
from pathlib import Path


def secret(folder: Path, name: str) -> str:
    """The secret called `name`, made now if this is the first start (43 URL-safe characters)."""
    path = folder / name
    if value := _read(path):
        return value
    folder.mkdir(parents=True, exist_ok=True)
    # Roles that start at once take turns, and a file that a full disk left empty is no secret.
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        value = _read(path)
        if not value:
            value = secrets.token_urlsafe(32)
            file.write(value + "\n")
    return value


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def sip_password(folder: Path, extension: str) -> str:
    """Softphone password of a seat: derived, so that Asterisk and the desk agree without sharing a table."""
    key = secret(folder, "sip.key").encode()
    return hmac.new(key, extension.encode(), hashlib.sha256).hexdigest()[:40]
