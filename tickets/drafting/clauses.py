"""Unpunctuated speech cut into clauses, and what each is for: the matter, the person, the place, small talk.

A recogniser writes no commas, and callers do not stop between "我们村的路灯坏了" and "我们是天城镇的". The cuts
stand where callers begin anew (我想反映, 请问, 我叫, 希望, a time, 我们村) and after a finished predicate (坏了).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from language.times import time_runs
from runtime.events import Suggestion
from tickets.drafting.clerk import LETTER
from tickets.drafting.talk import Line, Span


class Role(Enum):
    IDLE = "small talk, or only the announcement that something will be told"
    PERSON = "name or telephone number"
    PLACE = "only where the caller is or where it happened"
    TIME = "only when"
    WISH = "what is to be done"
    TOLD = "the matter"


@dataclass(frozen=True, slots=True)
class Clause:
    """Characters [start, end) of a line's `read`; `text` is what is left of them without their lead-in."""

    line: Line
    start: int
    end: int
    role: Role
    text: str

    @property
    def span(self) -> Span:
        return Span(self.line, self.start, self.end)


_HAN = r"[\u4e00-\u9fff]"
_OURS = (
    r"(?=村|小区|家|这|那|楼|厂|单位|公司|学校|组|湾|店|院|班|整|全|门口|都|也|已经|去|找过|打|报|现在|每"
    r"|一直|住|是|几|车间|工地|业主|村民|居民)"
)
_NOT_OBJECT = (
    r"(?<![给把被让跟和对离向从到在是欠问找叫骗害帮为坑罚靠近由替像等林的])(?<![收欠骗征扣坑罚占打害退赔管]了)"
)
_STARTS = (
    r"(?:然后|就是)?(?<![帮给让])我们?(?:想|要|就|是|还)*(?:来|打电话|再)?(?:反映|投诉|举报|咨询|求助|问|请问|了解|请教|表扬|感谢)",
    r"请问|(?<![给添找])麻烦(?:你|您|帮|给|派|有关|相关)|(?<!有)(?<!没)希望",
    rf"(?<![申邀聘宴])请(?:你们|求|政府|领导|相关|有关|尽快|派|帮|(?={_HAN}{{2,6}}(?:局|部门|公司|委|所)))",
    r"我们?(?:是(?!不是|不)|叫(?!他|她|你)|姓)|我?(?:的)?名字叫|免贵姓|本人(?:叫|是|姓)",
    r"我们?(?:家)?(?:就)?(?:住在?|家在)(?!了|的)|地址(?:是|在)|户口(?:是|在)(?!这里|哪|本地|当地)",
    r"(?:我的?)?(?:联系)?(?:电话|手机)(?:号码?)?(?:是|[:：])?(?=[\d一二三四五六七八九零幺])",
    rf"{_NOT_OBJECT}我们?在(?!乎|意)|(?<!有人|个人)打了?(?=.{{0,5}}电话)",
    r"谢谢|感谢(?:你们|您)|麻烦了|再见|好的(?=谢谢|再见|$)|你好|您好",
    r"但是|可是|不过(?!几)|结果(?!都|也|出|$)|而且|所以|导致|后来|到现在|因为|搞得|害得|弄得|(?:一直)?(?:都)?没有?人(?:管|修|来|处理|理)",
    r"(?<!一点)(?:也|还)没有?(?!用|什么|办法)|(?<!一直)(?<![都就也还])没有?给|(?:赶紧|赶快|尽快|快点)(?:派|来|修|处理|把|帮)|建议",
    r"(?:家里|里面|旁边|上面|下面)(?:还|都)?(?:有|是)(?!人的)",
    rf"{_NOT_OBJECT}我们{_OURS}|{_NOT_OBJECT}我家|{_NOT_OBJECT}我的|(?<![找问让跟和对给被叫把举报诉向])他们(?!的)",
    r"(?:差一?点|差点)(?=砸|撞|摔|掉|出)|(?<![个名位了有的让多对给把被])(?:老人|小孩|孩子|老百姓|村民|居民|学生)(?:都|还|也|走路|喝|吃|摔|出门)",
    r"(?<![给把被让找跟和对向的是个名位问叫骗由请帮与有家说归为了过打])(?:司机|老板|商家|物业(?!费|公司)|店家|房东|开发商|包工头|工作人员|服务员)(?!说|的)",
    rf"(?<![又多只还就去给])(?:找(?:了|过)(?=物业|社区|村|他|政府|{_HAN}{{2,5}}[次回])|收了?(?=我|[\d一二三四五六七八九十]+(?:块|元)))",
)
_START = re.compile("|".join(f"(?:{pattern})" for pattern in _STARTS))
_AFTER = re.compile(
    r"(?:坏|不亮|不灵|爆|堵|倒|断|停|漏|满|塌|破|着火|起火|过期|丢|不见|跑路|关门|倒闭|掉|不通|河里|辞退|到账|工资|结果|吃饭|开裂|受不了|睡不着)"
    r"(?:了(?![一二两三四五六七八九十几半好很多大\d的吗吧呢啊又还没个没点有人过])|(?<=不亮)(?=晚上|走|希望|从)|(?<=没有结果)|(?<=吃饭))"
    r"|(?<!着)(?:吗|呢|啊)(?=.)(?!啡)"
)
_GOES_ON = re.compile(r"就|都|全|没|又|还(?!有)|被|已|才")
"""After a time: the subject stood before it (路灯从上周三开始就不亮了), so nothing is cut there."""
_LASTS = re.compile(r"(?:已经|都|有|快|差不多)*[\d一二两三四五六七八九十几半好]+个?多?(?:天|月|年|小时|星期|礼拜)")
_LIVES = re.compile(r"我们?(?:就|家|家里)?(?:是|住在?|在)(?:那个)?$")
_LIVER = re.compile(r"的(?:居民|村民|业主|住户|群众|人)?(?=.)")
_ASKED = re.compile(r"怎么|哪|什么|多少|几|吗|可以|能不能|如何|要不要")
_ASKS_ON = re.compile(
    r"(?:一年|一个月|一次|大概|总共|还?需?要|要)(?:交|带|准备)?(?:多少|几|哪些|什么|多久)|(?:到|在|去)哪里"
)
_PAUSE = re.compile(r"[，。！？；,.!?;、\s]+")

