"""How numbers in Chinese text are said aloud: telephone numbers digit by digit, amounts as amounts."""

from __future__ import annotations

import re

DIGITS = "零一二三四五六七八九"
_TELEPHONE = str.maketrans("0123456789", "零幺二三四五六七八九")
_PLAIN = str.maketrans("0123456789", DIGITS)
_BIG = ("", "万", "亿", "万亿")

_SERVICE = re.compile(r"110|112|114|119|12[0-2]|1[02]\d{3}|9[56]\d{3,4}")
"""Numbers that everybody says digit by digit, unless something is counted with them (120米)."""
_CALLED = re.compile(r"(?:[拨打呼]|致电|电话|热线|客服|号码|专线)(?:是|为|[:：])?\s*$")

_COUNTED = (
    "个 位 名 人 天 周 年 次 分钟 小时 秒 元 块 角 毛 米 公里 千米 厘米 毫米 公斤 千克 斤 吨 克 升 亩 平方 平米 "
    "件 条 张 份 家 户 间 套 台 辆 趟 遍 种 项 层 倍 点 口 页 篇 本 支 只 头 批 场 所 处 度 瓶 包 箱 盒 岁 "
    "万 亿 千 百 成 部 册 笔 组 美元 ㎡ km"
)
_UNIT = re.compile("(?:多|余|来)?(?:" + "|".join(sorted(_COUNTED.split(), key=len, reverse=True)) + ")")
"""What is counted: 2 is 两 in front of it (两分钟), and no service number stands there."""
_NOT_COUNTED = re.compile("点[一二三四五六七八九\\d]*(?:版|版本)|组|层")
_PLACE = re.compile("室|房|号房|路(?!程)|国道|省道|县道|次列车|次航班|航班")
"""Behind these, numbers of three and more digits are names, not amounts."""
_BUILDING = re.compile("[栋幢座楼单元室门牌A-Za-z]$")

_SYMBOLS = {"㎡": "平方米", "m²": "平方米", "km": "公里", "℃": "摄氏度", "×": "乘", "kg": "公斤", "cm": "厘米"}

_TIME = r"\d{1,2}[:：][0-5]\d"
_NUMBER = re.compile(
    r"(?P<date>(?<!\d)(?:19|20)\d{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?!\d))"
    r"|(?P<telephone>(?<!\d)(?:[48]00[- ]?\d{3}[- ]?\d{4}|0\d{2,3}[- ]\d{7,8}|1[3-9]\d[- ]\d{4}[- ]\d{4})(?!\d)"
    r"(?:转\d{1,6})?)"
    rf"|(?P<money>[¥￥]\s*(?P<price>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?))"
    rf"|(?P<hours>{_TIME})\s*[-~—–至]+\s*(?P<until>{_TIME})"
    r"|(?P<percent>\d+(?:\.\d+)?)\s*[%％]"
    r"|(?P<hour>\d{1,2})[:：](?P<minute>[0-5]\d)(?!\d)"
    r"|(?P<year>\d{4})(?=年)"
    r"|(?P<below>(?<![\d\w])[-−](?=\d+(?:\.\d+)?\s*(?:度|℃|摄氏度)))"
    r"|(?P<part>(?<![\d/])\d{1,2})/(?P<of>\d{1,3})(?![\d/])"
    r"|(?P<from>(?<!\d)\d{1,4}(?:\.\d+)?)\s*[-~—–]\s*(?P<to>\d{1,4}(?:\.\d+)?)(?=\s*[^\d\s.-])"
    r"|(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?)"
    rf"|(?P<symbol>(?<=[\d\s)]){'|'.join(map(re.escape, _SYMBOLS))}(?![A-Za-z]))"
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
    before, after = found.string[: found.start()], found.string[found.end() :]
    match found.lastgroup:
        case "date":
            year, month, day = re.split(r"[-/.]", found["date"])
            return f"{year.translate(_PLAIN)}年{amount(int(month))}月{amount(int(day))}日"
        case "telephone":
            return digits(re.sub(r"[- ]", "", found["telephone"]))
        case "money" | "price":
            return _number(found["price"], "", "元") + ("" if after.startswith(("元", "块", "万")) else "元")
        case "until":
            return _time(*re.split("[:：]", found["hours"])) + "到" + _time(*re.split("[:：]", found["until"]))
        case "percent":
            return "百分之" + _number(found["percent"])
        case "minute":
            return _time(found["hour"], found["minute"])
        case "year":
            return found["year"].translate(_PLAIN)
        case "below":
            return "零下"
        case "of":
            return f"{amount(int(found['of']))}分之{amount(int(found['part']))}"
        case "to":
            return f"{_number(found['from'], before, after)}到{_number(found['to'], before, after)}"
        case "symbol":
            return _SYMBOLS[found["symbol"]]
        case _:
            return _number(found["number"], before, after)


def _time(hour: str, minute: str) -> str:
    tail = "" if int(minute) == 0 else (DIGITS[0] if int(minute) < 10 else "") + amount(int(minute)) + "分"
    return ("两" if int(hour) == 2 else amount(int(hour))) + "点" + tail


def _number(number: str, before: str = "", after: str = "") -> str:
    grouped = "," in number
    whole, _, fraction = number.replace(",", "").partition(".")
    if fraction:
        return amount(int(whole[:16])) + "点" + fraction.translate(_PLAIN)
    counted = _UNIT.match(after.lstrip()) is not None and not _NOT_COUNTED.match(after.lstrip())
    if _digit_by_digit(whole, before, after, counted=counted or grouped):
        return digits(whole)
    if whole == "2" and counted and not before.endswith(("第", "零下", "星期", "周")):
        return "两"
    return amount(int(whole[:16]))


def _digit_by_digit(whole: str, before: str, after: str, *, counted: bool) -> bool:
    if len(whole) > 16 or (len(whole) > 1 and whole.startswith("0")):
        return True
    if counted:
        return False
    if len(whole) >= 3 and (_PLACE.match(after) or _BUILDING.search(before) or _CALLED.search(before)):
        return True
    return len(whole) >= 6 or (_SERVICE.fullmatch(whole) is not None and not whole.endswith("00"))
