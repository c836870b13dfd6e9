from __future__ import annotations

import pytest

from tests.unit.tickets.drafting.talking import talk
from tickets.drafting.lexicon import Lexicon
from tickets.drafting.place import PlaceFinder


@pytest.fixture(scope="module")
def finder(lexicon: Lexicon) -> PlaceFinder:
    return PlaceFinder(lexicon)


@pytest.mark.parametrize(
    ("text", "place", "region"),
    [
        ("我们是天城镇白泉村的", "天城镇白泉村", "421223100200"),
        ("我是城关镇西门接的居民", "天城镇西门街", "421223100214"),  # as the recording was recognised
        ("沙坪镇的垃圾中转站离我们家只有几十里", "沙坪镇沙坪垃圾中转站", "421223101208"),
        ("青山水库旁边有人倒垃圾", "青山镇青山水库旁边", "421223107206"),
        ("金塘镇畈上村2组的", "金塘镇畈上村2组", "421223106201"),
        ("在前进路56号3栋2单元401", "天城镇前进路56号3栋2单元401", "421223100219"),
        ("我们这里是高尖乡水口村", "高枧乡水口村", "421223203203"),
        ("就在人民广场西边", "天城镇人民广场西边", "421223100230"),
    ],
)
def test_the_gazetteer_by_sight_and_sound(finder: PlaceFinder, text: str, place: str, region: str) -> None:
    found, _ = finder.find(talk(text))
    assert (found["place_text"][0].value, found["region_code"][0].value) == (place, region)
    assert found["place_text"][0].quote in text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("我住在幸福路8号", "幸福路8号"),
        ("我们阳光小区停水了", "阳光小区"),
        ("在红旗大道上", "红旗大道"),
        ("天城镇石头村3组", "天城镇石头村3组"),
    ],
)
def test_unknown_places_by_their_shape(finder: PlaceFinder, text: str, place: str) -> None:
    found, _ = finder.find(talk(text))
    assert found["place_text"][0].value == place


@pytest.mark.parametrize(
    "text",
    [
        "我一路走过来",
        "我在网上买的",
        "修路修了一半",
        "这条路太烂了",
        "四层楼",
        "市城管的人来过",
        "你们这个路口太危险",
        "",
    ],
)
def test_what_is_no_place(finder: PlaceFinder, text: str) -> None:
    found, _ = finder.find(talk(text))
    assert "region_code" not in found
    assert not [s for s in found.get("place_text", []) if s.confidence >= 0.6]


def test_where_it_is_beats_where_one_is_registered(finder: PlaceFinder) -> None:
    found, _ = finder.find(talk("我户口在桂花泉", "A: 请问具体在什么位置", "天城镇文昌路56号"))
    assert found["region_code"][0].value == "421223100222"
    assert found["place_text"][0].value == "天城镇文昌路56号"


def test_town_in_one_breath_and_village_in_the_next(finder: PlaceFinder) -> None:
    found, _ = finder.find(talk("我是青山镇的", "在城万村3组"))
    assert found["place_text"][0].value == "青山镇城万村3组"
    assert found["region_code"][0].value == "421223107201"


def test_a_short_answer_is_a_place_to_its_end(finder: PlaceFinder) -> None:
    found, _ = finder.find(talk("A: 请问哪个小区", "中津洲社区滨江一号"))
    assert found["place_text"][0].value == "天城镇中津洲社区滨江一号"


def test_the_agents_words_confirm_but_do_not_place(finder: PlaceFinder) -> None:
    found, _ = finder.find(talk("A: 是天城镇白泉村吗", "对"))
    assert found == {}


@pytest.mark.parametrize(
    "text", ["我想了解同中小学附近的事", "时承诺的绿化一直没做", "规划路什么时候修", "我们的方山区分一下"]
)
def test_words_that_merely_sound_like_a_place_are_none(finder: PlaceFinder, text: str) -> None:
    found, _ = finder.find(talk(text))
    assert "region_code" not in found


def test_in_typed_text_a_place_is_what_is_written_so(finder: PlaceFinder) -> None:
    heard = talk("我住在白尼镇")
    assert finder.find(heard)[0]["region_code"][0].label.endswith("白霓镇")
    assert "region_code" not in finder.find(heard, typed=True)[0]
