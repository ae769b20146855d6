from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest
from flask import Response

from tests.sandbox.target import Target
from twirec.sandbox.courier import Cookies, Courier, Overrides
from twirec.sandbox.signing import Signer

TOKEN = "12345"


@pytest.fixture
def courier() -> Courier:
    return Courier(Signer(TOKEN))


def statuses(*codes: int) -> Callable[[], Response]:
    left = list(codes)
    return lambda: Response(status=left.pop(0) if len(left) > 1 else left[0])


def test_without_overrides_only_a_missing_connection_is_repeated_and_only_once() -> None:
    assert Overrides.of("http://a.example/x") == Overrides(5, 15, 15, 1, frozenset({"ct"}))


def test_overrides_are_read_from_the_fragment() -> None:
    url = "http://a.example/x#ct=200&rt=300&tt=400&rc=5&rp=5xx,rt"
    assert Overrides.of(url) == Overrides(0.2, 0.3, 0.4, 5, frozenset({"5xx", "rt"}))


def test_overrides_out_of_bounds_are_ignored() -> None:
    assert Overrides.of("http://a.example/x#ct=99&rt=15001&tt=x&rc=6&rp=soon") == Overrides()


def test_a_500_is_not_repeated_by_default(target: Target, courier: Courier) -> None:
    reply = courier.send(target.says("/x", statuses(500, 204)), {})
    assert (reply.status, reply.failure, len(target.came)) == (500, "5xx", 1)


@pytest.mark.parametrize(("policy", "status"), [("5xx", 503), ("4xx", 403), ("all", 500)])
def test_a_failure_is_repeated_when_the_fragment_says_so(
    target: Target, courier: Courier, policy: str, status: int
) -> None:
    url = target.says("/x", statuses(status, status, 204))
    reply = courier.send(f"{url}#rc=5&rp={policy}", {"A": "1"})
    assert (reply.status, reply.failure, reply.attempts) == (204, "", 3)
    assert len(target.came) == 3


def test_repetitions_end_at_the_count(target: Target, courier: Courier) -> None:
    reply = courier.send(target.says("/x", statuses(500)) + "#rc=2&rp=all", {})
    assert (reply.failure, len(target.came)) == ("5xx", 3)


def test_a_slow_app_is_given_up_after_the_read_timeout(target: Target, courier: Courier) -> None:
    over = threading.Event()

    def slow() -> Response:
        over.wait(120)
        return Response(status=204)

    reply = courier.send(target.says("/x", slow) + "#rt=100", {})
    over.set()
    assert (reply.status, reply.failure) == (0, "rt")


def test_the_total_time_bounds_all_repetitions(target: Target, courier: Courier) -> None:
    over = threading.Event()

    def slow() -> Response:
        over.wait(120)
        return Response(status=204)

    reply = courier.send(target.says("/x", slow) + "#rt=200&tt=250&rc=5&rp=all", {})
    over.set()
    assert reply.failure == "rt"
    assert reply.attempts <= 2  # of six, had each its 200 ms


def test_nobody_listening_is_a_failed_connection_and_is_repeated_once(courier: Courier) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        reply = courier.send(f"http://127.0.0.1:{taken.getsockname()[1]}/x", {})
    assert (reply.failure, reply.attempts) == ("ct", 2)


def to(location: str, status: int = 302) -> Response:
    return Response(status=status, headers={"Location": location})


def test_redirects_are_followed_as_a_browser_does(target: Target, courier: Courier) -> None:
    for status, method, form in ((302, "GET", {}), (303, "GET", {}), (307, "POST", {"A": "1"})):
        target.came.clear()
        target.says("/deep/y", statuses(204))
        url = target.says("/deep/x", to("y?b=2#rc=1", status))
        reply = courier.send(f"{url}#rc=1", {"A": "1"})
        assert (reply.status, reply.failure, reply.attempts) == (204, "", 1)
        assert reply.url == f"{target.url}/deep/y?b=2"
        (came,) = target.at("/deep/y")
        assert (came.method, came.form) == (method, form)
        assert came.signed_with(TOKEN)


def test_ten_redirects_are_followed_and_no_more(target: Target, courier: Courier) -> None:
    for at in range(12):
        target.says(f"/{at}", to(f"/{at + 1}"))
    target.says("/10", statuses(204))
    assert courier.send(f"{target.url}/0", {}).status == 204
    target.says("/10", to("/11"))
    reply = courier.send(f"{target.url}/0", {})
    assert (reply.status, reply.failure) == (302, "3xx")
    assert target.at("/11") == []


def test_cookies_go_back_to_where_they_came_from(target: Target, courier: Courier) -> None:
    cookies = Cookies()
    answer = to("/app/y")
    answer.set_cookie("session", "s=1; two", path="/app")
    answer.set_cookie("step", "3")
    target.says("/app/y", statuses(204))
    courier.send(target.says("/x", answer), {}, "POST", cookies)
    assert target.at("/app/y")[0].headers["Cookie"] == 'session="s=1\\073 two"; step=3'
    gone = Response(status=204)
    gone.delete_cookie("step")
    courier.send(target.says("/other", gone), {}, "POST", cookies)
    courier.send(f"{target.url}/other", {}, "POST", cookies)
    assert [came.headers.get("Cookie") for came in target.at("/other")] == ["step=3", None]


@pytest.mark.parametrize("url", ["/relative", "ftp://127.0.0.1/x", "http://", "http://h:port/"])
def test_what_is_no_url_is_told_so(courier: Courier, url: str) -> None:
    assert courier.send(url, {}).failure == "url"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_requests_are_signed_without_the_fragment(
    target: Target, courier: Courier, method: str
) -> None:
    url = target.says("/x", statuses(204)) + "?q='a'&empty=#rc=1"
    courier.send(url, {"From": "+34600111222", "Nothing": ""}, method)
    (came,) = target.came
    assert came.method == method
    assert "#" not in came.url
    assert came.signed_with(TOKEN)


def test_a_post_is_a_form_and_keeps_empty_fields(target: Target, courier: Courier) -> None:
    courier.send(target.says("/x", statuses(204)), {"A": "", "B": "ñ +"})
    (came,) = target.came
    assert came.form == {"A": "", "B": "ñ +"}
    assert came.headers["Content-Type"].startswith("application/x-www-form-urlencoded")


def test_every_repetition_has_an_idempotency_token_of_its_own(
    target: Target, courier: Courier
) -> None:
    courier.send(target.says("/x", statuses(500)) + "#rc=1&rp=all", {})
    tokens = {came.headers["I-Twilio-Idempotency-Token"] for came in target.came}
    assert len(tokens) == 2


def test_half_an_answer_is_never_repeated(courier: Courier) -> None:
    came: list[bytes] = []

    def answer_half(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            came.append(connection.recv(4096))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<Resp")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_half, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x#rc=5&rp=all"
        reply = courier.send(url, {"A": "1"})
        thread.join()
    assert (reply.failure, reply.attempts, len(came)) == ("cut", 1, 1)
