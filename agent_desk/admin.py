"""The administrator's pages: accounts, scripts with the published version, health of the parts. Skeleton."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import func, select

from agent_desk import words
from agent_desk.access import allow
from agent_desk.live import HUB
from agent_desk.live_calls import LiveCalls
from agent_desk.pages import moment, render
from agent_desk.permissions import Permission
from agent_desk.services import DeskServices, services
from db.models import Article, ScriptVersion, User

LOW_DISK = 2 * 1024**3

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Health:
    part: str
    ok: bool
    said: str


@routes.get("/admin")
@allow(Permission.ADMINISTER)
async def page(request: web.Request) -> web.StreamResponse:
    desk = services(request)
    hub = request.config_dict[HUB]
    async with desk.sessions() as session:
        users = list(await session.scalars(select(User).order_by(User.id)))
        scripts = list(
            await session.scalars(select(ScriptVersion).order_by(ScriptVersion.name, ScriptVersion.version.desc()))
        )
        articles = await session.scalar(
            select(func.count()).select_from(Article).where(Article.state == "published")
        )
    return render(
        request,
        "admin.html",
        users=users,
        scripts=scripts,
        health=health(desk, hub.calls, pages=hub.pages, articles=articles or 0),
        now=desk.clock.now(),
        role_names=words.ROLE_NAMES,
    )


def health(desk: DeskServices, live: LiveCalls, *, pages: int, articles: int) -> list[Health]:
    """How the parts stand, as far as the desk knows."""
    telephony, speech = live.telephony, live.speech
    stale = telephony is not None and telephony.stale
    free = shutil.disk_usage(desk.settings.var).free
    return [
        Health("数据库", True, desk.settings.db_url.partition(":")[0]),
        Health("话务", not stale, f"自 {moment(telephony.since)} 起未更新" if stale and telephony else "正常"),
        Health(
            "语音识别",
            speech is not None and speech.available,
            (speech.model if speech.available else speech.reason) if speech else "尚未报告状态",
        ),
        Health("知识库", articles > 0, f"在用 {articles} 条"),
        Health("工作台", True, f"{pages} 个页面在线"),
        Health("磁盘", free > LOW_DISK, f"剩余 {free / 1024**3:.1f} GB"),
    ]
