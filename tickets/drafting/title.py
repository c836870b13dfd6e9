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
SHORT = 9
"""Characters of a quoted clause that may take the next one along."""
PART = 4
"""Characters of a part of a clause, at least."""
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

# What a clause loses on its way into a title that quotes it.
_WHO = "(?:诉求人|本人|我们?|他们?|她|人家|你们|相关部门)"
_BEGINS_IDLY = re.compile(
    rf"^(?:{_WHO}(?!的|家)|那个|那些?(?=[^\W\d_]{{2}})|这个|什么(?=.{{3}})|就是|说是|听说|说(?!明)|结果|然后|现在|其实|反正|因为|所以|但是|可是|不过|而且"
    r"|一直|总是|老是|明明|根本|居然|竟然|又|还|都|也|才|就|把(?=诉求人)|是(?=.{4})|，)+"
)
_ENDS_IDLY = re.compile(
    rf"(?:{_WHO}|(?<![不得])了|(?<![不得没])着|呢|啊|呀|嘛|吧|的|地|又|还|就|都|也|才|说|讲|跟|给|让|叫|把|被|(?<![存现不])在|(?<![不没得达看找])到|和|(?<![不没])要|想|(?<![下过出进上])去|(?<![下过出起进上])来|(?<![不还])是|这|那|一个|这个|那个|什么|，)+$"
)
_TURNS = re.compile(
    rf"(?<![给把被让跟和对向从到在是找叫帮问要欠骗害为替由说])(?:{_WHO}(?!的|家)|人家|老板|老师|物业|司机|房东|商家|开发商|派出所|医生)"
    r"|(?<=[了吗呢啊])(?:那个|这个|一个|(?=[^\W\d_]))|(?<![又都也就还])(?:还要|还不|还没|又说|又不|也不|也没|结果|后来|现在|到现在|每天|天天|没人|说(?=.{4}))"
)
_ASKING = re.compile(
    "怎么|怎样|如何|咋|哪|什么|啥|多少|几[天个岁年次]|吗|能不能|可不可以|可否|能否|是否|要不要|是不是|算不算|还是|有没有|可以|不能|多久|所需材料|办法|呢$"
)
"""Words of a clause that asks."""
_THANKS = re.compile(
    r"^(?:没啥事|没什么事|也没啥|，|就是|只是|我|诉求人|想|要|来|特此|一定|再|说声|道声)*(?:谢谢|感谢|表扬)(?:一?下|你们)?(?=.{4})"
)
_FAULT = re.compile(
    "不(?!错|仅|但|光|过)|没|无|未|拒|坏|漏|堵|吵|臭|噪|脏|乱|骗|欠|拖|违|超|差|破|裂|塌|占|挡|强制|乱收|收费|扣|罚|涨|危险|隐患|过期|变质|虫|霉|死|伤|摔|砸|打|偷|抢|污|黑|毒|假|倒|停|断|歪|难|慢|贵|扰|锁|撵|赶|缺|少"
)
"""Words of a clause that tells what is wrong."""
_ASIDE = re.compile(
    "能不能|可不可以|帮[我诉忙]|你们|请(?!假)|希望|谢|气死|怎么办|找哪|听说|我(?:今年|是)|^(?:本人|诉求人)?(?:今年|是).{0,8}(?:岁|人)$"
)
"""Words of a clause that asks, thanks or tells who speaks."""


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
    # A quoted clause reads better with 的; a place is worth more than that.
    for where, ending in ((w, e) for w in wheres for e in ([end] if term or not end else ["的" + end, end])):
        room = LONGEST - len(verb) - len(where) - len(ending)
        matter = term or _quoted(cores, keyword, room, whole=bool(where))
        if 2 <= len(matter) <= room:
            return f"{verb}{where}{_not_twice(where, matter)}{ending}"
    return ""


def proposal_title(wish: str) -> str:
    """A proposal's title is the proposal; "" when too little of it is left."""
    text = re.sub("^(?:希望|建议给?|请|能不能|可不可以|你们|相关部门|政府|能|在(?=.{6}))+", "", wish)
    text = re.split("[。！？；!?;]", text)[0]
    if len(text) > LONGEST - 2:
        text = re.split("[，,]", text)[0]
    text = _trimmed(text if len(text) <= LONGEST - 2 else _clipped(text, "", LONGEST - 2))
    return f"建议{text}" if len(text) >= PART else ""


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


