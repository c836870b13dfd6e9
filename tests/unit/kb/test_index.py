"""The index on both databases: found, ranked alike, kept up to date, never tricked."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import text

from db.models import Article
from db.seed import load_categories, load_regions, load_units
from db.session import Sessions
from kb import index as index_module
from kb import tokens
from kb.entry import Entry, entry_of
from kb.index import KnowledgeIndex
from kb.synonyms import Synonyms
from kb.view import UnknownArticle
from tests.fakes.clock import FakeClock
from tests.unit.kb.samples import FILING, FUND, LIGHT, NOISE, add, add_all, article

NO_SYNONYMS = Synonyms()


@pytest.fixture
async def index(sessions: Sessions, clock: FakeClock) -> KnowledgeIndex:
    """An index of the sample articles."""
    await add_all(sessions)
    made = KnowledgeIndex(sessions, clock=clock, synonyms=NO_SYNONYMS)
    assert await made.build() == 4
    return made


async def ids(index: KnowledgeIndex, text: str, *, spoken: bool = False) -> list[str]:
    return [answer.article_id for answer in await index.search(text, spoken=spoken)]


# -- finding ---------------------------------------------------------------------------------------
TYPED = {
    "公积金": FUND,
    "公积金提取要什么": FUND,
    "工鸡金体取": FUND,  # written by sound only
    "gongjijin": FUND,
    "gong ji jin": FUND,
    "gongjijintiqu": FUND,
    "gongjij": FUND,  # still being typed
    "gjj": FUND,
    "gjjtq": FUND,
    "GJJ": FUND,
    "ydjy": FILING,
    "异地看病": FILING,
    "路": LIGHT,
    "ludeng": LIGHT,
    "陆登不亮": LIGHT,
    "ktv": NOISE,
    "KTV太吵了": NOISE,
}

SPOKEN = {
    "喂你好我想问一下那个住房公积金怎么拿出来啊": FUND,
    "我门巷子里的鹿灯换了不亮": LIGHT,
    "我爸爸在五汉住院要不要背案": FILING,
    "漏下天天唱鸽睡不着": NOISE,
}


async def test_found_as_typed(index: KnowledgeIndex) -> None:
    assert {typed: (await ids(index, typed))[:1] for typed in TYPED} == {t: [one] for t, one in TYPED.items()}


async def test_found_when_spoken_and_misheard(index: KnowledgeIndex) -> None:
    found = {said: (await ids(index, said, spoken=True))[:1] for said in SPOKEN}
    assert found == {said: [one] for said, one in SPOKEN.items()}


async def test_what_explains_a_hit_does_not_decide_whether_it_is_one(sessions: Sessions, clock: FakeClock) -> None:
    """Words that no dictionary has, and characters outside the basic plane (𬇙 of 𬇙河, as maps write it)."""
    await add_all(sessions)
    await add(
        sessions, article("river", title="𬇙河治理", keywords=["𬇙河", "讨薪"], questions=["𬇙河水黑了怎么办"])
    )
    index = KnowledgeIndex(sessions, clock=clock, synonyms=NO_SYNONYMS)
    for typed, why in {"讨薪": "讨薪", "𬇙河": "𬇙河", "𬇙": ""}.items():
        assert [(one.article_id, one.why) for one in await index.search(typed)] == [("river", why)], typed


async def test_no_hit_is_an_empty_list(index: KnowledgeIndex) -> None:
    for nothing in ("火星移民", "zzz", "qqqqqq", "xyz123", "👻", "12345", "你好", "？？"):
        assert await index.search(nothing) == [], nothing


async def test_why_names_the_words_as_the_article_writes_them(index: KnowledgeIndex) -> None:
    [answer, *_] = await index.search("工鸡金体取")
    assert set(answer.why.split("、")) == {"公积金", "提取"}
    [answer, *_] = await index.search("gjj")
    assert answer.why == "公积金"
    assert answer.title == "住房公积金怎么提取" and answer.short_answer and answer.owner == "某局"
    assert answer.score > 0 and not answer.expired


async def test_limit(index: KnowledgeIndex) -> None:
    assert len(await index.search("怎么办 路灯 公积金 异地就医", limit=2)) == 2
    assert len(await index.search("", limit=0)) == 1
    assert len(await index.search("", limit=10**9)) == 4


# -- one ranking on both databases ------------------------------------------------------------------
async def test_scores_are_bm25(index: KnowledgeIndex, monkeypatch: pytest.MonkeyPatch, sessions: Sessions) -> None:
    """The same formula, worked out here in plain Python, gives the scores of both databases."""
    monkeypatch.setattr(index_module, "OFF_TOPIC", 1.0)
    async with sessions() as session:
        found = [await session.get_one(Article, one) for one in (FUND, FILING, LIGHT, NOISE)]
    entries = [entry_of(one, NO_SYNONYMS) for one in found]
    lengths = {
        e.article_id: len(e.head_text) + len(e.body_text) + len(e.head_sound) + len(e.body_sound) for e in entries
    }
    for query in ("公积金提取", "租房住院", "晚上睡不着怎么办", "身份证银行"):
        for spoken in (False, True):
            expected = _bm25(entries, lengths, query, spoken)
            answers = await index.search(query, spoken=spoken)
            assert answers
            for answer in answers:
                assert answer.score == pytest.approx(expected[answer.article_id], abs=1e-3)


def _bm25(entries: list[Entry], lengths: dict[str, int], query: str, spoken: bool) -> dict[str, float]:
    average = sum(lengths.values()) / len(entries)
    asked = tokens.parse_query(query, spoken=spoken)
    expected = {entry.article_id: 0.0 for entry in entries}
    for terms, share in ((asked.text, 0.5 if spoken else 1.0), (asked.sound, 1.0)):
        for term in terms:
            heads = {e.article_id: (e.head_text + e.head_sound).count(term) for e in entries}
            bodies = {e.article_id: (e.body_text + e.body_sound).count(term) for e in entries}
            if sum(heads[one] + bodies[one] > 0 for one in heads) > 3:  # common: looked for in heads only
                bodies = dict.fromkeys(bodies, 0)
            counts = {one: 3 * heads[one] + bodies[one] for one in heads}
            holders = sum(count > 0 for count in counts.values())
            weight = max(math.log((4 - holders + 0.5) / (holders + 0.5)), 1e-6)
            for one, count in counts.items():
                f = count * share
                length = 1.2 * (0.25 + 0.75 * lengths[one] / average)
                expected[one] += weight * 2.2 * f / (f + length)
    return expected


# -- validity ---------------------------------------------------------------------------------------
async def test_expired_articles_come_last_and_are_marked(
    index: KnowledgeIndex, sessions: Sessions, clock: FakeClock
) -> None:
    old = article(FUND, valid_until=date(2025, 11, 13))
    old.id, old.title = "old-fund", "公积金提取公积金提取"
    await add(sessions, old)
    await index.refresh("old-fund")
    answers = await index.search("公积金提取")
    assert [answer.article_id for answer in answers][-1] == "old-fund"
    assert [answer.expired for answer in answers] == [False] * (len(answers) - 1) + [True]
    assert (await index.get("old-fund")).expired
    assert (await index.browse("13"))[-1].expired
    assert (await index.search(""))[-1].article_id == "old-fund"


async def test_validity_follows_the_clock_without_a_rebuild(index: KnowledgeIndex, clock: FakeClock) -> None:
    assert not (await index.search("路灯"))[0].expired
    clock.move(days=800)
    assert (await index.search("路灯"))[0].expired


@pytest.mark.parametrize("state", ["draft", "withdrawn"])
async def test_drafts_and_withdrawn_articles_are_not_shown(
    index: KnowledgeIndex, sessions: Sessions, state: str
) -> None:
    async with sessions.begin() as session:
        (await session.get_one(Article, LIGHT)).state = state
    assert LIGHT not in await ids(index, "路灯")  # even before the index is refreshed
    await index.refresh(LIGHT)
    assert LIGHT not in await ids(index, "路灯")
    assert LIGHT not in [answer.article_id for answer in await index.browse()]
    with pytest.raises(UnknownArticle):
        await index.get(LIGHT)


# -- keeping up -------------------------------------------------------------------------------------
async def test_an_edited_article_is_found_by_its_new_words_only(index: KnowledgeIndex, sessions: Sessions) -> None:
    async with sessions.begin() as session:
        edited = await session.get_one(Article, LIGHT)
        edited.title, edited.keywords, edited.questions = "井盖丢失", ["井盖"], ["盖子没了"]
        edited.short_answer, edited.body, edited.version = "马上补。", "## 办理对象\n所有人。\n", 2
    await index.refresh(LIGHT)
    assert (await ids(index, "井盖"))[:1] == [LIGHT]
    assert LIGHT not in await ids(index, "路灯")
    assert "井盖" in (await index.search("井盖"))[0].why
    assert await ids(index, "ld") == []
    assert await ids(index, "jg") == [LIGHT]


async def test_build_writes_only_what_changed(index: KnowledgeIndex, sessions: Sessions) -> None:
    assert await index.build() == 0
    async with sessions.begin() as session:
        (await session.get_one(Article, LIGHT)).short_answer = "换灯泡。"
        await session.delete(await session.get_one(Article, NOISE))
    assert await index.build() == 1
    assert await ids(index, "广场舞") == []
    assert (await index.search("路灯"))[0].short_answer == "换灯泡。"


async def test_another_process_sees_the_change(
    index: KnowledgeIndex, sessions: Sessions, clock: FakeClock
) -> None:
    other = KnowledgeIndex(sessions, clock=clock, synonyms=NO_SYNONYMS)
    assert (await other.search("路灯"))[0].short_answer.startswith("告诉我们")
    async with sessions.begin() as session:
        (await session.get_one(Article, LIGHT)).short_answer = "换灯泡。"
    await index.refresh(LIGHT)
    assert (await other.search("路灯"))[0].short_answer == "换灯泡。"


async def test_other_tokens_mean_a_new_index(
    index: KnowledgeIndex, sessions: Sessions, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "VERSION", 99)
    assert await KnowledgeIndex(sessions, clock=clock, synonyms=NO_SYNONYMS).build() == 4
    assert await ids(index, "路灯") == [LIGHT]


async def test_a_damaged_index_is_rebuilt(index: KnowledgeIndex, sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        if session.get_bind().dialect.name != "sqlite":
            await session.execute(text("DROP TABLE kb_index_post"))
        else:
            await session.execute(text("DELETE FROM kb_index_fts_data WHERE id > 10"))
    fresh = KnowledgeIndex(sessions, clock=clock, synonyms=NO_SYNONYMS)
    assert await fresh.build() == 4
    assert await ids(fresh, "路灯") == [LIGHT]


async def test_search_builds_when_nobody_has(sessions: Sessions, clock: FakeClock) -> None:
    await add_all(sessions)
    assert (await ids(KnowledgeIndex(sessions, clock=clock), "路灯"))[:1] == [LIGHT]


async def test_no_articles_at_all(sessions: Sessions, clock: FakeClock) -> None:
    empty = KnowledgeIndex(sessions, clock=clock)
    assert await empty.search("路灯") == [] == await empty.search("") == await empty.browse()


async def test_other_names_are_added_in_the_index_only(sessions: Sessions, clock: FakeClock) -> None:
    await add_all(sessions)
    synonyms = Synonyms(((("路灯",), ("街灯", "电灯泡")),), "1")
    index = KnowledgeIndex(sessions, clock=clock, synonyms=synonyms)
    assert (await ids(index, "店登炮"))[:1] == [LIGHT]
    assert "电灯泡" not in (await index.get(LIGHT)).keywords


# -- reading ----------------------------------------------------------------------------------------
async def test_browse_by_category(index: KnowledgeIndex) -> None:
    assert [a.article_id for a in await index.browse("13")] == [FUND]
    assert [a.article_id for a in await index.browse("0601")] == [FILING]
    assert len(await index.browse()) == 4
    for hostile in ("99", "%", "1_", "'; --", "\0", "０６"):
        assert await index.browse(hostile) == []


async def test_get_shows_the_whole_article(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        await load_categories(session)
        await load_regions(session)
        await load_units(session)
        light = article(LIGHT)
        light.unit_id = 3
        session.add(light)
    view = await KnowledgeIndex(sessions, clock=clock).get(LIGHT)
    assert [section.name for section in view.sections] == ["办理对象", "所需材料", "办理地点"]
    assert view.sections[1].text == "身份证。"
    assert view.category_name == "路灯、井盖"
    assert view.unit_id == 3 and view.unit_name and view.unit_phone.isdigit()
    assert view.basis == ("某条例",) and view.valid_until == date(2026, 12, 31)
    assert view.version == 1 and not view.expired


async def test_an_unknown_article(index: KnowledgeIndex) -> None:
    for unknown in ("nothing", "", "\0", "../x", "x" * 5000, "' OR 1=1 --", "路灯"):
        with pytest.raises(UnknownArticle):
            await index.get(unknown)


async def test_nothing_typed_shows_the_most_used_then_by_title(index: KnowledgeIndex, sessions: Sessions) -> None:
    titles = [answer.title for answer in await index.search("  ")]
    assert titles == ["广场舞、KTV噪声扰民怎么办", "路灯不亮怎么报修", "异地就医备案怎么办", "住房公积金怎么提取"]


# -- hostile text -----------------------------------------------------------------------------------
HOSTILE: dict[str, str] = {
    "quotes": '"公积金" \' "" \'\'',
    "operators": "公积金 AND NOT OR NEAR(路灯 5) ^公积金* -路灯 +",
    "column filter": "head_text:公积金 {body_text article_id}:x",
    "near": 'NEAR("公积金" "提取", 2)',
    "nul": "公积金\0路灯",
    "sql": "公积金'); DROP TABLE article; --",
    "emoji": "公积金👨‍👩‍👧‍👦💰",
    "lone surrogate": "公积金\ud800",
    "right to left": "\u202e公积金\u200b",
    "backslash and percent": "公积金\\%_",
    "100 kB": "公积金" * 34_000,
    "100 kB of letters": "g" * 100_000,
    "100 kB of different characters": "".join(map(chr, range(0x4E00, 0x9FFF))) * 5,
    "newlines": "\r\n\r\n公积金\r\n",
}


async def test_hostile_text_is_only_text(index: KnowledgeIndex) -> None:
    for name, hostile in HOSTILE.items():
        for spoken in (False, True):
            start = time.process_time()  # ours alone: the machine may be busy
            found = await ids(index, hostile, spoken=spoken)
            assert time.process_time() - start < 2.0, name
            if "公积金" in hostile[:40]:
                assert FUND in found, name
            assert (await ids(index, "路灯"))[:1] == [LIGHT], name  # all is still there


async def test_searching_while_articles_change(index: KnowledgeIndex, sessions: Sessions) -> None:
    """A reader never meets half an index."""

    async def change() -> None:
        for _ in range(10):
            await index.refresh(LIGHT)
            await index.build()

    async def ask(check: Callable[[list[str]], bool]) -> bool:
        return all([check(await ids(index, "路灯不亮")) for _ in range(20)])

    changed, *right = await asyncio.gather(change(), *(ask(lambda found: found[:1] == [LIGHT]) for _ in range(3)))
    assert changed is None and all(right)
