"""What is said on the desk's scripted calls, with what the draft and the knowledge base make of it."""

from __future__ import annotations

import asyncio

from runtime.bus import Bus
from runtime.events import Answer, Speaker, SpeechStateChanged
from tests.fakes.desk_feed import DeskFeed

MANHOLE = (
    ("agent", "您好，12345，请问有什么可以帮您？"),
    ("citizen", "你好，我要反映一个事，白霓镇文化路那边井盖坏了，昨天晚上有个老人骑车摔了"),
    ("agent", "好的，请问具体在文化路什么位置？"),
    ("citizen", "就在农贸市场门口，靠近中国银行那一头"),
    ("agent", "您贵姓，方便留一个联系电话吗？"),
    ("citizen", "我姓陈，就打我这个手机，希望你们尽快来修，晚上没有灯很危险"),
)


async def manhole_call(feed: DeskFeed, pause: float = 0.0) -> None:
    """A complaint about a broken manhole cover, from ring to the last sentence."""
    await feed.ring()
    await asyncio.sleep(pause * 3)
    await feed.answer()
    await manhole_talk(feed, pause)


async def manhole_talk(feed: DeskFeed, pause: float = 0.0) -> None:
    """What is said on that call, with suggestions and offers following."""
    ids = []
    for number, (speaker, text) in enumerate(MANHOLE):
        who: Speaker = "agent" if speaker == "agent" else "citizen"
        utterance_id = await feed.partial(who, text[: len(text) // 2])
        await asyncio.sleep(pause)
        ids.append(await feed.say(who, text, utterance_id))
        await _suggest_after(feed, number, ids[-1], text)
        await asyncio.sleep(pause)


async def _suggest_after(feed: DeskFeed, number: int, said: str, text: str) -> None:
    match number:
        case 1:
            await feed.suggest("appeal_type", "HELP", "求助", 0.82, said, "反映一个事", text)
            await feed.suggest("category_code", "1106", "路灯、井盖", 0.91, said, "井盖坏了", text)
            await feed.suggest("region_code", "421223104", "白霓镇", 0.95, said, "白霓镇", text)
            await feed.suggest("place_text", "白霓镇文化路", "白霓镇文化路", 0.88, said, "白霓镇文化路", text)
            await feed.suggest("occurred_text", "昨天晚上", "昨天晚上", 0.86, said, "昨天晚上", text)
            await feed.suggest(
                "title", "白霓镇文化路井盖损坏", "白霓镇文化路井盖损坏", 0.78, said, "文化路那边井盖坏了", text
            )
            await feed.suggest(
                "content",
                "来电人反映：白霓镇文化路井盖损坏，昨天晚上有老人骑车摔倒。",
                "来电人反映：白霓镇文化路井盖损坏，昨天晚上有老人骑车摔倒。",
                0.74,
                said,
                "井盖坏了，昨天晚上有个老人骑车摔了",
                text,
            )
            await feed.suggest("urgency", "URGENT", "紧急", 0.66, said, "摔了", text)
            await feed.offer(
                said,
                "白霓镇 井盖 坏",
                Answer(
                    article_id="manhole-cover-damage",
                    title="井盖丢失、破损、响动怎么反映",
                    short_answer="请说明道路名称、参照物和井盖上的字样。主次干道由城管局负责，小区内由物业负责；危险的我们立即通知现场围护。",
                    owner="城管局",
                    score=0.92,
                    why="井盖、坏了",
                ),
                Answer(
                    article_id="street-light-repair",
                    title="路灯不亮怎么报修",
                    short_answer="请提供路名、灯杆编号或附近门牌。市政路灯一般3个工作日内修复，成片不亮的当天到场。",
                    owner="城管局",
                    score=0.61,
                    why="路灯",
                ),
            )
        case 3:
            place = "白霓镇文化路农贸市场门口，靠近中国银行"
            await feed.suggest("place_text", place, place, 0.9, said, "农贸市场门口，靠近中国银行", text)
        case 5:
            await feed.suggest("appellant_name", "陈先生", "陈先生", 0.7, said, "我姓陈", text)
            await feed.suggest("demand", "希望尽快维修井盖", "希望尽快维修井盖", 0.8, said, "尽快来修", text)
            await feed.suggest("unit_id", "3", "城管局", 0.84, said, "", text)
            await feed.suggest("tags", "特殊群体", "特殊群体", 0.55, said, "", text)


FIRE = "我家对面六楼着火了，好多烟往外冒，里面好像还有老人没出来"


async def fire_heard(feed: DeskFeed) -> str:
    """The citizen tells of a fire and the spotter raises the alarm; returns the utterance's id."""
    said = await feed.say("citizen", FIRE)
    await feed.alarm("E119-01", "119", ("着火", "冒"), said)
    return said


async def speech_ready(bus: Bus) -> None:
    await bus.publish(SpeechStateChanged(available=True, model="vosk-model-small-cn-0.22"))
