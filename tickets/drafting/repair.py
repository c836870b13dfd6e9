"""Reading a misheard line: known words put back where the recogniser wrote their homophones.

The repaired text has the length of the original, so that spans found in one hold in the other; quotes are
always taken from what was really recognised.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

import rjieba

from language.sounds import sound

LONGEST = 6
"""Characters of the longest word that is put right."""
REMEMBERED = 5000
"""Lines kept: a call is drafted anew after each of its utterances."""
_HAN = re.compile(r"[\u4e00-\u9fff]+")

_EVERYDAY = frozenset(
    "的了是我你他她它在有不就都也还和跟把被给这那个一没要会能可以到去来说人上下里很多好大小着过做又再谁老早家亩叫"
)

_NUMERALS = frozenset("一二两三四五六七八九十几半")
"""三个月 sounds like 上个月 on the telephone, but a number that was said is not put right."""
# Words that the rules look for, beyond the lexicon's own.
_SPEECH = """
昨天 今天 前天 大前天 昨晚 今晚 今早 早上 上午 中午 下午 傍晚 晚上
半夜 夜里 凌晨 每天 天天 经常 最近 这几天 这两天 前几天 去年 前年 今年
年底 星期 礼拜 上周 这周 上个月 这个月 上个星期 这个星期 星期一 星期二
星期三 星期四 星期五 星期六 星期天 上周一 上周二 上周三 上周四 上周五 上周六
左右 开始 夏天 冬天 春天 秋天 下半年 上半年 春节 国庆 小时 个月 月份
点钟 希望 要求 投诉 举报 建议 咨询 请问 想问 问一下 表扬 感谢 反映
麻烦 尽快 赶紧 赶快 派人 你们 我们 他们 部门 政府 领导 我叫 贵姓
免贵姓 电话 手机 号码 保密 姓名 名字 匿名 不要透露 女士 先生 处理 解决
检查 查处 赔偿 退还 退款 退钱 道歉 维修 修好 清理 恢复 疏通 整治 整改
取缔 调查 协调 道路 没人管 态度 扰民 公司 有限公司 超市 饭店 餐馆 药店
医院 学校 幼儿园 工地 物业 小区 业主 村民 居民 我们公司 负责人 村口 门口
旁边 对面 附近 单元 什么材料 什么手续 多少钱 怎么办理 可以吗 怎么申请
办理 申请 补办 报名 报销
"""


class Repair:
    """Knows words by their sound; a sound that several words share repairs nothing."""

    def __init__(self, words: Iterable[str]) -> None:
        by_sound: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for word in {*_SPEECH.split(), *words}:
            if 2 <= len(word) <= LONGEST and _HAN.fullmatch(word):
                by_sound[sound(word)].add(word)
        self._by_sound = {key: next(iter(found)) for key, found in by_sound.items() if len(found) == 1}
        self._done: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """The text with misheard words put right; what is a word as it stands is left alone."""
        if text not in self._done:
            if len(self._done) >= REMEMBERED:
                self._done.clear()
            self._done[text] = self._repaired(text)
        return self._done[text]

    def _repaired(self, text: str) -> str:
        heard = sound(text)
        cut = self._cut(text)
        out = list(text)
        i = 0
        while i < len(text):
            for size in range(min(LONGEST, len(text) - i), 1, -1):
                word = self._by_sound.get(heard[i : i + size])
                if word is None or not _HAN.fullmatch(text, i, i + size):
                    continue
                there = text[i : i + size]
                if (
                    word != there
                    and there[0] not in _NUMERALS
                    and not self._plain(there)
                    and self._broken(cut, i, i + size)
                ):
                    out[i : i + size] = word
                i += size
                break
            else:
                i += 1
        return "".join(out)

    @staticmethod
    def _cut(text: str) -> dict[int, int]:
        """Where each word begins, and its length."""
        starts: dict[int, int] = {}
        at = 0
        for word in rjieba.cut(text):
            starts[at] = len(word)
            at += len(word)
        return starts

    @staticmethod
    def _broken(cut: dict[int, int], start: int, end: int) -> bool:
        """Whether these characters fall apart into single ones, or (from three on) are not one word."""
        inside = [(at, size) for at, size in cut.items() if start <= at < end]
        if not inside or inside[0][0] != start or sum(size for _, size in inside) != end - start:
            # A word straddles the edge: only a long run of the same sound is proof enough.
            return end - start >= 4
        return len(inside) > 1 and (end - start > 2 or all(size == 1 for _, size in inside))

    @staticmethod
    def _plain(text: str) -> bool:
        """Whether two characters are everyday ones that stand side by side without being a word: 的是, 我在."""
        return len(text) == 2 and any(char in _EVERYDAY for char in text)
