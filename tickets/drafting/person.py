"""The appellant: name (or 匿名), gender, and the wish to be kept secret."""

from __future__ import annotations

import re
from collections.abc import Sequence

from language.han import HAN
from language.sounds import syllable
from runtime.events import Suggestion
from tickets.drafting.talk import Line, Span, suggest

_ONE_HAN = re.compile(f"[{HAN}]")
_DOTTED = re.compile(
    f"[{HAN}]{{1,10}}(?:[·•‧・][{HAN}]{{1,10}})+?(?=$|[^{HAN}·•‧・]|的|电话|手机|号码|住|今年|身份)"
)
_COMPOUND = re.compile("欧阳|司马|上官|诸葛|夏侯|皇甫|尉迟|公孙|慕容|令狐|东方|司徒|端木")
SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董袁潘于蒋蔡余杜叶程苏魏吕"
    "丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃"
    "武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮"
    "柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉"
    "缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑"
    "郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢洪潭郗洛弓宣尧邸"
)
"""By frequency, so that of two surnames of one sound the commoner comes first."""
_STOP = re.compile(
    "电话|手机|号码|今年|就是|但是|可是|我|你|住在|联系|希望|名字|姓|身份|谢谢|先生|女士|师傅|是|的|啊|呀|吧|了|哦|嗯|这|那|不|叫"
)
_SURNAMED = re.compile("(?<![百同异改随复])姓(?!名|什么|氏|啥)")
_AFTER_NAME = re.compile("$|[，。,.、；;：:（(）)\\s]|身份证|电话|手机|男|女|家住|住在|今年|系|是")
_SELDOM_LAST = frozenset("在有就但要想和说给家也对男女去来住打")
"""Characters that begin the next word rather than end a given name."""
_TITLES = dict.fromkeys(("先生", "师傅", "大哥", "大叔", "大爷"), "MALE") | dict.fromkeys(
    ("女士", "小姐", "大姐", "阿姨", "大妈", "婆婆"), "FEMALE"
)
_GENDER_NAMES = {"MALE": "男", "FEMALE": "女"}
_ANONYMOUS = re.compile(
    r"匿名|不留名|不(?:想|愿|愿意|方便|好)(?:透露|留|说|讲|告诉)[^，。]{0,6}(?:姓名|名字|身份|叫什么)|不要透露[^，。]{0,6}(?:姓名|名字|身份)"
    r"|(?:姓名|名字|姓什么)[^，。]{0,3}(?:就不|不方便|不想|不说|保密|不留)"
)
_REFUSED = re.compile(r"不(?:想|方便|愿意|好)?(?:说|讲|留|透露)|不说了|不留了|算了")
_SECRET = re.compile(r"保密|不要(?:透露|泄露|告诉)|别(?:透露|泄露|让他知道)|怕(?:他|他们|被)?报复|不要说是我")
_GENDER_CUES = (
    ("FEMALE", r"我(?:老公|丈夫|男人|婆婆|男朋友)|我怀孕|我是.{0,6}(?:妈妈|母亲|奶奶|外婆|女儿|媳妇|妻子)"),
    ("MALE", r"我(?:老婆|妻子|媳妇|女朋友|岳母|丈母娘)|我是.{0,6}(?:爸爸|父亲|爷爷|外公|儿子|丈夫)"),
)


def read_name(text: str, at: int) -> int:
    """End of the full name that begins here, `at` when there is none: surname and one or two characters, or a name
    of parts with a dot between (古丽米热·艾比布力).
    """
    if (dotted := _DOTTED.match(text, at)) is not None:
        return dotted.end()
    size = 2 if _COMPOUND.match(text, at) else 1 if text[at : at + 1] and text[at] in SURNAMES else 0
    if not size:
        return at
    end = at + size
    while end < at + size + 2 and end < len(text):
        if not _ONE_HAN.match(text, end) or _STOP.match(text, end):
            break
        if end > at + size and text[end] in _SELDOM_LAST:
            break
        end += 1
    return end if end > at + size else at


def _own_surname(text: str, start: int = 0) -> int:
    """Where 姓 says somebody's surname, -1 when nowhere: 老百姓和政府 names nobody."""
    match = _SURNAMED.search(text, start)
    return match.end() - 1 if match is not None else -1


def _explained(text: str, surname: str) -> str:
    """Blank out 石头的石: the caller explains which character; positions stay."""
    return re.sub(f"{surname}.{{1,2}}的{surname}", lambda m: "，" * len(m.group()), text)


