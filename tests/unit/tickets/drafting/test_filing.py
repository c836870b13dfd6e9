"""The trained models for category and type: their file, what they say, and how they are made."""

from __future__ import annotations

import numpy as np
import pytest

from tickets.drafting.filing import FILE, Filing, shipped_filing
from tickets.drafting.filing_training import Filed, train
from tickets.drafting.lexicon import phrases
from tickets.fields import APPEAL_TYPES

TINY = [
    Filed(code, kind, text, written=True)
    for code, kind, said in (
        ("1106", "HELP", "路灯坏了 路灯不亮 街上没有灯 灯杆倒了 路灯忽明忽暗"),
        ("0601", "CONSULT", "医保怎么交 报销多少 医保卡丢了 异地看病怎么报 医保断了怎么办"),
        ("0704", "COMPLAINT", "油烟好大 烧烤熏人 餐馆的烟往家里跑 楼下炒菜味 油烟机对着我家"),
    )
    for text in said.split()
]


def likeliest(shares: dict[str, float]) -> str:
    return max(shares, key=lambda name: shares[name])


def test_the_shipped_models_know_every_category_and_type() -> None:
    filing = shipped_filing()
    assert set(filing.category.classes) >= set(phrases())
    assert set(filing.kind.classes) <= set(APPEAL_TYPES)
    assert FILE.stat().st_size < 2_000_000


@pytest.mark.parametrize("text", ["", "喂", "路灯", "a" * 10_000, "𬇙河水黑了\x00"])
def test_shares_are_shares_of_one(text: str) -> None:
    for model in (shipped_filing().category, shipped_filing().kind):
        shares = model.shares([(text, 1.0), ("路灯坏了", 0.5)])
        assert sum(shares.values()) == pytest.approx(1.0, abs=1e-4)
        assert min(shares.values()) >= 0


def test_they_learn_words_and_their_sound() -> None:
    filing = Filing(train(TINY))
    assert likeliest(filing.category.shares([("我们村的路灯不亮了", 1.0)])) == "1106"
    assert likeliest(filing.category.shares([("鹿登换了", 1.0)])) == "1106"
    assert likeliest(filing.kind.shares([("医保怎么报", 1.0)])) == "CONSULT"


def test_what_counts_less_says_less() -> None:
    filing = Filing(train(TINY))
    mixed = filing.category.shares([("路灯坏了", 1.0), ("医保怎么交", 0.2)])
    assert mixed["1106"] > mixed["0601"]


def test_the_file_holds_numbers_and_names_only() -> None:
    with np.load(FILE, allow_pickle=False) as values:
        assert {values[name].dtype.kind for name in values.files} <= {"U", "i", "f"}
