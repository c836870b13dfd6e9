"""How well and how fast articles are found, against a word segmenter on the same FTS5, in one run.

    python -m bench.kb [--json FILE] [--database-url URL]

Questions are `bench/kb_questions.yaml`, written as callers speak and without the articles' own questions.
Odd rows are reported; even rows were used to choose weights and thresholds (`--half even` shows them).
Variants: clean; `asr15`/`asr30`, 15 or 30 % of the characters recognised wrongly (70 % a homophone, 20 %
a syllable the local accent confuses, 10 % any other character); `half`, the first half of the question;
`half+asr15`. Suggestions: one utterance alone, chatter ("好的好的谢谢") that should bring none, and whole
calls (two lines of chatter, the question misheard, two more); `kb_talks.yaml` holds calls as they are said, also
such that no article answers (nothing may be offered at any time). Questions and `kb/data/synonyms.yaml` have one
author: the gain over "no synonyms" is optimistic.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import rjieba
import yaml
from sqlalchemy.ext.asyncio import AsyncEngine

from bench import command_line
from db.models import Base
from db.session import Sessions, make_engine, make_sessions
from kb import tokens
from kb.articles import load_articles
from kb.index import KnowledgeIndex
from kb.source import ArticleSource, read_folder
from kb.suggest import Conversation
from kb.synonyms import Synonyms
from runtime.clock import SystemClock

QUESTIONS = Path(__file__).parent / "kb_questions.yaml"
TALKS = Path(__file__).parent / "kb_talks.yaml"
SEEDS = (1, 2, 3)
"""Noise is drawn three times; figures are means."""

Search = Callable[[str, bool], Awaitable[list[str]]]
"""(text, spoken) -> article ids, best first."""


@dataclass(frozen=True)
class Question:
    text: str
    ids: frozenset[str]


@dataclass(frozen=True)
class Talk:
    says: list[str]
    ids: frozenset[str]
    """Empty: no article answers it."""


def load_questions(half: str) -> tuple[list[Question], list[str]]:
    """Questions of this half (odd, even, all) and the chatter."""
    data = yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))
    questions = [Question(row["q"], frozenset(row["ids"])) for row in data["questions"]]
    if half != "all":
        questions = questions[half == "odd" :: 2]
    chatter = {"odd": data["chatter_odd"], "even": data["chatter_even"]}
    return questions, chatter.get(half, [*chatter["odd"], *chatter["even"]])


def load_talks(half: str) -> list[Talk]:
    """Whole calls of this half (odd, even, all)."""
    talks = [Talk(row["say"], frozenset(row["ids"])) for row in yaml.safe_load(TALKS.read_text())["talks"]]
    return talks if half == "all" else talks[half == "odd" :: 2]


# -- noise -----------------------------------------------------------------------------------------
@cache
def common_characters() -> str:
    """The 3755 characters of GB 2312's first level: what a recogniser writes."""
    pairs = (bytes((high, low)) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF))
    return "".join(pair.decode("gb2312", errors="ignore") for pair in pairs)


@cache
def by_sound() -> tuple[dict[str, str], dict[str, str]]:
    """Characters by toneless syllable, and by the syllable with the local accent folded."""
    exact: dict[str, str] = {}
    folded: dict[str, str] = {}
    for char in common_characters():
        exact[tokens.reading(char)] = exact.get(tokens.reading(char), "") + char
        folded[tokens.sound(char)] = folded.get(tokens.sound(char), "") + char
    return exact, folded


def misheard(text: str, share: float, seed: int) -> str:
    """The text as a recogniser might write it: each Chinese character is wrong with this probability."""
    dice = random.Random(f"{seed}{text}")
    exact, folded = by_sound()

    def hear(char: str) -> str:
        if not tokens.reading(char) or dice.random() >= share:
            return char
        kind = dice.random()
        if kind < 0.7:
            options = exact.get(tokens.reading(char), "")
        elif kind < 0.9:
            same = exact.get(tokens.reading(char), "")
            options = "".join(c for c in folded.get(tokens.sound(char), "") if c not in same)
        else:
            options = common_characters()
        options = options.replace(char, "")
        return dice.choice(options) if options else char

    return "".join(map(hear, text))


