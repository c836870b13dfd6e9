from __future__ import annotations

import pytest

from db.session import Sessions
from ivr.script.notices import notices, telling
from ivr.script.versions import SHIPPED, publish
from tests.fakes.clock import FakeClock


@pytest.mark.parametrize(("name", "node"), [("direct", "queue"), ("menu", "greet")])
def test_each_shipped_script_tells_of_the_recording(name: str, node: str) -> None:
    assert telling((SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")) == {node}


def test_a_script_that_is_not_understood_tells_nothing() -> None:
    assert telling("format: 1\nnodes: {queue: {kind: queue, prompt: 通话将被录音}}") == frozenset()


async def test_each_version_is_asked_by_itself(sessions: Sessions, clock: FakeClock) -> None:
    text = (SHIPPED / "direct.yaml").read_text(encoding="utf-8")
    async with sessions.begin() as session:
        await publish(session, clock, text)
        await publish(session, clock, text.replace("，通话将被录音", ""))
    async with sessions() as session:
        assert await notices(session) == {("direct", 1): {"queue"}, ("direct", 2): set()}
