"""Compares what the sandbox accepts and answers with Twilio's own description of its API.

`twilio-api.json` is the needed part of https://github.com/twilio/twilio-oai, and says which: paths,
parameters, fields, types and words. What the sandbox accepted must be described there, and so must
all of what it answered, field by field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from twirec.sandbox.rest import RestApi
from twirec.sandbox.web import Answer, Request

FILE = Path(__file__).with_name("twilio-api.json")

ELSEWHERE = re.compile(
    # Described in other files than the one of the 2010 API, or not in our part of it.
    r"/v[12]/.*|/2010-04-01/Accounts/\w+/(Applications|SIP/Domains)\.json"
)
MEDIA = re.compile(r"/2010-04-01/Accounts/\w+/Recordings/\w+(\.wav|\.mp3)?")
_MOST = 3  # of a list: all are made by the same function
_FORMATS = {
    "date-time-rfc-2822": r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000",
    "date-time": r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?",
    "phone-number": r"\+\d{6,15}",
    "http-method": "GET|POST",
    "currency": "[A-Z]{3}",
}
_NEVER_SAID = {
    # A conference that goes on has not ended for any reason.
    "reason_conference_ended"
}


@dataclass(frozen=True)
class Description:
    """A description of an API in the form of OpenAPI."""

    paths: tuple[tuple[re.Pattern[str], Mapping[str, Any]], ...]
    schemas: Mapping[str, Mapping[str, Any]]

    def problems(self, request: Request, answer: Answer) -> list[str]:
        """Return what of an accepted request, and of its answer, is not as described."""
        if not 200 <= answer.status < 300 or MEDIA.fullmatch(request.path):
            return []
        operation = self._operation(request)
        if operation is None:
            missed = ELSEWHERE.fullmatch(request.path) is None
            return [f"{request.method} {request.path} is not described"] if missed else []
        found = [*self._request(operation, request), *self._answer(operation, answer)]
        return [f"{request.method} {request.path}: {each}" for each in found]

    def _operation(self, request: Request) -> Mapping[str, Any] | None:
        for pattern, operations in self.paths:
            if pattern.fullmatch(request.path):
                operation: Mapping[str, Any] | None = operations.get(request.method.lower())
                return operation
        return None

    def _request(self, operation: Mapping[str, Any], request: Request) -> Iterator[str]:
        asked = {
            each["name"]: each["schema"]
            for each in operation.get("parameters", ())
            if each["in"] == "query"
        }
        content = operation.get("requestBody", {}).get("content", {})
        fields = content.get("application/x-www-form-urlencoded", {}).get("schema", {})
        for given, known in ((request.params, asked), (request.form, fields.get("properties", {}))):
            for name, value in given.items():
                if name not in known:
                    yield f"{name} is no parameter"
                else:
                    yield from self._text(value, known[name], name)

    def _answer(self, operation: Mapping[str, Any], answer: Answer) -> Iterator[str]:
        described = operation["responses"].get(str(answer.status))
        if described is None:
            yield f"{answer.status} is not described"
        elif "content" in described and answer.content_type.startswith("application/json"):
            body = json.loads(b"".join(answer.body))
            yield from self._value(body, described["content"]["application/json"]["schema"], "")

    def _text(self, value: str, schema: Mapping[str, Any], name: str) -> Iterator[str]:
        """Check a parameter, which is text whatever it means."""
        schema = self._resolved(schema)
        if schema.get("type") == "array":
            for word in value.split():
                yield from self._text(word, schema["items"], name)
        elif schema.get("type") == "boolean":
            yield from _unlike("true|false", value.lower(), name)
        elif schema.get("type") == "integer":
            yield from _unlike(r"\d+", value, name)
        elif value:
            yield from self._value(value, {**schema, "type": "string"}, name)

    def _value(self, value: Any, schema: Mapping[str, Any], name: str) -> Iterator[str]:
        nullable = "$ref" not in schema and (schema.get("nullable") or "type" not in schema)
        schema = self._resolved(schema)
        if value is None:
            if not nullable and name.rpartition(".")[2] not in _NEVER_SAID:
                yield f"{name} is null"
        elif not _KINDS[schema.get("type", "")](value):
            yield f"{name} is {value!r}, not of type {schema['type']}"
        elif isinstance(value, dict):
            yield from self._object(value, schema, name)
        elif isinstance(value, list):
            for one in value[:_MOST]:
                yield from self._value(one, schema.get("items", {}), f"{name}[]")
        elif isinstance(value, str) and value:
            if value not in schema.get("enum", (value,)):
                yield f"{name} is {value!r}, none of {schema['enum']}"
            yield from _unlike(schema.get("pattern", ""), value, name)
            yield from _unlike(_FORMATS.get(schema.get("format", ""), ""), value, name)

    def _object(
        self, value: Mapping[str, Any], schema: Mapping[str, Any], name: str
    ) -> Iterator[str]:
        known = schema.get("properties")
        if known is None or schema.get("format") == "phone-number-capabilities":
            return
        if missing := sorted(set(known) - set(value)):
            yield f"{name or 'the answer'} lacks {', '.join(missing)}"
        for field, one in value.items():
            if field not in known:
                yield f"{name}.{field} is no field"
            else:
                yield from self._value(one, known[field], f"{name}.{field}".lstrip("."))

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = schema.get("$ref")
        return self.schemas[reference.rpartition("/")[2]] if reference else schema


_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "": lambda value: True,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}


def _unlike(pattern: str, value: str, name: str) -> Iterator[str]:
    if pattern and not re.fullmatch(pattern.strip("^$"), value):
        yield f"{name} is {value!r}, not like {pattern}"


@cache
def description() -> Description:
    """Return Twilio's, read once."""
    read = json.loads(FILE.read_text(encoding="utf-8"))
    paths = tuple(
        (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))), operations)
        # An address without braces before one with them that looks like it.
        for template, operations in sorted(
            read["paths"].items(), key=lambda each: each[0].count("{")
        )
    )
    return Description(paths, read["components"]["schemas"])


def watch(found: list[str]) -> Callable[[RestApi, Request], Answer]:
    """Return what answers as `RestApi.answer` does, and puts into `found` what is not described."""
    answer = RestApi.answer

    def watched(api: RestApi, request: Request) -> Answer:
        answered = answer(api, request)
        found.extend(description().problems(request, answered))
        return answered

    return watched
