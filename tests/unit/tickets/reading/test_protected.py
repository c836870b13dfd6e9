"""The database and `masking` must agree on who sees what: else a list shows what the ticket's page hides."""

from __future__ import annotations

from itertools import product

from sqlalchemy import select

from db.models import Ticket
from tests.unit.tickets.conftest import Centre, lamp_fields
from tickets.actor import NOBODY, SYSTEM, Actor
from tickets.permissions import ROLE_NAMES
from tickets.reading.masking import may_hear_recording, may_see_identity
from tickets.reading.protected import title_open


def people(centre: Centre, *jurisdictions: frozenset[int] | None) -> list[Actor]:
    assert centre.agent.user_id is not None
    single = [frozenset({role}) for role in ROLE_NAMES]
    several = [frozenset({"AGENT", "UNIT_HEAD"}), frozenset({"REVIEWER", "HANDLER"})]
    made = [
        Actor(user_id, "某人", roles, unit_id, where)
        for roles, user_id, unit_id, where in product(
            [*single, *several], (centre.agent.user_id, 999), (centre.urban, centre.labour, None), jurisdictions
        )
    ]
    return [NOBODY, SYSTEM, *made]


async def test_lists_open_what_the_page_opens(centre: Centre) -> None:
    for confidential in ("NONE", "HIDE_FROM_UNIT", "REPORTER"):
        fields = lamp_fields(appeal_type="REPORT", confidential=confidential, appellant_name="陈建国")
        await centre.desk.open_ticket(centre.agent, fields, None, centre.urban)
        await centre.desk.open_ticket(centre.agent, fields)
    async with centre.sessions.begin() as session:
        tickets = list(await session.scalars(select(Ticket).order_by(Ticket.id)))
        tickets[0].created_by = tickets[-1].created_by = None
    actors = people(centre, None, frozenset({1}), frozenset({999}))
    assert len(actors) > 300
    async with centre.sessions() as session:
        for actor in actors:
            found = set(await session.scalars(select(Ticket.id).where(title_open(actor))))
            expected = {t.id for t in tickets if t.confidential == "NONE" or may_see_identity(actor, t)}
            assert found == expected, actor
            heard = {t.id for t in tickets if t.confidential != "NONE" and may_hear_recording(actor, t)}
            assert heard <= found
