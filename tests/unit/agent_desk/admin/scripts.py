"""A desk with scripts: two versions published, and a draft of the newest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from db.models import User
from ivr.editing import drafts
from ivr.script.versions import publish
from tests.unit.agent_desk.conftest import Desk, Person
from tests.unit.ivr.scripts import SOUND

CHANGED = SOUND.replace("您好。", "您好，请讲。")
BROKEN = SOUND.replace("next: main", "next: nowhere")


@dataclass(frozen=True, slots=True)
class ScriptRoom:
    """The administrator, ids of both versions (the second is in force) and of the draft."""

    desk: Desk
    admin: Person
    first: int
    second: int
    draft: int

    @property
    def api(self) -> str:
        return f"/api/scripts/drafts/{self.draft}"

    async def save(self, text: str, version: int) -> int:
        """Save, and the draft's version after it."""
        return int((await asked(self.admin, f"{self.api}/save", version=version, text=text))["version"])


async def asked(person: Person, path: str, status: int = 200, /, **body: Any) -> dict[str, Any]:
    """The answer to a request with this body, of this status."""
    response = await person.post(path, body)
    assert response.status == status, await response.text()
    found: dict[str, Any] = await response.json()
    return found


async def script_room(desk: Desk) -> ScriptRoom:
    admin = await desk.log_in("admin")
    async with desk.sessions.begin() as session:
        first = await publish(session, desk.clock, SOUND, user_id=admin.user_id, user_name="管理员", note="第一版")
        desk.clock.move(minutes=1)
        second = await publish(session, desk.clock, CHANGED, user_id=admin.user_id, note="改问候")
        draft = await drafts.make(
            session, desk.clock, CHANGED, "新菜单", user_id=admin.user_id, user_name="管理员", based_on=second.id
        )
    return ScriptRoom(desk, admin, first.id, second.id, draft.id)


async def second_admin(desk: Desk) -> Person:
    async with desk.sessions.begin() as session:
        user = await session.scalar(select(User).where(User.login == "dispatcher"))
        assert user is not None
        user.roles, user.name = ["ADMIN"], "赵敏"
    return await desk.log_in("dispatcher")
