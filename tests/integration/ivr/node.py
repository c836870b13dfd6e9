"""An IVR node as a process of its own, for tests that kill it: `python -m tests.integration.ivr.node`."""

from __future__ import annotations

import asyncio

from runtime.settings import Settings
from tests.integration.ivr.kit import running_ivr


async def main() -> None:
    async with running_ivr(Settings()):
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
