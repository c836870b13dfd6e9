"""The figures of incoming calls (domain.md 4.1): one small function each, over one call."""

from __future__ import annotations

from collections import Counter

from calls.callbacks.tasks import SHORT_S
from calls.figures.call_facts import CallFacts
from calls.figures.kpi import Figure, Kind, Kpi, Share

SOON_S = 15.0
"""GB/T 33358: answered within so long."""
HABIT_S = 20.0
"""The trade's 80/20; the hotline's standard does not know it."""
CONNECTED = 0.95
"""GB/T 33358: of the calls of any continuous 24 hours."""


def offered(call: CallFacts) -> Share:
    return 1, 0


def queued(call: CallFacts) -> Share:
    return call.queued, 0


def answered(call: CallFacts) -> Share:
    return call.answered, 0


def connect_rate(call: CallFacts) -> Share:
    return call.answered, call.queued


def connect_rate_without_short(call: CallFacts) -> Share:
    return call.answered, call.queued and not call.short


def answered_in_15_s(call: CallFacts) -> Share:
    return call.answered and call.wait_s <= SOON_S, call.queued


def answered_in_20_s(call: CallFacts) -> Share:
    return call.answered and call.wait_s <= HABIT_S, call.queued


def mean_wait(call: CallFacts) -> Share:
    return call.wait_s, call.answered


def mean_wait_in_queue(call: CallFacts) -> Share:
    return call.queue_s, call.answered


def abandon_rate(call: CallFacts) -> Share:
    return call.queued and call.abandoned, call.queued


def short_abandons(call: CallFacts) -> Share:
    return call.queued and call.short, call.queued


def overflow_rate(call: CallFacts) -> Share:
    return call.queued and call.overflowed, call.queued


def handling_time(call: CallFacts) -> Share:
    return call.talk_s + call.hold_s + call.wrapup_s, call.answered and call.ended


def talk_time(call: CallFacts) -> Share:
    return call.talk_s, call.answered and call.ended


def hold_time(call: CallFacts) -> Share:
    return call.hold_s, call.answered and call.ended


def wrap_up_time(call: CallFacts) -> Share:
    return call.wrapup_s, call.answered and call.ended


def transfer_rate(call: CallFacts) -> Share:
    return call.answered and call.seats > 1, call.answered


def three_party_rate(call: CallFacts) -> Share:
    return call.answered and call.third, call.answered


def left_messages(call: CallFacts) -> Share:
    return call.outcome == "voicemail", 0


def asked_to_be_called_back(call: CallFacts) -> Share:
    return call.outcome == "callback", 0


_WAIT = "等待从来电接入算起，含语音播报"

