"""Database errors without the values that caused them: what goes to logs holds no number, name or transcript."""

from __future__ import annotations

import re

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

HIDDEN = "[hidden]"

# PostgreSQL's DETAIL repeats keys and whole rows; asyncpg and casts repeat the value they could not take.
_REPEATED = (
    (re.compile(r"\n(?:DETAIL|HINT|CONTEXT): .*", re.DOTALL), ""),
    (re.compile(r"(query argument \$\d+): .*(?=\n|\Z)", re.DOTALL), rf"\1: {HIDDEN}"),
    (re.compile(r"(invalid input (?:syntax|value) for [^:]*): .*(?=\n|\Z)", re.DOTALL), rf"\1: {HIDDEN}"),
)


def redacted(text: str) -> str:
    """The message without any value that the statement carried."""
    for pattern, instead in _REPEATED:
        text = pattern.sub(instead, text)
    return text


def _redact(context: ExceptionContext) -> None:
    errors: list[BaseException | None] = [context.sqlalchemy_exception, context.original_exception]
    for error in errors:  # grows: what was raised from what
        if error is None:
            continue
        error.args = tuple(redacted(part) if isinstance(part, str) else part for part in error.args)
        if isinstance(getattr(error, "detail", None), str):
            error.detail = None  # type: ignore[attr-defined]  # asyncpg adds it to the message when shown
        errors.append(error.__cause__)


def keep_values_out_of_errors(engine: Engine) -> None:
    """From now on no exception of this engine, nor what it is raised from, repeats a value.

    Parameters themselves are left out by the engine's `hide_parameters`.
    """
    event.listen(engine, "handle_error", _redact)
