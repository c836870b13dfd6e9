"""Telephone numbers in running text, written or spoken: whole, or not at all.

A number of an identity card, a bank card or an order is none, nor are eleven digits out of its middle. So a run
of digits counts only as a whole, and what stands before it (订单号, 卡号) may say that it is something else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from language.phone import normalise

SPOKEN = {
    **{str(d): str(d) for d in range(10)},
    **{chr(0xFF10 + d): str(d) for d in range(10)},
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)),
    **{"〇": "0", "幺": "1", "两": "2", "洞": "0", "拐": "7", "勾": "9"},
}
"""Digits as they are written and said on the telephone."""

_DIGIT = "".join(SPOKEN)
_RUN = re.compile(rf"(?P<plus>[+＋]\s*)?[{_DIGIT}](?:[ \-－—–杠()（）]*[{_DIGIT}])*")
_GAP = re.compile(r"[ \-－—–杠()（）]+")
_EXTENSION = re.compile(rf"\s*(?:转|分机)\s*[{_DIGIT}]{{1,6}}")

_MOBILE = r"1[3-9]\d{9}"
_LANDLINE = r"(?:010|02\d|0[3-9]\d{2})[2-8]\d{6,7}"
_FREE = r"[48]00\d{7}"
_ONE = re.compile(rf"{_MOBILE}|{_LANDLINE}|{_FREE}|(?:0086|86){_MOBILE}")
_FOREIGN = re.compile(r"00[1-9]\d{6,14}")
_LOCAL = re.compile(r"[2-8]\d{6}")
_SEVERAL = re.compile(rf"(?:{_MOBILE}|{_LANDLINE}){{2,4}}")

_TELEPHONE = "电话|手机|座机|联系方式|联系我|打我|打给|拨|来电"
_OTHER = (
    "身份证|证件|证号|卡号|银行卡|医保卡|社保卡|账号|帐号|账户|帐户|订单|单号|工单|编号|编码|代码|合同|发票|快递|运单|车架|发动机号|"
    "学号|工号|户号|表号|流水|条码|邮编|税号|案号|文号|序号|批号|尾号|QQ|qq|群号"
)
_NAMED = re.compile(rf"(?P<telephone>{_TELEPHONE})|(?P<other>{_OTHER})")
_ABROAD = re.compile("香港|澳门|台湾|国外|境外|海外|美国|英国|日本|韩国|外国")
_AMOUNT = re.compile(r"\s*(?:元|块|万|亿|米|平方|公里|公斤|度|人|户|年|个|%|％|\.\d)")
_BEFORE = 16
"""Characters before a number that may name it."""


@dataclass(frozen=True, slots=True)
class SaidPhone:
    """A number in the one form of `language.phone`, and where it stands in the text."""

    digits: str
    start: int
    end: int


def said_phones(text: str, *, asked: bool = False) -> list[SaidPhone]:
    """All telephone numbers in `text`, in order; local ones only when it is called a telephone, or `asked` for."""
    found: list[SaidPhone] = []
    for run in _RUN.finditer(text):
        before = text[max(0, run.start() - _BEFORE) : run.start()]
        name = _name(before)
        if name == "other" or (before[-1:].isascii() and before[-1:].isalnum()) or before.endswith("."):
            continue
        after = text[run.end() :]
        if _AMOUNT.match(after) or re.match("[A-Za-z]", after):
            continue
        telephone = (name == "telephone" or asked) and not _ABROAD.search(before)
        extension = _EXTENSION.match(after) is not None
        found += _in_run(run, local=telephone or extension)
    return found


def _name(before: str) -> str:
    """What the words before a number call it: "telephone", "other" or "" (the nearest word counts)."""
    names = [match.lastgroup or "" for match in _NAMED.finditer(before)]
    return names[-1] if names else ""


def _in_run(run: re.Match[str], *, local: bool) -> list[SaidPhone]:
    at = [i for i in range(run.start(), run.end()) if run.string[i] in SPOKEN]
    digits = "".join(SPOKEN[run.string[i]] for i in at)

    def one(written: str, first: int, last: int) -> SaidPhone:
        return SaidPhone(normalise(written).digits, at[first], at[last - 1] + 1)

    if run["plus"]:
        number = normalise("+" + digits)
        return [SaidPhone(number.digits, run.start(), run.end())] if number.digits and len(digits) >= 8 else []
    if _ONE.fullmatch(digits) or _FOREIGN.fullmatch(digits) or (local and _LOCAL.fullmatch(digits)):
        return [one(digits, 0, len(digits))]
    if _SEVERAL.fullmatch(digits):
        return [one(m.group(), *m.span()) for m in re.finditer(f"{_MOBILE}|{_LANDLINE}", digits)]
    # 18 13586427903: pieces with a gap between, one of them a whole number. Cards come in groups of 4 or 6 and 8.
    pieces: list[tuple[str, int, int]] = []
    first = 0
    for i in range(1, len(at) + 1):
        if i == len(at) or _GAP.search(run.string, at[i - 1] + 1, at[i]):
            pieces.append((digits[first:i], first, i))
            first = i
    return [one(*piece) for piece in pieces if len(pieces) <= 3 and _ONE.fullmatch(piece[0])]
