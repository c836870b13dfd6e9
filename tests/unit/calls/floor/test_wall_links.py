from __future__ import annotations

from datetime import timedelta

from calls.floor.wall_links import TOKEN_LENGTH, link_of, links, make_link, revoke_link
from db.models import User, WallLink
from db.session import Sessions
from tests.fakes.clock import FakeClock


async def test_a_link_opens_until_it_is_revoked_and_its_token_is_kept_nowhere(
    sessions: Sessions, clock: FakeClock
) -> None:
    now = clock.now()
    async with sessions.begin() as session:
        user = User(login="admin", name="管理员", password_hash="", created_at=now)
        session.add(user)
        await session.flush()
        made, token = await make_link(session, "大厅", user.id, now)
    assert len(token) == TOKEN_LENGTH
    async with sessions.begin() as session:
        assert await link_of(session, token, now + timedelta(minutes=1)) == made.id
        assert await link_of(session, token[:-1] + ("A" if token[-1] != "A" else "B"), now) is None
    async with sessions() as session:
        [row] = await links(session)
        assert row.seen_at == now + timedelta(minutes=1)
        assert token not in str(vars(row))
    async with sessions.begin() as session:
        assert await link_of(session, token, now + timedelta(minutes=2)) == made.id
    async with sessions.begin() as session:
        assert (await session.get_one(WallLink, made.id)).seen_at == now + timedelta(minutes=1)  # not each time
        assert await revoke_link(session, made.id, now) is not None
    async with sessions.begin() as session:
        assert await link_of(session, token, now) is None
        assert await revoke_link(session, made.id, now) is None
        assert await links(session) == []
