"""What a database error says is kept in logs: it must not say whose number it was about."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from db.models import User
from db.redaction import redacted
from db.session import Sessions

NUMBER = "13912345678"


def account(login: str) -> User:
    return User(login=login, name=NUMBER, password_hash="", roles=[], created_at=datetime(2025, 1, 1, tzinfo=UTC))


def said(error: BaseException) -> str:
    return str(error) + repr(error) + "".join(traceback.format_exception(error))


async def test_a_doubled_row_does_not_repeat_its_values(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(account(NUMBER))
    with pytest.raises(IntegrityError) as raised:
        async with sessions.begin() as session:
            session.add(account(NUMBER))
    assert NUMBER not in said(raised.value)
    assert "login" in str(raised.value), "which column it was may be said"


async def test_a_row_that_lacks_something_does_not_repeat_the_rest(sessions: Sessions) -> None:
    with pytest.raises(IntegrityError) as raised:
        async with sessions.begin() as session:
            await session.execute(
                text('INSERT INTO "user" (login, name) VALUES (:login, :name)'), {"login": "x", "name": NUMBER}
            )
    assert NUMBER not in said(raised.value)


async def test_a_value_of_the_wrong_kind_is_not_repeated(sessions: Sessions) -> None:
    with pytest.raises((DBAPIError, StatementError)) as raised:
        async with sessions() as session:
            await session.execute(select(User.id).where(User.created_at == bindparam("at")), {"at": NUMBER})
    assert NUMBER not in "".join(traceback.format_exception_only(raised.value))


@pytest.mark.parametrize(
    "message",
    [
        f'duplicate key value violates unique constraint "uq"\nDETAIL:  Key (phone)=({NUMBER}) already exists.',
        f"invalid input for query argument $1: '{NUMBER} (of 王)' ('str' object cannot be interpreted)",
        f'invalid input syntax for type integer: "{NUMBER}"',
        f'null value in column "name"\nDETAIL:  Failing row contains (1, {NUMBER},\n 王).\nHINT:  none.',
    ],
)
def test_each_way_postgresql_repeats_a_value(message: str) -> None:
    assert NUMBER not in redacted(message) and "王" not in redacted(message)
    assert redacted(message).split()[:2] == message.split()[:2]
