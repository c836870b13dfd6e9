"""The node's side of call control: takes `ControlAsked`, has it done, answers `ControlDone`.

What a person asked too late is refused, nothing is done twice, and every refusal is a Chinese sentence.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable

from calls.acts.act import Act, Result
from calls.acts.client import ControlRefused
from calls.asterisk.ami import AmiBadValue, AmiDown, AmiError, AmiRefused
from runtime.background import Background
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.events import ControlAsked, ControlDone

log = logging.getLogger(__name__)

REMEMBERED = 2_000


class Control:
    """Subscribes on `start()`. Each request has its own task: a slow one delays nobody. `acts` is what can be
    asked, by name."""

    def __init__(self, bus: Bus, clock: Clock, acts: dict[str, Act]) -> None:
        self._bus = bus
        self._clock = clock
        self._acts = acts
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._background = Background()
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        self._unsubscribe = self._bus.subscribe(self._asked, ControlAsked)

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        await self._background.close()

    async def _asked(self, event: ControlAsked) -> None:
        if event.request_id in self._seen:
            return
        self._seen[event.request_id] = None
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        self._background.start(self._answer(event), f"control:{event.action}")

    async def _answer(self, event: ControlAsked) -> None:
        error, result = "", None
        try:
            result = await self._do(event)
        except ControlRefused as refusal:
            error = str(refusal)
        except AmiDown:
            error = "与话务平台的连接中断，操作可能没有完成，请查看通话状态后再操作。"
        except AmiRefused as refusal:
            log.warning("%s by %s: %s", event.action, event.actor, refusal)
            error = "话务平台没有接受这个操作，可能通话刚刚结束，请查看通话状态。"
        except (AmiBadValue, TypeError, ValueError) as fault:
            log.warning("%s by %s has bad arguments: %s", event.action, event.actor, type(fault).__name__)
            error = "操作的内容不正确，请检查后重试。"
        except AmiError as fault:
            log.warning("%s by %s: %s", event.action, event.actor, fault)
            error = "话务平台暂时不可用，请稍后重试。"
        except Exception:
            log.exception("%s by %s failed", event.action, event.actor)
            error = "系统内部错误，操作没有完成，请联系管理员。"
        await self._bus.publish(
            ControlDone(
                call_id=event.call_id,
                request_id=event.request_id,
                ok=not error,
                error=error,
                result=result or {},
            )
        )

    async def _do(self, event: ControlAsked) -> Result | None:
        if self._clock.now() > event.deadline:
            raise ControlRefused("这个操作已经过期，没有执行，请重新操作。")
        act = self._acts.get(event.action)
        if act is None:
            raise ControlRefused(f"不支持的操作：{event.action[:32]}")
        return await act(event)
