"""Title and content as a clerk would write them: third person, the matter first, no small talk."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hotline.events import Suggestion
from tickets.drafting.clerk import clean, third_person, without_opening
from tickets.drafting.talk import Line, Span, suggest, whole

TITLE_LENGTH = 40
_VERBS = {
    "CONSULT": "咨询",
    "SUGGEST": "建议",
    "PRAISE": "表扬",
    "REPORT": "举报",
    "COMPLAINT": "投诉",
    "HELP": "求助",
}
_IDLE = re.compile(
    r"^(?:对|是|好|嗯|没有|不是|就是|行|可以|谢谢|再见|知道|就这个|就是这个|对的|是的|好的|有的|不知道|你好|喂|你说|我说)*[的了吧啊呢]*$"
)
_ASK = re.compile(r"^(?:请问(?:一下)?|我?(?:想|要)(?:问|咨询)(?:一?下)?|问(?:一?下)|咨询(?:一?下)?)+")


def weigh(line: Line, private: Sequence[Span]) -> float:
    """How much of the matter a line tells: its length without names, numbers and places."""
    if not line.by_citizen:
        return 0.0
    text = clean(line.read)
    if _IDLE.match(text):
        return 0.0
    covered = sum(span.end - span.start for span in private if span.line is line)
    return max(len(text) - covered, 0.0)


def find_summary(
    lines: Sequence[Line],
    *,
    kind: str,
    issue: str,
    words: Sequence[str],
    place: str,
    name: str,
    when: str,
    wish: Suggestion | None,
    private: Sequence[Span],
    telling: Line | None,
) -> dict[str, list[Suggestion]]:
    """`title` and `content`. `private` are the spans of name and phone, which content does not repeat."""
    out: dict[str, list[Suggestion]] = {}
    keyword = _keyword(lines, telling, [word for word in words if word not in place])
    title = _title(kind, issue, keyword, place, telling, private)
    if title and telling is not None:
        out["title"] = [suggest(title, 0.7, whole(telling))]
    parts: list[str] = []
    first: Line | None = None
    for line in lines:
        if not line.by_citizen or (
            wish is not None and wish.utterance_id == line.utterance_id and wish.start == 0
        ):
            continue
        text = line.read
        if wish is not None and wish.utterance_id == line.utterance_id:
            text = text[: wish.start]
            text = re.sub(r"(?:希望|请|要求|麻烦|让|我的诉求是|你们|赶紧)+$", "", text)
        told = _without(text, line, private)
        told = third_person(without_opening(clean(told)))
        told = re.sub(r"^(?:其?(?:叫|姓|姓名|名字|电话|手机号?|号码|联系电话|是)+)+$|^免贵$", "", told)
        if len(told) < 3 or _IDLE.match(told):
            continue
        first = first or line
        if told not in parts:
            parts.append(told)
    if first is None:
        return out
    who = f"诉求人{name}" if name and name != "匿名" else "诉求人"
    verb = (
        "来电咨询"
        if kind == "CONSULT"
        else "来电表扬"
        if kind == "PRAISE"
        else "来电建议"
        if kind == "SUGGEST"
        else "来电反映"
    )
    body = "，".join(parts).strip("，")
    lead = [x for x in (when, place) if x and x not in body]
    head = f"{who}{verb}：" + (f"{'，'.join(lead)}，" if lead and kind != "CONSULT" else "")
    content = f"{head}{body}。"
    if wish is not None and kind != "CONSULT":
        content += wish.value if wish.value.startswith(("希望", "建议")) else f"希望{wish.value}"
    out["content"] = [suggest(content, 0.7, whole(first))]
    return out


def _without(text: str, line: Line, private: Sequence[Span]) -> str:
    """The text with names and numbers cut out, and the words that only introduced them."""
    for span in sorted((s for s in private if s.line is line), key=lambda s: -s.start):
        if span.start < len(text):
            text = text[: span.start] + text[min(span.end, len(text)) :]
    return re.sub(
        r"(?:我叫|我的名字叫|叫|免贵姓|我姓|姓|电话(?:号码)?是?|手机(?:号码?)?是?|联系电话是?|号码是?)+$|^我?(?:姓|叫).{0,2}(?=我)",
        "",
        text,
    )


def _keyword(lines: Sequence[Line], telling: Line | None, words: Sequence[str]) -> str:
    """The category's word that was said, in the telling line if it is there."""
    said = [telling.read] if telling else []
    said += [line.read for line in lines if line.by_citizen]
    for text in said:
        if found := sorted((word for word in words if word in text), key=len):
            return found[-1]
    return ""


def _title(kind: str, issue: str, keyword: str, place: str, telling: Line | None, private: Sequence[Span]) -> str:
    if telling is None:
        return ""
    told = _without(telling.read, telling, private)
    told = _ASK.sub("", without_opening(clean(told)))
    told = re.sub(r"^(?:我们?|其)(?:想|要)?(?:给)?", "", third_person(told))
    told = re.sub(r"^(?:想问下?|想问一下|想|要)", "", told)
    told = told.replace("其家", "家中").strip("，其")
    if keyword and keyword not in told:
        told = keyword + told
    short = place if place and len(place) <= 16 else ""
    verb = _VERBS.get(kind, "反映")
    if kind in ("CONSULT", "PRAISE", "SUGGEST"):
        return f"{verb}{told[: TITLE_LENGTH - 4]}"
    told = told.replace(place, "") if place else told
    if len(told) > TITLE_LENGTH - len(short) - 4:
        # Too long to quote: the clerk's name of the issue with the caller's word for it.
        told = issue if not keyword or keyword in issue else f"{keyword}{issue}" if issue else told[:12]
    return f"{verb if kind in ('REPORT', 'COMPLAINT') else '反映'}{short}{told}问题"


def telling_line(lines: Sequence[Line], scores: Sequence[float], private: Sequence[Span]) -> Line | None:
    """The line that tells the matter best: how much the category model sees in it, and how much it says."""
    best: tuple[float, Line] | None = None
    for line, score in zip(lines, scores, strict=True):
        said = min(weigh(line, private), 20.0)
        value = score + 0.25 * said
        if said > 2 and (best is None or value > best[0]):
            best = value, line
    return best[1] if best else None
