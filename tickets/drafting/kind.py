"""What kind of appeal it is, 咨询 or 投诉 or another: cue words, the category's habit, the caller's tone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runtime.events import Suggestion
from tickets.drafting.cues import find_cue
from tickets.drafting.lexicon import CategoryEntry
from tickets.drafting.talk import Line, Span, suggest
from tickets.fields import APPEAL_TYPES

_SAID: tuple[tuple[str, str, float], ...] = (
    ("CONSULT", "咨询", 3.0),
    ("CONSULT", "请问", 1.6),
    ("CONSULT", "想问", 2.2),
    ("CONSULT", "问一下", 1.8),
    ("CONSULT", "问下", 1.8),
    ("COMPLAINT", "投诉", 4.0),
    ("REPORT", "举报", 4.5),
    ("SUGGEST", "我建议", 4.0),
    ("SUGGEST", "提个建议", 4.0),
    ("SUGGEST", "建议", 2.6),
    ("PRAISE", "表扬", 4.5),
    ("PRAISE", "要感谢", 4.0),
    ("PRAISE", "点赞", 3.0),
    ("PRAISE", "锦旗", 3.0),
    ("HELP", "求助", 3.0),
)
_NOT = {"建议": ("简易", "检疫"), "表扬": ("表演", "标样"), "投诉": (), "请问": ("亲吻",), "举报": ("局报",)}
_TONES: tuple[tuple[str, str, float], ...] = (
    (
        "CONSULT",
        r"(?:怎么|如何)(?:办理|申请|办|弄|交|领|补|换|提取|开|报名|转|查|上牌)|(?:要|需要)(?:带|准备)?(?:什么|哪些)(?:材料|手续|条件|证件|东西)"
        r"|能不能(?:报|办|取|补|在)|可以(?:吗|办|报|交|在)|要多少(?:钱|天|岁)|多少钱|多长时间能|几天能|在哪里(?:办|交|领|打)|到哪里办|到哪个部门|哪里办"
        r"|上不上班|有(?:没有|什么)(?:补贴|政策)|(?:吗|呢)$",
        1.2,
    ),
    (
        "REPORT",
        r"偷偷|偷倒|偷排|非法|无证|没有(?:行医|营业|批|审批|资质)|违法|违章|私自|骗保|赌博|贩卖|电鱼|炸鱼|盗|占用耕地|假药|保密|严肃查处|查处",
        1.1,
    ),
    (
        "COMPLAINT",
        r"态度|不管|没人管|吵|太差|扰民|臭|骂人|不给|不退|拖欠|没拿到|不处理|推诿|乱收|多收|坑人|骗|不作为|欠|没有结果|不发|爱理不理|没有到位",
        0.7,
    ),
    ("COMPLAINT", r"要求(?:赔|退|商家|物业|他|开发商)|赔偿|退钱|道歉|违约金", 0.8),
    (
        "HELP",
        r"坏了|不亮|停水|停电|堵了|没水|没电|漏|派人来|来修|修一下|恢复|疏通|救助|帮(?:我|忙)|尽快|赶紧派|赶快派|补上|清理一下|没有到账|烂",
        0.8,
    ),
    ("SUGGEST", r"(?:希望|能不能)(?:增加|增设|装|多建|设置|安排|规划)|应该(?:装|设|增)", 1.0),
    ("PRAISE", r"态度特别好|特别好|非常好|热心|拾金不昧|帮了大忙|谢谢他|送锦旗", 1.2),
)
_TONE_PATTERNS = [(kind, re.compile(pattern), weight) for kind, pattern, weight in _TONES]
HABIT = 1.3
"""Weight of what callers usually want in this category."""


def find_kind(lines: Sequence[Line], category: CategoryEntry | None) -> list[Suggestion]:
    """`appeal_type`, best first."""
    scores: dict[str, float] = {}
    words: dict[str, tuple[float, Span]] = {}

    def add(kind: str, weight: float, span: Span | None) -> None:
        scores[kind] = scores.get(kind, 0.0) + weight
        if span is not None and weight > words.get(kind, (0.0, span))[0]:
            words[kind] = weight, span

    if category is not None and category.usual_type:
        add(category.usual_type, HABIT, None)
    asked = 0
    for order, line in enumerate(line for line in lines if line.by_citizen):
        first = 1.25 if order < 2 else 0.9
        told: set[str] = set()
        for kind, word, weight in _SAID:
            at = find_cue(line.read, word, _NOT.get(word, ()))
            if at is not None and kind not in told:
                told.add(kind)
                add(kind, weight * first, Span(line, *at))
        for kind, pattern, weight in _TONE_PATTERNS:
            if (match := pattern.search(line.read)) is not None:
                add(kind, weight, Span(line, match.start(), match.end()))
        asked += line.read.endswith(("吗", "呢"))
    for line in lines:  # the agent's "您是要举报是吧" and the citizen's yes is in what follows
        if not line.by_citizen and (match := re.search(r"您(?:是要|要)(举报|投诉|咨询)", line.read)) is not None:
            kind = {"举报": "REPORT", "投诉": "COMPLAINT", "咨询": "CONSULT"}[match[1]]
            add(kind, 1.5, Span(line, match.start(), match.end()))
    if not scores:
        return []
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    total = sum(score for _, score in ranked)
    out = []
    for kind, score in ranked[:3]:
        span = words[kind][1] if kind in words else None
        sure = min(score / total + 0.05 * min(score, 4), 0.97) if words else 0.5
        out.append(suggest(kind, sure, span, APPEAL_TYPES[kind]))
    return out
