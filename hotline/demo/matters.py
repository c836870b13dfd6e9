"""What the citizens call about, and what is said: `data/matters.yaml`, and the knowledge base for questions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Article
from hotline.demo.people import Citizen, Place
from runtime.yaml_text import read_yaml

FILE = Path(__file__).parent / "data" / "matters.yaml"

SINCE = ("今天早上", "昨天", "前天晚上", "三天前", "上周", "上周末", "半个月前", "上个月")

Said = list[tuple[str, str]]
"""(speaker, words) in their order; speaker is "citizen" or "agent"."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TicketMatter(_Strict):
    """A matter for a unit, from what the citizen says to what the unit answers."""

    category: str
    type: str
    weight: Annotated[int, Field(gt=0)]
    unit: str
    """Code of the unit, or "township" for the place's own."""
    office: str
    places: tuple[str, ...]
    title: str
    problem: str
    more: str
    content: str
    wish: str
    result: str
    public: str
    unsolved: str = ""
    unsolved_result: str = ""
    unsolved_public: str = ""
    urgency: str = "GENERAL"
    procedure: str = ""
    confidential: str = ""
    company: str = ""


class Decline(_Strict):
    category: str
    code: str
    title: str
    problem: str
    more: str
    content: str
    told: str


class Emergency(_Strict):
    code: str
    target: str
    places: tuple[str, ...]
    title: str
    line: str
    more: str
    summary: str


class Nothing(_Strict):
    problem: str
    more: str


class Message(_Strict):
    """What somebody says to the answering machine; of a matter of this category, "" of none."""

    category: str
    text: str


class Matters(_Strict):
    """The whole file."""

    consult: dict[str, int]
    tickets: list[TicketMatter]
    declines: list[Decline]
    emergencies: list[Emergency]
    nothing: list[Nothing]
    messages: list[Message]

    def ticket(self, rng: Random, category: str = "") -> TicketMatter:
        """A matter of this category, or any, the frequent ones more often."""
        some = [matter for matter in self.tickets if not category or matter.category == category]
        return rng.choices(some, [matter.weight for matter in some])[0]


@cache
def load_matters() -> Matters:
    return Matters.model_validate(read_yaml(FILE.read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Question:
    """A question that an article answers."""

    article_id: str
    category: str
    title: str
    asked: str
    answer: str


async def load_questions(session: AsyncSession, weights: dict[str, int]) -> dict[str, list[Question]]:
    """The published articles' questions by category, for the categories that have a weight."""
    found: dict[str, list[Question]] = {}
    articles = select(Article).where(Article.state == "published").order_by(Article.id)
    for article in await session.scalars(articles):
        if article.category_code in weights:
            for asked in article.questions:
                question = Question(
                    article.id, article.category_code, article.title, asked, article.short_answer.strip()
                )
                found.setdefault(article.category_code, []).append(question)
    return found


@dataclass(frozen=True, slots=True)
class Slots:
    """What fills the gaps of a matter's texts, for one call."""

    place: Place
    since: str
    n: int
    surname: str

    @classmethod
    def draw(cls, rng: Random, place: Place, citizen: Citizen) -> Slots:
        return cls(place, rng.choice(SINCE), rng.randint(2, 6), citizen.surname)

    def fill(self, text: str) -> str:
        return text.format(
            place=self.place.full, spot=self.place.name, since=self.since, n=self.n, surname=self.surname
        )


HELLO = ("agent", "您好，12345，请问有什么可以帮您？")
BYE = [("agent", "请问还有什么可以帮您？"), ("citizen", "没有了，谢谢你"), ("agent", "不客气，感谢您的来电，再见")]


def ticket_talk(matter: TicketMatter, slots: Slots) -> Said:
    """The talk in which a matter for a unit is taken down."""
    return [
        HELLO,
        ("citizen", slots.fill(matter.problem)),
        ("agent", "请问具体在什么位置？"),
        ("citizen", f"就在{slots.place.full}"),
        ("agent", "这个情况是从什么时候开始的？"),
        ("citizen", f"{slots.since}开始的，{slots.fill(matter.more)}"),
        ("agent", "您希望怎么处理？"),
        ("citizen", matter.wish),
        ("agent", "好的，请问您贵姓，联系电话是来电号码吗？"),
        ("citizen", f"我姓{slots.surname}，就打这个电话"),
        ("agent", "您反映的情况已经记录，我们会转给承办单位，按时限办理并给您回复"),
        *BYE,
    ]


def question_talk(question: Question) -> Said:
    """The talk in which a question is answered from an article."""
    sentences = [part for part in re.split(r"(?<=[。；！？])", question.answer) if part.strip()][:4]
    return [
        HELLO,
        ("citizen", f"你好，我想问一下，{question.asked}"),
        ("agent", "好的，请稍等，我帮您查一下"),
        *(("agent", sentence.rstrip("。；")) for sentence in sentences),
        ("citizen", "好的，我明白了"),
        *BYE,
    ]


def short_talk(problem: str, more: str, *answers: str) -> Said:
    """A talk about something that becomes no ticket for a unit."""
    return [HELLO, ("citizen", problem), ("citizen", more), *(("agent", answer) for answer in answers), BYE[-1]]
