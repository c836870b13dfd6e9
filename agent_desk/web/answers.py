"""JSON answers: what a route gives is a model, so that the API's document and the answer are one thing."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import BaseModel

Rows = list[dict[str, Any]]


class Done(BaseModel):
    """It is done; `result` is what call control told."""

    ok: bool = True
    result: dict[str, Any] = {}


def answered(model: BaseModel) -> web.Response:
    """The model as JSON."""
    return web.Response(text=model.model_dump_json(), content_type="application/json")
