"""A small door for people: place calls against a sandbox that runs as a server.

All bodies are JSON, and access is by HTTP Basic as for the REST API.

`POST /sandbox/numbers` with `number`, `voice_url` and, if wanted, `fallback_url` and
`status_callback` gives the account a number.

`POST /sandbox/calls` with `from`, `to` and, if wanted, `caller`, `callee` and `faults` calls it.
A party has the fields of `Party`, each of its lines `sound` (a spoken line's name), `at` and
`words`, each of what it `reacts` with the fields of `Reaction`; faults have the fields of `Faults`.

`GET /sandbox/calls/{sid}` tells how the call goes. `POST` there, with `press` (keys), `say` (a
spoken line's name) or `hang_up` (true), lets the caller act now.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from twirec.sandbox.exchange import Exchange
from twirec.sandbox.faults import Faults
from twirec.sandbox.parties import Line, Party, Reaction
from twirec.sandbox.state import Account, Call, Number
from twirec.sandbox.web import BAD_REQUEST, Answer, Refused, Request, json_answer, not_found

PREFIX = "/sandbox/"
"""What the addresses of this door begin with."""


class Control:
    """Answers requests to the door."""

    def __init__(self, account: Account, exchange: Exchange) -> None:
        self._account = account
        self._exchange = exchange

    def answer(self, request: Request) -> Answer:
        """Answer a request.

        Raises:
            Refused: 400 for a body that cannot be understood, 404 for what is not there.
        """
        try:
            return self._answer(request)
        except (ValueError, TypeError, KeyError) as error:
            raise Refused(400, BAD_REQUEST, f"This cannot be understood: {error}") from error

    def _answer(self, request: Request) -> Answer:
        if (request.method, request.path) == ("POST", f"{PREFIX}numbers"):
            number = Number(**json.loads(request.body))
            self._account.numbers[number.number] = number
            return json_answer({"number": number.number}, 201)
        if (request.method, request.path) == ("POST", f"{PREFIX}calls"):
            return json_answer(_summary(self._place(json.loads(request.body))), 201)
        match = re.fullmatch(rf"{PREFIX}calls/(CA\w+)", request.path)
        call = self._account.call(match[1]) if match and request.method in {"GET", "POST"} else None
        if call is None:
            raise not_found(request.path)
        if request.method == "POST":
            _act(call, json.loads(request.body))
        return json_answer(_summary(call))

    def _place(self, body: dict[str, Any]) -> Call:
        if unknown := set(body) - {"from", "to", "caller", "callee", "faults"}:
            raise ValueError(f"unknown fields {', '.join(sorted(unknown))}")
        callee, faults = body.get("callee"), body.get("faults")
        return self._exchange.call_in(
            body["from"],
            body["to"],
            _party(body.get("caller", {})),
            None if callee is None else _party(callee),
            None if faults is None else Faults(**faults),
        )


def _act(call: Call, wanted: dict[str, Any]) -> None:
    if unknown := set(wanted) - {"press", "say", "hang_up"}:
        raise ValueError(f"unknown fields {', '.join(sorted(unknown))}")
    if wanted.get("press"):
        call.press(wanted["press"])
    if wanted.get("say"):
        call.say(wanted["say"])
    if wanted.get("hang_up"):
        call.hang_up()


def _party(fields: Mapping[str, Any]) -> Party:
    says = tuple(
        Line(str(line["sound"]), float(line.get("at", 0)), str(line.get("words", "")))
        for line in fields.get("says", ())
    )
    reacts = tuple(Reaction(**each) for each in fields.get("reacts", ()))
    keys = tuple((float(second), str(key)) for second, key in fields.get("keys", ()))
    return Party(**{**fields, "says": says, "keys": keys, "reacts": reacts})


def _summary(call: Call) -> dict[str, object]:
    return {
        "sid": call.sid,
        "status": call.status,
        "done": call.done.is_set(),
        "duration": call.duration,
        "recordings": [
            {"sid": recording.sid, "status": recording.status} for recording in call.recordings
        ],
        "log": [
            {"second": entry.second, "what": entry.what, "text": entry.text, "code": entry.code}
            for entry in call.log
        ],
    }
