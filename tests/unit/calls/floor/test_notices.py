from __future__ import annotations

from datetime import timedelta

from calls.floor.notices import SHOWN_FOR, give, lately_given, mark_read, unread
from db.models import User
from db.session import Sessions
from tests.fakes.clock import FakeClock


async def test_a_notice_is_unread_until_each_has_read_it(sessions: Sessions, clock: FakeClock) -> None:
    now = clock.now()
    async with sessions.begin() as session:
        users = [User(login=f"u{n}", name=f"人{n}", password_hash="", created_at=now) for n in range(3)]
        session.add_all(users)
        await session.flush()
        lead, one, two = (user.id for user in users)
        notice = await give(
            session, "高峰，请尽快示闲", [one, two, one], to="一班", by_user_id=lead, by_name="陈芳", at=now
        )
    async with sessions.begin() as session:
        assert [n.text for n in await unread(session, one, now)] == ["高峰，请尽快示闲"]
        assert await unread(session, lead, now) == []
        assert await mark_read(session, notice.id, one, now)
        assert not await mark_read(session, notice.id, one, now)
        assert not await mark_read(session, notice.id, lead, now)
    async with sessions() as session:
        assert await unread(session, one, now) == []
        [told] = await lately_given(session, now)
        assert (told.to, told.by, told.readers, told.unread) == ("一班", "陈芳", 2, ("人2",))
        assert await unread(session, two, now + SHOWN_FOR + timedelta(seconds=1)) == []
        assert await lately_given(session, now + SHOWN_FOR + timedelta(seconds=1)) == []
