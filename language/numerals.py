"""Spoken numbers as a clerk of the hotline writes them: 人民路二十三号 becomes 人民路23号, 一下 stays 一下.

Our own rules: the libraries measured (docs/decisions/0006-chinese-numbers.md) either turn every 一 into 1 or write
dates and money as no clerk does. Cheap enough for partials (some 20 µs a sentence).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

DIGIT = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {"〇": "0", "幺": "1", "两": "2"}
UNIT = {"十": 10, "百": 100, "千": 1000}
MYRIAD = {"万": 10**4, "亿": 10**8}

_KEPT = (
    "一下 一些 一直 一样 一定 一般 一起 一共 一旦 一切 一方面 一会 一心一意 一边 一向 一律 一致 一时 "
    "一刀切 一条龙 一体化 一卡通 一站式 一带一路 一窝蜂 一辈子 一家子 统一 唯一 单一 万一 千万 千方百计 "
    "成千上万 千家万户 百姓 百货 百分百 百年 十字 十足 十全 十万火急 三番五次 再三 乱七八糟 四面八方 "
    "不三不四 七上八下 五花八门 三心二意 五湖四海 四通八达 横七竖八 接二连三 七嘴八舌 三天两头 五险一金 "
    "四分五裂 七七八八 七零八落 五颜六色 四平八稳 九死一生 三令五申 一清二楚 "
    "六险二金 三险一金 三轮 二手 二维码 二胎 三胎 二孩 三孩 三八妇女节 双十一 双十二 九年义务 九年制 "
    "三伏 三九天 三农 三无 三包 三违 三峡 三亚 四川 四季 五保 五金 五一路 八一路 六一儿童 七夕 八成 "
    "九成 二环 三环 四环 五环 一中 二中 三中 四中 五中 六中 一小 二小 三小 四小 三角 四方 五香 六安 "
    "九江 十堰 百度 万达 万科 两会 两边 两侧 张三 李四 王五 赵六 十分感 十分满 十分不 十分严 十分困 "
    "十分重 十分危 十分生 十分着 十分抱 十分影 十分难 十分担 十分气 十分吵"
)
KEPT = tuple(_KEPT.split())
"""Words whose numeral is no number."""

HOLIDAYS = "(?:五一|十一|六一|八一|三八)(?=放假|假期|期间|黄金周|长假|小长假|国庆|劳动|儿童|建军|妇女|节)"

LAST_TIME_OF_DAY = re.compile(
    r"(?:凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里|半夜|深夜|今早|今晚|明早|明晚|昨晚|每晚|到|从|至)$"
)

_OF_ANY = (
    "号 楼 栋 幢 单元 室 弄 组 刻 月份 元 公里 千米 公斤 千克 吨 亩 平方 平米 厘米 毫米 岁 周岁 路公交 路车 年级 "
    "小时 分钟 秒 毛 %"
)
UNITS_OF_ANY = tuple(_OF_ANY.split())
"""Behind these every digit is written as one, 一 too."""

_NOT_OF_ONE = (
    "块 米 斤 度 人 户 天 次 趟 层 级 年 日 分 角 倍 克 升 瓦 千瓦 兆 个月 个小时 个多月 个半月 平方米 星期 周"
)
UNITS_NOT_OF_ONE = tuple(_NOT_OF_ONE.split())
"""Behind these 二 to 九 are digits; 一 stays (一天, 一次), and so does 两. Others (三家, 五辆) stay in words."""

VAGUE = re.compile(r"(?:[几数成]|(?<![早晚])上)$")
"""几十, 数百, 上千: about so many."""

VAGUE_AFTER = re.compile("[几多来]")

MEASURES = re.compile(
    r"(?:公里|千米|米|厘米|毫米|公斤|千克|斤|克|吨|升|亩|平方|平米|倍|万|亿|元|块|个百分点|级|兆|千瓦|度电|度|小时|个小时|折|分钱)"
)

_NUMERAL = "零〇一二两三四五六七八九幺十百千万亿"
_DIGITS = "零〇一二三四五六七八九幺"

CONGRESS = (
    "(?:十[一二三四五六七八九]|二十)大(?![约概的小])"
    "|[一二三四五六七八九十]+届(?:[一二三四五六七八九]中)?|[一二三四五六七八九]中全会"
)
"""二十大, 二十届三中全会: names of congresses, written in words."""

EACH = re.compile(
    "天|晚|夜|个|次|斤|公斤|月|年|户|人|平|米|张|份|小时|钟头|趟|桌|度|吨|间|件|条|位|亩|节|门|科|页|季|学期|方|立方|盒|瓶|袋|包|箱|"
    "套|台|辆|本|顿|碗|颗|棵|头|只|支|双|把|块地|项|针|副|付|栋|层|家|场|期|车|趟|票|股|针|周|星期|礼拜"
)
"""两百一天: so much for one of these; the last numeral is no part of the amount."""

_PRICE_EACH = re.compile("(.*[百千万亿][二两三四五六七八九]?)一")
_MEASURED = re.compile(r"[\d一二两三四五六七八九十百]\s*[米块]$")
"""What follows directly belongs to the measure: one digit or two."""
_FLAT = re.compile("((?:[一二两三四五六七八九]?十)[一二三四五六七八九]?)[零〇]([一二三四五六七八九])")
"""十零一, 三十零二: floor and flat; no amount is said so."""

ORDINAL = f"(?:第|星期|礼拜|周|初)[{_NUMERAL}]+|(?!百分之)[{_NUMERAL}]+分之[{_NUMERAL}]+"
"""第三中学, 星期三, 三分之一: written in words."""


@lru_cache(maxsize=64)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    kept = sorted({*KEPT, *names}, key=len, reverse=True)
    return re.compile(
        f"(?P<kept>{HOLIDAYS}|{CONGRESS}|{'|'.join(map(re.escape, kept))}|{ORDINAL})"
        f"|(?P<percent>百分之)(?P<of100>[{_NUMERAL}]+(?:点[{_DIGITS}]+)?)"
        f"|(?P<whole>[{_NUMERAL}]+)(?:点(?P<after>[{_NUMERAL}]+))?"
    )


def clerk_numbers(text: str, names: Iterable[str] = ()) -> str:
    """`text` with its numbers written in digits where a clerk does; `names` (五一路) are left as they are."""
    out: list[str] = []
    at = 0
    for match in _pattern(tuple(names)).finditer(text):
        out.append(text[at : match.start()])
        at = match.end()
        out.append(_written(match, text, "".join(out)))
    out.append(text[at:])
    return "".join(out)


def _written(match: re.Match[str], text: str, before: str) -> str:
    said = match.group()
    if match["kept"]:
        return said
    if match["percent"]:
        if VAGUE_AFTER.match(text, match.end()):
            return said  # 百分之五十几
        number = "100" if match["of100"] == "百" else _decimal(match["of100"])
        return f"{number}%" if number else said
    rest = text[match.end() :]
    whole, after = match["whole"], match["after"]
    if after is None:
        return _number(whole, before, rest)
    return _pointed(whole, after, before, rest)


def _pointed(whole: str, after: str, before: str, rest: str) -> str:
    """Number, 点, number: a time (七点二十), a decimal (三点五公里), or a time followed by something else."""
    said = f"{whole}点{after}"
    hour = number_value(whole)
    if hour is None:
        return said
    digits_only = all(c in DIGIT for c in after)
    scaled = after[:-1] if after[-1] in MYRIAD and all(c in DIGIT for c in after[:-1]) and after[:-1] else ""
    if scaled:  # 一点二亿
        return f"{hour}.{_digits(scaled)}{after[-1]}"
    minutes = number_value(after)
    of_clock = hour <= 24 and minutes is not None and minutes < 60
    if of_clock and after == "一" and rest.startswith("刻"):
        return f"{hour}点1"
    if of_clock and not (digits_only and len(after) == 1) and "零" not in whole:
        return f"{hour}点{minutes if len(after) != 2 or after[0] not in '零〇' else _digits(after)}"
    if digits_only and (MEASURES.match(rest) or not LAST_TIME_OF_DAY.search(before)):
        return f"{hour}.{_digits(after)}"
    return f"{hour}点{_number(after, '', rest)}"


def _number(said: str, before: str, rest: str) -> str:
    if said[0] in "十百千万亿" and VAGUE.search(before):
        return said
    if all(c in DIGIT for c in said) and "两" not in said:
        return _digit_by_digit(said, before, rest)
    if len(said) == 1:
        return _single(said, before, rest)
    return _positional(said, before, rest)


def _digit_by_digit(said: str, before: str, rest: str) -> str:
    if rest.startswith("几"):
        return said  # 二零零几年, 九几年
    if len(said) in (3, 4) and _MEASURED.search(before):
        return said  # 一米三二九岁: 1.32 m and nine years
    if len(said) >= 3:
        return _digits(said)
    if len(said) == 2:
        year = rest.startswith("年") and not rest.startswith("年级") and said[0] in "零〇九八七"
        return _digits(said) if year or said[0] in "零〇幺" or "幺" in said else said
    return _single(said, before, rest)


def _single(said: str, before: str, rest: str) -> str:
    """One character: a digit only in front of what a clerk counts in digits."""
    if said == "十":
        spoken_of = not rest or rest.startswith(("几", "分", "字", "足"))
        return said if spoken_of and not rest.startswith("分钟") else ("10" if _counted(rest) else said)
    if said not in DIGIT or said in "零〇" or before[-1:].isdigit():
        return said  # 8000一平米
    if rest.startswith("点"):
        return _hour(said, before, rest)
    each = said == "一" and EACH.match(rest)  # 21块一斤
    if re.search(r"\d[块毛元角]$", before) and not each and not rest.startswith(("个", "十", "百")):
        return _digits(said)  # 128块五, 5毛六
    if said == "两":
        return said
    if said in "一幺" and rest.startswith("块"):
        return "1" if re.match(r"块(?:钱|[一二三四五六七八九])", rest) else said
    if rest.startswith("月") and not before.endswith(("个", "几", "每")):
        return _digits(said)
    if rest.startswith("路") and not rest.startswith(("路公交", "路车")):
        return said
    counted = rest.startswith(UNITS_OF_ANY) or (said != "一" and rest.startswith(UNITS_NOT_OF_ONE))
    return _digits(said) if counted else said


def _hour(said: str, before: str, rest: str) -> str:
    """一点 and 两点 are hours only where something says so; 三点 and more always read well as 3点."""
    clock = rest.startswith(("点半", "点钟", "点整", "点多", "点左右", "点前", "点后", "点以前", "点以后"))
    if said in "一两" and not clock and not LAST_TIME_OF_DAY.search(before):
        return said
    return _digits(said)


def _counted(rest: str) -> bool:
    return rest.startswith(("点", "月", "多", "来", "个", "万", "块", "亿", *UNITS_OF_ANY, *UNITS_NOT_OF_ONE))


def _positional(said: str, before: str, rest: str) -> str:
    if (flat := _FLAT.fullmatch(said)) is not None:
        return f"{number_value(flat[1])}0{_digits(flat[2])}"
    if (each := _PRICE_EACH.fullmatch(said)) is not None and EACH.match(rest):
        return _positional(each[1], before, "一" + rest) + "一"
    if said[0] in "百千万亿零〇" or re.search(r"[一二两三四五六七八九]{2}", said):
        return said  # 百姓, 千万; 三四百, 十七八: about so many
    if rest.startswith("几") and said[-1] != "十":
        return said  # 一百几十
    if said == "十一" and not _counted(rest):
        return said
    value = number_value(said)
    if value is None:
        return said
    for unit, places in (("亿", 8), ("万", 4)):
        # In 万 and 亿 what was said so to the end, with two places at most: 一亿两千万, 一万二, 三千五百万.
        short = said[-1] in DIGIT and said[-2] == unit
        if unit in said and (said[-1] in MYRIAD or short) and value % 10 ** (places - 2) == 0:
            head, rest_of = divmod(value, 10**places)
            tail = f"{rest_of:0{places}d}".rstrip("0")
            return f"{head}.{tail}{unit}" if tail else f"{head}{unit}"
    return str(value)


def _digits(said: str) -> str:
    return "".join(DIGIT[c] for c in said)


def _decimal(said: str) -> str:
    whole, _, after = said.partition("点")
    value = number_value(whole)
    if value is None:
        return ""
    return f"{value}.{_digits(after)}" if after else str(value)


def number_value(said: str) -> int | None:
    """The number meant, None when it is none: 一千零五十 -> 1050, 三百五 -> 350, 一亿两千万 -> 120000000."""
    if not said:
        return None
    if all(c in DIGIT for c in said):
        return int(_digits(said))
    total = 0
    rest, scale = said, 0
    for unit in ("亿", "万"):
        head, found, tail = rest.rpartition(unit)
        if not found:
            continue
        part = number_value(head) if unit == "亿" else _below_myriad(head)
        if part is None or part == 0:
            return None
        total += part * MYRIAD[unit]
        rest, scale = tail, MYRIAD[unit]
    if not rest:
        return total
    if scale and len(rest) == 1:  # 一万二, 一亿三
        return total + int(DIGIT[rest]) * scale // 10 if rest in DIGIT and rest not in "零〇" else None
    ones = _below_myriad(rest)
    return None if ones is None else total + ones


def _below_myriad(said: str) -> int | None:
    """One group of four places: units fall, a gap between them is said with 零."""
    total, digit, last, zero = 0, -1, 10_000, False
    for i, c in enumerate(said):
        if c in "零〇":
            if digit >= 0:
                return None
            zero = True
        elif c in DIGIT:
            if digit >= 0:
                return None
            digit = int(DIGIT[c])
        elif c in UNIT and UNIT[c] < last and (digit > 0 or (c == "十" and digit < 0 and (i == 0 or total))):
            total += max(digit, 1) * UNIT[c]
            last, digit, zero = UNIT[c], -1, False
        else:
            return None
    if digit < 0:
        return None if zero else total
    if last == 10 and zero:
        return None  # 十零一 is a flat, no amount
    if 100 <= last < 10_000 and not zero:
        return total + digit * last // 10  # 三百五 is 350
    return total + digit
