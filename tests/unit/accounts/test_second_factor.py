from __future__ import annotations

import asyncio
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, text

from accounts import second_factor
from accounts.errors import Fault, Refusal
from db.models import RecoveryCode, SecondFactor
from tests.unit.accounts.conftest import House

KEY = "a key of the installation"


async def started(house: House) -> str:
    user = await house.user("agent1")
    async with house.sessions.begin() as session:
        made = await second_factor.start(session, user, KEY, issuer="12345", now=house.clock.now())
    assert made.uri.startswith("otpauth://totp/") and f"secret={made.secret}" in made.uri
    return made.secret


async def confirmed(house: House, secret: str) -> list[str]:
    user = await house.user("agent1")
    async with house.sessions.begin() as session:
        return await second_factor.confirm(
            session, house.admin, user, KEY, code(house, secret), now=house.clock.now()
        )


def code(house: House, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(house.clock.now() + timedelta(seconds=30 * steps))


async def checked(house: House, typed: str, key: str = KEY) -> str:
    async with house.sessions.begin() as session:
        return await second_factor.check(session, house.agent_id, key, typed, now=house.clock.now())


async def test_it_is_asked_for_only_when_a_first_code_was_right(house: House) -> None:
    secret = await started(house)
    user = await house.user("agent1")
    async with house.sessions.begin() as session:
        with pytest.raises(Refusal) as refused:
            wrong = f"{(int(code(house, secret)) + 1) % 1_000_000:06}"
            await second_factor.confirm(session, house.admin, user, KEY, wrong, now=house.clock.now())
        assert refused.value.fault is Fault.CODE
        assert not await second_factor.active(session, user.id)
    assert await checked(house, code(house, secret)) == "", "an unconfirmed one opens nothing"
    assert len(await confirmed(house, secret)) == second_factor.RECOVERY_CODES
    async with house.sessions() as session:
        assert await second_factor.active(session, user.id)
    assert [row.action for row in await house.trail()] == ["second_factor_set"]


async def test_a_code_is_taken_once_and_no_older_one_after_it(house: House) -> None:
    secret = await started(house)
    await confirmed(house, secret)
    assert await checked(house, code(house, secret)) == "", "the one that confirmed it"
    house.clock.move(seconds=90)
    early, now = code(house, secret, -1), code(house, secret)
    assert await checked(house, now) == "totp"
    assert await checked(house, now) == "" and await checked(house, early) == ""
    house.clock.move(seconds=30)
    assert await checked(house, f" {code(house, secret)[:3]} {code(house, secret)[3:]}") == "totp"


async def test_of_two_with_the_same_code_at_once_one_comes_in(house: House) -> None:
    secret = await started(house)
    await confirmed(house, secret)
    house.clock.move(seconds=60)
    typed = code(house, secret)
    assert sorted(await asyncio.gather(checked(house, typed), checked(house, typed))) == ["", "totp"]


@pytest.mark.parametrize(("steps", "fits"), [(-2, ""), (-1, "totp"), (0, "totp"), (1, "totp"), (2, "")])
async def test_telephones_may_be_half_a_minute_off(house: House, steps: int, fits: str) -> None:
    secret = await started(house)
    await confirmed(house, secret)
    house.clock.move(seconds=300)
    assert await checked(house, code(house, secret, steps)) == fits


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "٣٣٣٣٣٣", "-" * 500])
async def test_what_is_no_code_is_wrong(house: House, typed: str) -> None:
    await confirmed(house, await started(house))
    house.clock.move(seconds=300)
    assert await checked(house, typed) == ""


async def test_a_recovery_code_is_good_once_however_it_is_typed(house: House) -> None:
    codes = await confirmed(house, await started(house))
    assert await checked(house, codes[0].upper().replace("-", " ")) == "recovery"
    assert await checked(house, codes[0]) == ""
    async with house.sessions() as session:
        assert await second_factor.recovery_left(session, house.agent_id) == second_factor.RECOVERY_CODES - 1


async def test_the_database_alone_gives_no_code_away(house: House) -> None:
    secret = await started(house)
    codes = await confirmed(house, secret)
    async with house.sessions() as session:
        row = (await session.scalars(select(SecondFactor))).one()
        hashes = [kept.code_hash for kept in await session.scalars(select(RecoveryCode))]
        audit = str((await session.execute(text("SELECT detail FROM audit_event"))).all())
    assert secret not in f"{row.salt}{audit}"
    assert not {code.replace("-", "") for code in codes} & set(hashes)
    house.clock.move(seconds=300)
    assert await checked(house, code(house, secret), key="another installation's key") == ""
    assert second_factor.derived("other", house.agent_id, row.salt) != secret


async def test_one_in_force_is_not_replaced_but_reset_and_then_begun_anew(house: House) -> None:
    first = await started(house)
    await confirmed(house, first)
    with pytest.raises(Refusal) as refused:
        await started(house)
    assert refused.value.fault is Fault.STATE
    async with house.sessions.begin() as session:
        await second_factor.reset(session, house.admin, house.agent_id, version=1, now=house.clock.now())
    async with house.sessions() as session:
        assert not await second_factor.active(session, house.agent_id)
        assert await second_factor.recovery_left(session, house.agent_id) == 0
    assert await started(house) != first
    row = (await house.trail())[-1]
    assert (row.action, row.detail["before"], row.detail["after"]) == (
        "second_factor_reset", {"second_factor": True}, {"second_factor": False},
    )  # fmt: skip