_GREETING = re.compile(
    r"^(?:喂+|哎+|唉|嗯+|啊+|呃+|那个(?=我|就|$)|这个(?=我|就|$)|你好|您好|同志|领导|师傅|是这样的?(?:子的)?|就是说|就是(?=我|你|他|这|那|在|昨|今)"
    r"|然后(?=我|你|他|就)?|对了|对(?=[举投是我就的])|好的?(?=谢|再|我|你|$)|是的|哦|没事|快来人啊?|快点来人啊?|救命啊?|"
    r"(?:请问|你们?|您)?(?:这里|这边)?(?:是不是|是)(?:政府|市长|县长|便民|市民)?(?:服务)?(?:热线|12345|幺二三四五|一二三四五)(?:吗|啊|吧|呀|热线)*|"
    r"请问(?=我|是|你|你们)|(?:请问|麻烦)(?:你|您)?(?:一下)?(?=我(?:想|要)|$))+"
)
_TAIL = re.compile(
    r"(?:谢谢|感谢)(?:你们?|您|了|啊)*$|再见$|(?:好不好|可以吗|行不行|行吗|好吗|是不是啊?|你知道吧|你晓得吧)$|(?<![网酒茶贴水])吧$|[啊呀嘛哦哈]+$"
)
_OPENER = re.compile(
    r"^(?:然后|就是|今天|还)?(?:我们?|本人|其)?(?:就|还|今天|打电话|主要|麻烦(?:你们?|您)?|(?:帮|给)我们?|是|想|要|来|再|给你们|向你们|跟你们|在这里)*"
    r"(?:反映|[投头偷][诉述素]|[举局][报抱]|咨询|请教|了解|问|请问|求助|说|报告|反应)(?!人|电话)(?:一?下子?|一个|个|一件|下|几个|一些|这个)*"
    r"(?:问题|情况|事情|事儿?|关于|有关|就是|是|呢|哈|啊|那个)*(?:请问)?"
)
_PLAIN_ASK = re.compile(r"^(?:请问|想问|问)(?:一?下)?(?:那个|就是)?|请问$")
_ONLY_IDLE = re.compile(
    r"^(?:对|是|好|嗯|没有|没了|不是|就是|行|可以|谢谢|感谢|麻烦|再见|知道|就这个|就是这个|就这些|就这样|有|不知道|不清楚|记不清|你好|喂|你说|我说|"
    r"你们?|您|保密|要|姓名|匿名|听得?到|能听到|喂|辛苦|没事|一下|请问|那个|这个|等|稍等|快来人|快点来?|来人|救命)*[的了吧啊呢吗哈]*$"
)
_ONLY_PERSON = re.compile(
    r"^(?:我们?|本人|的|就|叫|免贵|姓.?|姓名|名字|称呼|先生|女士|联系方式|联系|电话|手机|号码|号|是|打|这个|也|和|可以|要|保密|"
    r"留|你|您|记|一下|，|那|，|就行|好|吧|不想|不方便|不愿意|匿名|不)*$"
)
_SAYS_NAME = re.compile(r"^(?:我的?(?:名字)?叫|我姓|免贵姓|本人叫|我叫做|姓).{0,5}$")
_DIGITS = re.compile(r"[\d一二两三四五六七八九零幺]")
_SAYS_PHONE = re.compile(r"^我?的?(?:联系)?(?:电话|手机|号码)(?:号码?)?")
_ONLY_PLACE = re.compile(
    r"^(?:我们?|我家|家|家里|是|在|就|就在|住|住在|位于|地址|地点|位置|具体|就是|这里|那里|这边|那边|这个|那个|的|居民|村民|业主|群众|住户|人|附近|旁边|老百姓|小区|一个|一名|，)*$"
)
_ONLY_TIME = re.compile(
    r"^(?:就|是|就是|都|都是|的|的事|事|从|自|大概|应该|差不多|有|了|发生|左右|开始|那|天|，)*$"
)


