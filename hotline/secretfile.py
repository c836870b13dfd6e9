"""Secrets: made at first start, mode 0600 under `var/secrets`, never printed and never logged."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path


def secret(folder: Path, name: str) -> str:
    """The secret called `name`, made now if this is the first start (43 URL-safe characters)."""
    path = folder / name
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    value = secrets.token_urlsafe(32)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process of ours was faster
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(value + "\n")
    return value


def sip_password(folder: Path, extension: str) -> str:
    """Softphone password of a seat: derived, so that Asterisk and the desk agree without sharing a table."""
    key = secret(folder, "sip.key").encode()
    return hmac.new(key, extension.encode(), hashlib.sha256).hexdigest()[:40]
