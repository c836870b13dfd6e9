"""`hotline understand`: talks in, drafts, alerts and answers out; a bad line is answered and harms no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hotline.cli import app

LAMP = {
    "id": "1",
    "source": "recognised",
    "caller": "13912345678",
    "called_at": "2026-11-26T10:00:00+08:00",
    "utterances": [
        {"speaker": "citizen", "text": "喂 你好 我们 村 的 路灯 昨天 坏 了"},
        {"speaker": "agent", "text": "请问是哪个村"},
        {"speaker": "citizen", "text": "白霓镇 白泉村 二十三 号"},
    ],
}
FIRE = {
    "id": 7,
    "utterances": [
        {"speaker": "citizen", "text": "喂你好"},
        {"speaker": "citizen", "text": "我家厨房着火了快来人啊"},
    ],
}
LETTER = {
    "id": "l",
    "source": "typed",
    "utterances": [{"text": "您好！我想了解一下同中小学附近的规划路。时承诺的绿化一直没有做，请核实。"}],
}


def understood(tmp_path: Path, *lines: object) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and the answers for these talks (or raw lines)."""
    file = tmp_path / "talks.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    file.write_text("\n".join(texts), encoding="utf-8")
    result = CliRunner().invoke(app, ["understand", str(file)])
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


BAD = (
    "no json",
    "[]",
    '{"utterances": "x"}',
    '{"utterances": [{"speaker": "cat", "text": "喵"}]}',
    '{"id": 1}',
    '{"utterances": ' + "[" * 5000,
    '{"utterances": [], "called_at": "yesterday"}',
)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The answers for all of them, from one run: reading the city's words takes longer than all the rest."""
    code, found = understood(tmp_path_factory.mktemp("talks"), LAMP, FIRE, LETTER)
    assert code == 0
    return {str(answer["id"]): answer for answer in found}


def test_a_talk_gives_draft_answers_and_the_clerk_s_text(answers: dict[str, dict[str, Any]]) -> None:
    answer = answers["1"]
    draft = answer["draft"]
    assert draft["category"]["value"] == "1106"
    assert draft["phone"]["value"] == "13912345678"
    assert draft["place_text"]["value"].startswith("白霓镇白泉村")
    assert draft["place_text"]["words"]
    assert answer["answers"][0]["article"] == "street-light-repair"
    assert answer["alerts"] == []
    assert answer["text"] == ["喂你好我们村的路灯昨天坏了", "请问是哪个村", "白霓镇白泉村23号"]


def test_an_emergency_names_code_probability_and_utterance(answers: dict[str, dict[str, Any]]) -> None:
    (alert,) = answers["7"]["alerts"]
    assert (alert["code"], alert["target"], alert["utterance"]) == ("E119-01", "119", 1)
    assert alert["probability"] > 0.5
    assert any("火" in word for word in alert["words"])


def test_a_letter_is_never_rewritten(answers: dict[str, dict[str, Any]]) -> None:
    """Its words may sound like a place (同中 铜钟, 时承 石城, 规划路 桂花路): nobody said so."""
    answer = answers["l"]
    assert answer["text"] == [LETTER["utterances"][0]["text"]]  # type: ignore[index]
    shown = json.dumps(answer["draft"], ensure_ascii=False)
    for invented in ("铜钟", "石城", "桂花路"):
        assert invented not in shown


def test_a_bad_line_is_told_and_the_others_are_answered(tmp_path: Path) -> None:
    fine = {"id": "2", "utterances": []}
    lines = [line for bad in BAD for line in (bad, fine)]
    code, told = understood(tmp_path, *lines)
    assert code == 2
    for number, (bad, good) in enumerate(zip(told[::2], told[1::2], strict=True)):
        assert bad["line"] == 2 * number + 1 and bad["error"], BAD[number]
        assert good["id"] == "2"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["understand", str(tmp_path / "none.jsonl")])
    assert result.exit_code == 2
    assert "none.jsonl" in result.stderr


def test_knowledge_is_searched_without_a_database() -> None:
    result = CliRunner().invoke(app, ["kb", "search", "--json"], input="讨薪\n\n路灯不亮\n")
    wages, _, lamp = [json.loads(line) for line in result.stdout.splitlines()]
    assert wages[0]["article"] == "wage-arrears-complaint"
    assert lamp[0].keys() == {"article", "title", "score", "why"}
    assert lamp[0]["article"] == "street-light-repair"


def test_knowledge_for_people_to_read() -> None:
    result = CliRunner().invoke(app, ["kb", "search"], input="路灯不亮\n¤¤¤\n")
    assert "路灯不亮怎么报修" in result.stdout
    assert "没有找到" in result.stdout
