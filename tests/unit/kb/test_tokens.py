"""Tokens: what is written, how it sounds, what is typed."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb import tokens
from language.han import HAN


def test_text_is_characters_bigrams_and_whole_words_of_letters_and_digits() -> None:
    assert tokens.text_tokens("公积金app 4050") == ["公", "积", "金", "公积", "积金", "0app", "04050"]


@pytest.mark.parametrize(
    ("char", "sound"), [("女", "lv"), ("绿", "lv"), ("公", "gon"), ("知", "zi"), ("资", "zi")]
)
def test_a_character_sounds(char: str, sound: str) -> None:
    assert tokens.sound(char) == sound


def test_homophones_have_the_same_sound_tokens() -> None:
    assert tokens.sound_tokens("工鸡金") == tokens.sound_tokens("公积金")
    assert tokens.sound_tokens("社保") == tokens.sound_tokens("射宝")


def test_phrase_reading_adds_what_the_single_characters_miss() -> None:
    assert "1yin1han" in tokens.phrase_sound_tokens("银行")
    assert tokens.phrase_sound_tokens("公积金") == []


@pytest.mark.parametrize(
    ("typed", "syllables"),
    [
        ("gongjijin", ["gong", "ji", "jin"]),
        ("shebaoka", ["she", "bao", "ka"]),
        ("gongjij", ["gong", "ji"]),
        ("gongjijinzh", ["gong", "ji", "jin"]),
        ("ertong", ["er", "tong"]),
        ("lvyou", ["lv", "you"]),
        ("gjj", None),
        ("sbk", None),
        ("", None),
        ("a" * 1000, None),
        ("gong1", None),
    ],
)
def test_pinyin_typed_without_spaces_is_cut(typed: str, syllables: list[str] | None) -> None:
    assert tokens.segment_pinyin(typed) == syllables


def test_initials_of_whole_names_count_most() -> None:
    found = tokens.initials_tokens(["公积金提取"])
    assert found["2gjjtq"] == 3
    assert found["2gjj"] == 2
    assert found["2jtq"] == 1


def test_initials_know_both_readings() -> None:
    assert {"2yh", "2yx"} <= tokens.initials_tokens(["银行"]).keys()


@pytest.mark.parametrize(
    "talk",
    [
        "喂你好我想咨询一下公积金提取",
        "您好，请问公积金提取",
        "那个那个就是说公积金提取呢",
        "麻烦帮我查一下公积金提取谢谢",
    ],
)
def test_fillers_are_no_words(talk: str) -> None:
    assert tokens.parse_query(talk, spoken=True).text == tokens.parse_query("公积金提取").text


@pytest.mark.parametrize("words", ["法律咨询", "问题", "说明书", "查询", "反映强烈"])
def test_words_that_only_contain_a_filler_stay(words: str) -> None:
    assert "".join(tokens.runs(tokens.strip_fillers(words))) == words


@pytest.mark.parametrize("nothing", ["", "  \n", "12345", "你好", "？！…", "\0", "😀😀", '"*^():-+'])
def test_nothing_to_look_for(nothing: str) -> None:
    assert not tokens.parse_query(nothing)


def test_letters_are_pinyin_or_initials_only_when_typed() -> None:
    assert tokens.parse_query("gongjijin").sound == ("1gon", "1ji", "1jin", "1gon1ji", "1ji1jin")
    assert set(tokens.parse_query("gong ji jin").sound) == set(tokens.parse_query("gongjijin").sound)
    assert "2gjj" in tokens.parse_query("gjj").initials
    spoken = tokens.parse_query("gjj gongjijin", spoken=True)
    assert spoken.sound == () and spoken.initials == ()


def test_full_width_and_capitals_are_one() -> None:
    assert tokens.parse_query("ＧＪＪ") == tokens.parse_query("gjj")


def test_a_hundred_kilobytes_are_cut_before_any_work() -> None:
    start = time.process_time()  # ours alone: the machine may be busy
    query = tokens.parse_query("公积金提取吗" * 17_000)
    assert len(query.text) < tokens.QUERY_LIMIT * 2
    assert time.process_time() - start < 1.0


@given(st.text(max_size=200))
def test_any_text_becomes_safe_tokens(text: str) -> None:
    query = tokens.parse_query(text)
    for token in (*query.text, *query.sound, *query.initials):
        assert token[0] in "012" or re.match(f"[{HAN}]", token)
        assert not set(token) & set("\"'*^():-+ \0%_\\;")


def test_quoting_leaves_no_way_out() -> None:
    assert tokens.quote('a"b\0c') == '"a""bc"'
