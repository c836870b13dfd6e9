"""A generator of spoken Chinese numbers, written apart from the code it tests: a value and ways to say it."""

from __future__ import annotations

from hypothesis import strategies as st

DIGITS = "零一二三四五六七八九"


def below_10000(number: int, *, liang: bool, ten: bool, inside: bool) -> str:
    """Thousands to ones. `liang`: 两百, 两千; `ten`: 十五, not 一十五; `inside`: something stands before it."""
    said, zero = "", False
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // power % 10
        if digit == 0:
            zero = bool(said)
            continue
        if zero:
            said += "零"
            zero = False
        word = "两" if liang and digit == 2 and power in (100, 1000) else DIGITS[digit]
        if power == 10 and digit == 1 and not said and not inside and ten:
            word = ""
        said += word + unit
    return said


def words(number: int, *, liang: bool = False, ten: bool = True) -> str:
    """A whole number below 10^12 as people say it in full."""
    if number == 0:
        return "零"
    yi, wan, ones = number // 10**8, number // 10**4 % 10**4, number % 10**4
    said = ""
    for part, unit in ((yi, "亿"), (wan, "万"), (ones, "")):
        if part == 0:
            continue
        if said and part < 1000:
            said += "零"
        if liang and part == 2 and unit:
            said += "两" + unit
            continue
        said += below_10000(part, liang=liang, ten=ten, inside=bool(said)) + unit
    return said


def short(number: int) -> str | None:
    """The short way: 三百五, 一万二, 两千八, 一亿三; None when there is none for this number."""
    for power, unit in ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百")):
        if number < power:
            continue
        head, rest = divmod(number, power)
        digit, rest = divmod(rest, power // 10)
        if digit and not rest and head < (10_000 if power > 1000 else 10):
            return ("两" if head == 2 else words(head)) + unit + DIGITS[digit]
        return None
    return None


def room(floor: int, number: int) -> str:
    """A flat by its floor: 十零一, 三十零二, 十二零三."""
    return words(floor) + "零" + DIGITS[number]


def digit_by_digit(digits: str, *, yao: bool) -> str:
    said = "".join(DIGITS[int(d)] for d in digits)
    return said.replace("一", "幺") if yao else said


amounts = st.one_of(
    st.integers(11, 9999),
    st.integers(10_000, 10**11),
    st.builds(lambda a, b: a * 10**b, st.integers(11, 999), st.integers(1, 8)),
)
