"""Spoken Chinese into a clerk's: fillers out, first person into third."""

from __future__ import annotations

import re

from language.times import time_runs

_GREETING = re.compile(
    r"^(?:喂+|你好|您好|哎|唉|嗯+|啊+|呃+|那个|是这样的?|就是说?|就是|这个|然后|对了?|好的?|是的|哦|同志|是政府热线吗|是12345吗|请问是12345吗|麻烦你|请问一下(?=我想)|[，。！？,.!?])+"
)
LETTER = re.compile(
    r"^(?:尊敬的|敬爱的|各位)?[^，。：:！!]{0,10}?(?:领导|县长|市长|书记|局长|主任|政府|热线|工作人员|同志)们?[：:，,！!]+"
    r"|(?:此致)?敬礼|此致|(?:期待|盼|望|请|希望)(?:您的|早日|尽快)?(?:回复|答复)(?=$|[！!。，])|(?:恳请|请|望)领导(?:重视|关注|们?看看)(?=$|[！!。，])"
)
"""How letters begin and end."""

_FILLER = re.compile(
    r"(?:嗯|呃|啊|哎呀|那个那个|就是说|怎么说呢|你知道吧|你说是不是|你晓得吧|是不是啊|好不好|可以吗|行不行)(?=$|[，。])|谢谢(?:你们?|您)?|再见|(?<![网酒茶贴水])吧$|[啊呀嘛呢哦]$"
)
_PERSONS: tuple[tuple[str, str], ...] = (
    (r"我们家", "其家"),
    (r"我家", "其家"),
    (r"我们(?=这里|这边|这儿|小区|村|组|楼|厂|工地|公司|学校|那里|湾)", "其"),
    (r"我(?=公司|老公|老婆|丈夫|妻子|父亲|母亲|爸爸|妈妈|孩子|儿子|女儿|朋友|邻居|小孩|老伴|爷爷|奶奶)", "其"),
    (r"我们业主", "业主"),
    (r"我们的|我的", "其"),
    (r"我们", "其"),
    (r"咱们?", "其"),
    (r"本人", "其"),
    (r"我", "其"),
    (r"你们|您", "相关部门"),
    (r"相关部门(?=[\u4e00-\u9fff]{2,6}(?:局|部门|所))", ""),
    (r"其其", "其"),
)
_OPENING = re.compile(
    r"^(?:其?(?:想|要)?(?:来|打电话)?(?:反映|投诉|举报|咨询|问|了解|请教|说|表扬|感谢|求助)(?:一下|下|一个(?:问题|情况|事情))?)+(?:一下|下)?"
)


def clean(text: str) -> str:
    """Without greetings, fillers and thanks."""
    text = _GREETING.sub("", LETTER.sub("", text))
    text = _FILLER.sub("", text)
    return text.strip("，。！？,.!? ")


def third_person(text: str) -> str:
    """The caller as 其, the centre as 相关部门."""
    for pattern, word in _PERSONS:
        text = re.sub(pattern, word, text)
    return text


def without_opening(text: str) -> str:
    """Without 我要反映一下 and the like."""
    return _OPENING.sub("", text, count=1)


# A caller as subject is left out; as owner or object he is 诉求人; what is "ours" is the place's own.
_OWN_PLACE = re.compile(
    r"^(?:在)?(?:我们?|咱们?)(?:的)?(?P<own>村里|村子|村|小区里|小区|社区|湾里|湾|街道|镇|乡)(?!口|民|支书|干部|委会|主任|长|门|北|南|东|西)(?P<of>的)?"
)
_OWN_HERE = re.compile(
    r"^(?:在)?(?:(?:我们?|咱们?)(?:这里|这边|这儿|这块|那里|那边|这(?:[一]?条|个)?(?P<own>街|路|接|巷子?|小区|村))|这里|这边)(?P<of>的)?"
)
_WRITTEN: tuple[tuple[str, str], ...] = (
    (r"^(?:我们?)?(?:今天)?(?:想|要)*(?:表扬(?:一下)?|(?=感谢))", ""),
    (r"^(?:我们?|本人|咱们?)(?:是|也是)(?=.{1,10}(?:负责人|老板|员工|家长|业主|户主|学生|股东))", "诉求人是"),
    (r"^(?:我们?|咱们?|本人)(?:自己)?家(?:里|中)?的?", "家中"),
    (r"^(?:我们?|咱们?|本人)(?:就|也|还|都|现在)?(?:想要?|要)?(?=给|替|帮)", ""),
    (r"^(?:我们?|咱们?|本人)(?:想|要)(?=[\u4e00-\u9fff])", "想"),
    (r"^(?:我们?|咱们?|本人)的?", ""),
    (r"^要(?=表扬|感谢)", ""),
    (r"^(?:你们?|您们?)(?=要|应该|必须|快|赶|尽|去|来|派|把)", ""),
    (r"(?:我们?|咱们?)的?(?=父|母|老公|老婆|丈夫|妻子|爸|妈|孩子|儿子|女儿|小孩|老伴|爷爷|奶奶)", ""),
    (r"(?:我们?|咱们?|本人)自?己?家(?:里|中)?", "诉求人家"),
    (r"(?:我们|咱们)(?=村|小区|楼|单元|这|那|公司|厂|学校|业主|村民|居民)", ""),
    (r"(?:我们?|咱们?|本人)", "诉求人"),
    (r"诉求人诉求人", "诉求人"),
    (r"(?:你们|您)(?=[\u4e00-\u9fff]{2,6}(?:局|部门|所))", ""),
    (r"(?:你们|您)", "相关部门"),
    (r"(?<=[^的])那一?段(?=路灯)", "路段"),
    (r"那一段路?(?=$|的)", "路段"),
    (r"还有一个(?=老人|小孩|学生|孕妇|行人)", "还有一名"),
    (r"有一个(?=老人|小孩|学生|孕妇|行人)", "有一名"),
    (r"^从(?=(?:上|去|前|昨|今|这|大前|\d|[一二三四五六七八九十]+(?:月|号)).*(?:开始|以来|起))", "自"),
    (r"(?<=不亮|摔倒|着火|起火|没有|到账|工资|审批|堵满|过去|损坏)了$", ""),
    (r"(?<=了.{3})了$|(?<=了.{2})了$", ""),
    (r"^叫(?=[\u4e00-\u9fff]{2,12}$)", "名为"),
    (r"^(?:就是|然后|那个|说是|说)(?=[\u4e00-\u9fff]{2})", ""),
)
_WRITTEN_PATTERNS = [(re.compile(pattern), word) for pattern, word in _WRITTEN]


def written(text: str, place: str = "") -> tuple[str, bool]:
    """A clause as a clerk writes it, and whether it now begins with what belongs to `place`.

    我们村的路灯坏了 becomes 路灯坏 only before the place, so the caller of this function puts the place there.
    """
    owned = False
    for pattern in (_OWN_PLACE, _OWN_HERE):
        match = pattern.match(text)
        if match is None:
            continue
        own = (match["own"] or "").rstrip("里子")
        if place:
            text, owned = text[match.end() :], True
        elif match["own"]:
            text = f"该{own}{match['of'] or ''}" + text[match.end() :]
        break
    if (runs := time_runs(text)[:1]) and runs[0][0] == 0:
        text = text[: runs[0][1]] + re.sub("^我们?(?!家|的)", "", text[runs[0][1] :])
    for written_pattern, word in _WRITTEN_PATTERNS:
        text = written_pattern.sub(word, text)
    return text.strip("，。！？,.!? "), owned
