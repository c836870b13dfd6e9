"""What the other side of a hand-off is given: the citizen's number, the place and one line, each made safe.

SIP headers, Asterisk variables and display names have their own special characters; a text that came from
a citizen's mouth keeps none of them.
"""

from __future__ import annotations

import re

from calls.state.live import LiveCall, LiveHandoff
from language.phone import normalise

_SPECIAL = str.maketrans(
    {
        ",": "，",
        ";": "；",
        ":": "：",
        "(": "（",
        ")": "）",
        "[": "【",
        "]": "】",
        "{": "｛",
        "}": "｝",
        "<": "〈",
        ">": "〉",
        '"': "＂",
        "'": "＇",
        "\\": "＼",
        "$": "＄",
        "&": "＆",
        "|": "｜",
        "@": "＠",
        "=": "＝",
        "^": "＾",
    }
)
DISPLAY_LIMIT = 12
"""A display name longer than this is cut off by most telephones: then it is left out."""


def safe(text: str, limit: int = 80) -> str:
    """One line without characters that mean something to Asterisk or SIP, at most `limit` characters."""
    line = re.sub(r"[\x00-\x1f\x7f\u2028\u2029\s]+", " ", text).strip()
    return line.translate(_SPECIAL)[:limit]


def caller_id(call: LiveCall, handoff: LiveHandoff, own_number: str) -> str:
    """AMI CallerID of the leg: the citizen's number passed through, the place as name when short."""
    digits = call.caller or own_number
    name = safe(handoff.place, 40)
    shown = name if 0 < len(name) <= DISPLAY_LIMIT else digits
    return f'"{shown}" <{digits}>'


def leg_variables(call: LiveCall, handoff: LiveHandoff, whisper: str = "") -> list[str]:
    """Variables of an Originate: who this leg is, and the SIP headers of a hand-off."""
    # The role comes first: with CALL_ID the tracker looks at the channel.
    found = [f"HOTLINE_ROLE={handoff.role}:{handoff.target}", f"CALL_ID={call.id}"]
    headers = {"X-Hotline-Call": call.id}
    if handoff.role == "agent":
        headers["X-Hotline-From"] = handoff.by
    else:
        headers["X-Hotline-Place"] = safe(handoff.place)
        headers["X-Hotline-Summary"] = safe(handoff.summary)
    found += [f"PJSIP_HEADER(add,{name})={value}" for name, value in headers.items() if value]
    if whisper:
        found.append(f"HOTLINE_WHISPER={whisper}")
    return found


def whisper_text(call: LiveCall, handoff: LiveHandoff) -> str:
    """What the other side hears before it is joined; short, because somebody waits for help."""
    parts = ["12345转接"]
    if handoff.place:
        parts.append("地点" + safe(handoff.place, 20))
    if handoff.summary:
        parts.append(safe(handoff.summary, 20))
    phone = normalise(call.caller)
    parts.append("来电" + phone.digits if phone.digits else "来电未显示号码")
    return "，".join(parts) + "。"
