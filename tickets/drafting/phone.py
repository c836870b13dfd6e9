"""Telephone numbers: digits, spoken digits the text step left, and digits heard as their homophones."""

from __future__ import annotations

import re
from collections.abc import Sequence

from language.said_phones import SPOKEN, said_phones
from runtime.events import Suggestion
from tickets.drafting.talk import Line, Span, suggest

# Homophones of digits; believed only inside a run of real digits.
_HEARD_AS = {
    char: digit
    for digit, chars in {
        "1": "要腰药衣医依", "2": "耳儿而尔", "3": "散伞", "4": "丝司思私", "5": "无舞午武物", "6": "刘流留柳",
        "7": "起期齐妻棋", "8": "巴爸吧", "9": "久酒就旧", "0": "领灵另林",
    }.items()
    for char in chars
}  # fmt: skip
_MOBILE = re.compile(r"1[3-9]\d{9}")
_KEY = re.compile(r"电话|号码|手机|联系|打我")


def _as_digits(text: str, *, last: bool = False) -> str:
    """`text` of the same length with digits heard as homophones written as digits: 八六四耳七九 -> 8642七九.

    Behind the last real digit of a run homophones are words (…五六七八吧), unless `last` is set.
    """
    heard = list(text)
    start = 0
    for i, char in enumerate([*text, "\n"]):
        if char in SPOKEN:
            continue
        run = text[start:i]
        real = [at for at, c in enumerate(run) if c in SPOKEN]
        if len(real) >= 2 and char in _HEARD_AS:
            continue
        end = len(run) if last or not real else real[-1] + 1
        false = end - len(real)
        if 0 < false * 4 <= end:
            heard[start : start + end] = [_HEARD_AS.get(c, c) for c in run[:end]]
        start = i + 1
    return "".join(heard)


def _digits(text: str) -> str:
    return "".join(SPOKEN[c] for c in text if c in SPOKEN)


def find_phones(lines: Sequence[Line], caller: str) -> dict[str, list[Suggestion]]:
    """`phone` and `phone_alt`; what the citizen said beats the caller id, the agent's read-back confirms."""
    heard: dict[str, tuple[float, Span]] = {}
    read_back: set[str] = set()
    pieces = ""
    for i, line in enumerate(lines):
        keyed = "phone" in line.asked or bool(_KEY.search(line.read))
        read = _as_digits(line.read)
        said = said_phones(read, asked=keyed) or said_phones(_as_digits(line.read, last=True), asked=keyed)
        for phone in said:
            if line.by_citizen:
                heard.setdefault(phone.digits, (0.92 if keyed else 0.8, Span(line, phone.start, phone.end)))
            else:
                read_back.add(phone.digits)
        # A number given in pieces: 135 / 8642 / 7903, the agent's "嗯" between.
        only = _digits(read)
        if line.by_citizen and only and len(only) >= len(line.read) - 2 and not _MOBILE.search(only):
            pieces += only
            if (match := _MOBILE.fullmatch(pieces)) is not None:
                at = [i for i, char in enumerate(read) if char in SPOKEN]
                heard.setdefault(match.group(), (0.75, Span(line, at[0], at[-1] + 1)))
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
