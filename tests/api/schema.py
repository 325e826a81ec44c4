"""Holds answers against the OpenAPI document. It knows the words of JSON Schema that this one uses."""

import re
from typing import Any

from qualadmin.api.openapi import document
from qualadmin.api.urls import OPERATIONS

DOCUMENT = document(OPERATIONS)
_TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
KNOWN = {
    "type", "properties", "required", "additionalProperties", "items", "enum", "const", "format", "$ref",
    "pattern", "description", "default", "minimum", "maximum", "minLength", "maxLength",
    "minItems", "maxItems", "minProperties", "maxProperties", "contentEncoding",
}  # fmt: skip


def answer_conforms(operation: str, status: int, body: Any) -> list[str]:
    """What is wrong with an answer, as sentences."""
    responses = DOCUMENT["paths"][f"/api/v1/{operation}"]["post"]["responses"]
    if str(status) not in responses:
        return [f"{status} is not in the document"]
    return faults(body, responses[str(status)]["content"]["application/json"]["schema"])


def faults(value: Any, schema: Any, at: str = "$") -> list[str]:
    unknown = set(schema) - KNOWN
    assert not unknown, f"the document uses {unknown}, which this does not check"
    if "$ref" in schema:
        return faults(value, DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]], at)
    found = []
    if "const" in schema and value is not schema["const"]:
        found.append(f"{at} is {value!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at} is {value!r}, none of {schema['enum']}")
    if "type" in schema and not _is(value, schema["type"]):
        return [*found, f"{at} is no {schema['type']}: {value!r}"]
    if isinstance(value, str) and schema.get("format") == "date-time" and not _TIME.fullmatch(value):
        found.append(f"{at} is no time: {value}")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        found.append(f"{at} does not match: {value}")
    found += _length_faults(value, schema, at)
    if isinstance(value, list):
        found += [
            fault for n, one in enumerate(value) for fault in faults(one, schema.get("items", {}), f"{at}[{n}]")
        ]
    if isinstance(value, dict):
        found += _object_faults(value, schema, at)
    return found


_LENGTHS = {
    str: ("minLength", "maxLength"),
    list: ("minItems", "maxItems"),
    dict: ("minProperties", "maxProperties"),
}


def _length_faults(value: Any, schema: Any, at: str) -> list[str]:
    low, high = _LENGTHS.get(type(value), ("", ""))
    if not low or schema.get(low, 0) <= len(value) <= schema.get(high, len(value)):
        return []
    return [f"{at} has {len(value)} of something"]


def _is(value: Any, names: Any) -> bool:
    wanted = [names] if isinstance(names, str) else names
    if isinstance(value, bool):
        return "boolean" in wanted
    return any(isinstance(value, _TYPES[name]) for name in wanted)


def _object_faults(value: dict[str, Any], schema: Any, at: str) -> list[str]:
    properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    found = [f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value]
    for name, one in value.items():
        if name in properties:
            found += faults(one, properties[name], f"{at}.{name}")
        elif more is False:
            found.append(f"{at}.{name} is not in the document")
        elif isinstance(more, dict):
            found += faults(one, more, f"{at}.{name}")
    return found
