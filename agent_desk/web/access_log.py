"""The access log: who (account id), what (route, not address), how long. Nothing about citizens."""

from __future__ import annotations

import logging
import time

from aiohttp import web

from agent_desk.web.access import IDENTITY, Handler

log = logging.getLogger("agent_desk.web.access")


@web.middleware
async def access_log(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One line a request. Routes are logged by pattern: ticket numbers and search words stay out."""
    started = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as answer:
        status = answer.status
        raise
    finally:
        resource = request.match_info.route.resource
        who = request.get(IDENTITY)
        log.info(
            "%s %s %d %.0f ms user=%s",
            request.method,
            resource.canonical if resource else "-",
            status,
            (time.perf_counter() - started) * 1000,
            who.user_id if who else "-",
        )
