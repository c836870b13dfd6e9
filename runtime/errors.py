"""Errors that are somebody's to act on: shown as one clear sentence, never as a traceback."""

from __future__ import annotations


class UserError(Exception):
    """A mistake a person can mend: `message` says what is wrong, `remedy` what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
