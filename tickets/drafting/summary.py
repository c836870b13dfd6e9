"""Title and content as a clerk would write them: third person, the matter first, no small talk."""

from __future__ import annotations

import re
from collections.abc import Sequence

from language.sounds import sound
from language.times import time_runs
from runtime.events import Suggestion
from tickets.drafting.clauses import Clause, Role, clauses_of
from tickets.drafting.clerk import clean, written
from tickets.drafting.talk import Line, Span, suggest, whole
from tickets.drafting.title import make_title, proposal_title, proposes

_COMES_TO = {"CONSULT": "来电咨询", "PRAISE": "来电表扬", "SUGGEST": "来电建议"}
# A question or a proposal is called so only when something was asked or proposed.
_MANNER = {
    "CONSULT": re.compile(
        r"请问|咨询|问一?下|想问|了解|怎么|如何|哪|什么|多少|几[天张岁]|吗|呢$|能不能|可不可以|可以.*[吗不]|是不是|有没有|要不要"
    ),
    "SUGGEST": re.compile(r"建议|希望|能不能|应该|最好|增加|增设|要是能"),
}
_TELLS = re.compile(r"个?多?(?:天|月|年|小时)|^(?:半夜|夜里|夜间|深夜|凌晨|晚上|每晚|每天|天天|经常|一直)+$")
"""Times that belong to the matter: how long, how often, and that it is at night."""
_IDLE = re.compile(
    r"^(?:对|是|好|嗯|没有|不是|就是|行|可以|谢谢|再见|知道|就这个|就是这个|对的|是的|好的|有的|不知道|你好|喂|你说|我说)*[的了吧啊呢]*$"
)
_BROKEN = re.compile(r"^(?P<what>.{2,6}?)(?:坏|坏了|有问题|出问题|出了问题|不行|有故障)$")


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
    place: Suggestion | None,
    name: str,
    when: str,
    wish: Suggestion | None,
    private: Sequence[Span],
    places: Sequence[Span],
    telling: Line | None,
) -> dict[str, list[Suggestion]]:
    """`title` and `content`. `private` are the spans of name and phone, which neither repeats."""
    where = place.value.removesuffix("的") if place else ""
    ours = _of_the_place(places, place)
    asked_for = wish if wish is not None and wish.utterance_id and kind != "CONSULT" else None
    thanks = kind == "PRAISE"
    clauses = clauses_of(lines, private=private, places=places, place=ours, wish=asked_for, thanks=thanks)
    if asked_for is not None and not any(clause.role is Role.TOLD for clause in clauses):
        # The demand is all that was told: 建议在学校门口装一个红绿灯.
        asked_for = None
        clauses = clauses_of(lines, private=private, places=places, place=ours, thanks=thanks)
    told = [clause for clause in clauses if clause.role is Role.TOLD and len(clause.text) >= 2]
    out: dict[str, list[Suggestion]] = {}
    keyword = _keyword(lines, telling, [word for word in words if word not in where])
    manner = kind if kind not in _MANNER or any(_MANNER[kind].search(c.line.read) for c in clauses) else "HELP"
    title = proposal_title(asked_for.value) if manner == "SUGGEST" and asked_for is not None else ""
    if not title:
        title = make_title(manner, issue, keyword, where, _for_title(told, ours, where, telling, manner))
    if title and telling is not None:
        out["title"] = [suggest(title, 0.7, whole(telling))]
    content = _Content(
        "" if manner == "CONSULT" and not _placed_in(told, ours) else where,
        ours,
        "" if manner == "CONSULT" else when,
    ).write(clauses)
    if content:
        who = f"诉求人{name}" if name and name != "匿名" else "诉求人"
        if manner == "SUGGEST":
            content = content.removeprefix("建议")
        text = f"{who}{_COMES_TO.get(manner, '来电反映')}：{content}。"
        if asked_for is not None:
            value = asked_for.value
            text += value if value.startswith(("希望", "建议")) else f"希望{value}"
        first = told[0] if told else clauses[0]
        out["content"] = [suggest(text, 0.7, whole(first.line))]
    return out


