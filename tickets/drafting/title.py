"""The title: what is wanted, where, and the matter in a clerk's few words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import rjieba

LONGEST = 30
"""Characters of a title: what one line of the agent's list shows."""
VERBS = {
    "CONSULT": "咨询",
    "SUGGEST": "建议",
    "PRAISE": "表扬",
    "REPORT": "举报",
    "COMPLAINT": "投诉",
}
MOST_PLACE = 18
"""Characters of a place in a title."""
ENOUGH = 16
"""Characters of the matter that tell enough."""
URGENT = "紧急求助"

# What was said -> what a clerk calls it. Each says no more than the words it stands for; {0} is the first group.
_NOISE = "噪声扰民"
_TERMS: tuple[tuple[str, str], ...] = (
    (r"(路灯|灯).*不亮", "路灯不亮"),
    (r"路灯.*(?:坏|不行)", "路灯损坏"),
    (r"((?:窨)?井盖|下水道盖子?).*(?:不见|没有?了|丢|被偷)", "{0}缺失"),
    (r"((?:窨)?井盖|下水道盖子?).*(?:坏|破|塌|裂)", "{0}破损"),
    (r"(?:没有?|未|不)(?:领到|拿到|发|给|结|领)(?:过|我们|诉求人|到)?的?(工资|工钱)", "拖欠{0}"),
    (r"(?:拖欠|欠)了?.{0,8}(工资|工钱|工程款|货款)", "拖欠{0}"),
    (r"(工资|工钱|工程款).{0,8}(?:没有?|不)(?:发|给|结|领|拿)", "拖欠{0}"),
    (r"(下水道|排水沟|排水管道?|化粪池|污水管道?).*堵", "{0}堵塞"),
    (r"(养老金|低保金?|补贴|工资|补偿款).*没有?到账", "{0}未到账"),
    (
        r"(麻将馆|广场舞|KTV|酒吧|歌厅|工地|工厂|加工厂|音响|楼上|邻居|烧烤摊|夜宵摊|施工)"
        r".*(?:吵|噪音|噪声|声音太?大|声音很大)",
        "{0}噪声扰民",
    ),
    (r"(自来水管|水管|燃气管|暖气管|污水管).*爆", "{0}爆裂"),
    (r"(自来水管|水管|燃气管|暖气管|污水管).*破", "{0}破裂"),
    (r"(电梯).*(?:坏|停运|故障|不能用)", "{0}故障"),
    (r"(网吧).*未成年人|未成年人.*(网吧)", "网吧接纳未成年人上网"),
    (r"(垃圾中转站|垃圾站|垃圾场|中转站|养猪场|猪场|养殖场|厕所|公厕).*臭", "{0}臭味扰民"),
    (r"(垃圾).*(?:没人|没有人)(?:清|管|运|扫)", "{0}无人清理"),
    (r"(建筑垃圾).*|(?:倒|到)(建筑垃圾)", "倾倒建筑垃圾"),
    (r"(围墙|房子|大树|树|电线杆).*(?:倒|到)了", "{0}倒塌"),
    (r"(?:墙|屋顶|房顶|天花板|阳台|楼板|地下室).{0,3}(渗水|漏水)", "房屋{0}"),
    (r"出租车.*绕", "出租车绕路"),
    (r"(停水|停电|停气)", "{0}"),
    (r"(?:自来水|家里的?水)(?:都|一直)?停", "停水"),
    (r"(?<![水电线])路面?(?:都)?坏", "道路损坏"),
    (r"(路面|马路|公路|道路|水泥路).{0,3}(?:坏|烂|破)", "{0}破损"),
    (r"(?:有人|小孩|老人|孩子).{0,4}(?:掉进|掉到|落).{0,3}(?:河|水|井)", "有人落水"),
    (r"(?<!打不)(着火|起火|失火)", "{0}"),
)  # fmt: skip
_TERM_PATTERNS = [(re.compile(pattern), word) for pattern, word in _TERMS]
_PAPERS = r"(?:需要?|要)(?:准备|带|提供)?(?:哪些|什么)(?:材料|手续|证件|东西)"
_ASKS: tuple[tuple[str, str], ...] = (
    (r"怎么(申请|办理|补办)、?(?:需要?|要)(?:准备|带)?(?:哪些|什么)材料", r"\1所需材料"),
    (r"^(?:我?想|要)?(?:给|替|帮).{2,4}?(?=办|申请|补|交|报|换)", ""),
    (rf"^(?:想|要)?(?:办理?|申请)(.{{2,10}}?){_PAPERS}$", r"\1办理所需材料"),
    (rf"^(?:想|要)?补办(.{{2,10}}?){_PAPERS}$", r"\1补办所需材料"),
    (r"(?:需要?|要)(?:准备|带|提供)?(?:哪些|什么)材料", "所需材料"),
    (r"(?<=[\u4e00-\u9fff]{2})怎么(申请|办理|补办)$", r"\1办法"),
    (r"丢了(补办办法)", r"遗失\1"),
)  # fmt: skip
_ASK_PATTERNS = [(re.compile(pattern), word) for pattern, word in _ASKS]
_PROPOSES = re.compile("建议|希望|应该|能不能|增加|增设|最好")
_LEAD = re.compile(
    r"^(?:(?:希望|建议|其|想|要|就|是|在|还|也|又|有个(?!人)|有一个(?!人|老|小)|有人(?=在)|一家|一个|那个|这个|那家|这家|那|的|，|今年|已经)(?!害))+"
)
_IN_THE_END = re.compile(r"(?:(?<![不得])了|，|呢|(?<!网)吧|啊|就|都)+$")


