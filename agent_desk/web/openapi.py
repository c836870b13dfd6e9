"""The API's document (OpenAPI 3.1), made of what the routes state: nothing is written twice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from aiohttp import hdrs, web
from pydantic import BaseModel, RootModel
from pydantic.json_schema import models_json_schema

from agent_desk.web.access import COOKIE, CSRF_FIELD, CSRF_HEADER, FORM, XLSX, Gives, Logs, Rule, allow, rule_of
from agent_desk.web.answers import answered
from agent_desk.web.errors import SAID, Problem
from agent_desk.web.inputs import Nothing
from agent_desk.web.limits import READS
from agent_desk.web.permissions import Permission

Schema = dict[str, Any]

DOCUMENT = web.AppKey("openapi", dict)
_VARIABLE = re.compile(r"\{(\w+)(?::((?:[^{}]|\{\d+,?\d*\})+))?\}")
_REFS = "#/components/schemas/{model}"

routes = web.RouteTableDef()


class ApiDocument(RootModel[dict[str, Any]]):
    """An OpenAPI 3.1 document."""


@routes.get("/api/openapi.json")
@allow(Permission.LOGGED_IN, changes=False, limit=READS, logs=Logs.NOTHING, gives=ApiDocument)
async def served(request: web.Request) -> web.StreamResponse:
    """This document."""
    return answered(ApiDocument(request.config_dict[DOCUMENT]))


def document(stated: Iterable[web.RouteDef], version: str) -> Schema:
    """The document of these routes; routes that state nothing are closed and left out."""
    rules = [(route, rule) for route in stated if (rule := rule_of(route.handler)) is not None]
    models: list[Any] = [(Problem, "serialization")]
    for _, rule in rules:
        models += [(model, "validation") for model in (rule.asks, rule.takes) if model is not Nothing]
        if not isinstance(rule.gives, Gives):
            models.append((rule.gives, "serialization"))
    names, schemas = models_json_schema(list(dict.fromkeys(models)), ref_template=_REFS)
    paths: dict[str, Schema] = {}
    for route, rule in rules:
        path, variables = _path(route.path)
        operation = _operation(route, rule, variables, names, path)
        paths.setdefault(path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hotline 12345",
            "version": version,
            "description": "Everything the pages do. Errors are problem+json (RFC 9457) with Chinese sentences.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": COOKIE}},
        },
    }


def _path(path: str) -> tuple[str, list[Schema]]:
    """aiohttp's path in OpenAPI's way, and its variables."""
    variables = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{pattern}$"}
            if pattern
            else {"type": "string", "minLength": 1},
        }
        for name, pattern in _VARIABLE.findall(path)
    ]
    return _VARIABLE.sub(r"{\1}", path), variables


def _operation(route: web.RouteDef, rule: Rule, variables: list[Schema], names: Any, path: str) -> Schema:
    parameters = [*variables, *_query(rule)]
    if rule.changes:
        header = {"name": CSRF_HEADER, "in": "header", "schema": {"type": "string"}}
        parameters.append(header | {"description": "The log-in's token; pages may send it as a field instead."})
    said = (route.handler.__doc__ or "").strip()
    operation: Schema = {
        "operationId": _name(route.method, path),
        "summary": said.partition("\n")[0],
        "parameters": parameters,
        "responses": _responses(rule, names, path, bool(variables)),
        "x-permissions": sorted(rule.permissions),
        "x-logs": rule.logs.value,
        "x-limit": {"burst": rule.limit.burst, "per_minute": rule.limit.per_minute},
    }
    if "\n" in said:
        operation["description"] = said
    if rule.permissions:
        operation["security"] = [{"session": []}]
    if rule.changes:
        operation["requestBody"] = _body(rule, names, path)
    return operation


def _name(method: str, path: str) -> str:
    return re.sub(r"\W+", "_", f"{method.lower()} {path.strip('/') or 'start'}").strip("_")


def _query(rule: Rule) -> list[Schema]:
    return [
        {"name": name, "in": "query", "schema": schema}
        for name, schema in rule.asks.model_json_schema(ref_template=_REFS).get("properties", {}).items()
    ]


def _body(rule: Rule, names: Any, path: str) -> Schema:
    schema: Schema = {"type": "object", "additionalProperties": False}
    if rule.takes is not Nothing:
        schema = names[(rule.takes, "validation")]
    if path.startswith("/api/"):
        return {"required": rule.takes is not Nothing, "content": {"application/json": {"schema": schema}}}
    fields = rule.takes.model_json_schema(ref_template=_REFS).get("properties", {})
    form = {
        "type": "object",
        "additionalProperties": False,
        "properties": {**fields, CSRF_FIELD: {"type": "string"}},
    }
    return {"required": rule.takes is not Nothing, "content": {FORM: {"schema": form}}}


def _responses(rule: Rule, names: Any, path: str, variable: bool) -> Schema:
    api = path.startswith(("/api/", "/ws/"))
    statuses = {400, 403, 413, 429, 500, 503} | ({401} if api else set())
    if variable:
        statuses.add(404)
    if rule.changes:
        statuses |= {401, 404, 409, 415, 422}
    if rule.asks is not Nothing or not api:
        statuses |= {404, 422}
    error = {"$ref": _REFS.format(model="Problem")}
    content = {"application/problem+json": {"schema": error}} if api else _html()
    found: Schema = {
        str(status): {"description": SAID.get(status, ("系统出错", ""))[0], "content": content}
        for status in statuses
    }
    retry = {hdrs.RETRY_AFTER: {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    found["429"] = found["429"] | {"headers": retry}
    match rule.gives:
        case Gives.PAGE:
            found["200"] = {"description": "The page.", "content": _html()}
            found["303"] = {"description": "Go on there.", "headers": {"Location": {"schema": {"type": "string"}}}}
        case Gives.SOUND:
            sound = {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}
            found["200"] = {"description": "The sound.", "content": sound}
            found["206"] = {"description": "The part asked for.", "content": sound}
            found["416"] = {"description": "There is no such part."}
            found["303"] = {"description": "Log in first."}
        case Gives.SHEET:
            sheet = {XLSX: {"schema": {"type": "string", "format": "binary"}}}
            found["200"] = {"description": "The table.", "content": sheet}
            found["303"] = {"description": "Log in first."}
        case Gives.SOCKET:
            found["101"] = {"description": "A WebSocket."}
        case model:
            assert issubclass(model, BaseModel)
            schema = names[(model, "serialization")]
            found["200"] = {"description": "Done.", "content": {"application/json": {"schema": schema}}}
    return dict(sorted(found.items()))


def _html() -> Schema:
    return {"text/html": {"schema": {"type": "string"}}}
