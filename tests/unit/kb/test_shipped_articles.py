"""The articles we ship: all readable, complete, filed under real categories, and found by what people ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from sqlalchemy import text

from db.seed import load_categories, load_regions, load_units
from db.session import make_engine, make_sessions
from kb.articles import load_articles
from kb.index import KnowledgeIndex
from kb.sections import HEADINGS, split_sections
from kb.source import ARTICLES, read_folder
from kb.suggest import Conversation
from tests.conftest import database_with_tables
from tests.engines import close_engine
from tests.fakes.clock import FakeClock

one_loop = pytest.mark.asyncio(loop_scope="module")

CATEGORIES = Path(__file__).parents[3] / "db" / "data" / "categories.yaml"

TOPICS: dict[str, set[str]] = {
    "不动产登记": {
        "property-first-advance-registration",
        "property-record-query",
        "property-mortgage-registration",
    },
    "二手房过户": {"second-hand-house-transfer"},
    "灵活就业社保": {"flexible-worker-pension", "flexible-worker-medical"},
    "异地就医备案": {"remote-medical-filing"},
    "4050补贴": {"social-insurance-subsidy-4050"},
    "道路货物运输证": {"road-freight-permit"},
    "危险化学品": {"hazardous-chemicals-business-license"},
    "就业失业证": {"employment-unemployment-registration"},
    "电子证照": {"electronic-certificates"},
    "营业执照": {"business-license-registration", "business-deregistration"},
    "多证合一": {"unified-social-credit-one-license"},
    "公积金提取": {"housing-fund-withdrawal"},
    "居住证": {"residence-permit"},
    "出入境": {"exit-entry-documents"},
    "身份证": {"id-card-application", "temporary-id-card"},
    "医保报销": {"medical-insurance-reimbursement"},
    "医保": {"resident-medical-insurance", "medical-insurance-reimbursement", "newborn-medical-insurance"},
    "生育津贴": {"maternity-allowance"},
    "生育登记": {"birth-registration-service"},
    "低保": {"minimum-living-allowance"},
    "入学": {"school-enrolment-compulsory", "migrant-children-enrolment"},
    "消费维权": {"consumer-refund-seven-days", "counterfeit-and-three-guarantees", "prepaid-card-refund"},
    "欠薪": {"wage-arrears-complaint"},
    "噪声": {"living-noise", "construction-night-noise", "industrial-noise"},
    "物业": {"property-service-complaint"},
    "路灯": {"street-light-repair"},
    "井盖": {"manhole-cover-damage"},
    "供水": {"water-supply-outage-quality", "water-bill-account"},
    "停水": {"water-supply-outage-quality"},
    "停电": {"power-outage-electric-bill"},
    "供电": {"power-outage-electric-bill"},
    "燃气": {"gas-account-and-leak"},
    "供热": {"heating-complaint"},
}


def test_all_are_read_without_a_mistake() -> None:
    articles, problems = read_folder()
    assert problems == []
    assert len(articles) == len(list(ARTICLES.glob("*.md"))) >= 80


def test_all_have_every_section_and_a_category_of_the_table() -> None:
    leaves = {row["code"] for row in yaml.safe_load(CATEGORIES.read_text(encoding="utf-8")) if row["parent"]}
    for article in read_folder()[0]:
        assert [section.name for section in split_sections(article.body)] == list(HEADINGS[1:]), article.id
        assert article.category in leaves, article.id


def test_titles_are_told_apart() -> None:
    titles = [article.title for article in read_folder()[0]]
    assert len(set(titles)) == len(titles)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def index(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[KnowledgeIndex]:
    """An index of what is shipped, which these tests only read."""
    clock = FakeClock()
    async with database_with_tables(request, tmp_path_factory.mktemp("articles")) as url:
        engine = make_engine(url)
        sessions = make_sessions(engine)
        async with sessions.begin() as session:
            await load_categories(session)
            await load_regions(session)
            await load_units(session)
            report = await load_articles(session, clock)
        assert report.problems == []
        index = KnowledgeIndex(sessions, clock=clock)
        await index.build()
        async with engine.begin() as connection:  # as autovacuum does; without it PostgreSQL plans blindly
            await connection.execute(text("ANALYZE"))
        yield index
        await close_engine(engine)


@one_loop
async def test_every_keyword_finds_its_article(index: KnowledgeIndex) -> None:
    """Also those that no dictionary knows (讨薪, 网约车)."""
    lost = [
        (keyword, article.id)
        for article in read_folder()[0]
        for keyword in article.keywords
        if article.id not in {found.article_id for found in await index.search(keyword, limit=20)}
    ]
    assert lost == []


@one_loop
async def test_a_call_that_no_article_answers_is_offered_none(index: KnowledgeIndex) -> None:
    """Its weak words (人民, 二十三, 我家, 村里) stand in many articles."""
    talk = Conversation()
    for said in ("我家厨房烧起来了", "人民路二十三号", "火好大我们村里的人都出来了", "希望你们晚上快点来"):
        talk.add("citizen", said, await index.search(said, limit=20, spoken=True))
        assert talk.best() == ()


@one_loop
async def test_every_topic_of_the_issue_is_found(index: KnowledgeIndex) -> None:
    for spoken in (False, True):
        found = {topic: [a.article_id for a in await index.search(topic, spoken=spoken)][:3] for topic in TOPICS}
        assert {topic: ids for topic, ids in found.items() if not set(ids) & TOPICS[topic]} == {}
        assert sum(found[topic][0] in TOPICS[topic] for topic in TOPICS) >= 0.9 * len(TOPICS)
    units = [(await index.get(article.id)).unit_id for article in read_folder()[0]]
    assert sum(unit is not None for unit in units) >= 0.9 * len(units)