def cut(line: Line, kept: Sequence[Span], private: Sequence[Span] = ()) -> list[tuple[int, int]]:
    """Where the clauses of a line stand; no cut falls inside a `kept` span, one falls after a `private` one."""
    text = line.read
    inside = {i for span in kept if span.line is line for i in range(span.start + 1, span.end)}
    marks = {match.start() for match in _START.finditer(text)} | {match.end() for match in _AFTER.finditer(text)}
    for span in private:
        if span.line is line:
            marks.add(span.end)
            if (says := re.search(r"我?(?:叫|姓)$", text[: span.start])) is not None:
                marks.add(says.start())
    times: set[int] = set()
    for start, end, _tokens in time_runs(text):
        # 他从昨天, 都是半夜: a time that goes on a phrase begins no clause.
        if re.match("我(?:的|们|家)", text[end:]) and not _LASTS.match(text, start):
            marks.discard(end)  # 昨天我的车抛锚: the time leads its clause in
        if (
            end - start >= 2
            and not _LASTS.match(text, start)
            and text[start - 1] not in "从到自在是给的又都每于至连今还差，一二两三四五六七八九十几"
            and not _GOES_ON.match(text, end)
        ):
            times.add(start)
        inside |= set(range(start + 1, end))
        if text[start:end].endswith(("开始", "以来", "以后")) and not _GOES_ON.match(text, end):
            marks.add(end)
    for span in _joined(kept, line):
        if (lives := _LIVES.search(text, 0, span.start)) and lives.end() == span.start:
            marks |= {match.end() for match in [_LIVER.match(text, span.end)] if match}
    pauses = [(m.start(), m.end()) for m in _PAUSE.finditer(text)]
    for match in _ASKS_ON.finditer(text):
        last = max([0, *(m for m in marks if m < match.start())], default=0)
        if _ASKED.search(text[last : match.start()]):
            marks.add(match.start())
    out: list[tuple[int, int]] = []
    begin = 0
    stops = sorted({(m, m) for m in marks | times if m not in inside and 0 < m < len(text)} | set(pauses))
    for start, end in [*stops, (len(text), len(text))]:
        if start in times and start - begin < 5 and start == end:
            continue  # 我家楼上天天半夜: too little stands before the time to be a clause
        if start > begin:
            out.append((begin, start))
        begin = max(begin, end)
    return out


