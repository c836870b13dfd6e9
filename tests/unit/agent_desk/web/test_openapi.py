"""The API's document, and schemathesis over all of it as each role: no fault, no answer that is not in it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
import requests
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import update

from agent_desk.app import api_document
from agent_desk.web.access import COOKIE, CSRF_HEADER, rule_of
from agent_desk.web.permissions import TABLE
from agent_desk.web.requests import LIMITS
from db.models import User
from tests.unit.agent_desk.conftest import Desk, Person
from tests.unit.agent_desk.units.test_unit_pages import ticket

EXAMPLES = 3
"""Requests to each operation as each role that may ask it; of the others, who are sent away at the door, one."""

KEPT_OUT = {"post_logout", "post_password"}
"""They end the log-in that the test goes on with."""


def test_every_route_that_is_open_is_in_the_document(desk: Desk) -> None:
    paths = api_document()["paths"]
    open_routes = {
        (route.method, route.resource.canonical)
        for route in desk.server.app.router.routes()
        if route.resource is not None
        and not isinstance(route.resource, web.StaticResource)
        and rule_of(route.handler) is not None
        and route.method != "HEAD"
    }
    assert {(method.upper(), path) for path, item in paths.items() for method in item} == open_routes
    named = [operation["operationId"] for item in paths.values() for operation in item.values()]
    assert len(named) == len(set(named))


async def test_it_is_given_to_whoever_is_logged_in(desk: Desk) -> None:
    person = await desk.log_in("urban")
    assert await person.json("/api/openapi.json") == json.loads(json.dumps(api_document()))
    assert (await (await desk.client()).get("/api/openapi.json")).status == 401


class HurriedClock:
    """Every look at it is ten seconds later, so that nobody runs into the limits."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        self._now += timedelta(seconds=10)
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()


async def as_role(desk: Desk, login: str, role: str) -> Person:
    """This account with one role alone."""
    async with desk.sessions.begin() as session:
        await session.execute(update(User).where(User.login == login).values(roles=[role]))
    return await desk.log_in(login)


@cache
def strategies() -> list[tuple[frozenset[str], Any]]:
    """Who may ask each operation, and what: made once, for that takes longer than asking."""
    schema = schemathesis.openapi.from_dict(api_document())
    made = []
    for found in schema.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]  # else its error says which operation is wrong
        raw = operation.definition.raw
        if raw["operationId"] not in KEPT_OUT and not operation.path.startswith("/ws/"):
            made.append((frozenset(raw["x-permissions"]), operation.as_strategy()))
    return made


WANTED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def drive(url: str, cookie: str, csrf: str, role: str, known: dict[str, str]) -> Counter[int]:
    """Ask everything, in order and as strangely as the document allows; returns the answers by status.

    Every second request is about something that there is: `known`, by the name of the variable.
    """
    answers: Counter[int] = Counter()
    session = requests.Session()

    for permissions, strategy in strategies():
        may = not permissions or bool(permissions & TABLE[role])

        @seed(12345)
        @settings(
            max_examples=EXAMPLES if may else 1,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def ask(case: Any) -> None:
            if answers.total() % 2:
                for values in (case.path_parameters, case.body):
                    if isinstance(values, dict):
                        values.update({name: known[name] for name in values.keys() & known.keys()})
            case.headers = {**(case.headers or {}), CSRF_HEADER: csrf}
            case.cookies = {COOKIE: cookie}
            response = case.call(base_url=url, session=session, allow_redirects=False)
            case.validate_response(response, checks=WANTED)
            answers[response.status_code] += 1

        ask()
    return answers


@pytest.mark.parametrize("role", sorted(TABLE))
async def test_no_role_meets_a_fault_or_an_answer_that_the_document_does_not_tell(desk: Desk, role: str) -> None:
    desk.server.app[LIMITS]._clock = HurriedClock(desk.clock.now())
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    known = {"call_id": feed.call_id, "article_id": "manhole", "ticket_no": await ticket(desk)}
    login = "urban" if role in {"UNIT_LIAISON", "HANDLER", "UNIT_HEAD"} else "agent1"
    person = await as_role(desk, login, role)
    cookie = person.client.session.cookie_jar.filter_cookies(person.client.make_url("/"))[COOKIE].value
    url = str(person.client.make_url("/")).rstrip("/")
    answers = await asyncio.to_thread(drive, url, cookie, person.csrf, role, known)
    assert answers.total() > 100 and answers[401] <= 2 * EXAMPLES, answers  # it was logged in all the time
    assert answers[200] > 3 * EXAMPLES or role in {"CITIZEN", "PUBLIC"}, answers
