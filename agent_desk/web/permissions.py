"""Who may do what on the desk: domain.md 6.3 as a table, for the pages that exist so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """An act somebody may be allowed. The value appears in error pages' logs, never to people."""

    LOGGED_IN = "logged_in"
    """Any account: its own password, the start page."""
    TAKE_CALLS = "take_calls"
    """The agent desk: softphone, draft, submit, hand over."""
    READ_TICKETS = "read_tickets"
    """Ticket pages; what is shown and masked is decided by `tickets.reading.view`."""
    SIGN = "sign"
    REPLY = "reply"
    UNIT_LIST = "unit_list"
    """The list of one's own unit's tickets."""
    PLAY_OWN_RECORDING = "play_own_recording"
    """Recordings of calls one has taken, for 24 hours (and those of the caller now on the line)."""
    PLAY_ANY_RECORDING = "play_any_recording"
    READ_KNOWLEDGE = "read_knowledge"
    WATCH_BOARD = "watch_board"
    REPAIR_AGENT = "repair_agent"
    ADMINISTER = "administer"
    EDIT_SCRIPTS = "edit_scripts"
    """What callers hear: drafts, publishing, going back."""
    READ_AUDIT = "read_audit"


_AGENT = frozenset(
    {
        Permission.TAKE_CALLS,
        Permission.READ_TICKETS,
        Permission.PLAY_OWN_RECORDING,
        Permission.READ_KNOWLEDGE,
    }
)
_CENTRE = frozenset({Permission.READ_TICKETS, Permission.READ_KNOWLEDGE, Permission.WATCH_BOARD})
_UNIT = frozenset({Permission.UNIT_LIST, Permission.READ_TICKETS})

TABLE: dict[str, frozenset[Permission]] = {
    "AGENT": _AGENT,
    "LIAISON_110": _AGENT,
    "SHIFT_LEAD": _AGENT | {Permission.WATCH_BOARD, Permission.REPAIR_AGENT, Permission.PLAY_ANY_RECORDING},
    "DISPATCHER": _CENTRE,
    "DISPATCH_HEAD": _CENTRE,
    "REVIEWER": _CENTRE,
    "FOLLOWUP": _CENTRE,
    "QA": _CENTRE | {Permission.PLAY_ANY_RECORDING},
    "KB_EDITOR": frozenset({Permission.READ_KNOWLEDGE}),
    "KB_APPROVER": frozenset({Permission.READ_KNOWLEDGE}),
    "UNIT_LIAISON": _UNIT | {Permission.SIGN, Permission.REPLY},
    "HANDLER": _UNIT | {Permission.REPLY},
    "UNIT_HEAD": _UNIT | {Permission.SIGN, Permission.REPLY},
    "SUPERVISOR_XF": _CENTRE | {Permission.PLAY_ANY_RECORDING, Permission.READ_AUDIT},
    "ANALYST": frozenset({Permission.WATCH_BOARD}),
    "ADMIN": frozenset({Permission.ADMINISTER, Permission.EDIT_SCRIPTS, Permission.WATCH_BOARD}),
    "SECURITY": frozenset({Permission.READ_AUDIT}),
    "CITIZEN": frozenset(),
    "PUBLIC": frozenset(),
}


def allowed(roles: Iterable[str]) -> frozenset[Permission]:
    """Everything these roles together may do; unknown roles give nothing."""
    granted = {Permission.LOGGED_IN}
    for role in roles:
        granted |= TABLE.get(role, frozenset())
    return frozenset(granted)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the navigation and who has it; `unless` they have one that takes its place."""

    permission: Permission
    path: str
    name: str
    unless: frozenset[Permission] = frozenset()


PAGES: tuple[Page, ...] = (
    Page(Permission.TAKE_CALLS, "/desk", "坐席工作台"),
    Page(Permission.TAKE_CALLS, "/tickets", "我的工单"),
    Page(Permission.UNIT_LIST, "/unit", "本单位工单"),
    Page(Permission.READ_TICKETS, "/tickets", "工单", frozenset({Permission.TAKE_CALLS, Permission.UNIT_LIST})),
    Page(Permission.WATCH_BOARD, "/board", "运行监控"),
    Page(Permission.WATCH_BOARD, "/unwatched", "中断期间来电"),
    Page(Permission.ADMINISTER, "/admin", "系统管理"),
    Page(Permission.EDIT_SCRIPTS, "/admin/scripts", "语音脚本"),
    Page(Permission.READ_AUDIT, "/audit", "操作留痕"),
)

HOMES = ("/desk", "/unit", "/admin", "/tickets", "/board", "/audit")


def pages_of(permissions: frozenset[Permission]) -> list[Page]:
    """The pages in the navigation of a person with these permissions."""
    return [page for page in PAGES if page.permission in permissions and not page.unless & permissions]


def page_at(path: str, permissions: frozenset[Permission]) -> Page | None:
    """The page of the navigation that this address belongs to: the one whose own address says most of it."""
    theirs = [page for page in pages_of(permissions) if path.startswith(page.path)]
    return max(theirs, key=lambda page: len(page.path), default=None)


def home(permissions: frozenset[Permission]) -> str:
    """Where a person starts after logging in."""
    theirs = {page.path for page in pages_of(permissions)}
    return next((path for path in HOMES if path in theirs), "/home")
