"""Figures in the words and numbers that people read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent_desk.web import words
from calls.figures.exits import AFTERWARDS, HUMAN, HUNG_UP, KEY, STILL, TALKED
from calls.figures.kpi import Figure, Kind

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "接通",
        (
            *("CALL_OFFERED", "CALL_QUEUED", "CALL_ANSWERED", "CONNECT_RATE", "CONNECT_RATE_X5"),
            *("ANS15", "ANS20", "ABANDON_RATE"),
        ),
    ),
    (
        "等待",
        (
            *("ASA", "ASA_QUEUE", "P95_WAIT", "MAX_WAIT"),
            *("SHORT_ABANDON", "OVERFLOW_RATE", "CALLBACK_ASKED", "VOICEMAIL"),
        ),
    ),
    ("通话", ("AHT", "ATT", "HOLD", "ACW", "OCC", "XFER_RATE", "XFER3_RATE")),
    (
        "后续",
        (
            *("MISSED_CB_RATE", "MISSED_REACHED"),
            *("HANDOFF_OUT", "HANDOFF_ACCEPTED", "HAND_TIME", "HAND_RETURN", "CALL_SAT"),
        ),
    ),
)
RULES = ("ANS15_24H_MIN", "CONNECT_RATE_24H_MIN", "ONE_KEY", "MISSED_CB_RATE", "NOTICE")

KINDS = {
    "say": "播报",
    "menu": "菜单",
    "digits": "输入号码",
    "branch": "判断",
    "queue": "人工队列",
    "progress": "查进度",
    "voicemail": "留言",
    "callback": "预约回拨",
    "handoff": "移交",
    "survey": "满意度评价",
    "set": "记录",
    "goto": "跳转",
    "hangup": "结束语",
}
EXITS = {
    HUMAN: "按键转人工",
    HUNG_UP: "市民挂机",
    TALKED: "接通人工，通话后挂机",
    AFTERWARDS: "通话后挂机",
    STILL: "流程结束",
    "taken": "转入多方通话或其他队列",
    "next": "继续",
    "then": "条件成立",
    "otherwise": "条件不成立",
    "answered": "接通人工",
    "overflow": "等候超时",
    "unavailable": "无坐席可接",
    "found": "查到",
    "not_found": "没有查到",
    "failed": "查询失败",
    "done": "完成",
    "declined": "未确认",
    "no_answer": "对方未接",
    "no_input": "没有按键",
    "wrong_key": "按错键",
    "to": "继续",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure on the page; `counted` is "31 / 39", "" where there is nothing to divide."""

    code: str
    name: str
    value: str
    unit: str
    counted: str
    definition: str
    met: bool | None
    target: str


def tile(figure: Figure) -> Tile:
    value, unit = shown(figure)
    return Tile(
        code=figure.code,
        name=figure.name,
        value=value,
        unit=unit,
        counted=counted(figure),
        definition=figure.definition,
        met=figure.met,
        target=f"{figure.target * 100:g}%" if figure.target is not None else "",
    )


def tiles(figures: dict[str, Figure], codes: Iterable[str]) -> list[Tile]:
    """Those of these that the scope has."""
    return [tile(figures[code]) for code in codes if code in figures]


def shown(figure: Figure) -> tuple[str, str]:
    """Value and unit; "—" where of nothing nothing can be said."""
    if figure.value is None:
        return "—", ""
    match figure.kind:
        case Kind.RATE:
            return f"{figure.value * 100:.2f}", "%"
        case Kind.COUNT:
            return f"{figure.value:,.0f}", ""
        case _ if figure.value < 100:
            return f"{figure.value:.1f}", "秒"
        case _:
            return minutes(figure.value), ""


def counted(figure: Figure) -> str:
    match figure.kind:
        case Kind.RATE if figure.denominator is not None and figure.code == "OCC":
            return f"{minutes(figure.numerator)} / {minutes(figure.denominator)}"
        case Kind.RATE:
            return f"{figure.numerator:,.0f} / {figure.denominator:,.0f}"
        case Kind.MEAN:
            return f"{figure.numerator:,.0f} 秒 / {figure.denominator:,.0f}"
        case Kind.MOST:
            return f"共 {figure.denominator:,.0f} 通"
        case _:
            return ""


def minutes(seconds: float | None) -> str:
    """1:05:09 or 5:09; "—" for None."""
    if seconds is None:
        return "—"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def percent(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.2f}%"


def half_hour(half: int) -> str:
    """09:30–10:00"""
    end = half + 1
    return f"{half // 2:02d}:{half % 2 * 30:02d}–{end // 2:02d}:{end % 2 * 30:02d}"


def exit_name(exit_: str, to: str = "") -> str:
    """How a node was left; `to` is where that led."""
    if exit_ == STILL and to:
        return "未注明"
    key = exit_.removeprefix(KEY)
    return f"按 {key}" if exit_.startswith(KEY) or len(key) == 1 else EXITS.get(exit_, exit_)


def reason(code: str) -> str:
    """Why a seat was not ready."""
    return words.ALL_BUSY_REASONS.get(code, code) if code else "未注明"


def reasons_of(codes: Iterable[str]) -> Sequence[str]:
    """Reason codes in the order of the list that agents choose from, the others behind."""
    known = list(words.ALL_BUSY_REASONS)
    return sorted(set(codes), key=lambda code: (known.index(code) if code in known else len(known), code))
