"""The shipped model on the held-out situations, and models as files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tickets.emergency.examples import NONE, Before, Example, held_out_examples
from tickets.emergency.model import FILE, Model, model_of, own_file, read_model, shipped_model
from tickets.emergency.training import evaluate, train, write_model
from tickets.learned import vectors

_TINY = {
    "E119-01": "房子烧起来了 火苗窜到楼上 屋里全是火 烧得好大的火 柴堆着火了 仓库起火了 火烧到房顶 车子烧着了",
    "E120-01": "他不喘气了 叫他没反应 流了一地血 他倒下去了 人没有呼吸 脸都紫了 吐了好多血 抽得好厉害",
    "E122-01": "两个车撞了 货车翻了 撞到人了 摩托撞树上 追尾好几台 车子冲下坡 被车撞飞 客车翻沟里",
    NONE: "我问一下社保 路灯不亮 小区停车难 水费怎么交 公交改线了吗 老人卡怎么办 物业不管事 学校几时报名",
}
TINY = [Example(code, text[:2], text) for code, said in _TINY.items() for text in said.split()]


@pytest.fixture(scope="module")
def shipped() -> Model:
    return shipped_model()


def test_the_model_hears_emergencies_that_nobody_taught_it(shipped: Model) -> None:
    """Bounds below the measured figures (bench/emergency): a worse model or worse data are noticed."""
    figures = evaluate(shipped, held_out_examples(), with_vectors=False)
    assert figures.recall > LEAST_RECALL
    assert figures.false_share < MOST_FALSE


LEAST_RECALL = 0.75
MOST_FALSE = 0.04


@pytest.mark.skipif(not vectors.available(), reason="the optional sentence vectors are not installed")
def test_sentence_vectors_help(shipped: Model) -> None:
    held_out = held_out_examples()[::9]  # a sentence takes 15 to 40 ms
    with_vectors = evaluate(shipped, held_out, with_vectors=True)
    without = evaluate(shipped, held_out, with_vectors=False)
    assert with_vectors.found - with_vectors.false > without.found - without.false


def test_probabilities_are_shares_of_one(shipped: Model) -> None:
    for text in ("", "喂", "我家厨房冒烟了", "a" * 5000, "\x00🔥"):
        judged = shipped.judge(text, with_vectors=False)
        assert 0 <= judged.probability <= 1
        assert sum(judged.probabilities.values()) == pytest.approx(judged.probability, abs=1e-3)
        assert all(word in text for word in judged.words)


def test_context_counts(shipped: Model) -> None:
    alone = shipped.judge("还在里面没出来", with_vectors=False)
    after = shipped.judge("还在里面没出来", [Before("citizen", "楼上着火了")], with_vectors=False)
    assert after.probability != alone.probability


def test_it_is_quick(shipped: Model) -> None:
    began = time.process_time()  # ours alone: the machine may be busy
    for number in range(200):
        shipped.judge(f"我家对面那个屋里头第{number}层楼上黑烟直往外滚你们快点来人", with_vectors=False)
    assert (time.process_time() - began) / 200 < 0.02


def test_a_model_learns_is_written_and_read(tmp_path: Path) -> None:
    made = train(TINY, card="tiny")
    file = own_file(tmp_path)
    file.parent.mkdir()
    write_model(made, file)
    again = model_of(tmp_path)
    assert (again.card, again.codes) == ("tiny", ["E119-01", "E120-01", "E122-01"])
    assert again.judge("屋里烧起来了", with_vectors=False).code == "E119-01"


def test_a_broken_own_model_leaves_the_shipped_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = own_file(tmp_path)
    file.parent.mkdir()
    file.write_bytes(FILE.read_bytes()[:1000])
    assert model_of(tmp_path) is shipped_model()
    assert "cannot be read" in caplog.text
    assert model_of(tmp_path / "none") is shipped_model()


def test_the_shipped_file_is_numbers_only() -> None:
    assert NONE not in read_model(FILE).codes
    assert FILE.stat().st_size < 2_500_000
