"""Queues over REST, who waits in them, and how they are taken out.

https://www.twilio.com/docs/voice/api/queue-resource and
https://www.twilio.com/docs/voice/api/member-resource
"""

from __future__ import annotations

from functools import partial

from twirec.sandbox.exchange import Exchange
from twirec.sandbox.paging import KEYS, page
from twirec.sandbox.resources import API_VERSION, Json, rfc2822
from twirec.sandbox.rest_orders import method
from twirec.sandbox.rooms import Queue
from twirec.sandbox.script import Next
from twirec.sandbox.state import Account
from twirec.sandbox.waiting import Waiting
from twirec.sandbox.web import (
    BAD_REQUEST,
    CONFLICT,
    Answer,
    Refused,
    Request,
    json_answer,
    known_params,
    not_found,
)

FRONT = "Front"
"""The name of whoever has waited longest."""

_DEFAULT = 100


class QueueHandlers:
    """Answers requests about queues."""

    def __init__(self, account: Account, exchange: Exchange) -> None:
        self._path = f"/{API_VERSION}/Accounts/{account.sid}/Queues"
        self._account = account
        self._exchange = exchange
        self._rooms = exchange.rooms

    def list(self, request: Request) -> Answer:
        """List queues, the newest first."""
        known_params(request.params, KEYS)
        queues = self._rooms.queues()
        return json_answer(page(request, "queues", queues, lambda queue: True, self._json))

    def create(self, request: Request) -> Answer:
        """Make a queue in which nobody waits yet."""
        known_params(request.form, {"FriendlyName"})
        name = request.form.get("FriendlyName", "")
        if not name:
            raise Refused(400, BAD_REQUEST, "FriendlyName must be given")
        if self._rooms.queue(name):
            raise Refused(409, CONFLICT, "There is a queue of that name already")
        made = self._rooms.make_queue(name, self._exchange.now())
        return json_answer(self._json(made), 201)

    def fetch(self, request: Request, sid: str) -> Answer:
        """Return a queue."""
        return json_answer(self._json(self._find(request, sid)))

    def members(self, request: Request, sid: str) -> Answer:
        """List who waits, who is next first."""
        known_params(request.params, KEYS)
        queue = self._find(request, sid)
        with self._rooms.lock:
            waiting = list(queue.waiting)
        to_json = partial(self._member_json, queue)
        return json_answer(
            page(request, "queue_members", waiting, lambda one: True, to_json, in_turn=True)
        )

    def member(self, request: Request, sid: str, call_sid: str) -> Answer:
        """Return somebody who waits, by the SID of their leg, or as `Front`."""
        queue = self._find(request, sid)
        return json_answer(self._member_json(queue, self._waiting(request, queue, call_sid)))

    def dequeue(self, request: Request, sid: str, call_sid: str) -> Answer:
        """Take somebody out of the queue, and let them go on with another document."""
        form = request.form
        known_params(form, {"Url", "Method"})
        if not form.get("Url"):
            raise Refused(400, BAD_REQUEST, "Url must be given")
        queue = self._find(request, sid)
        with self._rooms.lock:
            waiting = self._waiting(request, queue, call_sid)
            shown = self._member_json(queue, waiting)
            if waiting.stage.call.remote:
                waiting.stage.call.remote.turn(Next(form["Url"], method(form, "Method")))
        return json_answer(shown)

    def _find(self, request: Request, sid: str) -> Queue:
        for queue in self._rooms.queues():
            if queue.sid == sid:
                return queue
        raise not_found(request.path)

    def _waiting(self, request: Request, queue: Queue, sid: str) -> Waiting:
        with self._rooms.lock:
            for place, waiting in enumerate(queue.waiting):
                if sid == waiting.sid or (sid == FRONT and place == 0):
                    return waiting
        raise not_found(request.path)

    def _json(self, queue: Queue) -> Json:
        with self._rooms.lock:
            times = [waiting.queue_time for waiting in queue.waiting]
        return {
            "account_sid": self._account.sid,
            "average_wait_time": sum(times) // len(times) if times else 0,
            "current_size": len(times),
            "date_created": rfc2822(queue.created),
            "date_updated": rfc2822(queue.created),
            "friendly_name": queue.name,
            "max_size": _DEFAULT,
            "sid": queue.sid,
            "uri": f"{self._path}/{queue.sid}.json",
        }

    def _member_json(self, queue: Queue, waiting: Waiting) -> Json:
        with self._rooms.lock:
            there = waiting in queue.waiting
            position = queue.waiting.index(waiting) + 1 if there else 1
        return {
            "call_sid": waiting.sid,
            "date_enqueued": rfc2822(waiting.created),
            "position": position,
            "queue_sid": queue.sid,
            "uri": f"{self._path}/{queue.sid}/Members/{waiting.sid}.json",
            "wait_time": waiting.queue_time,
        }
