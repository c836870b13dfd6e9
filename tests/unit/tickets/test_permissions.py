from __future__ import annotations

from dataclasses import dataclass

import pytest

from tickets.actor import SYSTEM, Actor
from tickets.errors import NotAllowed
from tickets.permissions import _ASKED_FOR, MATRIX, ROLE_NAMES, may, require


@dataclass(frozen=True)
class Paper:
    created_by: int | None = 1
    unit_id: int | None = 7
    jurisdiction_id: int | None = 3


def actor(*roles: str, user: int = 1, unit: int | None = None, where: frozenset[int] | None = None) -> Actor:
    return Actor(user, "某人", frozenset(roles), unit, where)


def test_every_role_and_permission_has_a_name() -> None:
    assert {role for row in MATRIX.values() for role in row} <= ROLE_NAMES.keys()
    assert _ASKED_FOR.keys() == MATRIX.keys()


def test_own_unit_and_jurisdiction() -> None:
    assert may(actor("AGENT"), "see_identity", Paper())
    assert not may(actor("AGENT", user=2), "see_identity", Paper())
    assert may(actor("UNIT_LIAISON", unit=7), "sign", Paper())
    assert not may(actor("UNIT_LIAISON", unit=8), "sign", Paper())
    assert not may(actor("UNIT_LIAISON"), "sign", Paper(unit_id=None))
    assert may(actor("DISPATCHER"), "dispatch", Paper())
    assert may(actor("DISPATCHER", where=frozenset({3, 4})), "dispatch", Paper())
    assert not may(actor("DISPATCHER", where=frozenset({4})), "dispatch", Paper())


def test_two_roles_add_up() -> None:
    assert may(actor("AGENT", "DISPATCHER", user=9), "dispatch", Paper())


@pytest.mark.parametrize("permission", ["review_reply", "follow_up", "verify", "rework", "dispatch", "decline"])
def test_units_never_judge_themselves(permission: str) -> None:
    for role in ("UNIT_LIAISON", "HANDLER", "UNIT_HEAD"):
        assert not may(actor(role, unit=7), permission, Paper())


def test_identity_of_a_reporter_is_closed_to_units_and_statistics() -> None:
    for role in ROLE_NAMES.keys() - {"AGENT", "LIAISON_110", "FOLLOWUP", "SUPERVISOR_XF"}:
        assert not may(actor(role, unit=7), "see_reporter", Paper()), role


def test_refusals_say_what_is_missing() -> None:
    with pytest.raises(NotAllowed, match="您的角色不能签收，需要：承办单位联络员、单位负责人"):
        require(actor("AGENT"), "sign", Paper())
    with pytest.raises(NotAllowed, match="不属于您的单位"):
        require(actor("UNIT_LIAISON", unit=8), "sign", Paper())
    with pytest.raises(NotAllowed, match="不在您的职责范围内"):
        require(actor("DISPATCHER", where=frozenset({9})), "dispatch", Paper())


def test_the_house_dispatches_and_archives_but_never_signs() -> None:
    assert may(SYSTEM, "dispatch", Paper())
    assert not may(SYSTEM, "sign", Paper())


def test_the_110_liaison_hears_own_calls_but_not_what_the_own_unit_works() -> None:
    for permission in ("see_identity", "see_reporter", "play_recording"):
        assert may(actor("LIAISON_110", user=1, unit=8), permission, Paper()), permission
        assert not may(actor("LIAISON_110", user=2, unit=7), permission, Paper()), permission


def test_the_unit_s_own_people_hear_no_recording() -> None:
    for role in ("UNIT_LIAISON", "HANDLER", "UNIT_HEAD"):
        assert not may(actor(role, unit=7), "play_recording", Paper())