CALL_KPIS: tuple[Kpi[CallFacts], ...] = (
    Kpi("CALL_OFFERED", "来电量", Kind.COUNT, "时段内接入的市民来电。", offered),
    Kpi("CALL_QUEUED", "人工请求量", Kind.COUNT, "进入人工队列的来电；仍在排队、结果未定的不计。", queued),
    Kpi("CALL_ANSWERED", "接听量", Kind.COUNT, "由坐席接听的来电。", answered, of_seats=True),
    Kpi(
        *("CONNECT_RATE", "接通率", Kind.RATE, "接听量÷人工请求量。国家标准要求任意连续24小时不低于95%。"),
        *(connect_rate, CONNECTED),
    ),
    Kpi(
        *("CONNECT_RATE_X5", "接通率（剔除5秒内放弃）", Kind.RATE, "接听量÷（人工请求量－5秒内放弃的来电）。"),
        *(connect_rate_without_short, CONNECTED),
    ),
    Kpi(
        *("ANS15", "15秒接通率", Kind.RATE, f"等待不超过15秒即接听的来电÷人工请求量。{_WAIT}。"),
        *(answered_in_15_s, CONNECTED),
    ),
    Kpi("ANS20", "20秒接通率", Kind.RATE, f"等待不超过20秒即接听的来电÷人工请求量。{_WAIT}。", answered_in_20_s),
    Kpi("ASA", "平均等待时长", Kind.MEAN, f"已接听来电的等待合计÷接听量。{_WAIT}。", mean_wait),
    Kpi(
        *("ASA_QUEUE", "平均排队时长", Kind.MEAN, "已接听来电在队列中的时长合计÷接听量。"),
        mean_wait_in_queue,
    ),
    Kpi(
        *("ABANDON_RATE", "放弃率", Kind.RATE, "未接听前市民挂机的来电÷人工请求量；留言和预约回拨的不算放弃。"),
        abandon_rate,
    ),
    Kpi(
        *("SHORT_ABANDON", "5秒内放弃", Kind.RATE, f"排队不足{SHORT_S:.0f}秒即挂机的来电÷人工请求量。"),
        short_abandons,
    ),
    Kpi(
        *("OVERFLOW_RATE", "溢出率", Kind.RATE, "排队到时限而转入回拨提议、其他队列或留言的来电÷人工请求量。"),
        overflow_rate,
    ),
    Kpi(
        *("AHT", "平均处理时长", Kind.MEAN, "（通话＋保持＋话后整理）合计÷接听量，通话中的不计。", handling_time),
        of_seats=True,
    ),
    Kpi(
        "ATT",
        "平均通话时长",
        Kind.MEAN,
        "通话时长合计（不含保持）÷接听量，通话中的不计。",
        talk_time,
        of_seats=True,
    ),
    Kpi("HOLD", "平均保持时长", Kind.MEAN, "保持时长合计÷接听量，通话中的不计。", hold_time, of_seats=True),
    Kpi("ACW", "平均话后时长", Kind.MEAN, "话后整理时长合计÷接听量，通话中的不计。", wrap_up_time, of_seats=True),
    Kpi(
        *("XFER_RATE", "转接率", Kind.RATE, "有两名以上坐席先后或同时参加的来电÷接听量。", transfer_rate),
        of_seats=True,
    ),
    Kpi(
        *("XFER3_RATE", "三方通话率", Kind.RATE, "有承办单位或110等第三方参加通话的来电÷接听量。"),
        three_party_rate,
        of_seats=True,
    ),
    Kpi("VOICEMAIL", "留言量", Kind.COUNT, "以留言结束的来电。", left_messages),
    Kpi("CALLBACK_ASKED", "预约回拨量", Kind.COUNT, "以预约回拨结束的来电。", asked_to_be_called_back),
)


class Waits:
    """How long answered callers waited, to the tenth of a second: the longest, and the bound of 95 in 100."""

    def __init__(self) -> None:
        self._tenths: Counter[int] = Counter()
        self._longest = 0.0

    def add(self, call: CallFacts) -> None:
        if call.answered:
            self._tenths[round(call.wait_s * 10)] += 1
            self._longest = max(self._longest, call.wait_s)

    def figures(self) -> list[Figure]:
        """MAX_WAIT and P95_WAIT (nearest rank)."""
        total = self._tenths.total()
        most, rank = 0.0, -(-total * 95 // 100)
        for tenths in sorted(self._tenths):
            most, rank = tenths / 10, rank - self._tenths[tenths]
            if rank <= 0:
                break
        told = (
            ("MAX_WAIT", "最长等待时长", f"已接听来电中最长的等待。{_WAIT}。", round(self._longest, 1)),
            ("P95_WAIT", "95分位等待时长", f"95%的已接听来电等待不超过此时长。{_WAIT}。", most),
        )
        return [
            Figure(code, name, Kind.MOST, definition, value, total, value if total else None)
            for code, name, definition, value in told
        ]


LINE_CLASSES = ((0.95, "热线"), (0.30, "温线"))


def line_class(connected: float | None) -> str:
    """热线, 温线, 冷线 or 死线 by connect rate (LINE_CLASS); "" without a value."""
    if connected is None:
        return ""
    return next((name for least, name in LINE_CLASSES if connected >= least), "冷线" if connected > 0 else "死线")
