"""What each kind of request does, and which kind a request is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.strict_gcs.faults import Fault, Kind
from tests.strict_gcs.rules import ApiError, Resource, byte_range, invalid
from tests.strict_gcs.store import Store, Version
from tests.strict_gcs.uploads import BLOCK, Uploads

PARAMETERS = {
    "alt",
    "delimiter",
    "generation",
    "ifGenerationMatch",
    "ifMetagenerationMatch",
    "maxResults",
    "name",
    "pageToken",
    "permissions",
    "prefix",
    "prettyPrint",
    "project",
    "projection",
    "softDeleted",
    "uploadType",
    "upload_id",
    "versions",
}
OBJECT = re.compile(r"(?:/download)?/storage/v1/b/([^/]+)/o/(.+)")
OBJECTS = re.compile(r"/storage/v1/b/([^/]+)/o")
UPLOAD = re.compile(r"/upload/storage/v1/b/([^/]+)/o")
PERMISSIONS = re.compile(r"/storage/v1/b/([^/]+)/iam/testPermissions")
BUCKET = re.compile(r"/storage/v1/b(?:/([^/]+))?")


@dataclass(frozen=True)
class Api:
    """What handlers work on."""

    url: str
    store: Store
    uploads: Uploads


@dataclass(frozen=True)
class Call:
    """A request in parts: what it is about, its parameters, and the file with its body."""

    kind: Kind
    bucket: str
    name: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Path
    fault: Fault


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes | Iterator[bytes] = b""


def _multipart(api: Api, call: Call) -> Answer:
    kind = call.headers.get("Content-Type", "")
    return _resource(call, api.uploads.multipart(call.bucket, call.query, kind, call.body))


def _begin(api: Api, call: Call) -> Answer:
    key = api.uploads.begin(call.bucket, call.query, _read_json(call), call.headers)
    query = f"uploadType=resumable&upload_id={key}"
    return Answer(200, {"Location": f"{api.url}/upload/storage/v1/b/{call.bucket}/o?{query}"})


def _take(api: Api, call: Call) -> Answer:
    length = call.body.stat().st_size
    with call.body.open("rb") as body:
        key = call.query["upload_id"]
        progress = api.uploads.take(key, call.headers, body, length, call.fault.keep)
    if progress.resource is not None:
        return _resource(call, progress.resource)
    return Answer(308, {"Range": f"bytes=0-{progress.kept - 1}"} if progress.kept else {})


def _cancel(api: Api, call: Call) -> Answer:
    api.uploads.cancel(call.query["upload_id"])
    return Answer(499, {})


def _stat(api: Api, call: Call) -> Answer:
    return _resource(call, api.store.get(call.bucket, call.name, call.query).resource)


def _patch(api: Api, call: Call) -> Answer:
    return _resource(call, api.store.patch(call.bucket, call.name, call.query, _read_json(call)))


def _delete(api: Api, call: Call) -> Answer:
    api.store.delete(call.bucket, call.name, call.query)
    return Answer(204, {})


def _media(api: Api, call: Call) -> Answer:
    """https://cloud.google.com/storage/docs/json_api/v1/objects/get with `alt=media`."""
    found = api.store.get(call.bucket, call.name, call.query)
    size = int(found.resource["size"])
    span = byte_range(call.headers.get("Range"), size)
    start, end = span or (0, size)
    if call.fault.media == "page":
        return Answer(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>proxy</html>")
    if call.fault.media == "whole":
        span, start, end = None, 0, size
    elif call.fault.media is not None:
        end = start if call.fault.media == "empty" else start + (end - start) // 2
    headers = {
        "Content-Type": found.resource["contentType"],
        "Content-Length": str(end - start),
        "X-Goog-Generation": found.resource["generation"],
        "X-Goog-Hash": f"crc32c={found.resource['crc32c']},md5={found.resource['md5Hash']}",
    }
    if span:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Answer(206 if span else 200, headers, _bytes_of(found, start, end))


def _list(api: Api, call: Call) -> Answer:
    """https://cloud.google.com/storage/docs/json_api/v1/objects/list: pages of at most 1000."""
    found, prefixes = _in_folders(api.store.list(call.bucket, call.query), call.query)
    start = int(call.query.get("pageToken", 0))
    end = start + min(int(call.query.get("maxResults", 1000)), 1000)
    page: Resource = {"kind": "storage#objects", "items": found[start:end]}
    if prefixes:
        page["prefixes"] = prefixes
    if end < len(found):
        page["nextPageToken"] = str(end)
    return json_answer(200, page)


def _in_folders(
    found: list[Resource], query: Mapping[str, str]
) -> tuple[list[Resource], list[str]]:
    """With `delimiter`, names that have it behind the prefix are told as prefixes, each once."""
    delimiter = query.get("delimiter", "")
    if not delimiter:
        return found, []
    above = len(query.get("prefix", ""))
    items: list[Resource] = []
    prefixes: dict[str, None] = {}
    for resource in found:
        top, at, _ = resource["name"][above:].partition(delimiter)
        if at:
            prefixes[resource["name"][:above] + top + at] = None
        else:
            items.append(resource)
    return items, list(prefixes)


def _bucket(api: Api, call: Call) -> Answer:
    """https://cloud.google.com/storage/docs/json_api/v1/buckets: get, insert, patch."""
    if not call.bucket:
        settings = _read_json(call)
        return json_answer(200, api.store.create_bucket(settings["name"], settings))
    api.store.check_permission("storage.buckets.get")
    if call.body.stat().st_size:
        return json_answer(200, api.store.patch_bucket(call.bucket, _read_json(call)))
    return json_answer(200, api.store.bucket(call.bucket))


def _permissions(api: Api, call: Call) -> Answer:
    """https://cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions."""
    api.store.bucket(call.bucket)
    asked = call.query.get("permissions", "").split(",")
    held = [permission for permission in asked if permission in api.store.permissions]
    answer = {"kind": "storage#testIamPermissionsResponse", "permissions": held}
    return json_answer(200, answer if held else {"kind": answer["kind"]})


def answer(api: Api, call: Call) -> Answer:
    """Do what the request asks for."""
    try:
        return HANDLERS[call.kind](api, call)
    except ApiError as error:
        return json_answer(error.status, error.body)


HANDLERS: Mapping[Kind, Callable[[Api, Call], Answer]] = {
    "multipart": _multipart,
    "begin": _begin,
    "chunk": _take,
    "final": _take,
    "status": _take,
    "cancel": _cancel,
    "stat": _stat,
    "media": _media,
    "patch": _patch,
    "list": _list,
    "delete": _delete,
    "bucket": _bucket,
    "permissions": _permissions,
}


def route(method: str, path: str, query: Mapping[str, str], span: str) -> tuple[Kind, str, str]:
    """Tell what a request is, its bucket and its object; `span` is its `Content-Range`."""
    if match := UPLOAD.fullmatch(path):
        kinds: dict[tuple[str, bool], Kind] = {
            ("POST", False): "multipart" if query.get("uploadType") == "multipart" else "begin",
            ("PUT", True): _kind_of_put(span),
            ("DELETE", True): "cancel",
        }
        kind = kinds.get((method, "upload_id" in query))
    elif match := OBJECT.fullmatch(path):
        get: Kind = "media" if query.get("alt") == "media" else "stat"
        kind = {"GET": get, "PATCH": "patch", "DELETE": "delete"}.get(method)
    elif match := OBJECTS.fullmatch(path):
        kind = "list" if method == "GET" else None
    elif match := PERMISSIONS.fullmatch(path):
        kind = "permissions" if method == "GET" else None
    elif match := BUCKET.fullmatch(path):
        kind = "bucket"
    else:
        kind = None
    if kind is None or match is None:
        raise ApiError(405, "methodNotAllowed", f"{method} {path} is not known here.")
    bucket, name = [*(part or "" for part in match.groups()), ""][:2]
    return kind, unquote(bucket), unquote(name)


def _kind_of_put(span: str) -> Kind:
    if span.startswith("bytes */"):
        return "status" if span == "bytes */*" else "final"
    return "chunk" if span.endswith("/*") else "final"


def json_answer(status: int, body: object) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(body).encode())


def _resource(call: Call, resource: Resource) -> Answer:
    told = {**resource, **call.fault.answer}
    return json_answer(200, {key: value for key, value in told.items() if value is not None})


def fault_answer(fault: Fault) -> Answer:
    assert fault.status is not None
    reason = {412: "conditionNotMet"}.get(fault.status, "fault")
    answer = json_answer(fault.status, ApiError(fault.status, reason, "A fault on demand.").body)
    if fault.retry_after is None:
        return answer
    return Answer(
        answer.status, {**answer.headers, "Retry-After": str(fault.retry_after)}, answer.body
    )


def _read_json(call: Call) -> dict[str, Any]:
    try:
        found = json.loads(call.body.read_bytes() or b"{}")
    except ValueError:
        raise invalid("Parse Error") from None
    assert isinstance(found, dict)
    return found


def _bytes_of(version: Version, start: int, end: int) -> Iterator[bytes]:
    with version.data.open("rb") as file:
        file.seek(start)
        while start < end:
            block = file.read(min(BLOCK, end - start))
            start += len(block)
            yield block