def term_of(text: str, keyword: str = "") -> str:
    """The clerk's words for what is said here, "" when there are none; a category's word that was said beside
    it stands before it (广场舞 + 噪声扰民)."""
    for pattern, word in _TERM_PATTERNS:
        if (match := pattern.search(text)) is not None:
            term = word.format(next((group for group in match.groups() if group), ""))
            beside = len(keyword) > 1 and keyword not in match.group() and not _shares(keyword, term)
            if beside:
                return keyword + term
            return term if term != _NOISE else ""  # whose noise, the caller's own words tell
    return ""


def proposes(told: Iterable[str]) -> bool:
    """Whether the clauses themselves propose something, and not only complain."""
    return any(_PROPOSES.search(text) for text in told)


def asked_of(text: str) -> str:
    """A question without its I and you: 我想给我父亲办理残疾证需要准备哪些材料 -> 残疾人证办理所需材料."""
    for pattern, word in _ASK_PATTERNS:
        text = pattern.sub(word, text)
    return text


def make_title(kind: str, issue: str, keyword: str, place: str, told: Sequence[tuple[str, bool]]) -> str:
    """The title from clauses as (written text without its place, whether in the line that tells the matter)."""
    strip = str if kind == "CONSULT" else _core
    cores = [(core, main) for text, main in told if len(core := strip(text)) >= 2]
    if not cores:
        return ""
    verb = "求助" if issue == URGENT else VERBS.get(kind, "反映")
    if kind in ("CONSULT", "PRAISE"):
        return verb + _question(kind, cores, keyword, LONGEST - len(verb))
    if kind == "SUGGEST":
        if proposes(text for text, _main in told):
            return verb + _question(kind, cores, keyword, LONGEST - len(verb))
        verb = "建议解决"
    end = "" if issue == URGENT else "问题"
    beside = "" if issue == URGENT else keyword
    # Only what tells the matter is named: a 停水 in passing is not the title.
    main = [core for core in cores if core[1] or (keyword and keyword in core[0])] or cores
    term = next((t for text, _main in _by_weight(main, keyword) if (t := term_of(text, beside))), "")
    if not term:  # a matter may be told in two breaths: 一家网吧 / 经常让未成年人上网
        term = term_of(place + "".join(text for text, _main in cores), beside)
    wheres = _places(place)
    for where in wheres:
        room = LONGEST - len(verb) - len(where) - len(end)
        matter = term or _window(cores, keyword, room)
        if 2 <= len(matter) <= room:
            return f"{verb}{where}{_not_twice(where, matter)}{end}"
    # Too long to quote whole: the words about the category's own, at the finest place that leaves them room.
    where = next(where for where in wheres if LONGEST - len(verb) - len(where) - len(end) >= ENOUGH - 2)
    room = LONGEST - len(verb) - len(where) - len(end)
    matter = _clipped(_by_weight(cores, keyword)[0][0], keyword, room)
    return f"{verb}{where}{_not_twice(where, matter)}{end}"


