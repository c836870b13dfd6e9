from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from runtime.events import Suggestion, Utterance
from tickets.drafting.endpoint import EndpointRefiner
from tickets.drafting.lexicon import Lexicon

SAID = [
    Utterance(
        call_id="c",
        utterance_id="u1",
        speaker="citizen",
        start_ms=0,
        end_ms=1,
        text="我叫陈建华村里的路灯坏了",
        final=True,
    )
]
RULES = {
    "appellant_name": [
        Suggestion(value="陈建", label="陈建", confidence=0.5, utterance_id="u1", quote="陈建", start=2, end=4)
    ]
}


class Endpoint:
    """A stand-in for the endpoint: answers what the test sets."""

    def __init__(self) -> None:
        self.answer: Any = {}
        self.status = 200
        self.hang = asyncio.Event()
        self.hangs = False
        self.in_pieces = False
        self.asked: list[dict[str, Any]] = []

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        if self.hangs:
            await self.hang.wait()
        content = self.answer if isinstance(self.answer, str) else json.dumps(self.answer)
        whole = {"choices": [{"message": {"content": content}}]}
        if not self.in_pieces:
            return web.json_response(whole, status=self.status)
        response = web.StreamResponse()
        await response.prepare(request)
        body = json.dumps(whole).encode()
        for piece in (body[:20], body[20:]):
            await response.write(piece)
            await asyncio.sleep(0.05)  # so that they travel, and arrive, by themselves
        return response


@pytest.fixture
async def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
async def refiner(endpoint: Endpoint, lexicon: Lexicon) -> AsyncIterator[EndpointRefiner]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", endpoint.serve)
    async with TestServer(app) as server, aiohttp.ClientSession() as client:
        yield EndpointRefiner(client, str(server.make_url("/v1/")), "some-model", lexicon, timeout_s=30)
        endpoint.hang.set()


async def test_an_answer_that_arrives_in_pieces_is_read_whole(
    endpoint: Endpoint, refiner: EndpointRefiner
) -> None:
    endpoint.in_pieces = True
    endpoint.answer = {"fields": {"appellant_name": {"value": "陈建华", "quote": "我叫陈建华"}}}
    assert (await refiner.refine(SAID, RULES))["appellant_name"][0].value == "陈建华"


async def test_its_findings_stand_before_the_rules(endpoint: Endpoint, refiner: EndpointRefiner) -> None:
    endpoint.answer = {
        "fields": {
            "appellant_name": {"value": "陈建华", "confidence": 0.95, "quote": "我叫陈建华"},
            "category_code": {"value": "1106", "confidence": 0.9, "quote": "路灯坏了"},
            "title": {"value": "反映路灯损坏问题", "confidence": 0.9},
        }
    }
    better = await refiner.refine(SAID, RULES)
    name = better["appellant_name"]
    assert [s.value for s in name] == ["陈建华", "陈建"]
    assert (name[0].utterance_id, name[0].start, name[0].end) == ("u1", 0, 5)
    assert better["category_code"][0].label == "路灯、井盖"
    assert better["title"][0].confidence == 0.6  # nothing was quoted for it
    assert endpoint.asked[0]["messages"][1]["content"] == "来电人：我叫陈建华村里的路灯坏了"


@pytest.mark.parametrize(
    "finding",
    [
        {"appellant_name": {"value": "王五", "quote": "我叫王五"}},
        {"category_code": {"value": "8888"}},
        {"region_code": {"value": "42; DROP TABLE"}},
        {"appeal_type": {"value": "ANGRY"}},
        {"gender": {"value": "男"}},
        {"phone": {"value": "不知道"}},
        {"unit_id": {"value": "1"}},
        {"is_admin": {"value": "true"}},
    ],
)
async def test_what_cannot_be_true_is_dropped(
    endpoint: Endpoint, refiner: EndpointRefiner, finding: dict[str, Any]
) -> None:
    endpoint.answer = {"fields": finding}
    assert await refiner.refine(SAID, RULES) == RULES


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "no json",
        "[]",
        {"fields": []},
        {"fields": {"title": {"value": ""}}},
        {"fields": {"title": {"value": "x" * 2001}}},
        "x" * 300_000,
    ],
)
async def test_answers_out_of_shape_leave_the_rules(
    endpoint: Endpoint, refiner: EndpointRefiner, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.answer = answer
    with caplog.at_level(logging.WARNING):
        assert await refiner.refine(SAID, RULES) is RULES
    assert "rules stand" in caplog.text
    assert "陈建华" not in caplog.text


async def test_errors_and_silence_leave_the_rules(
    endpoint: Endpoint, refiner: EndpointRefiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.status = 500
    assert await refiner.refine(SAID, RULES) is RULES
    endpoint.status, endpoint.hangs = 200, True
    monkeypatch.setattr(refiner, "_timeout", aiohttp.ClientTimeout(total=0.5))
    assert await refiner.refine(SAID, RULES) is RULES


async def test_a_dead_endpoint_leaves_the_rules(lexicon: Lexicon) -> None:
    async with aiohttp.ClientSession() as client:
        refiner = EndpointRefiner(client, "http://127.0.0.1:1/v1", "m", lexicon, timeout_s=0.5)
        assert await refiner.refine(SAID, RULES) is RULES