class _Content:
    """Joins the told clauses; the place stands once, before the first clause that is about it."""

    def __init__(self, place: str, ours: Sequence[Span], when: str) -> None:
        self._place = place
        self._ours = ours
        self._when = when

    def write(self, clauses: Sequence[Clause]) -> str:
        """ "" when no clause tells anything."""
        told = self._matter(clauses)
        if not any(clause.role is Role.TOLD for clause in told):
            return ""
        placed = not self._place
        parts: list[str] = []
        for i, clause in enumerate(told):
            text, has_place = self._placed(clause)
            if not has_place:
                text, owned = written(text, self._place)
            else:
                text, owned = written(text)[0], False
                text = re.sub(
                    r"^在(?=.{6})(?!.{0,16}(?:坐|做|买|等|骑|开|停|被|上班|打工|吃|看病|办|工作))", "", text
                )
            if owned and not placed:
                text = self._place + text
                placed = True
            elif has_place:
                if placed:  # said twice: only what is new
                    text = text.replace(self._place, "", 1) if text.startswith(self._place) else text
                placed = True
            elif i == 0 and not placed and not any(self._placed(c)[1] for c in told):
                text = (
                    self._place
                    + (
                        ""
                        if clause.role is Role.TIME or (time_runs(text)[:1] and time_runs(text)[0][0] == 0)
                        else "，"
                    )
                    + text
                )
                placed = True
            text = text.strip("，").removeprefix("的")
            if len(text) >= 2 and text not in parts and not any(text in part for part in parts):
                parts.append(text)
        body = "，".join(parts)
        if not self._when or _plain(self._when) in _plain(body) or _said_in(self._when, told):
            return body
        if self._place and body.startswith(self._place + "，"):
            return f"{self._place}，{self._when}，{body.removeprefix(self._place + '，')}"
        return f"{self._when}，{body}"

    def _matter(self, clauses: Sequence[Clause]) -> list[Clause]:
        """The told clauses and the times that lead one in; 路灯坏了 goes when 路灯全都不亮 follows."""
        out: list[Clause] = []
        for i, clause in enumerate(clauses):
            if clause.role is Role.TIME:
                after = clauses[i + 1] if i + 1 < len(clauses) else None
                if after is not None and after.line is clause.line and after.role is Role.TOLD:
                    out.append(clause)
            elif clause.role is Role.TOLD and len(clause.text) >= 2:
                out.append(clause)
        return [c for i, c in enumerate(out) if not self._said_better(c, out[i + 1 :])]

    def _said_better(self, clause: Clause, later: Sequence[Clause]) -> bool:
        match = _BROKEN.match(written(clause.text, self._place or "此地")[0])
        return match is not None and any(
            match["what"] in c.text and len(c.text) > len(clause.text) and "不" in c.text for c in later
        )

    def _placed(self, clause: Clause) -> tuple[str, bool]:
        """The clause with its mention of the place written as the field has it."""
        here = [s for s in self._ours if s.line is clause.line and clause.start <= s.start and s.end <= clause.end]
        if not here:
            return clause.text, False
        start, end = here[0].start, here[0].end
        for span in here[1:]:
            if span.start - end <= 2:
                end = span.end
        said = clause.line.read[start:end]
        if said not in clause.text:
            return clause.text, False
        return clause.text.replace(said, self._place, 1), True


def _placed_in(told: Sequence[Clause], ours: Sequence[Span]) -> bool:
    return any(s.line is c.line and c.start <= s.start and s.end <= c.end for s in ours for c in told)


def _plain(text: str) -> str:
    return re.sub("^[从自]|了|的|，", "", text)


def _said_in(when: str, told: Sequence[Clause]) -> bool:
    return any(when in clause.text for clause in told)


def _of_the_place(places: Sequence[Span], place: Suggestion | None) -> list[Span]:
    """The spans that say (a part of) the place the field gives, by sound."""
    if place is None:
        return []
    whole_sound = "".join(f".{s}" for s in sound(place.value)) + "."
    out = []
    for span in places:
        part = "".join(f".{s}" for s in sound(span.read)) + "."
        chosen = span.line.utterance_id == place.utterance_id and span.start < place.end and place.start < span.end
        if chosen or part in whole_sound:
            out.append(span)
    return sorted(out, key=lambda span: span.start)


def _for_title(
    told: Sequence[Clause], places: Sequence[Span], where: str, telling: Line | None, manner: str
) -> list[tuple[str, bool]]:
    """The clauses without place, time and owner."""
    out = []
    quoted = manner in ("CONSULT", "PRAISE") or (manner == "SUGGEST" and proposes(c.text for c in told))
    for clause in told:
        text = clause.text
        for span in places if where and not quoted else ():
            if span.line is clause.line and clause.start <= span.start and span.end <= clause.end:
                text = text.replace(span.read, "", 1)
        for start, end, _tokens in reversed(time_runs(text) if not quoted else []):
            if end - start >= 2 and not _TELLS.search(text[start:end]):
                text = text[:start] + text[end:]
        text = written(text.strip("，的"), where or "此地")[0]
        out.append((text, clause.line is telling))
    return out


def _keyword(lines: Sequence[Line], telling: Line | None, words: Sequence[str]) -> str:
    """The category's word that was said, in the telling line if it is there."""
    said = [telling.read] if telling else []
    said += [line.read for line in lines if line.by_citizen]
    for text in said:
        if found := sorted((word for word in words if word in text), key=len):
            return found[-1]
    return ""


def telling_line(lines: Sequence[Line], scores: Sequence[float], private: Sequence[Span]) -> Line | None:
    """The line that tells the matter best: how much the category model sees in it, and how much it says."""
    best: tuple[float, Line] | None = None
    for line, score in zip(lines, scores, strict=True):
        said = min(weigh(line, private), 20.0)
        value = score + 0.25 * said
        if said > 2 and (best is None or value > best[0]):
            best = value, line
    return best[1] if best else None
