"""What every authorised request goes through: how often one may ask, and what query and body may hold."""

from __future__ import annotations

from typing import TypeVar

from aiohttp import web
from multidict import MultiMapping

from agent_desk.web import strict_json
from agent_desk.web.access import CSRF_FIELD, FORM, IDENTITY, Handler, is_api, is_static, posted, rule_of
from agent_desk.web.client_address import client_address, network_of
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import SHAPE, Faults, I, Input, Nothing, read
from agent_desk.web.limits import Limits
from agent_desk.web.services import services
from runtime.callid import is_call_id

LIMITS = web.AppKey("limits", Limits)
ASKED = web.RequestKey("asked", Input)
TOLD = web.RequestKey("told", Input)

T = TypeVar("T", bound=Input)


@web.middleware
async def bounded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse who asks too often, and a query or body that is not what the route states."""
    rule = rule_of(request.match_info.handler)
    if rule is None or is_static(request) or request.match_info.http_exception is not None:
        return await handler(request)
    who = request.get(IDENTITY)
    address = network_of(client_address(request, services(request).settings.trusted_proxies))
    wait = request.config_dict[LIMITS].take(rule.limit, f"user {who.user_id}" if who else address)
    if wait:
        raise Refused(f"操作太频繁，请 {wait} 秒后再试。", status=429, retry_after=wait)
    request[ASKED] = _read(rule.asks, _filled(request.query))
    if rule.changes:
        request[TOLD] = _read(rule.takes, await _body(request, rule.takes))
    return await handler(request)


def _read(model: type[I], values: dict[str, object]) -> I:
    try:
        return read(model, values)
    except Faults as faults:
        raise Refused(faults.message, status=400 if faults.shape else 422, fields=faults.fields) from None


def _filled(values: MultiMapping[str]) -> dict[str, object]:
    """A query's values, each once; a filter left empty is not given."""
    if len(set(values)) < len(values):
        raise Refused(SHAPE, status=400)
    return {name: value for name, value in values.items() if value != ""}


async def _body(request: web.Request, model: type[Input]) -> dict[str, object]:
    if not is_api(request):
        return await _form(request, model)
    if not request.can_read_body and model is Nothing:
        return {}
    if request.content_type != "application/json":
        raise Refused(SHAPE, status=415)
    try:
        body = strict_json.parse(await request.read())
    except strict_json.NotJson:
        raise Refused(SHAPE, status=400) from None
    if not isinstance(body, dict):
        raise Refused(SHAPE, status=400)
    return body


async def _form(request: web.Request, model: type[Input]) -> dict[str, object]:
    """A form's fields. What is left out or empty has the model's default."""
    if not request.can_read_body and model is Nothing:
        return {}
    if request.content_type != FORM:
        raise Refused(SHAPE, status=415)
    form = await posted(request)
    if len(set(form)) < len(form) or not all(isinstance(value, str) for value in form.values()):
        raise Refused(SHAPE, status=400)
    return {name: value for name, value in form.items() if name != CSRF_FIELD}


# -- for handlers ----------------------------------------------------------------------------------
def told(request: web.Request, model: type[T]) -> T:
    """The body that the route `takes`."""
    return _stated(request.get(TOLD), model)


def asked(request: web.Request, model: type[T]) -> T:
    """The query that the route `asks`."""
    return _stated(request.get(ASKED), model)


def _stated(value: Input | None, model: type[T]) -> T:
    if not isinstance(value, model):
        raise TypeError(f"the route does not state {model.__name__}")
    return value


def call_id_of(request: web.Request) -> str:
    """The call id in the path; anything else is "not found"."""
    call_id = request.match_info["call_id"]
    if not is_call_id(call_id):
        raise web.HTTPNotFound
    return call_id
