"""Whom the matter concerns: a company, shop, school, vehicle or person; and whether the caller is a company."""

from __future__ import annotations

import re
from collections.abc import Sequence

import rjieba

from language.han import HAN
from runtime.events import Suggestion
from tickets.drafting.person import SURNAMES, read_name
from tickets.drafting.talk import Line, Span, suggest

_KINDS = (
    "房地产开发公司|建筑公司|有限责任公司|有限公司|物业公司|旅行社|公司|集团|合作社|养殖场|养猪场|养鸡场|石料厂|采石场|电镀厂|砖厂|加工厂|木材厂|造纸厂|厂|大药房|药房|药店|"
    "诊所|卫生院|医院|幼儿园|小学|中学|一中|学校|培训班|培训机构|培训学校|早教中心|美容院|理发店|健身房|健身|网吧|KTV|酒吧|麻将馆|棋牌室|茶楼|饭店|酒店|餐馆|餐厅|火锅店|"
    "烧烤店|烧烤|早餐店|面馆|宾馆|民宿|超市|商场|卖场|手机店|家具城|店|加油站|驾校|银行|工地|搅拌站|屠宰场|纸业|食品|英语|驿站|合作社|洗车行|4S店"
)
_KIND = re.compile(_KINDS)
_ORG = re.compile(rf"(?P<name>[{HAN}A-Za-z0-9]{{1,12}}?)(?P<kind>{_KINDS})")
LONGEST_NAME = 22
"""Characters of a name before what it is (有限公司, 小学), at most."""
_PLATE = re.compile(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·\-]?[A-Z0-9]{5,6}")
_BRANDS = re.compile(
    r"圆通|中通|申通|韵达|顺丰|极兔|京东|邮政|德邦|滴滴|移动公司|电信公司|联通公司|中国移动|中国电信|中国联通"
)
_BOUNDARIES = """
投诉 举报 反映 我们 你们 他们 咱们 我 你 他 她 它 一家 一个 这个 那个 那家 这家 有个 有家 开了个 就是 叫做
叫作 名叫 名为 是 叫 的 地 得 在 到 去 从 被 给 把 和 跟 与 及 同 由 向 对 为 称 让 请 了 着 过 说 里 里面 去年
今年 来 找 上 上面 下 个 家 帮 要 想 就 都 也 又 还 旁边 对面 楼下 楼上 隔壁 门口 附近 施工单位 建设单位
承建单位 承包方 开发商 物业 物业公司 商家 老板 店家 单位 买 卖 学 读 上学 上班 打工 工作 位于 住 住在 经营
开 开的 开了 开办 有 没有 很多 许多 多家 几家 某 某个 该 本 此 因 因为 由于 但 但是 而 而且 以及 等 其 已
已经 至今 通过 联系 咨询 要求 希望 请求 督促 责令 发现 告知 关于 针对 县里 镇上 街上 村里 小区 那边 这边
现在 目前 之前 后来 当时 于 经 经过 进入 入职 应聘 签约 委托 购买 租 租住 承租 承包 到底 帮忙 路 街 村 镇 乡
老板姓 女儿 儿子 孩子 小孩 妈妈 爸爸 父亲 母亲 老人 附属 那 这 哪 哪个 什么 怎么 全县 全市 大型 小型 私人
民办 公办 公立 私立 农村 乡镇 城区 县城 不 不是 只 只有 每个 各 其他 别的 整个 一 两 三
"""
_NOT_OF_A_NAME = frozenset(_BOUNDARIES.split())
"""Words at which a name begins anew: what stands before them is no part of it."""
_CALLER_IS = re.compile(
    r"我(?:们)?(?:是|公司是|公司叫|厂是|叫)"
    rf"(?P<name>[\u4e00-\u9fffA-Za-z0-9]{{2,20}}?(?:{_KINDS}))(?=$|[的我要想，、])"
    r"(?:的)?(?P<post>负责人|法人|老板|经理|会计|工作人员|企业)?"
)
_OUR_FIRM = re.compile(
    r"我(?:们)?(?:公司|企业|单位想|店里)|本公司|我是(?:开|个体)|我开了|我们(?:是)?(?:一家)?企业"
)
_ROLES = (
    "户主|老板娘?|邻居|包工头|房东|村支书|支书|书记|村主任|主任|校长|老师|医生|司机|经理|店主|负责人|中介|法人|队长|"
    "组长|会计"
)
_NAMES = re.compile(f"[{HAN}A-Za-z0-9·（）()]+")
_SOMEBODY = re.compile(f"(?P<n>[{SURNAMES}]某{{1,2}})(?!处|些|种|个)")
"""张某, 李某某: how letters name people."""
_TOO_PLAIN = frozenset(("店", "厂", "公司", "食品", "英语", "学校", "集团", "银行"))
_BY_THE_WAY = re.compile(r"(?:那|这)?(?:一)?(?:段|路段)|之间")
"""After a bare 小学: it tells where (村口到小学那一段) and nothing is said of the school itself."""
_EMPLOYEE = frozenset({"0501", "0502", "0503", "0504", "0505", "0601"})
_ANSWER = re.compile(r"^(?:就是|好像)?(?:叫做|名字叫|叫|是)?(?P<name>[\u4e00-\u9fffA-Za-z0-9]{2,14})$")


