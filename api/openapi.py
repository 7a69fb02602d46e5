"""The OpenAPI 3.1 document, made from the route table and the very types that decode and encode."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final, cast

import msgspec
from aiohttp import web

from api.asking import Route
from api.examples import EXAMPLES
from api.paths import PATH_TYPES
from api.problems import MEDIA_TYPE, ProblemView
from api.reading import HEADERS

_REF: Final = "#/components/schemas/{name}"
_PARAMETER: Final = re.compile(r"\{([a-z]+)\}")
Json = dict[str, Any]


class Described:
    """The document of some routes, made when somebody first asks for it: it takes as long as half of a start."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = tuple(routes)

    @cached_property
    def text(self) -> bytes:
        """The document as JSON."""
        return document(self._routes)


DOCUMENT: Final = web.AppKey("document", Described)


def document(routes: Iterable[Route]) -> bytes:
    """Return the document of these routes, as JSON."""
    table = [route for route in routes if route.path.startswith("/v1/") or not route.roles]
    schemas = _Schemas.of(table)
    paths: Json = {}
    for route in table:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Forewarn",
                "version": version("forewarn"),
                "summary": "Warns the users whose data the next upgrade would harm, before they install it.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "paths": paths,
            "components": {
                "schemas": schemas.components,
                "responses": {"Problem": _problem_response(schemas)},
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


class _Schemas:
    """The schema of each type of the table, those that have a name in one place."""

    def __init__(self, components: Json, by_type: Mapping[Any, Json]) -> None:
        self.components = components
        self._by_type = by_type

    @classmethod
    def of(cls, routes: Iterable[Route]) -> _Schemas:
        types = [*_types(routes), ProblemView]
        schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
        return cls(components, dict(zip(types, schemas, strict=True)))

    def __getitem__(self, wanted: object) -> Json:
        return self._by_type[wanted]


def _types(routes: Iterable[Route]) -> list[Any]:
    wanted = {route.body for route in routes}
    wanted |= {answer for route in routes for answer in route.answers.values()}
    return sorted(wanted - {None}, key=repr)


def _operation(route: Route, schemas: _Schemas) -> Json:
    operation: Json = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.path.split("/")[2] if route.path.startswith("/v1/") else "service"],
        "parameters": [*_path(route), *_query(route), *_headers(route)],
        "responses": _responses(route, schemas),
    }
    if route.roles:
        operation["security"] = [{"key": []}]
        operation["x-roles"] = sorted(route.roles)
    if route.body is not None:
        media: Json = {"schema": schemas[route.body]}
        if route.body in EXAMPLES:
            media["example"] = EXAMPLES[route.body]
        operation["requestBody"] = {"required": True, "content": {"application/json": media}}
    if route.streams:
        operation["requestBody"] = {"required": True, "content": {media: {} for media in route.streams}}
    return operation


def _operation_id(route: Route) -> str:
    words = re.findall(r"[a-z]+", route.path.removeprefix("/v1"))
    return "_".join([route.method.lower(), *words])


def _path(route: Route) -> list[Json]:
    names = _PARAMETER.findall(route.path)
    schemas = {name: msgspec.json.schema(PATH_TYPES[name]) for name in names}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name, schema in schemas.items()]


def _query(route: Route) -> list[Json]:
    if route.query is None:
        return []
    # What a parameter refers to by name is among the components already, for some answer has it too.
    _, structs = msgspec.json.schema_components([route.query], ref_template=_REF)
    struct = structs[cast("type[object]", route.query).__name__]
    parameters: list[Json] = [
        {
            "name": name,
            "in": "query",
            "required": name in struct.get("required", ()),
            "schema": schema,
        }
        for name, schema in struct["properties"].items()
    ]
    return [*parameters, dict(route.loose_query)] if route.loose_query else parameters


def _headers(route: Route) -> list[Json]:
    sent = {
        "Idempotency-Key": (route.writes, "What is sent again with the same key within 24 hours is done once."),
        "Install-Token": (route.tokens, "A client app's own secret for its install: 128 random bits or more."),
    }
    return [_header(name, text) for name, (used, text) in sent.items() if used]


def _header(name: str, text: str) -> Json:
    least, most = HEADERS[name]
    schema = {"type": "string", "minLength": least, "maxLength": most, "pattern": "^[!-~]+$"}
    return {"name": name, "in": "header", "description": text, "schema": schema}


def _responses(route: Route, schemas: _Schemas) -> Json:
    responses: Json = {
        str(status): _response(status, answer, route, schemas) for status, answer in route.answers.items()
    }
    if route.cached:
        responses["304"] = {"description": "The client has it already."}
    problems = [400, 413, 422, 503]
    if route.roles:
        problems += [401, 403, 404]
    if route.body is not None or route.streams:
        problems += [408, 415]
    if route.method != "GET":
        problems += [409]
    for status in sorted(problems):
        responses[str(status)] = {"$ref": "#/components/responses/Problem"}
    return responses


def _response(status: int, answer: object, route: Route, schemas: _Schemas) -> Json:
    response: Json = {"description": HTTPStatus(status).phrase}
    if route.cached:
        response["headers"] = {"ETag": {"schema": {"type": "string"}}}
    if answer is not None:
        media = "text/plain" if answer is str else "application/json"
        response["content"] = {media: {"schema": schemas[answer]}}
        response["content"] |= {other: {"schema": {"type": "string"}} for other in route.also}
    return response


def _problem_response(schemas: _Schemas) -> Json:
    return {
        "description": "What went wrong, as RFC 9457 has it.",
        "content": {MEDIA_TYPE: {"schema": schemas[ProblemView]}},
    }
