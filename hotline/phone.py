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
_WRAPPED = re.compile(r"<\s*(?:(?:sips?|tel):)?([^<>@;]*)[^<>]*>")
_SCHEME = re.compile(r"^\s*(?:sips?|tel):", re.I)
_EXTENSION = re.compile(r"(?:转|分机|ext\.?|extension|[x#,])[\s:=.]*(\d{1,6})\s*$", re.I)
_DASH_EXTENSION = re.compile(r"(?<=\d{7})\s*[-‐-―]\s*(\d{1,6})\s*$")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_AREA = r"(?:010|02\d|0[3-9]\d{2})"
_LANDLINE = re.compile(rf"({_AREA})([2-9]\d{{6,7}})")
_LOCAL = re.compile(r"[2-9]\d{6,7}")
_SHORT = re.compile(r"[1-9]\d{2,5}|[48]00\d{7}")
_FOREIGN = re.compile(r"00[1-9]\d{5,13}")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number in one form. `digits` is "" when anonymous or invalid; foreign ones begin with 00.

    `short` are service numbers (110, 12345, 95588, 400…). `extension` is kept apart and never compared.
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
                return self.digits if len(self.digits) <= 6 else f"{self.digits[:3]}****{self.digits[-3:]}"
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
    text = unicodedata.normalize("NFKC", raw)
    if wrapped := _WRAPPED.search(text):  # "Name" <sip:139…@host>
        text = wrapped[1]
    text = _SCHEME.sub("", text).split("@")[0]
    if _ANONYMOUS.fullmatch(text.strip(" \t\r\n\"'")):
        return Phone("", "anonymous")
    extension = ""
    if found := _EXTENSION.search(text) or _DASH_EXTENSION.search(text):
        # "0715-3061234" has a dash too: an extension is what remains only when the rest is a whole number.
        before = _whole(text[: found.start()])
        if before is not None:
            extension, text = found[1], text[: found.start()]
    number = _whole(text)
    if number is None:
        return Phone("", "invalid")
    return Phone(number[0], number[1], extension if number[1] in ("mobile", "landline") else "")


def _whole(text: str) -> tuple[str, Kind] | None:
    if not re.fullmatch(r"[\d\s+()\[\]\-‐-―._/\"'*]*", text, re.ASCII):
        return None
    digits = re.sub(r"[^0-9]", "", text)
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


def _chinese(digits: str) -> tuple[str, Kind] | None:
    """After the country code the area's leading zero is usually left out."""
    if _MOBILE.fullmatch(digits) or digits.startswith("0"):
        return _national(digits)
    if _LANDLINE.fullmatch("0" + digits):
        return "0" + digits, "landline"
    return _national(digits)


def _national(digits: str) -> tuple[str, Kind] | None:
    if _MOBILE.fullmatch(digits):
        return digits, "mobile"
    if digits.startswith("0") and _MOBILE.fullmatch(digits[1:]):  # long-distance zero before a mobile
        return digits[1:], "mobile"
    if _LANDLINE.fullmatch(digits):
        return digits, "landline"
    if _SHORT.fullmatch(digits):
        return digits, "short"
    if _LOCAL.fullmatch(digits):
        return HOME_AREA + digits, "landline"
    return None