def find_subject(
    lines: Sequence[Line], places: Sequence[Span], category: str, appellant: str
) -> dict[str, list[Suggestion]]:
    """`subject`, and for firms `company` and `is_enterprise`."""
    out: dict[str, list[Suggestion]] = {}
    own = _own_firm(lines, category)
    if own is not None:
        name, span = own
        out["is_enterprise"] = [suggest("true", 0.85, span, "企业诉求")]
        if name:
            out["company"] = [suggest(name, 0.85, span)]
    found: list[tuple[float, Suggestion]] = []
    for order, line in enumerate(lines):
        if line.by_citizen:
            for value, sure, span in _in_line(line, places, appellant):
                if not (own and own[0] and own[0] in value):
                    found.append((sure - 0.01 * order, suggest(value, sure, span)))
    found.sort(key=lambda pair: -pair[0])
    seen: list[Suggestion] = []
    for _score, option in found:
        if not any(option.value in other.value for other in seen):
            seen.append(option)
    if seen:
        out["subject"] = seen[:3]
    return out


def _own_firm(lines: Sequence[Line], category: str) -> tuple[str, Span] | None:
    firm: tuple[str, Span] | None = None
    for line in lines:
        if not line.by_citizen:
            continue
        if (match := _CALLER_IS.search(line.read)) is not None and (match["post"] or "公司" in match["name"]):
            return match["name"], Span(line, match.start("name"), match.end("name"))
        if firm is None and category not in _EMPLOYEE and (match := _OUR_FIRM.search(line.read)) is not None:
            firm = "", Span(line, match.start(), match.end())
        elif firm is not None and "subject" in line.asked and (match := _ORG.search(line.read)) is not None:
            end = match.end()
            start = re.match(r"(?:是|叫|我们是|我们叫)?", line.read)
            at = start.end() if start else 0
            return line.read[at:end], Span(line, at, end)
    return firm


def _in_line(line: Line, places: Sequence[Span], appellant: str) -> list[tuple[str, float, Span]]:
    text = line.read
    found: list[tuple[str, float, int, int]] = []
    for pattern, sure in ((_PLATE, 0.95), (_BRANDS, 0.75)):
        found += [(match.group(), sure, *match.span()) for match in pattern.finditer(text)]
    found += _people(text, appellant, asked="subject" in line.asked)
    found += _organisations(line, places)
    found += _answers(text, appellant, asked="subject" in line.asked)
    return [(value, sure, Span(line, start, end)) for value, sure, start, end in found]


def _people(text: str, appellant: str, *, asked: bool) -> list[tuple[str, float, int, int]]:
    """Somebody named as the one complained about: 户主叫吴大勇, 郭家岭村的李国胜在……"""
    out: list[tuple[str, float, int, int]] = []
    for pattern, sure in ((rf"(?:{_ROLES})(?:名?叫做?|姓名是?)", 0.7), (r"^(?:他|她)?叫", 0.65 if asked else 0.0)):
        match = re.search(pattern, text)
        if match is not None and sure:
            end = read_name(text, match.end())
            if end > match.end() and text[match.end() : end] != appellant:
                out.append((text[match.end() : end], sure, match.end(), end))
    out += [(match["n"], 0.7, *match.span("n")) for match in _SOMEBODY.finditer(text)]
    match = re.search(r"(?:^|的)(?P<n>[\u4e00-\u9fff])", text)
    if match is not None:
        at = match.start("n")
        end = read_name(text, at)
        if end == at + 3 and text.startswith(("在", "占用", "把"), end) and text[at:end] != appellant:
            out.append((text[at:end], 0.6, at, end))
    return out


def _organisations(line: Line, places: Sequence[Span]) -> list[tuple[str, float, int, int]]:
    text = line.read
    edges = _edges(text)
    out: list[tuple[str, float, int, int]] = []
    for match in _KIND.finditer(text):
        kind, end = match.group(), match.end()
        start = _name_start(edges, match.start())
        for place in places:  # the road in front of a shop's name is not part of it
            if place.line is line and place.start <= start < place.end < match.start():
                start = place.end
        value = text[start:end].lstrip("的")
        start = end - len(value)
        named = len(value) >= len(kind) + 2
        if named or (kind not in _TOO_PLAIN and not _BY_THE_WAY.match(text, end)):
            sure = 0.55 + (0.2 if named else 0.0) + (0.05 if "叫" in text[:start] else 0.0)
            out.append((value, sure + (0.15 if "subject" in line.asked else 0.0), start, end))
    return out


def _edges(text: str) -> list[tuple[str, int]]:
    """The words of a text with the place of each."""
    found: list[tuple[str, int]] = []
    at = 0
    for word in rjieba.cut(text):
        found.append((word, at))
        at += len(word)
    return found


def _name_start(words: Sequence[tuple[str, int]], kind_start: int) -> int:
    """Where the name ends that stands before its kind: back over whole words, to one that no name has."""
    start = kind_start
    for word, at in reversed(words):
        if at >= kind_start:
            continue
        if word in _NOT_OF_A_NAME or not _NAMES.fullmatch(word) or kind_start - at > LONGEST_NAME:
            break
        start = at
    return start


def _answers(text: str, appellant: str, *, asked: bool) -> list[tuple[str, float, int, int]]:
    """叫老地方烧烤 after the agent asked for the name."""
    out: list[tuple[str, float, int, int]] = []
    match = _ANSWER.match(text) if asked else None
    if match is not None and "叫" in text[:3]:
        name = match["name"]
        if (not appellant or appellant not in name) and read_name(name, 0) != len(name):
            out.append((name, 0.8, *match.span("name")))
    match = re.match(r"(?:店名)?叫(?P<name>[\u4e00-\u9fffA-Za-z]{2,8}?)(?=在)", text)
    if match is not None:
        out.append((match["name"], 0.85, *match.span("name")))
    return out
