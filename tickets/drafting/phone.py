"""Telephone numbers: digits, spoken digits the text step left, and digits heard as their homophones."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hotline.events import Suggestion
from tickets.drafting.talk import Line, Span, suggest

_SPOKEN = {
    **{str(d): str(d) for d in range(10)},
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)),
    **{"〇": "0", "幺": "1", "两": "2", "洞": "0", "拐": "7", "勾": "9"},
}
# Homophones of digits; believed only inside a run of real digits.
_HEARD_AS = {
    char: digit
    for digit, chars in {
        "1": "要腰药衣医依", "2": "耳儿而尔", "3": "散伞", "4": "丝司思私", "5": "无舞午武物", "6": "刘流留柳",
        "7": "起期齐妻棋", "8": "巴爸吧", "9": "久酒就旧", "0": "领灵另林",
    }.items()
    for char in chars
}  # fmt: skip
_GAP = "-－ 、，,的是杠转"
_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0\d{2,3}[2-8]\d{6,7}")
_LOCAL = re.compile(r"[2-8]\d{6}")
_KEY = re.compile(r"电话|号码|手机|联系|打我")
_OTHER = re.compile(r"另外|还有一个|备用|我老婆的|我老公的|家里的电话|座机|再留一个")


def _runs(text: str) -> list[tuple[str, int, int]]:
    """Runs of spoken digits as (digits, start, end); homophones count only between real digits."""
    runs: list[tuple[str, int, int]] = []
    digits, start, last, false = "", -1, -1, 0
    for i, char in enumerate([*text, "\n"]):
        if char in _SPOKEN:
            if not digits:
                start = i
            digits, last = digits + _SPOKEN[char], i
        elif digits and char in _HEARD_AS and len(digits) >= 2:
            digits, false, last = digits + _HEARD_AS[char], false + 1, i
        elif not (digits and char in _GAP):
            if digits and false * 4 <= len(digits):
                runs.append((digits, start, last + 1))
            elif digits:
                runs += [
                    (m.group(), start + m.start(), start + m.end()) for m in re.finditer(r"\d{7,}", text[start:i])
                ]
            digits, false = "", 0
    return runs


def _numbers(digits: str, *, keyed: bool) -> list[str]:
    found = _MOBILE.findall(digits) or _LANDLINE.findall(digits)
    if not found and keyed and _LOCAL.fullmatch(digits):
        found = [digits]
    return list(found)


def find_phones(lines: Sequence[Line], caller: str) -> dict[str, list[Suggestion]]:
    """`phone` and `phone_alt`; what the citizen said beats the caller id, the agent's read-back confirms."""
    heard: dict[str, tuple[float, Span]] = {}
    read_back: set[str] = set()
    pieces = ""
    for i, line in enumerate(lines):
        keyed = "phone" in line.asked or bool(_KEY.search(line.read))
        runs = _runs(line.read)
        for digits, start, end in runs:
            for number in _numbers(digits, keyed=keyed):
                if line.by_citizen:
                    sure = 0.92 if keyed else 0.8
                    heard.setdefault(number, (sure, Span(line, start, end)))
                else:
                    read_back.add(number)
        # A number given in pieces: 135 / 8642 / 7903, the agent's "嗯" between.
        only = "".join(digits for digits, _, _ in runs)
        if line.by_citizen and only and len(only) >= len(line.read) - 2 and not _MOBILE.search(only):
            pieces += only
            if (match := _MOBILE.search(pieces)) is not None:
                heard.setdefault(match.group(), (0.75, Span(line, runs[0][1], runs[-1][2])))
        elif line.by_citizen or len(line.read) > 4 or i == 0:
            pieces = ""
    found = [
        suggest(number, sure + (0.06 if number in read_back else 0.0), span)
        for number, (sure, span) in heard.items()
    ]
    out: dict[str, list[Suggestion]] = {}
    spare = [s for s in found[1:] if s.value != caller]
    main = found[:1]
    if caller:
        main.append(suggest(caller, 0.6, None, "来电号码"))
    if main:
        out["phone"] = [s for i, s in enumerate(main) if s.value not in [o.value for o in main[:i]]]
    if spare:
        out["phone_alt"] = spare
    return out
