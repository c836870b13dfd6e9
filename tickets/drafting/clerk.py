"""Spoken Chinese into a clerk's: fillers out, first person into third."""

from __future__ import annotations

import re

_GREETING = re.compile(
    r"^(?:喂+|你好|您好|哎|唉|嗯+|啊+|呃+|那个|是这样的?|就是说?|就是|这个|然后|对了?|好的?|是的|哦|同志|是政府热线吗|是12345吗|请问是12345吗|麻烦你|请问一下(?=我想)|[，。！？,.!?])+"
)
_FILLER = re.compile(
    r"(?:嗯|呃|啊|哎呀|那个那个|就是说|怎么说呢|你知道吧|你说是不是|你晓得吧|是不是啊|好不好|可以吗|行不行)(?=$|[，。])|谢谢(?:你们?|您)?|再见|[吧啊呀嘛呢哦]$"
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
    text = _GREETING.sub("", text)
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
