"""The IVR script: one document of nodes, each with its exits. Its JSON Schema is `ivr/script.schema.json`.

The model fixes what may be said; `ivr.script.document` reads YAML into it with line numbers,
`ivr.script.check` judges the whole (paths, loops, the way to a human), `ivr.running.runner` walks it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, field_validator

from ivr.line import Prompt
from ivr.script.nodes import Key, Node, NodeId, Part, PhonePattern


class Human(Part):
    """The key that leads to a person from everywhere in the script, and the node where that person is."""

    key: Key = "0"
    to: NodeId


class Limits(Part):
    """What the check warns about. Seconds of prompts before a person; GB/T 33358 asks for 15 s in all."""

    seconds_to_human: float = Field(default=15, gt=0, le=600)
    prompt_characters: int = Field(default=90, ge=10, le=500)


class Script(Part):
    """An IVR script."""

    format: Literal[1] = Field(description="Version of this document's form.")
    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    title: str = Field(min_length=1, max_length=64)
    start: NodeId
    human: Human
    limits: Limits = Limits()
    lists: dict[str, list[PhonePattern]] = Field(
        default_factory=dict, description="Caller lists: numbers, or beginnings of numbers with a * after them."
    )
    nodes: dict[NodeId, Node] = Field(min_length=1, max_length=500)

    @field_validator("format", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,3}", value) else value

    def prompt(self, node_id: str, field: str) -> Prompt | None:
        """What this node says there, with the key under which a recording may replace it; None if nothing."""
        text = self.nodes[node_id].prompts().get(field)
        if text is None:
            return None
        part = "" if field == "prompt" else f"-{field.removesuffix('_prompt')}"
        return Prompt(text, key=f"{self.name}-{node_id}{part}")

    def all_prompts(self) -> Iterator[Prompt]:
        """Everything the script may say."""
        for node_id, node in self.nodes.items():
            for field in node.prompts():
                prompt = self.prompt(node_id, field)
                assert prompt is not None
                yield prompt


def json_schema() -> dict[str, Any]:
    """JSON Schema of the script document, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Script.model_json_schema()
