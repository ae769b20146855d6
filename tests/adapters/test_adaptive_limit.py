"""How the limit of requests under way follows what Twilio bears."""

from __future__ import annotations

import threading

import pytest
import responses

from tests.adapters.twilio_wire import ACCOUNT, MEDIA, SID
from twirec.adapters.adaptive_limit import AdaptiveLimit
from twirec.adapters.twilio_http import Credentials, TwilioHttp
from twirec.model.errors import VendorBusy


class Clock:
    """Seconds, which pass when somebody looks."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def began(limit: AdaptiveLimit) -> float:
    with limit.turn() as moment:
        return moment


def test_it_halves_and_is_never_less_than_one() -> None:
    limit = AdaptiveLimit(16, Clock())
    seen = []
    for _ in range(6):
        limit.busy(began(limit))
        seen.append(limit.limit)
    assert seen == [8, 4, 2, 1, 1, 1]


def test_requests_that_were_under_way_together_halve_it_once() -> None:
    limit = AdaptiveLimit(16, Clock())
    together = [began(limit) for _ in range(5)]
    for moment in together:
        limit.busy(moment)
    assert limit.limit == 8


def test_it_grows_by_one_a_round_up_to_where_it_began() -> None:
    limit = AdaptiveLimit(4, Clock())
    limit.busy(began(limit))
    rounds = []
    for _ in range(9):
        limit.well()
        rounds.append(limit.limit)
    assert rounds == [2, 2, 3, 3, 3, 4, 4, 4, 4]


def test_who_comes_beyond_it_waits_for_a_turn() -> None:
    limit = AdaptiveLimit(1)
    inside, came = threading.Event(), threading.Event()

    def second() -> None:
        inside.set()
        with limit.turn():
            came.set()

    with limit.turn():
        thread = threading.Thread(target=second)
        thread.start()
        assert inside.wait(60)
        assert not came.wait(0.05)
    assert came.wait(60)
    thread.join()


def test_a_429_of_twilio_halves_what_all_threads_of_an_account_may_ask_together() -> None:
    http = TwilioHttp(
        "https://api.twilio.com", pool_size=8, timeout=(1, 1), sleep=lambda seconds: None
    )
    one, other = Credentials("SK1", "secret"), Credentials("SK2", "secret")
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Recordings/{SID}.wav"
    with responses.RequestsMock() as twilio:
        twilio.get(MEDIA, status=429, json={"code": 20429})
        with pytest.raises(VendorBusy):
            http.send("GET", path, one)
    assert http.limit_of(one).limit == 1  # it was tried three times: 8, 4, 2, 1
    assert http.limit_of(other).limit == 8
