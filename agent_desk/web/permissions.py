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
    ASK_RETURN = "ask_return"
    ASK_TIME = "ask_time"
    """Extension and suspension, for one's own unit."""
    LEAD_UNIT = "lead_unit"
    """What only a unit's head signs: returns, extensions, answers to supervision."""
    DISPATCH = "dispatch"
    DESIGNATE = "designate"
    """What only the head of dispatching decides: more time, lead and assisting units."""
    REFUSE_TIME = "refuse_time"
    MERGE = "merge"
    REVIEW = "review"
    FOLLOW_UP = "follow_up"
    REWORK = "rework"
    REOPEN = "reopen"
    SUPERVISE = "supervise"
    """Verifying dissatisfaction, and supervision orders."""
    URGE = "urge"
    WITHDRAW = "withdraw"
    RESUME = "resume"
    UNIT_LIST = "unit_list"
    """The list of one's own unit's tickets."""
    PLAY_OWN_RECORDING = "play_own_recording"
    """Recordings of calls one has taken, for 24 hours (and those of the caller now on the line)."""
    PLAY_ANY_RECORDING = "play_any_recording"
    READ_KNOWLEDGE = "read_knowledge"
    WATCH_BOARD = "watch_board"
    REPAIR_AGENT = "repair_agent"
    READ_FIGURES = "read_figures"
    """The centre's figures of calls, its agents' and its conformance."""
    EXPORT_FIGURES = "export_figures"
    """The same as a file that leaves the house."""
    ARRANGE_FLOOR = "arrange_floor"
    """Teams, limits on the board."""
    STEER_AGENTS = "steer_agents"
    """Force a seat's state, end a call, send notices."""
    HANG_WALLS = "hang_walls"
    """Links with which screens on a wall show the board without a log-in."""
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
_DISPATCH = frozenset(
    {Permission.DISPATCH, Permission.MERGE, Permission.REOPEN, Permission.URGE, Permission.RESUME}
)
_FIGURES = frozenset({Permission.READ_FIGURES, Permission.EXPORT_FIGURES})
_UNIT = frozenset({Permission.UNIT_LIST, Permission.READ_TICKETS})
_WORK = frozenset({Permission.REPLY, Permission.ASK_TIME, Permission.RESUME})

TABLE: dict[str, frozenset[Permission]] = {
    "AGENT": _AGENT | {Permission.URGE, Permission.WITHDRAW},
    "LIAISON_110": _AGENT,
    "SHIFT_LEAD": _AGENT
    | {
        Permission.WATCH_BOARD,
        Permission.REPAIR_AGENT,
        Permission.ARRANGE_FLOOR,
        Permission.STEER_AGENTS,
        Permission.PLAY_ANY_RECORDING,
        Permission.MERGE,
        Permission.URGE,
        Permission.READ_FIGURES,
    },
    "DISPATCHER": _CENTRE | _DISPATCH,
    "DISPATCH_HEAD": _CENTRE | _DISPATCH | {Permission.DESIGNATE, Permission.REFUSE_TIME},
    "REVIEWER": _CENTRE | {Permission.REVIEW, Permission.REWORK, Permission.URGE},
    "FOLLOWUP": _CENTRE | {Permission.FOLLOW_UP, Permission.REOPEN, Permission.URGE, Permission.WITHDRAW},
    "QA": _CENTRE | {Permission.PLAY_ANY_RECORDING},
    "KB_EDITOR": frozenset({Permission.READ_KNOWLEDGE}),
    "KB_APPROVER": frozenset({Permission.READ_KNOWLEDGE}),
    "UNIT_LIAISON": _UNIT | _WORK | {Permission.SIGN, Permission.ASK_RETURN},
    "HANDLER": _UNIT | _WORK,
    "UNIT_HEAD": _UNIT | _WORK | {Permission.SIGN, Permission.ASK_RETURN, Permission.LEAD_UNIT},
    "SUPERVISOR_XF": _CENTRE
    | _FIGURES
    | {
        Permission.PLAY_ANY_RECORDING,
        Permission.READ_AUDIT,
        Permission.SUPERVISE,
        Permission.REWORK,
        Permission.REFUSE_TIME,
        Permission.URGE,
    },
    "ANALYST": _FIGURES | {Permission.WATCH_BOARD},
    "ADMIN": frozenset(
        {
            Permission.ADMINISTER,
            Permission.EDIT_SCRIPTS,
            Permission.WATCH_BOARD,
            Permission.ARRANGE_FLOOR,
            Permission.HANG_WALLS,
        }
    ),
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
    Page(Permission.LEAD_UNIT, "/requests", "待审批"),
    Page(Permission.DESIGNATE, "/requests", "待审批"),
    Page(Permission.READ_TICKETS, "/tickets", "工单", frozenset({Permission.TAKE_CALLS, Permission.UNIT_LIST})),
    Page(Permission.WATCH_BOARD, "/board", "运行监控"),
    Page(Permission.READ_FIGURES, "/figures", "话务指标"),
    Page(Permission.WATCH_BOARD, "/unwatched", "中断期间来电"),
    Page(Permission.ADMINISTER, "/admin", "系统管理"),
    Page(Permission.ADMINISTER, "/admin/accounts", "账号"),
    Page(Permission.ADMINISTER, "/admin/units", "单位"),
    Page(Permission.EDIT_SCRIPTS, "/admin/scripts", "语音脚本"),
    Page(Permission.READ_AUDIT, "/audit", "操作留痕"),
)

HOMES = ("/desk", "/unit", "/admin", "/tickets", "/board", "/audit")


def pages_of(permissions: frozenset[Permission]) -> list[Page]:
    """The pages in the navigation of a person with these permissions."""
    return [page for page in PAGES if page.permission in permissions and not page.unless & permissions]


def here_page(pages: Iterable[Page], path: str) -> str:
    """Which of these pages a path belongs to: the nearest; "" for none."""
    return max((page.path for page in pages if path.startswith(page.path)), key=len, default="")


def home(permissions: frozenset[Permission]) -> str:
    """Where a person starts after logging in."""
    theirs = {page.path for page in pages_of(permissions)}
    return next((path for path in HOMES if path in theirs), "/home")
