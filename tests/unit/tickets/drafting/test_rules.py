"""The smaller rules: type, wish, subject, unit, urgency, tags."""

from __future__ import annotations

import pytest

from tests.unit.tickets.drafting.talking import said
from tickets.drafting.drafter import Drafter
from tickets.drafting.lexicon import Lexicon
from tickets.drafting.routing import find_tags
from tickets.drafting.talk import lines_of


def value(drafter: Drafter, field: str, *lines: str) -> str:
    found = drafter.update(said(*lines))
    return found[field][0].value if field in found else ""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("我要投诉桂花路的一家网吧让未成年人上网", "COMPLAINT"),
        ("我要头诉桂花路的一家网吧让未成年人上网", "COMPLAINT"),  # misheard
        ("我要举报有人无证行医", "REPORT"),
        ("请问办理残疾证需要什么材料", "CONSULT"),
        ("我建议在学校门口装一个红绿灯", "SUGGEST"),
        ("我要表扬政务服务中心的工作人员", "PRAISE"),
        ("我们村的路灯坏了请派人来修", "HELP"),
    ],
)
def test_the_type(drafter: Drafter, text: str, kind: str) -> None:
    assert value(drafter, "appeal_type", text) == kind


@pytest.mark.parametrize(
    ("lines", "wish"),
    [
        (["路灯坏了", "希望你们尽快派人来修谢谢"], "希望尽快派人来修。"),
        (["楼下烧烤店油烟大", "A: 您有什么诉求", "让他装个净化器吧"], "希望让他装个净化器。"),
        (["路灯坏了"], "希望相关部门尽快帮助解决。"),
    ],
)
def test_the_wish(drafter: Drafter, lines: list[str], wish: str) -> None:
    assert value(drafter, "demand", *lines) == wish


@pytest.mark.parametrize(
    ("lines", "subject"),
    [
        (["我要投诉出租车", "A: 车牌号记得吗", "鄂L3721T"], "鄂L3721T"),
        (["楼下烧烤店油烟大", "A: 店名叫什么", "叫老地方烧烤"], "老地方烧烤"),
        (["欠我们工资的是宏达建筑公司"], "宏达建筑公司"),
        (["圆通的快递没收到"], "圆通"),
    ],
)
def test_the_subject(drafter: Drafter, lines: list[str], subject: str) -> None:
    assert value(drafter, "subject", *lines) == subject


def test_a_place_told_by_what_stands_there_is_no_subject(drafter: Drafter) -> None:
    assert "subject" not in drafter.update(said("我们村的路灯坏了", "村口到小学那一段路灯全都不亮"))
    assert drafter.update(said("村里的小学一直没有开学"))["subject"][0].value == "小学"


def test_a_firm_speaks_for_itself_and_a_worker_does_not(drafter: Drafter) -> None:
    firm = drafter.update(said("我是崇阳县鑫源食品有限公司的负责人", "政府单位拖欠我们公司货款"))
    assert firm["is_enterprise"][0].value == "true"
    assert "鑫源食品有限公司" in firm["company"][0].value
    assert "涉企" in [s.value for s in firm["tags"]]
    assert "is_enterprise" not in drafter.update(said("我们公司拖欠我们工资半年了"))


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("天城镇人民路的路灯不亮了", "城管局"),
        ("家里停水3天了", "供水公司"),
        ("老板拖欠农民工工资", "人社局"),
        ("青山镇城万村征地补偿款没给", "青山镇"),
        ("身份证丢了怎么补办", "公安局"),
    ],
)
def test_the_unit(drafter: Drafter, lexicon: Lexicon, text: str, unit: str) -> None:
    names = {str(entry.id): entry.short_name for entry in lexicon.units}
    assert names[value(drafter, "unit_id", text)] == unit


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("我们村的路灯坏了请派人来修", "GENERAL"),
        ("井盖不见了小孩掉下去怎么得了", "URGENT"),
        ("我们这里从昨天晚上停电到现在还没来", "URGENT"),
        ("快来人我们家着火了", "MOST_URGENT"),
        ("我家燃气打不着火", "GENERAL"),
    ],
)
def test_the_urgency(drafter: Drafter, text: str, urgency: str) -> None:
    assert value(drafter, "urgency", text) == urgency


def test_tags(drafter: Drafter) -> None:
    found = drafter.update(said("我们小区200多户都没拿到房反映了好几次了我老伴瘫痪"))
    assert {s.value for s in found["tags"]} == {"群体性", "重复", "特殊群体"}


@pytest.mark.parametrize("text", ["希望你们尽快派人来修电话是13912345678", "单价是12.85", "退了我80多块"])
def test_the_end_of_a_number_is_nobody_s_age(text: str) -> None:
    lines = lines_of(said("我们村的路灯坏了", text))
    assert "特殊群体" not in {tag.value for tag in find_tags(lines, enterprise=False)}


@pytest.mark.parametrize("text", ["我一个人住今年78了", "我80多了走不动"])
def test_old_age_is_heard(text: str) -> None:
    assert [tag.value for tag in find_tags(lines_of(said(text)), enterprise=False)] == ["特殊群体"]


def test_reports_are_protected_and_ordinary(drafter: Drafter) -> None:
    found = drafter.update(said("我要举报有人偷偷往河里排污水"))
    assert (found["confidential"][0].value, found["procedure"][0].value) == ("REPORTER", "ORDINARY")
    found = drafter.update(said("请问身份证丢了怎么补办"))
    assert "confidential" not in found
    assert found["procedure"][0].value == "IMMEDIATE"
