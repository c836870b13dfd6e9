"""Security headers of every answer, and a strict content security policy without inline code."""

from __future__ import annotations

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from agent_desk.web.access import Handler, is_static

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "media-src 'self' blob: mediastream:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), speaker-selection=(self), camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=31536000"


def is_https(request: web.Request, public_url: str) -> bool:
    """Whether the browser reaches us over TLS, directly or by the proxy named in `public_url`."""
    return request.secure or public_url.startswith("https://")


def security_headers(public_url: str) -> Middleware:
    """Middleware that adds the headers, also to errors; pages are never cached by proxies or disks."""

    @web.middleware
    async def add(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if not response.prepared:
            decorate(request, response, public_url)
        return response

    return add


def decorate(request: web.Request, response: web.StreamResponse, public_url: str) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if is_https(request, public_url):
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    # "no-cache" still lets the browser keep static files, but asks each time whether they changed.
    caching = "no-cache" if is_static(request) else "no-store"
    response.headers.setdefault(hdrs.CACHE_CONTROL, caching)
