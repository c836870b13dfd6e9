"""How numbers in Chinese text are said aloud: telephone numbers digit by digit, amounts as amounts."""

from __future__ import annotations

import re

DIGITS = "零一二三四五六七八九"
_TELEPHONE = str.maketrans("0123456789", "零幺二三四五六七八九")
_PLAIN = str.maketrans("0123456789", DIGITS)
_BIG = ("", "万", "亿", "万亿")
_SERVICE = frozenset({"110", "112", "114", "119", "120", "122", "12306", "12315", "12333", "12345", "12366"})
"""Numbers that everybody says digit by digit."""

_NUMBER = re.compile(
    r"(?P<percent>\d+(?:\.\d+)?)\s*[%％]"
    r"|(?P<hour>\d{1,2})[::](?P<minute>\d{2})(?!\d)"
    r"|(?P<year>\d{4})(?=年)"
    r"|(?P<number>\d+(?:\.\d+)?)"
)


def amount(number: int) -> str:
    """A whole number below 10^16 in words: 10 -> 十, 205 -> 二百零五, 30012 -> 三万零一十二."""
    if number == 0:
        return DIGITS[0]
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    said = ""
    for power in range(len(groups) - 1, -1, -1):
        group = groups[power]
        if group == 0:
            said += DIGITS[0] if said and not said.endswith(DIGITS[0]) and any(groups[:power]) else ""
            continue
        if said and group < 1000 and not said.endswith(DIGITS[0]):
            said += DIGITS[0]
        said += _below_ten_thousand(group) + _BIG[power]
    return said.removeprefix("一") if said.startswith("一十") else said


def _below_ten_thousand(number: int) -> str:
    said, gap = "", False
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, power)
        if digit:
            said += (DIGITS[0] if gap and said else "") + DIGITS[digit] + unit
            gap = False
        else:
            gap = True
    return said


def digits(number: str) -> str:
    """Digit by digit, with yao for one as on the telephone when there is more than one digit."""
    return number.translate(_TELEPHONE if len(number) > 1 else _PLAIN)


def aloud(text: str) -> str:
    """Replace every number in `text` by the words a person would say."""
    return _NUMBER.sub(_say, text)


def _say(found: re.Match[str]) -> str:
    if found["percent"]:
        return "百分之" + _number(found["percent"])
    if found["hour"]:
        minute = int(found["minute"])
        tail = "" if minute == 0 else ("零" if minute < 10 else "") + amount(minute) + "分"
        return amount(int(found["hour"])) + "点" + tail
    if found["year"]:
        return found["year"].translate(_PLAIN)
    return _number(found["number"])


def _number(number: str) -> str:
    whole, _, fraction = number.partition(".")
    if fraction:
        return amount(int(whole[:16])) + "点" + fraction.translate(_PLAIN)
    if whole in _SERVICE or len(whole) >= 6 or (len(whole) > 1 and whole.startswith("0")):
        return digits(whole)
    return amount(int(whole))
