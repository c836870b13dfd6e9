"""A desk with the demo city, people to log in as, and a fake call control."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from agent_desk.app import make_app
from agent_desk.web import passwords
from agent_desk.web.access import CSRF_FIELD, CSRF_HEADER, PRE_COOKIE
from agent_desk.web.services import DeskServices
from db.models import AgentSession, Unit, User, WebSession
from db.session import Sessions, make_engine, make_sessions
from kb.sections import Section
from kb.view import ArticleView, UnknownArticle
from runtime.bus import LocalBus
from runtime.events import Answer
from runtime.settings import Settings
from tests.engines import close_engine
from tests.fakes.clock import FakeClock
from tests.fakes.desk_control import FakeControl
from tests.fakes.desk_feed import DeskFeed
from tests.fakes.desk_seed import PASSWORD, QUICK, seed
from tickets.desk import TicketDesk

LAMP = {
    "appeal_type": "HELP",
    "category_code": "1106",
    "title": "反映路灯不亮",
    "content": "我们村的路灯坏了很久没人修，请处理。",
    "demand": "尽快修好",
    "appellant_name": "匿名",
    "occurred_text": "上周",
    "place_text": "白泉村",
}
"""What an agent writes of the message about the street lamp; the caller's number is known from the call."""

Client = TestClient[web.Request, web.Application]


class FakeKnowledge:
    """One article; finds it by any text."""

    article = ArticleView(
        id="manhole",
        title="井盖破损怎么反映",
        short_answer="请说明道路名称和参照物。",
        sections=(Section("办理流程", "1. 登记\n2. 派单\n\n<script>alert(1)</script>"),),
        questions=(),
        keywords=(),
        category_code="1106",
        category_name="路灯、井盖",
        owner="城管局",
        unit_id=None,
        unit_name="",
        unit_phone="",
        basis=("城市道路管理条例",),
        valid_from=None,
        valid_until=None,
        state="published",
        expired=False,
        version=1,
    )

    async def search(self, text: str, *, limit: int = 8, spoken: bool = False) -> list[Answer]:
        found = self.article
        return [Answer(article_id=found.id, title=found.title, short_answer="", owner=found.owner, score=1.0)]

    async def get(self, article_id: str) -> ArticleView:
        if article_id != self.article.id:
            raise UnknownArticle(article_id)
        return self.article


@dataclass
class Desk:
    """The running desk and what stands behind it."""

    server: TestServer
    settings: Settings
    sessions: Sessions
    bus: LocalBus
    clock: FakeClock
    control: FakeControl
    tickets: TicketDesk
    clients: list[Client] = field(default_factory=list)

    async def client(self) -> Client:
        """A browser of its own, not logged in."""
        made: Client = TestClient(self.server)
        await made.start_server()
        self.clients.append(made)
        return made

    async def log_in(self, login: str) -> Person:
        client = await self.client()
        response = await submit_login(client, login, PASSWORD)
        assert response.status == 303, await response.text()
        async with self.sessions() as session:
            row = (
                await session.scalars(select(WebSession).order_by(WebSession.created_at.desc(), WebSession.csrf))
            ).all()
            user = await session.scalar(select(User).where(User.login == login))
        assert user is not None
        csrf = next(web_session.csrf for web_session in row if web_session.user_id == user.id)
        return Person(client, csrf, user.id)

    async def feed(self, seat: str = "8001") -> DeskFeed:
        """A call at this seat can begin: its agent is logged in at the telephone and ready."""
        async with self.sessions() as session:
            user_id = await session.scalar(select(User.id).where(User.extension == seat))
        await self.control.do("login", actor=seat, user_id=user_id, queues=["common"])
        await self.control.do("ready", actor=seat)
        return DeskFeed(self.control, self.sessions, self.bus, self.clock, seat)

    async def seat(self, extension: str) -> AgentSession | None:
        async with self.sessions() as session:
            return await session.get(AgentSession, extension)

    async def unit(self, code: str) -> int:
        async with self.sessions() as session:
            unit_id = await session.scalar(select(Unit.id).where(Unit.code == code))
        assert unit_id is not None
        return unit_id


@dataclass
class Person:
    """A logged-in browser."""

    client: Client
    csrf: str
    user_id: int

    async def get(self, path: str, **more: Any) -> ClientResponse:
        response = await self.client.get(path, allow_redirects=False, **more)
        await response.read()
        return response

    async def json(self, path: str) -> Any:
        response = await self.get(path)
        assert response.status == 200, await response.text()
        return await response.json()

    async def post(self, path: str, body: Any = None, **more: Any) -> ClientResponse:
        headers = {CSRF_HEADER: self.csrf} | more.pop("headers", {})
        return await self.client.post(path, json=body or {}, headers=headers, allow_redirects=False, **more)

    async def form(self, path: str, **fields: str) -> ClientResponse:
        return await self.client.post(path, data={CSRF_FIELD: self.csrf} | fields, allow_redirects=False)


async def submit_login(client: Client, login: str, password: str, next_path: str = "/") -> ClientResponse:
    """Open the log-in page and send the form as a browser does."""
    await client.get("/login")
    token = client.session.cookie_jar.filter_cookies(client.make_url("/"))[PRE_COOKIE].value
    return await client.post(
        "/login",
        data={CSRF_FIELD: token, "login": login, "password": password, "next": next_path},
        allow_redirects=False,
    )


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", QUICK)
    monkeypatch.setattr(passwords, "_NOBODY", QUICK.hash("nobody"))


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo city, loaded once and copied for each test."""
    path = tmp_path_factory.mktemp("seed") / "seed.db"
    asyncio.run(seed(path))
    return path


@pytest.fixture
async def sessions(seeded: Path, tmp_path: Path) -> AsyncIterator[Sessions]:
    """SQLite only: both databases are covered by tests/integration/hotline/test_desk_databases.py."""
    shutil.copy(seeded, tmp_path / "desk.db")
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'desk.db'}")
    yield make_sessions(engine)
    await close_engine(engine)


MakeDesk = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def make_desk(
    settings: Settings, sessions: Sessions, bus: LocalBus, clock: FakeClock
) -> AsyncIterator[MakeDesk]:
    made: list[Desk] = []

    async def make(**changes: Any) -> Desk:
        control = FakeControl(sessions, bus, clock)
        tickets = TicketDesk(sessions, bus, clock)
        chosen = settings.model_copy(update=changes)
        app = make_app(
            DeskServices(
                settings=chosen,
                sessions=sessions,
                bus=bus,
                clock=clock,
                control=control,
                tickets=tickets,
                kb=FakeKnowledge(),
            )
        )
        server: TestServer = TestServer(app)
        await server.start_server(access_log=None)
        made.append(Desk(server, chosen, sessions, bus, clock, control, tickets))
        return made[-1]

    yield make
    for desk in made:
        for client in desk.clients:
            await client.session.close()
        await desk.server.close()


@pytest.fixture
async def desk(make_desk: MakeDesk) -> Desk:
    return await make_desk()
