from __future__ import annotations

import pytest

from tickets.drafting.category import CategoryModel, grams
from tickets.drafting.lexicon import Lexicon, phrases


@pytest.fixture(scope="module")
def model(lexicon: Lexicon) -> CategoryModel:
    return CategoryModel(lexicon.categories)


def test_every_leaf_has_phrasings(lexicon: Lexicon) -> None:
    assert len(lexicon.categories) == 140
    assert {entry.code for entry in lexicon.categories} == set(phrases())
    for entry in lexicon.categories:
        assert len(entry.says) >= 4, entry.code
        assert entry.words and entry.usual_type and entry.issue, entry.code


def test_each_category_recognises_its_own_phrasings(lexicon: Lexicon, model: CategoryModel) -> None:
    right = sum(
        model.guess([(say, 1.0)])[0].code == entry.code for entry in lexicon.categories for say in entry.says
    )
    assert right / sum(len(entry.says) for entry in lexicon.categories) > 0.97


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("我们村口到小学那段路灯全都不亮", "1106"),
        ("从去年十月份开始就没有领到工资了", "0501"),
        ("我想给父亲办理残疾证需要哪些材料", "1605"),
        ("网吧经常让未成年人进去上网", "0802"),
        ("家里的养老今两个月没有道账", "0504"),  # misheard
    ],
)
def test_matters_as_people_tell_them(model: CategoryModel, text: str, code: str) -> None:
    assert model.guess([(text, 1.0)])[0].code == code


def test_confidence_is_a_share_and_falls_with_chatter(model: CategoryModel) -> None:
    clear = model.guess([("井盖不见了很危险", 1.0)])
    vague = model.guess([("我想问一下这个事情", 1.0)])
    assert sum(guess.confidence for guess in clear) <= 1.0
    assert clear[0].confidence > 0.7
    assert not vague or vague[0].confidence < 0.5


def test_nothing_said_guesses_nothing(model: CategoryModel) -> None:
    assert model.guess([]) == []
    assert model.guess([("OK 123 。。", 1.0)]) == []


def test_sound_grams_stand_beside_characters() -> None:
    assert {"路灯", ".lu.den"} <= grams("路灯").keys()
    assert grams("绿灯").keys() & grams("路灯").keys() == {"灯", ".den"}
