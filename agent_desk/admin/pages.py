"""The administrator's pages: accounts, scripts with the published version, health of the parts."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import func, select

from agent_desk.live.hub import HUB, LiveHub
from agent_desk.web import words
from agent_desk.web.access import Gives, Logs, allow
from agent_desk.web.limits import PAGES
from agent_desk.web.pages import moment, render
from agent_desk.web.permissions import Permission
from agent_desk.web.services import DeskServices, services
from db.models import Article, ScriptVersion, User
from runtime.events import SpeechStateChanged

LOW_DISK = 2 * 1024**3

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Health:
    part: str
    ok: bool
    said: str


@routes.get("/admin")
@allow(Permission.ADMINISTER, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """State of the parts, accounts, scripts."""
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
        "admin/pages.html",
        users=users,
        scripts=scripts,
        health=health(desk, hub, articles=articles or 0),
        now=desk.clock.now(),
        role_names=words.ROLE_NAMES,
    )


def _speech_words(speech: SpeechStateChanged | None) -> str:
    if speech is None:
        return "尚未报告状态"
    if not speech.available:
        return speech.reason
    return f"{speech.model}（{speech.reason}）" if speech.reason else speech.model


def _node(hub: LiveHub, name: str) -> list[Health]:
    """The parts beside one Asterisk; `name` is "" where nodes are not told apart."""
    at = f"（{name}）" if name else ""
    state = hub.places.nodes.get(name) if hub.places is not None else None
    if state is not None and not state.runs:
        return [Health(f"节点{at}", False, f"{'失联' if state.lost else '停止运行'}，自 {moment(state.since)} 起")]
    telephony, speech = hub.telephony(name), hub.calls.speech_at(name)
    stale = telephony is not None and telephony.stale
    return [
        Health(
            f"话务{at}", not stale, f"自 {moment(telephony.since)} 起未更新" if stale and telephony else "正常"
        ),
        Health(
            f"语音识别{at}", speech is not None and speech.available and not speech.reason, _speech_words(speech)
        ),
    ]


def health(desk: DeskServices, hub: LiveHub, *, articles: int) -> list[Health]:
    """How the parts stand, as far as the desk knows."""
    free = shutil.disk_usage(desk.settings.var).free
    return [
        Health("数据库", True, desk.settings.db_url.partition(":")[0]),
        *(part for node in sorted(hub.places.nodes if hub.places else {"": None}) for part in _node(hub, node)),
        Health("知识库", articles > 0, f"在用 {articles} 条"),
        Health("工作台", True, f"{hub.pages} 个页面在线"),
        Health("磁盘", free > LOW_DISK, f"剩余 {free / 1024**3:.1f} GB"),
    ]
