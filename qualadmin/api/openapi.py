"""The OpenAPI 3.1 document, made from the list of operations."""

from collections.abc import Iterable
from typing import Any, Final

from .answers import Code
from .operation import Operation, Repeats

REFUSALS: Final = {
    "400": "The body or a parameter cannot be understood; details names the parameters.",
    "401": "No access token, or one that does not work.",
    "403": "The role or the token’s scope does not allow it, or a second person must approve it.",
    "404": "There is no such thing, or it is not yours to see.",
    "405": "Not a POST.",
    "406": "Accept does not allow JSON.",
    "409": "It is so already, the account is switched off, or the key was used for something else.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "What is asked for cannot be; details names the parameters.",
    "429": "Too many requests; Retry-After says when to go on.",
    "500": "A fault of ours.",
    "503": "The database does not answer, or the service was restored and not opened again.",
}


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "qualadmin",
            "version": "1",
            "description": "Grant, change and revoke Amazon Mechanical Turk qualifications, with an audit log.",
        },
        "security": [{"token": []}],
        "paths": {f"/api/v1/{one.name}": {"post": _operation(one)} for one in operations},
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An access token of your page.",
                }
            },
            "schemas": {"Refusal": _REFUSAL},
        },
    }


def _operation(one: Operation) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "object",
        "properties": {part.name: part.described for part in one.parameters},
        "additionalProperties": False,
    }
    if required := [part.name for part in one.parameters if part.required]:
        body["required"] = required
    described: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.about.split(". ")[0].rstrip(".") + ".",
        "description": f"{one.about} Needs a token with the scope {one.scope.value}.",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "202" if one.accepted else "200": _json(_success(one), "Accepted." if one.accepted else "As asked."),
            **{status: _json({"$ref": "#/components/schemas/Refusal"}, text) for status, text in REFUSALS.items()},
        },
    }
    if one.repeats is not Repeats.READS:
        described["parameters"] = [_KEY]
    return described


def _success(one: Operation) -> dict[str, Any]:
    properties: dict[str, Any] = {"success": {"const": True}, "data": one.data}
    if one.is_list:
        properties |= {"data": {"type": "array", "items": one.data}, "next": {"type": ["string", "null"]}}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _json(schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key again: the same answer, and nothing is done twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_REFUSAL: Final = {
    "type": "object",
    "properties": {
        "success": {"const": False},
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string", "enum": [code.value for code in Code]},
                "message": {"type": "string"},
                "details": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
            },
            "required": ["code", "message"],
            "additionalProperties": False,
        },
    },
    "required": ["success", "error"],
    "additionalProperties": False,
}
