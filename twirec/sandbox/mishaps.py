"""How a fault changes the answer to a REST request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from twirec.sandbox.faults import Fault, Faults
from twirec.sandbox.web import (
    BUSY,
    INTERNAL,
    TIMED_OUT,
    UNAVAILABLE,
    Answer,
    Refused,
    Request,
    not_found,
)


def answer_with(
    fault: Fault | None, faults: Faults, request: Request, handler: Callable[[Request], Answer]
) -> Answer:
    """Answer a request as the fault has it; None lets all go well.

    Raises:
        Refused: the fault, or the handler, refuses the request.
    """
    if refusal := _refusal(fault, faults, request):
        raise refusal
    if fault is Fault.XML_WITH_200:
        return not_found(request.path).xml(status=200)
    if fault is Fault.MONO:
        request = replace(request, query="RequestedChannels=1")
    answer = handler(request)
    if fault is Fault.TRUNCATED:
        return replace(answer, cut_at=answer.length // 2)
    if fault is Fault.WRONG_LENGTH:
        half = answer.length // 2
        return replace(answer, body=first_bytes(answer.body, half), length=half)
    return replace(answer, delay=faults.slow_seconds) if fault is Fault.SLOW else answer


def first_bytes(body: Iterable[bytes], count: int) -> Iterator[bytes]:
    """Yield the first `count` bytes of a body."""
    for chunk in body:
        yield chunk[:count]
        count -= len(chunk)
        if count <= 0:
            return


def _refusal(fault: Fault | None, faults: Faults, request: Request) -> Refused | None:
    if fault is Fault.NOT_FOUND:
        return not_found(request.path)
    if fault is Fault.BUSY:
        wait = {} if faults.retry_after is None else {"Retry-After": str(faults.retry_after)}
        return Refused(429, BUSY, "Too Many Requests", wait)
    if fault is Fault.ERROR:
        return Refused(500, INTERNAL, "An internal server error has occurred")
    if fault is Fault.UNAVAILABLE:
        return Refused(503, UNAVAILABLE, "Service unavailable")
    if fault is Fault.TIMED_OUT:
        return Refused(408, TIMED_OUT, "Request timed out")
    return None