def _quoted(
    cores: Sequence[tuple[str, bool]],
    keyword: str,
    room: int,
    *,
    tells: re.Pattern[str] = _FAULT,
    whole: bool = False,
) -> str:
    """The clause that tells best what is wrong, or asks, without what a title does not need.

    A short one takes the next of the same breath along. A long one is cut, or is "" when it is to be `whole`.
    """
    told = [(breath, part, main) for breath, (text, main) in enumerate(cores) for part in _parts(text)]
    weights = [_weight(part, main, order, keyword, tells) for order, (_, part, main) in enumerate(told)]
    first = last = max(range(len(told)), key=weights.__getitem__)
    text = _trimmed(told[first][1])
    if len(text) > room:
        return "" if whole and room < ENOUGH else _trimmed(_stretch(text, keyword, room))
    while len(text) < SHORT:
        before = (tells is _ASKING and first > 0) or _joins(told, first - 1, first)
        after = _joins(told, last + 1, last)
        if after and len(more := _trimmed("".join(part for _, part, _ in told[first : last + 2]))) <= room:
            last, text = last + 1, more
        elif before and len(more := _trimmed("".join(part for _, part, _ in told[first - 1 : last + 1]))) <= room:
            first, text = first - 1, more
        else:
            break
    return text


def _joins(told: Sequence[tuple[int, str, bool]], at: int, beside: int) -> bool:
    """Whether this part was said in the same breath, and belongs into a title."""
    return 0 <= at < len(told) and told[at][0] == told[beside][0] and not _ASIDE.search(told[at][1])


def _parts(text: str) -> list[str]:
    """A long clause cut where a new subject or a new turn begins: speech has no commas."""
    parts, begin = [], 0
    for match in _TURNS.finditer(text):
        if match.start() - begin >= PART and len(text) - match.start() >= PART:
            parts.append(text[begin : match.start()])
            begin = match.start()
    return [*parts, text[begin:]]


def _stretch(text: str, keyword: str, room: int) -> str:
    """The part of a long clause, at word boundaries, that holds the keyword and what is wrong."""
    starts = [0]
    for word in rjieba.cut(text):
        starts.append(starts[-1] + len(word))
    marks = [match.span() for match in _FAULT.finditer(text)]
    if keyword and keyword in text:
        marks.append((text.index(keyword), text.index(keyword) + len(keyword)))

    def end_of(begin: int) -> int:
        return max(at for at in [begin, *starts] if at <= begin + room)

    def held(begin: int) -> int:
        return sum(begin <= start and end <= end_of(begin) for start, end in marks)

    begin = max(starts, key=lambda at: (held(at), -at))
    return text[begin : end_of(begin)]


def _trimmed(text: str) -> str:
    """Without pronouns and fillers at either end, and without 诉求人 in the midst."""
    text = _ENDS_IDLY.sub("", _BEGINS_IDLY.sub("", text))
    return re.sub("诉求人(?=的|家)的?|诉求人|(?<=[\u4e00-\u9fff])那个(?=[\u4e00-\u9fff])", "", text)


def _weight(text: str, main: bool, order: int, keyword: str, tells: re.Pattern[str]) -> float:
    worth = (2.0 if keyword and keyword in text else 0.0) + (1.0 if main else 0.0) - 0.3 * order
    worth += (3.0 if tells is _ASKING else 1.5) if tells.search(text) else 0.0
    worth -= 2.0 if tells is _FAULT and _ASIDE.search(text) else 0.0
    worth -= 3.0 if text.endswith(("时候", "以后", "之后")) or len(text) < 4 else 0.0
    return worth


def _question(kind: str, cores: Sequence[tuple[str, bool]], keyword: str, room: int) -> str:
    """The question with what else was asked or told in the same breath."""
    cores = [(_THANKS.sub("", text.removeprefix(VERBS[kind])), main) for text, main in cores]
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
    if kind == "CONSULT" and (len(text) > room or not _ASKING.search(text)):
        # Speech without commas, or a letter that tells much before it asks: the question itself.
        text = _quoted(cores, keyword, room, tells=_ASKING)
    if keyword and keyword not in text and not _shares(keyword, text) and len(keyword + text) <= room:
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
