"""Short dialogues for drafting tests: "C: …" is the citizen, "A: …" the agent."""

from __future__ import annotations

from runtime.events import Utterance
from tickets.drafting.talk import Line, lines_of


def said(*lines: str) -> list[Utterance]:
    return [
        Utterance(
            call_id="c",
            utterance_id=f"u{i}",
            speaker="agent" if line.startswith("A:") else "citizen",
            start_ms=i * 3000,
            end_ms=i * 3000 + 2000,
            text=line.removeprefix("A:").removeprefix("C:").strip(),
            final=True,
        )
        for i, line in enumerate(lines)
    ]


def talk(*lines: str) -> list[Line]:
    return lines_of(said(*lines))
