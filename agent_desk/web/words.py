"""Chinese words for codes that pages show: states, types, channels (domain.md 2.2, 2.9, glossary)."""

from __future__ import annotations

from tickets.clocks.rules import NAMES as CLOCKS
from tickets.fields import APPEAL_TYPES, CONFIDENTIAL, PROCEDURES, TAGS, URGENCIES
from tickets.permissions import ROLE_NAMES
from tickets.states import DECLINE_CODES, OPEN, STATE_NAMES

__all__ = [
    "APPEAL_TYPES",
    "CLOCKS",
    "CONFIDENTIAL",
    "PROCEDURES",
    "ROLE_NAMES",
    "TAGS",
    "URGENCIES",
]

TICKET_STATES = {state.value: name for state, name in STATE_NAMES.items()}
OPEN_TICKET_STATES = frozenset(state.value for state in OPEN)
GENDERS = {"MALE": "先生", "FEMALE": "女士"}
CALL_DECLINE_CODES = {code: name for code, name in DECLINE_CODES.items() if code != "NA10"}
"""NA10 (emergency) is never a refusal: it is handed over."""
LAMPS = {
    "GREEN": "正常",
    "YELLOW": "临期",
    "RED": "超期",
    "PAUSED": "中止计时",
    "GREY": "已完成",
    "GREY_LATE": "逾期完成",
}
CALL_STATES = {
    "ivr": "语音导航",
    "queued": "排队中",
    "ringing": "振铃中",
    "talking": "通话中",
    "held": "保持中",
    "conference": "多方通话",
    "ended": "已结束",
}
AFTER_TALK = "满意度调查中"
"""A citizen back in the script after the talk."""
CALL_OUTCOMES = {
    "answered": "已接听",
    "abandoned": "未接通",
    "ivr": "自助结束",
    "voicemail": "留言",
    "callback": "预约回拨",
    "handed_over": "已移交",
    "failed": "异常中断",
    "unknown": "情况不明",
}
AGENT_STATES = {
    "offline": "离线",
    "ready": "示闲",
    "ringing": "振铃",
    "talking": "通话",
    "held": "保持",
    "wrap_up": "话后",
    "not_ready": "示忙",
}
BUSY_REASONS = {"break": "小休", "meal": "用餐", "training": "培训", "meeting": "会议", "other": "其他事务"}
ALL_BUSY_REASONS = BUSY_REASONS | {
    "missed": "漏接来电",
    "lost": "页面失联",
    "unregistered": "话机未注册",
    "no_mic": "话筒不可用",
    "repaired": "已校正",
    "outbound": "外呼",
    "login": "刚上线",
}
EMERGENCY_NUMBERS = {"110": "公安", "119": "消防", "120": "急救", "122": "交警"}
OTHER_HOTLINE = "12345"
"""In the hand-off dialog: another city's, with its area code."""
QUEUES = {
    "common": "综合",
    "enterprise": "企业",
    "dialect": "方言",
    "foreign": "外语",
    "liaison110": "110联动",
}
