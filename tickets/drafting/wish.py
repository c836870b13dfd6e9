"""What the caller wants done, in a clerk's words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runtime.events import Suggestion
from tickets.drafting.clerk import clean, third_person
from tickets.drafting.talk import Line, Span, suggest, whole

_CUES: tuple[tuple[str, float], ...] = (
    (r"希望(?:你们|政府|领导|相关部门|有关部门)?", 0.9),
    (r"(?:我)?(?:的)?(?:要求|诉求)(?:是|就是)?", 0.9),
    (r"请(?:你们|求|领导|政府|相关部门|有关部门|(?=[\u4e00-\u9fff]{2,7}(?:局|部门|公司|委)))", 0.85),
    (
        r"(?:想)?(?=(?:让|叫)(?:他|她|城管|派出所|交警|物业|政府|市场|商家|[\u4e00-\u9fff]{2,5}(?:局|部门|公司)))",
        0.7,
    ),
    (r"(?:想)?让(?=你们)", 0.7),
    (r"麻烦(?:你们|您)?", 0.8),
    (r"(?:你们)?(?=(?:赶紧|赶快|尽快|快点|快|马上)(?:把|派|来(?!人啊)|恢复|修|处理|清|疏|抓|帮))", 0.75),
    (r"(?=帮(?:我们|我|忙)(?!查一下原因$))", 0.6),
    (r"(?:我)?建议", 0.85),
    (r"能不能(?!报|办|取|在|补)", 0.6),
    (r"(?=要么.+要么)", 0.8),
    (r"你们(?:要|应该|必须)", 0.65),
    (r"(?=把.{1,12}(?:退|搬|拆|清|修|抓|补|还|换|发)(?:给我|还|走|掉|好|了)?)", 0.6),
    (r"(?=(?:退还|赔偿|赔钱|退钱|恢复供))", 0.55),
    (r"我要(?=退|换|他|求)", 0.7),
    (r"(?=你们[\u4e00-\u9fff]{2,5}(?:局|部门|所)来)", 0.7),
)
_PATTERNS = [(re.compile(pattern), weight) for pattern, weight in _CUES]
_OVER = re.compile(
    r"[，。,；]?(?:谢谢|麻烦你们了|再见|我(?:的名字)?叫(?!他|她|你)|我姓|我们?是(?!不)|我?的?(?:联系)?(?:电话|手机号?)(?:号码)?是?[\d一二三四五六七八九零幺]|就这(?:个|样|些))"
)
"""What a caller says after the demand: it ends there."""
_DEFAULTS = {
    "CONSULT": "咨询{issue}相关事宜，请予以解答。",
    "COMPLAINT": "希望相关部门核实处理并回复。",
    "REPORT": "希望相关部门依法查处。",
    "HELP": "希望相关部门尽快帮助解决。",
    "SUGGEST": "希望相关部门研究采纳。",
    "PRAISE": "对相关单位和工作人员予以表扬。",
    "OTHER": "希望相关部门处理。",
}


def find_wish(lines: Sequence[Line], appeal_type: str, issue: str) -> list[Suggestion]:
    """`demand` suggestions, best first; a stock sentence for the type stands last."""
    found: list[tuple[float, Suggestion]] = []
    for order, line in enumerate(lines):
        if not line.by_citizen:
            continue
        best: tuple[float, int] | None = None
        for pattern, weight in _PATTERNS:
            match = pattern.search(line.read)
            if match is not None and len(line.read) - match.end() >= 3 and (best is None or weight > best[0]):
                best = weight, match.end()
        if "demand" in line.asked and len(line.read) >= 4:
            best = (0.92, best[1] if best and best[1] < len(line.read) - 3 else 0)
        if best is None:
            continue
        weight, at = best
        over = _OVER.search(line.read, at + 2)
        end = over.start() if over else len(line.read)
        said = third_person(clean(line.read[at:end]))
        said = re.sub("帮其家?(?!的)", "帮助", said)
        said = re.sub("其(?![他中余实它])", "诉求人", said)
        if len(said) < 3:
            continue
        value = (
            said
            if said.startswith(("建议", "希望"))
            else f"{'建议' if appeal_type == 'SUGGEST' else '希望'}{said}"
        )
        span = Span(line, at, end) if at or over else whole(line)
        # What is asked for comes late in a call.
        found.append((weight + 0.02 * order, suggest(value + "。", weight, span)))
    found.sort(key=lambda pair: -pair[0])
    if appeal_type in ("CONSULT", "PRAISE"):
        found = [pair for pair in found if pair[1].confidence >= 0.85]
    options = [option for _score, option in found[:3]]
    if appeal_type in _DEFAULTS and (issue or appeal_type != "CONSULT"):
        options.append(suggest(_DEFAULTS[appeal_type].format(issue=issue), 0.55 if not options else 0.3, None))
    return options
