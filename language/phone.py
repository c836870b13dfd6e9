"""Telephone numbers as citizens and trunks write them, brought into one form that can be compared.

Whatever the input, `normalise` answers: nothing from outside raises here, and `digits` holds only 0-9.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Kind = Literal["mobile", "landline", "short", "foreign", "anonymous", "invalid"]

HOME_AREA = "0715"
"""Area code of a local number dialled or sent without one (Xianning)."""

RAW_LIMIT = 128
"""Longer input is not a telephone number, whatever it holds."""

_ANONYMOUS = re.compile(
    r"\s*(anonymous|unknown|withheld|private|restricted|unavailable|asserted|none|null|匿名|未知|隐藏)?\s*", re.I
)
_WRAPPED = re.compile(r"<([^<>]*)>")
_SCHEME = re.compile(r"^\s*(?:sips?|tel):", re.I)
_CONTEXT = re.compile(r"\s*phone-context\s*=\s*(\+\d{1,7})\s*", re.I)
"""RFC 3966: the prefix that makes a local number a global one. A domain name in its place says nothing here."""
_PARAMETER = re.compile(r"\s*[a-z][\w.-]*(?:=[\w.+%:-]*)?\s*", re.I | re.A)
_EXT_PARAMETER = re.compile(r"\s*ext\s*=\s*(\d{1,6})\s*", re.I)
_EXTENSION = re.compile(r"(?:转|分机|ext\.?|extension|[x#,])[\s:=.]*(\d{1,6})\s*$", re.I)
_DASH_EXTENSION = re.compile(r"(?<=\d{7})\s*[-‐-―]\s*(\d{1,6})\s*$")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_AREA = r"(?:010|02\d|0[3-9]\d{2})"
_LANDLINE = re.compile(rf"({_AREA})([2-9]\d{{6,7}})")
_LOCAL = re.compile(r"[2-9]\d{6,7}")
_FREE = re.compile(r"[48]00\d{7}")
_SHORT = re.compile(r"[1-9]\d{2,5}")
_ELSEWHERE = re.compile(rf"({_AREA})(1[0-2]\d|1[0-2]\d{{3}}|9[56]\d{{3,4}})")
"""A service number of another place: 071512345."""
_CARRIER = re.compile(r"(?:179\d\d|125[29][03]|10193|11808)(?=\d{7})")
"""Prefixes by which a call is sent over another carrier's lines; they are no part of the number."""
_FOREIGN = re.compile(r"00[1-9]\d{5,14}")
"""Country code and number have fifteen digits at most (ITU-T E.164)."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A number in one form. `digits` is "" when anonymous or invalid; foreign ones begin with 00.

    `short` are service numbers (110, 12345, 95588, 400…), with an area code those of another place (071512345).
    `extension` is kept apart and never compared.
    """

    digits: str
    kind: Kind
    extension: str = ""

    @property
    def display(self) -> str:
        """For people: "139 1234 5678", "0715-3061234 转 801", "匿名来电", "号码异常"."""
        match self.kind:
            case "mobile":
                text = f"{self.digits[:3]} {self.digits[3:7]} {self.digits[7:]}"
            case "landline":
                area, number = self._parts()
                text = f"{area}-{number}"
            case "foreign":
                text = "+" + self.digits[2:]
            case "short" if (elsewhere := _ELSEWHERE.fullmatch(self.digits)) is not None:
                text = f"{elsewhere[1]}-{elsewhere[2]}"
            case "anonymous":
                return "匿名来电"
            case "invalid":
                return "号码异常"
            case _:
                text = self.digits
        return f"{text} 转 {self.extension}" if self.extension else text

    def mask(self) -> str:
        """With the middle hidden, for those who may not see the number: "139****5678", "0715****234"."""
        match self.kind:
            case "mobile":
                return f"{self.digits[:3]}****{self.digits[7:]}"
            case "landline":
                area, number = self._parts()
                return f"{area}****{number[-3:]}"
            case "foreign":
                return f"+{self.digits[2:4]}****{self.digits[-2:]}"
            case "short":
                if not _FREE.fullmatch(self.digits):
                    return self.display  # a service number is nobody's
                return f"{self.digits[:3]}****{self.digits[-3:]}"
            case _:
                return self.display

    def _parts(self) -> tuple[str, str]:
        match = _LANDLINE.fullmatch(self.digits)
        assert match is not None, "a landline always has an area code"
        return match[1], match[2]