def _clipped(text: str, keyword: str, room: int) -> str:
    """At most `room` characters at word boundaries, the keyword among them."""
    at = text.find(keyword) if keyword else 0
    if keyword and at < 0:
        text, at = keyword + text, 0
    starts, place = [], 0
    words = list(rjieba.cut(text))
    for word in words:
        starts.append(place)
        place += len(word)
    begin = 0
    if at + len(keyword) > room:
        begin = max((s for s in starts if s <= at), default=0)
    ends = [s for s in [*starts, len(text)] if begin < s <= begin + room]
    return text[begin : ends[-1] if ends else begin + room]


def _shares(one: str, other: str) -> bool:
    return any(one[i : i + 2] in other for i in range(len(one) - 1))


def _core(text: str) -> str:
    return _IN_THE_END.sub("", _LEAD.sub("", text)).strip("，")


def _places(place: str) -> list[str]:
    """The place, then shorter ways to say it, then none."""
    plain = place.replace("的", "")
    out = [plain] if 0 < len(plain) <= MOST_PLACE else []
    if (match := re.match(r"^[\u4e00-\u9fff]{1,4}?[镇乡](?=[\u4e00-\u9fff]{2})", plain)) is not None:
        out += [short for short in (plain[match.end() :],) if 0 < len(short) <= MOST_PLACE]
    if match is not None:
        out.append(match.group())
    return [*out, ""]


def _by_weight(cores: Sequence[tuple[str, bool]], keyword: str) -> list[tuple[str, bool]]:
    def weight(item: tuple[int, tuple[str, bool]]) -> float:
        order, (text, main) = item
        told = (2.0 if keyword and keyword in text else 0.0) + (1.0 if main else 0.0) - 0.1 * order
        return told - (3.0 if text.endswith(("时候", "以后", "之后")) else 0.0)

    return [core for _order, core in sorted(enumerate(cores), key=weight, reverse=True)]


def _window(cores: Sequence[tuple[str, bool]], keyword: str, room: int) -> str:
    """The clause that tells most with its neighbours of the same breath, as many as there is room for."""
    first = _by_weight(cores, keyword)[0]
    low = high = cores.index(first)
    text = first[0]
    prefix = keyword if keyword and not any(keyword in core for core, _main in cores) else ""
    if _shares(keyword, text):
        prefix = ""
    while len(prefix + text) < ENOUGH:
        if low > 0 and cores[low - 1][1] and len(prefix + cores[low - 1][0] + text) <= room:
            low -= 1
            text = cores[low][0] + text
        elif high + 1 < len(cores) and cores[high + 1][1] and len(prefix + text + cores[high + 1][0]) <= room:
            high += 1
            text += cores[high][0]
        else:
            break
    return prefix + text if len(prefix + text) <= room else text


def _question(kind: str, cores: Sequence[tuple[str, bool]], keyword: str, room: int) -> str:
    """The question with what else was asked or told in the same breath."""
    cores = [(text.removeprefix(VERBS[kind]), main) for text, main in cores]
    first = _by_weight(cores, keyword)[0]
    low = high = cores.index(first)
    parts = [first[0]]
    while True:
        if (
            high + 1 < len(cores)
            and cores[high + 1][1]
            and len(_asked([*parts, cores[high + 1][0]], kind)) <= room
        ):
            high += 1
            parts.append(cores[high][0])
        elif low > 0 and cores[low - 1][1] and len(_asked([cores[low - 1][0], *parts], kind)) <= room:
            low -= 1
            parts.insert(0, cores[low][0])
        else:
            break
    text = _asked(parts, kind)
    if keyword and keyword not in text and not _shares(keyword, text):
        text = keyword + text
    return text if len(text) <= room else _clipped(text, keyword, room).rstrip("、，")


def _asked(parts: Sequence[str], kind: str) -> str:
    """The parts as one; a question told in two breaths (给父亲办理残疾证 / 需要哪些材料) becomes one noun."""
    if kind != "CONSULT":
        return "".join(parts)
    joined = asked_of("".join(parts))
    return joined if joined.endswith("所需材料") else asked_of("、".join(parts))


def _not_twice(where: str, matter: str) -> str:
    """人民路 + 路灯 stays; 垃圾中转站 + 垃圾中转站臭味 says it once."""
    for size in range(min(len(where), len(matter)), 2, -1):
        if where.endswith(matter[:size]):
            return matter[size:]
    return matter
