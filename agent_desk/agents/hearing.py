"""Who may hear what: asked before a player is offered and again before a byte is given out."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent_desk.web.permissions import Permission
from agent_desk.web.web_sessions import Identity
from db.models import Voicemail

HEARD_FOR = timedelta(hours=24)
"""A message that is dealt with may be heard again by agents for this long after it was left."""
WAITING = ("new", "transcribed", "ticketed", "empty", "unreadable")


def may_hear_message(who: Identity, message: Voicemail, now: datetime, *, barred: bool) -> bool:
    """Supervisors hear all messages, agents those that wait and those of the last day; `barred`: protected."""
    open_to_agents = message.state in WAITING or now - message.created_at <= HEARD_FOR
    by_role = who.may(Permission.PLAY_ANY_RECORDING) or (who.may(Permission.TAKE_CALLS) and open_to_agents)
    return by_role and not barred