def normalise(raw: str) -> Phone:
    """Any text that may be a caller's number, in one form. Never raises; unknown shapes are `invalid`."""
    if len(raw) > RAW_LIMIT:
        return Phone("", "invalid")
    text = _visible(unicodedata.normalize("NFKC", raw))
    if wrapped := _WRAPPED.search(text):  # "Name" <sip:139…@host>
        text = wrapped[1]
    text, extension = _without_parameters(_SCHEME.sub("", text).split("@")[0])
    if _ANONYMOUS.fullmatch(text.strip(" \t\r\n\"'")):
        return Phone("", "anonymous")
    if not extension and (found := _EXTENSION.search(text) or _DASH_EXTENSION.search(text)):
        # "0715-3061234" has a dash too: an extension is what remains only when the rest is a whole number.
        before = _whole(text[: found.start()])
        if before is not None:
            extension, text = found[1], text[: found.start()]
    number = _whole(text)
    if number is None:
        return Phone("", "invalid")
    has_extensions = number[1] in ("mobile", "landline") or _FREE.fullmatch(number[0])
    return Phone(number[0], number[1], extension if has_extensions else "")


def _visible(text: str) -> str:
    """Without characters that nobody sees: zero-width ones and marks of direction, as pages and tables hold."""
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


def _without_parameters(text: str) -> tuple[str, str]:
    """(number, extension) of what SIP wrote before the host: 12345;phone-context=+86, +86139…;npdi;rn=…"""
    number, *parameters = text.split(";")
    if not all(_PARAMETER.fullmatch(parameter) for parameter in parameters):
        return text, ""
    number = re.sub("%2[bB]", "+", number)
    extension = ""
    for parameter in parameters:
        if (context := _CONTEXT.fullmatch(parameter)) and not number.strip().startswith(("+", "0")):
            local = re.sub(r"\D", "", number)
            # The context of a whole country says nothing about a number that is whole in it.
            number = number if context[1] == "+86" else context[1] + local
        elif given := _EXT_PARAMETER.fullmatch(parameter):
            extension = given[1]
    return number, extension


def _whole(text: str) -> tuple[str, Kind] | None:
    if not re.fullmatch(r"[\d\s+()\[\]\-‐-―._·/\"'*]*", text, re.ASCII):
        return None
    digits = re.sub(r"[^0-9]", "", text)
    if (carrier := _CARRIER.match(digits)) is not None and (behind := _behind_carrier(digits[carrier.end() :])):
        return behind
    international = text.strip(" \t\r\n\"'()").startswith("+")
    if international:
        digits = "00" + digits.removeprefix("00")
    if digits.startswith("0086"):
        return _chinese(digits[4:])
    if _FOREIGN.fullmatch(digits):
        return digits, "foreign"
    if not international and digits.startswith("86") and len(digits) >= 12:
        return _chinese(digits[2:])
    return _national(digits)


def _behind_carrier(digits: str) -> tuple[str, Kind] | None:
    """What was dialled behind a carrier's prefix, when it is a whole number of its own."""
    number = _whole(digits)
    # A mobile number may begin like a prefix: 17951123456 is one, its tail is none.
    return number if number is not None and number[1] != "short" and not _LOCAL.fullmatch(digits) else None


def _chinese(digits: str) -> tuple[str, Kind] | None:
    """After the country code the area's leading zero is usually left out."""
    if _MOBILE.fullmatch(digits) or _FREE.fullmatch(digits) or digits.startswith("0"):
        return _national(digits)
    if _LANDLINE.fullmatch("0" + digits):
        return "0" + digits, "landline"
    if _ELSEWHERE.fullmatch("0" + digits):
        return "0" + digits, "short"
    return _national(digits)


def _national(digits: str) -> tuple[str, Kind] | None:
    if _MOBILE.fullmatch(digits):
        return digits, "mobile"
    if digits.startswith("0") and _MOBILE.fullmatch(digits[1:]):  # long-distance zero before a mobile
        return digits[1:], "mobile"
    if _LANDLINE.fullmatch(digits):
        return digits, "landline"
    if _FREE.fullmatch(digits) or _SHORT.fullmatch(digits) or _ELSEWHERE.fullmatch(digits):
        return digits, "short"
    if _LOCAL.fullmatch(digits):
        return HOME_AREA + digits, "landline"
    return None
