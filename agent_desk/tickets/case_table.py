"""Every act on a ticket after its submission, in the order of a ticket's life."""

from __future__ import annotations

from agent_desk.tickets.case_act import CaseAct
from agent_desk.tickets.centre_acts import CENTRE_ACTS
from agent_desk.tickets.unit_acts import UNIT_ACTS

ACTS: dict[str, CaseAct] = {act.key: act for act in (*UNIT_ACTS, *CENTRE_ACTS)}