def _full_name(line: Line) -> tuple[float, Span] | None:
    text = line.read
    for cue, sure in (("我的名字叫", 0.93), ("我叫", 0.93), ("名字叫", 0.8), ("姓名是", 0.9), ("本人", 0.7)):
        at = text.find(cue)
        if at < 0 or (end := read_name(text, at + len(cue))) == at + len(cue):
            continue
        # 本人于去年, 本人曾在: a name stands alone, or what follows speaks of the person.
        if cue != "本人" or (end - at - 2 >= 2 and _AFTER_NAME.match(text, end)):
            return sure, Span(line, at + len(cue), end)
    at = _own_surname(text)
    if at >= 0 and at + 1 < len(text):
        surname = text[at + 1]
        rest = _explained(text, surname)
        for again in (rest.find("叫" + surname, at + 1) + 1, rest.find(surname, at + 2)):
            if again > at + 1 and (end := read_name(rest, again)) > again + 1:
                return 0.92, Span(line, again, end)
    if "name" in line.asked:
        for lead in ("我是", "叫", "是", ""):
            if text.startswith(lead) and (end := read_name(text, len(lead))) > len(lead) + 1:
                rest = text[end:]
                if not rest or _STOP.match(rest) or rest[0] in SURNAMES or rest[0].isdigit():
                    return 0.85 if end - len(lead) == len(text) - len(lead) or rest else 0.7, Span(
                        line, len(lead), end
                    )
    return None


def _surname(line: Line) -> tuple[str, Span] | None:
    for match in _SURNAMED.finditer(line.read):
        at = match.end()
        if at >= len(line.read):
            continue
        size = 2 if _COMPOUND.match(line.read, at) else 1
        name = line.read[at : at + size]
        if size == 2 or name in SURNAMES:
            return name, Span(line, at, at + size)
        alike = [s for s in SURNAMES if syllable(s) == syllable(name)]
        if alike and "name" in line.asked:  # the commonest surname of that sound: the list goes by frequency
            return alike[0], Span(line, at, at + size)
    if "name" in line.asked and len(line.read) <= 2 and line.read[:1] in SURNAMES:
        return line.read[0], Span(line, 0, 1)
    return None


def _addressed(lines: Sequence[Line]) -> tuple[str, str, Span] | None:
    """How the agent addresses the caller: (surname, gender, where)."""
    for line in reversed(lines):
        if line.by_citizen:
            continue
        match = re.search(rf"([{SURNAMES}])({'|'.join(_TITLES)})", line.read)
        if match:
            return match[1], _TITLES[match[2]], Span(line, match.start(), match.end())
    return None


def find_person(lines: Sequence[Line]) -> dict[str, list[Suggestion]]:
    """`appellant_name`, `gender`, `confidential`."""
    out: dict[str, list[Suggestion]] = {}
    addressed = _addressed(lines)
    gender = _gender(lines, addressed)
    if gender is not None:
        out["gender"] = [gender]
    names: list[Suggestion] = []
    citizen = [line for line in lines if line.by_citizen]
    for line in citizen:
        if (full := _full_name(line)) is not None:
            sure, span = full
            confirmed = addressed is not None and syllable(addressed[0]) == syllable(span.read[0])
            names.append(suggest(span.read, sure + (0.04 if confirmed else 0), span))
    for line in citizen:
        hidden = _ANONYMOUS.search(line.read) or ("name" in line.asked and _REFUSED.search(line.read))
        if hidden and not names:
            names.append(suggest("匿名", 0.85, Span(line, hidden.start(), hidden.end())))
    if not names:
        names += _by_surname(citizen, addressed)
    if names:
        names.sort(key=lambda s: -s.confidence)
        out["appellant_name"] = names[:3]
    for line in citizen:
        if (match := _SECRET.search(line.read)) is not None:
            label = "要求保密"
            out["confidential"] = [suggest("HIDE_FROM_UNIT", 0.8, Span(line, match.start(), match.end()), label)]
    return out


def _gender(lines: Sequence[Line], addressed: tuple[str, str, Span] | None) -> Suggestion | None:
    if addressed is not None:
        return suggest(addressed[1], 0.9, addressed[2], _GENDER_NAMES[addressed[1]])
    for line in lines:
        if not line.by_citizen:
            continue
        for value, pattern in _GENDER_CUES:
            if (match := re.search(pattern, line.read)) is not None:
                return suggest(value, 0.75, Span(line, match.start(), match.end()), _GENDER_NAMES[value])
    return None


def _by_surname(citizen: Sequence[Line], addressed: tuple[str, str, Span] | None) -> list[Suggestion]:
    for line in citizen:
        if (found := _surname(line)) is None:
            continue
        surname, span = found
        if addressed is not None and syllable(addressed[0]) == syllable(surname):
            return [suggest(addressed[0] + ("女士" if addressed[1] == "FEMALE" else "先生"), 0.8, span)]
        return [suggest(surname + "某", 0.6, span)]
    if addressed is not None:
        return [suggest(addressed[0] + ("女士" if addressed[1] == "FEMALE" else "先生"), 0.6, addressed[2])]
    return []