VARIANTS: dict[str, tuple[bool, Callable[[str, int], str]]] = {
    "clean": (False, lambda text, seed: text),
    "asr15": (True, lambda text, seed: misheard(text, 0.15, seed)),
    "asr30": (True, lambda text, seed: misheard(text, 0.30, seed)),
    "half": (True, lambda text, seed: text[: (len(text) + 1) // 2]),
    "half+asr15": (True, lambda text, seed: misheard(text[: (len(text) + 1) // 2], 0.15, seed)),
}


# -- systems ---------------------------------------------------------------------------------------
class JiebaFts:
    """The peer: rjieba's search cut in FTS5, same fields, same 3:1 weight, same fillers stripped."""

    def __init__(self, articles: list[ArticleSource]) -> None:
        self._db = sqlite3.connect(":memory:")
        self._db.execute("CREATE VIRTUAL TABLE t USING fts5(id UNINDEXED, head, body)")
        for article in articles:
            head = "\n".join([article.title, *article.questions, *article.keywords])
            body = "\n".join([article.short_answer, article.body])
            self._db.execute(
                "INSERT INTO t VALUES (?, ?, ?)",
                (article.id, " ".join(self._cut(head)), " ".join(self._cut(body))),
            )

    @staticmethod
    def _cut(text: str) -> list[str]:
        words = (word.strip() for word in rjieba.cut_for_search(tokens.plain(text)))
        return [word for word in words if word and any(char.isalnum() for char in word)]

    async def search(self, text: str, spoken: bool) -> list[str]:
        words = dict.fromkeys(self._cut(tokens.strip_fillers(tokens.plain(text))))
        if not words:
            return []
        match = " OR ".join(tokens.quote(word) for word in words)
        rows = self._db.execute("SELECT id FROM t WHERE t MATCH ? ORDER BY bm25(t, 0, 3, 1) LIMIT 10", (match,))
        return [article_id for (article_id,) in rows]


# -- measuring -------------------------------------------------------------------------------------
async def measure(search: Search, questions: list[Question], variant: str) -> dict[str, float]:
    """Recall@1, recall@5, MRR@10 in percent; latency and processor time in ms (other jobs stretch the first)."""
    spoken, change = VARIANTS[variant]
    ranks: list[int] = []
    times: list[float] = []
    used = time.process_time()
    for seed in SEEDS if "asr" in variant else SEEDS[:1]:
        for question in questions:
            text = change(question.text, seed)
            start = time.perf_counter()
            found = await search(text, spoken)
            times.append((time.perf_counter() - start) * 1000)
            ranks.append(next((i for i, one in enumerate(found[:10], 1) if one in question.ids), 0))
    return {
        "r1": 100 * statistics.mean(rank == 1 for rank in ranks),
        "r5": 100 * statistics.mean(0 < rank <= 5 for rank in ranks),
        "mrr": 100 * statistics.mean(1 / rank if rank else 0.0 for rank in ranks),
        "p50_ms": statistics.median(times),
        "cpu_ms": (time.process_time() - used) * 1000 / len(times),
        "p99_ms": statistics.quantiles(times, n=100)[98],
    }


async def offers(index: KnowledgeIndex, utterances: list[str]) -> list[list[str]]:
    """Ids suggested after each of these utterances of one call, repetitions left out; the last stays shown."""
    conversation = Conversation()
    shown: list[list[str]] = []
    for text in utterances:
        conversation.add("citizen", text, await index.search(text, limit=20, spoken=True))
        best = [answer.article_id for answer in conversation.best()]
        if best and best != (shown[-1] if shown else []):
            shown.append(best)
    return shown


async def offered(index: KnowledgeIndex, utterances: list[str]) -> list[str]:
    """Ids that stand on the screen at the end of these utterances."""
    return (await offers(index, utterances) or [[]])[-1]


async def in_talks(index: KnowledgeIndex, talks: list[Talk]) -> dict[str, Any]:
    """Percent of calls with an answer that are offered it, and of the others that are ever offered anything."""
    seen = [(talk.ids, await offers(index, talk.says)) for talk in talks]
    return {
        "right": 100 * statistics.mean(bool(shown) and bool(ids & set(shown[-1])) for ids, shown in seen if ids),
        "wrong": 100 * statistics.mean(bool(shown) for ids, shown in seen if not ids),
    }


async def suggestions(index: KnowledgeIndex, questions: list[Question], chatter: list[str]) -> dict[str, Any]:
    """Percent of questions with a right suggestion, with wrong ones only, and of chatter with any."""
    dice = random.Random(7)

    def alone(text: str) -> list[str]:
        return [text]

    def in_a_call(text: str) -> list[str]:
        return [*dice.sample(chatter, 2), text, *dice.sample(chatter, 2)]

    shapes = {
        "clean": ("clean", alone),
        "asr15": ("asr15", alone),
        "half": ("half", alone),
        "call asr15": ("asr15", in_a_call),
    }
    figures: dict[str, Any] = {}
    for name, (variant, spoken) in shapes.items():
        _, change = VARIANTS[variant]
        found = [(q.ids, await offered(index, spoken(change(q.text, SEEDS[0])))) for q in questions]
        figures[name] = {
            "right": 100 * statistics.mean(bool(ids & set(shown)) for ids, shown in found),
            "wrong": 100 * statistics.mean(bool(shown) and not ids & set(shown) for ids, shown in found),
        }
    silent = [not await offered(index, [text]) for text in chatter]
    figures["chatter"] = {"right": 0.0, "wrong": 100 * (1 - statistics.mean(silent))}
    return figures


async def articles_in(url: str) -> tuple[AsyncEngine, Sessions]:
    """A database with the articles loaded."""
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions = make_sessions(engine)
    async with sessions.begin() as session:
        report = await load_articles(session, SystemClock())
    if report.problems:
        raise SystemExit("\n".join(report.problems))
    return engine, sessions


def searching(index: KnowledgeIndex) -> Search:
    """The index as a system under test."""

    async def search(text: str, spoken: bool) -> list[str]:
        return [answer.article_id for answer in await index.search(text, limit=10, spoken=spoken)]

    return search


async def run(half: str, database_url: str) -> dict[str, Any]:
    """All systems and variants."""
    questions, chatter = load_questions(half)
    articles = read_folder()[0]
    with tempfile.TemporaryDirectory() as folder:
        engine, sessions = await articles_in(database_url or f"sqlite+aiosqlite:///{folder}/kb.db")
        plain_engine, plain_sessions = await articles_in(f"sqlite+aiosqlite:///{folder}/plain.db")
        index = KnowledgeIndex(sessions)
        start = time.perf_counter()
        await index.build()
        build_s = time.perf_counter() - start
        systems: dict[str, Search] = {
            "ours": searching(index),
            "no synonyms": searching(KnowledgeIndex(plain_sessions, synonyms=Synonyms())),
            "rjieba+fts5": JiebaFts(articles).search,
        }
        table: dict[str, dict[str, dict[str, float]]] = {}
        for name, search in systems.items():
            for question in questions:  # warm: articles in memory, as in a running system
                await search(question.text, False)
            table[name] = {variant: await measure(search, questions, variant) for variant in VARIANTS}
        suggested = await suggestions(index, questions, chatter)
        suggested["talks"] = await in_talks(index, load_talks(half))
        await engine.dispose()
        await plain_engine.dispose()
    return {
        "articles": len(articles),
        "questions": len(questions),
        "chatter": len(chatter),
        "half": half,
        "build_s": build_s,
        "search": table,
        "suggest": suggested,
    }


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    print(f"{result['articles']} articles, {result['questions']} questions ({result['half']} rows); ", end="")
    print(f"index built in {result['build_s']:.2f} s")
    print(f"{'system':14}{'variant':12}{'R@1':>7}{'R@5':>7}{'MRR':>7}{'p50 ms':>9}{'p99 ms':>9}{'cpu ms':>9}")
    for name, variants in result["search"].items():
        for variant, row in variants.items():
            print(
                f"{name:14}{variant:12}{row['r1']:7.1f}{row['r5']:7.1f}{row['mrr']:7.1f}"
                f"{row['p50_ms']:9.2f}{row['p99_ms']:9.2f}{row['cpu_ms']:9.2f}"
            )
    print(f"suggested, percent of questions (of {result['chatter']} lines of chatter):")
    for variant, row in result["suggest"].items():
        print(f"  {variant:12} right {row['right']:5.1f}   wrong only {row['wrong']:5.1f}")


def options_of(given: list[str] | None = None) -> argparse.Namespace:
    parser = command_line.parser("kb", __doc__, "the same: it is quick anyway")
    parser.add_argument("--half", choices=["odd", "even", "all"], default="odd")
    parser.add_argument("--database-url", default="", help="an empty database; default a throw-away SQLite file")
    return parser.parse_args(given)


def main() -> None:
    """Command line."""
    arguments = options_of()
    result = asyncio.run(run(arguments.half, arguments.database_url))
    show(result)
    command_line.write(arguments.json, result)


if __name__ == "__main__":
    main()
