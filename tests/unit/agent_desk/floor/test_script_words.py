from __future__ import annotations

from agent_desk.floor.script_words import ScriptWords
from calls.floor.floor_calls import Step
from db.models import ScriptVersion
from db.session import Sessions
from ivr.script.versions import shipped_document
from tests.fakes.clock import FakeClock


def steps(*names: str, version: int = 1) -> list[Step]:
    nodes = shipped_document("menu").script.nodes
    return [Step("menu", version, name, nodes[name].kind) for name in names]


async def test_what_the_menu_has_learnt_is_said_once(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        for version, text in ((1, shipped_document("menu").text), (2, "format: 99")):
            session.add(ScriptVersion(name="menu", version=version, yaml=text, sha256="", created_at=clock.now()))
    words = ScriptWords()
    taken = steps("greet", "main", "complaint", "complaint", "emergency", "police", "urgent_queue")
    assert words.of(taken) == (0, [])
    async with sessions() as session:
        await words.learn(session, words.unknown([*taken, *steps("main", version=2), *steps("main", version=3)]))
    assert words.unknown([*taken, *steps("main", version=2), *steps("main", version=3)]) == set()
    assert words.of(taken) == (9, ["投诉", "转接110未接通"])
    assert words.of(steps("progress", version=2)) == (0, ["查过进度"])  # a document nobody can read
    assert words.of(steps("queue", version=3)) == (0, [])
