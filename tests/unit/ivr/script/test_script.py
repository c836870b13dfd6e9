"""The script model and its published schema."""

from __future__ import annotations

import json
from pathlib import Path

import ivr
from ivr.line import Prompt
from ivr.script.script import json_schema
from tests.unit.ivr.scripts import script


def test_the_exported_schema_is_current() -> None:
    exported = Path(ivr.__file__).with_name("script.schema.json")
    assert json.loads(exported.read_text(encoding="utf-8")) == json_schema(), (
        "run: hotline script schema > ivr/script.schema.json"
    )


def test_every_kind_of_node_is_in_the_schema() -> None:
    (node,) = json_schema()["properties"]["nodes"]["patternProperties"].values()
    assert set(node["discriminator"]["mapping"]) == {
        *("say", "menu", "digits", "branch", "queue", "progress", "voicemail"),
        *("callback", "handoff", "survey", "set", "goto", "hangup"),
    }


def test_prompts_have_keys_under_which_recordings_replace_them() -> None:
    made = script()
    assert made.prompt("greet", "prompt") == Prompt("您好。", key="test-greet")
    assert made.prompt("main", "wrong_key_prompt") == Prompt("您按的键不正确。", key="test-main-wrong_key")
    assert made.prompt("queue", "prompt") is None
    assert len({prompt.key for prompt in made.all_prompts()}) == len(list(made.all_prompts()))
