"""A few articles written for tests, so that a test does not hang on the wording of the shipped ones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from db.models import Article
from db.session import Sessions
from kb.articles import content_of
from kb.source import content_hash

FUND = "fund-withdrawal"
FILING = "remote-filing"
LIGHT = "street-light"
NOISE = "dance-noise"

_TEXTS: dict[str, tuple[str, list[str], list[str], str, str]] = {
    # id: title, questions, keywords, category, short answer
    FUND: (
        "住房公积金怎么提取",
        ["租房子可以用公积金吗", "退休了钱怎么拿出来"],
        ["公积金提取", "租房提取"],
        "1309",
        "带身份证和银行卡到公积金中心窗口办理，租房每年可以提一次。",
    ),
    FILING: (
        "异地就医备案怎么办",
        ["去武汉住院怎么报销", "老人跟着子女在外地看病"],
        ["异地就医", "转诊"],
        "0601",
        "在国家医保服务平台上备案，出院时直接结算。",
    ),
    LIGHT: (
        "路灯不亮怎么报修",
        ["巷子里晚上看不见路"],
        ["路灯", "照明"],
        "1106",
        "告诉我们灯杆编号和位置，一般两天内修好。",
    ),
    NOISE: (
        "广场舞、KTV噪声扰民怎么办",
        ["楼下唱歌吵得睡不着"],
        ["广场舞", "噪声"],
        "0702",
        "先请社区劝阻，不听的打110由公安机关处理。",
    ),
}


def article(article_id: str, **changes: Any) -> Article:
    """One of the sample articles, or a variation."""
    title, questions, keywords, category, short_answer = _TEXTS.get(article_id, _TEXTS[FUND])
    values: dict[str, Any] = {
        "title": title,
        "questions": questions,
        "keywords": keywords,
        "category_code": category,
        "owner": "某局",
        "short_answer": short_answer,
        "body": f"## 办理对象\n本地居民。\n\n## 所需材料\n身份证。\n\n## 办理地点\n{title[:4]}窗口。\n",
        "basis": ["某条例"],
        "valid_from": date(2025, 1, 1),
        "valid_until": date(2026, 12, 31),
        "state": "published",
        "version": 1,
        "updated_at": datetime(2025, 1, 1, tzinfo=UTC),
    }
    made = Article(id=article_id, **(values | changes))
    made.sha256 = content_hash(**content_of(made))
    return made


async def add(sessions: Sessions, *articles: Article) -> None:
    async with sessions.begin() as session:
        session.add_all(articles)


async def add_all(sessions: Sessions) -> None:
    await add(sessions, *(article(article_id) for article_id in _TEXTS))