def clauses_of(
    lines: Sequence[Line],
    *,
    private: Sequence[Span],
    places: Sequence[Span],
    place: Sequence[Span] = (),
    wish: Suggestion | None = None,
    thanks: bool = False,
) -> list[Clause]:
    """The citizen's clauses in order. `place` are the spans that the place field was made of; `wish` is the
    demand; `thanks` tells that 感谢 is the matter and no small talk."""
    out: list[Clause] = []
    for line in lines:
        if not line.by_citizen:
            continue
        here = [span for span in private if span.line is line]
        spots = [span for span in places if span.line is line]
        ours = [span for span in place if span.line is line]
        for start, end in cut(line, [*here, *spots], here):
            if wish and wish.utterance_id == line.utterance_id and wish.start < end and start < wish.end:
                # The words before the demand in the same clause still tell something.
                if wish.start - start >= 4 and not _lead_out(line.read[start : wish.start]):
                    out.append(
                        Clause(line, start, wish.start, Role.TOLD, _bare(line.read[start : wish.start], thanks))
                    )
                out.append(Clause(line, max(start, wish.start), end, Role.WISH, line.read[start:end]))
                continue
            out.append(_judge(line, start, end, here, spots, ours, thanks))
    return out


def _joined(spans: Sequence[Span], line: Line) -> list[Span]:
    """Spans of this line, those that touch as one."""
    out: list[Span] = []
    for span in sorted((s for s in spans if s.line is line), key=lambda s: s.start):
        if out and span.start <= out[-1].end:
            out[-1] = Span(line, out[-1].start, max(span.end, out[-1].end))
        else:
            out.append(span)
    return out


def _lead_out(text: str) -> bool:
    return bool(re.fullmatch(r"(?:希望|请|要求|麻烦|让|我的?|诉求|是|你们|您|就|想|赶紧|能不能|，)*", text))


def _judge(
    line: Line, start: int, end: int, private: list[Span], spots: list[Span], ours: list[Span], thanks: bool
) -> Clause:
    raw = line.read[start:end]
    bare = _bare(raw, thanks)
    role = Role.TOLD
    if _ONLY_IDLE.match(bare) or _lead_out(bare):
        role = Role.IDLE
    elif _is_person(raw, bare, _without(line, start, end, private) if private else None):
        role = Role.PERSON
    elif any(start < s.end and s.start < end for s in ours) and _ONLY_PLACE.match(
        _opened(_without(line, start, end, spots))
    ):
        role = Role.PLACE
    elif _ONLY_TIME.match(_timeless(bare)):
        role = Role.TIME
    for span in private:  # a number in the midst of the matter is a field all the same
        if role is Role.TOLD and len(_DIGITS.findall(span.read)) >= 7:
            bare = re.sub(rf"(?:我的?)?(?:联系)?(?:电话|手机)?(?:号码?)?是?{re.escape(span.read)}", "", bare)
    return Clause(line, start, end, role, bare)


def _bare(raw: str, thanks: bool) -> str:
    """Without greeting, announcement and thanks."""
    text = LETTER.sub("", raw)
    for _ in range(3):
        before = text
        text = _GREETING.sub("", text)
        if not thanks:
            text = _TAIL.sub("", text)
        text = _opened(text)
        if text == before:
            break
    return text.strip("，。！？,.!? ")


def _opened(text: str) -> str:
    """Without 我想反映一个问题 or 请问."""
    return _PLAIN_ASK.sub("", _OPENER.sub("", _GREETING.sub("", text), count=1))


def _is_person(raw: str, bare: str, rest: str | None) -> bool:
    said = _SAYS_PHONE.search(bare)
    digits = len(_DIGITS.findall(raw))
    if _SAYS_NAME.match(bare) or (digits >= 7 and (said or digits * 4 >= len(raw) * 3)):
        return True
    return rest is not None and rest != raw and bool(_ONLY_PERSON.match(_GREETING.sub("", rest)))


def _without(line: Line, start: int, end: int, spans: Sequence[Span]) -> str:
    hidden = {i for span in spans for i in range(span.start, span.end)}
    return "".join(line.read[i] for i in range(start, end) if i not in hidden)


def _timeless(text: str) -> str:
    for start, end, _tokens in reversed(time_runs(text)):
        text = text[:start] + text[end:]
    return text
