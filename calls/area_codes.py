"""The 12345 of other cities: the only numbers besides the emergency ones to which a citizen may be handed over."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from language.phone import HOME_AREA
from runtime.yaml_text import read_yaml

NUMBER = "12345"
_PROVINCE = re.compile(r"^(?:.+?(?:省|自治区)|内蒙古|广西|新疆|西藏|宁夏)(?=.)")


@dataclass(frozen=True, slots=True)
class OtherHotline:
    """Another city's hotline. `number` is dialled; `place` is the whole name, `name` what a button bears."""

    number: str
    place: str

    @property
    def area(self) -> str:
        return self.number.removesuffix(NUMBER)

    @property
    def name(self) -> str:
        first, *others = _PROVINCE.sub("", self.place).split("、")
        return f"{first}{'等地' if others else ''}{NUMBER}"


@cache
def other_hotlines() -> tuple[OtherHotline, ...]:
    """All of them but our own, by area code."""
    text = (Path(__file__).parent / "data/area_codes.yaml").read_text(encoding="utf-8")
    codes: dict[str, str] = read_yaml(text)
    return tuple(OtherHotline(code + NUMBER, place) for code, place in codes.items() if code != HOME_AREA)


def hotline_at(number: str) -> OtherHotline | None:
    """The hotline with exactly this number."""
    return next((each for each in other_hotlines() if each.number == number), None)


def hotline_name(number: str) -> str:
    """How people know it; "" for any other number."""
    found = hotline_at(number)
    return found.name if found is not None else ""


def find_hotline(text: str) -> OtherHotline | None:
    """What a person typed: "027", "27", "027-12345", "武汉", "武汉市12345". None when it names no one city."""
    word = re.sub(r"[\s\-‐-―()]", "", unicodedata.normalize("NFKC", text)[:40])
    if word != NUMBER:
        word = word.removesuffix(NUMBER)
    if re.fullmatch(r"\d+", word, re.ASCII):
        return hotline_at(f"{word if word.startswith('0') else '0' + word}{NUMBER}")
    if len(word) < 2:
        return None
    city = word.removesuffix("市") + "市"
    for wanted in (city, word):
        found = [each for each in other_hotlines() if wanted in each.place]
        if len(found) == 1:
            return found[0]
    return None
