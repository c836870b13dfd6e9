"""All plans by the transition they carry out."""

from __future__ import annotations

from typing import Any

from tickets.life.act import Plan
from tickets.life.steps import dispatching, ending, following, handling, judging, opening, returning, reviewing

PLANS: dict[str, Plan[Any]] = {}
for _room in (opening, dispatching, returning, handling, reviewing, following, judging, ending):
    PLANS |= _room.PLANS
