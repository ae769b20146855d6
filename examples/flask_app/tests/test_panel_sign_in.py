"""Signing in and out: what is counted, what ends a session, and where it leads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from panel_house import (
    OWN_NUMBER,
    PASSWORD,
    Browser,
    Pass,
    Template,
    make_app,
    open_archive,
    without_what_differs,
)

from callpanel import accounts, attempts
from callpanel.roles import Role
from twirec import Archive, CatalogError

WRONG = "eine falsche Parole"


def entries(archive: Archive, limit: int = 100) -> list[tuple[str, str, bool]]:
    """Return what is on the audit log of signing in, newest first."""
    found = archive.audit.log(action="sign_in", limit=limit)
    return [(each.by, each.role, each.outcome) for each in found]


def is_in(who: Browser) -> bool:
    """Return whether somebody is signed in."""
    return who.get("/").headers["Location"] != "/sign-in"


def user_of(app: Flask, name: str) -> accounts.User:
    """Return an account, inside of an app context."""
    found = accounts.find(name)
    assert found
    return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move what the app takes for the time of its sessions."""
    begin = time.time()

    def to(seconds: float) -> None:
        monkeypatch.setattr("callpanel.auth.time.time", lambda: begin + seconds)

    return to


def test_signing_in_and_out_is_on_the_audit_log(client: Browser, archive: Archive) -> None:
    assert client.sign_in("Sergio ").headers["Location"] == "/"
    assert client.get("/calls").status_code == 200
    assert entries(archive, 1) == [("sergio", "supervisor", "done")]
    client.post("/sign-out")
    assert not is_in(client)
    assert archive.audit.log(limit=1)[0].action == "sign_out"


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(
    client: Browser, archive: Archive
) -> None:
    answers = [client.sign_in(name, WRONG) for name in ("sergio", "nobody")]
    wrong, unknown = (without_what_differs(answer) for answer in answers)
    assert wrong == unknown
    assert wrong[0] == 401
    assert entries(archive, 2) == [("somebody", "", "denied"), ("sergio", "", "denied")]


def fails(name: str, address: str) -> bool:
    """Try a wrong password; return whether it was looked at."""
    attempt = attempts.begin(name, address)
    if attempt is not None:
        assert accounts.check(name, WRONG) is None
    return attempt is not None


@pytest.mark.parametrize("name", ["sergio", "nobody"])
def test_a_password_is_compared_whether_there_is_an_account_or_not(
    client: Browser, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    compared: list[str] = []
    real = accounts.check_password_hash

    def noted(hashed: str, password: str) -> bool:
        compared.append(hashed.partition("$")[0])
        return real(hashed, password)

    monkeypatch.setattr(accounts, "check_password_hash", noted)
    client.sign_in(name, WRONG)
    assert compared == ["scrypt:32768:8:1"]


def test_what_was_typed_as_a_name_is_not_written_down(
    client: Browser, archive: Archive, folder: Path
) -> None:
    client.sign_in(PASSWORD, "sergio")
    assert PASSWORD not in str(archive.audit.log())
    for file in folder.glob("c*.db*"):
        assert PASSWORD.encode() not in file.read_bytes()


@pytest.mark.parametrize("name", ["sergio", "SERGIO", "nobody"])
def test_the_sixth_attempt_is_not_looked_at_and_leaves_nothing(
    app: Flask, client: Browser, archive: Archive, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        assert client.sign_in(name, WRONG).status_code == 401
    written = len(entries(archive))
    monkeypatch.setattr(accounts, "check_password_hash", lambda *_: pytest.fail("it was hashed"))
    for _ in range(4):
        answer = client.sign_in(name)
        assert answer.status_code == 429
    assert "Too many attempts" in answer.text
    assert len(entries(archive)) == written
    with app.app_context():
        assert accounts.db.session.query(attempts.Failure).count() == 5
    monkeypatch.undo()
    assert client.sign_in("ana").status_code == 302


def test_an_entry_says_from_where(client: Browser, archive: Archive) -> None:
    client.client.environ_base["REMOTE_ADDR"] = "2001:db8:1:2:3:4:5:6"
    client.sign_in("sergio", WRONG)
    client.sign_in("sergio")
    found = [entry.detail["address"] for entry in archive.audit.log(action="sign_in", limit=2)]
    assert found == ["2001:db8:1:2::/64"] * 2


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::1", "2001:db8::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "nowhere"),
        ("unix:", "nowhere"),
    ],
)
def test_an_address_is_one_customers(address: str, network: str) -> None:
    assert attempts.network(address) == network


def test_from_elsewhere_the_same_name_may_still_sign_in(app: Flask) -> None:
    for _ in range(5):
        Browser(app).sign_in("sergio", WRONG)
    elsewhere = Browser(app)
    elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert elsewhere.sign_in("sergio").status_code == 302


CROWDS = pytest.mark.parametrize(
    ("name", "address"),
    [
        ("sergio", "192.0.2.{}"),
        ("nobody{}", "127.0.0.1"),
        ("nobody{}", "2001:db8::{}"),
        ("nobody{}", "2001:db8:0:{}::1"),
    ],
    ids=[
        "one name from many addresses",
        "many names from one address",
        "from one network",
        "from many networks of one site",
    ],
)


@CROWDS
def test_after_many_failures_others_are_looked_at_slowly_and_no_colleague_is_locked_out(
    app: Flask, monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    known = Browser(app)
    known.client.environ_base["REMOTE_ADDR"] = address.format(1)
    assert known.sign_in("sergio").status_code == 302
    known.post("/sign-out")
    with monkeypatch.context() as crowd, app.app_context():
        crowd.setattr(accounts, "check_password_hash", lambda *_: False)
        for each in range(50):
            assert fails(name.format(each), address.format(each))
        assert not fails(name.format(99), address.format(99))
        assert fails("ana", "192.0.2.200")
        crowd.setattr(attempts, "SLOWLY", attempts.SLOWLY * 0)
        assert fails(name.format(99), address.format(99))
    assert known.sign_in("sergio").status_code == 302


def test_many_names_from_as_many_addresses_are_looked_at_slowly_too(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Browser(app)
    assert known.sign_in("sergio").status_code == 302
    known.post("/sign-out")
    monkeypatch.setattr(attempts, "FLOOD_FROM", 60)
    with monkeypatch.context() as flood, app.app_context():
        flood.setattr(accounts, "check_password_hash", lambda *_: False)
        for each in range(60):
            assert fails(f"nobody{each}", f"192.0.2.{each}")
        assert not fails("nobody60", "192.0.2.60")
    assert known.sign_in("sergio").status_code == 302


def test_a_known_browser_is_known_for_its_own_name_only(app: Flask, client: Browser) -> None:
    assert client.sign_in("sergio").status_code == 302
    client.post("/sign-out")
    for _ in range(5):
        assert client.sign_in("sergio", WRONG).status_code == 401
    assert client.sign_in("sergio").status_code == 429
    assert Browser(app).sign_in("sergio").status_code == 302  # theirs were not counted
    for _ in range(5):
        assert client.sign_in("ana", WRONG).status_code == 401
    assert client.sign_in("ana").status_code == 429


@pytest.mark.parametrize("token", ["", "nonsense", "WyJhIiwiYiJd.aaaaaa.bbbb", "x" * 5000])
def test_a_token_that_is_not_ours_knows_nobody(app: Flask, token: str) -> None:
    with app.app_context():
        for _ in range(5):
            assert attempts.begin("sergio", "192.0.2.1", token)
        assert attempts.begin("sergio", "192.0.2.1", token) is None


def test_only_so_many_passwords_are_compared_at_once(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.read_token()
    monkeypatch.setattr(attempts, "PATIENCE", 0.01)
    with attempts.turn(), attempts.turn():
        answer = client.post("/sign-in", {"name": "ana", "password": PASSWORD})
        assert answer.status_code == 503
        assert "Try again in a few seconds" in answer.text
    assert client.sign_in("ana").status_code == 302
    with app.app_context():
        assert accounts.db.session.query(attempts.Failure).count() == 0


@pytest.mark.parametrize(
    "password",
    [
        *("aaaaaaaaaaaa", "123456789012", "password1234", "qwertyuiop123", "sergio123456"),
        *("abcabcabcabcabc", "iloveyou1234", "passwordpassword", "twirectwirec1", "1q2w3e4r5t6y"),
        *("correcthorsebatterystaple", "Correct-Horse-Battery-Staple-7"),
    ],
)
def test_a_password_that_is_easily_guessed_is_refused(app: Flask, password: str) -> None:
    with (
        app.test_request_context(),
        pytest.raises(accounts.AccountError, match="easily guessed"),
    ):
        accounts.add("sergio2", password, Role.AGENT)


@pytest.mark.parametrize("password", [PASSWORD, "correcto caballo grapa", "Kx7#pQ2v!Lm9"])
def test_a_password_that_is_not_is_taken(app: Flask, password: str) -> None:
    with app.test_request_context():
        assert accounts.add("pia", password, Role.AGENT)


def test_attempts_at_the_same_time_count_each_other(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    refused: list[int] = []
    all_refused = threading.Event()

    def slow(hashed: str, password: str) -> bool:
        compared.append(password)
        return not all_refused.wait(120)  # compares until the others have their answers

    def attempt() -> int:
        status = Browser(app).sign_in("sergio", WRONG).status_code
        if status == 429:
            refused.append(status)
            if len(refused) >= 7:
                all_refused.set()
        return status

    monkeypatch.setattr(accounts, "check_password_hash", slow)
    with ThreadPoolExecutor(12) as pool:
        answers = [answer.result() for answer in [pool.submit(attempt) for _ in range(12)]]
    assert len(compared) <= 5
    assert answers.count(401) == len(compared)
    assert set(answers) <= {401, 429}


def test_failures_are_forgotten_after_a_quarter_of_an_hour(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        for _ in range(5):
            assert fails("sergio", "127.0.0.1")
        assert not fails("sergio", "127.0.0.1")
        monkeypatch.setattr(attempts, "WINDOW", attempts.WINDOW * 0)
        assert fails("sergio", "127.0.0.1")
        kept = accounts.db.session.query(attempts.Failure).count()
        assert kept == 1


def test_a_sign_in_that_succeeds_is_no_failure(app: Flask) -> None:
    for _ in range(7):
        assert Browser(app).sign_in("sergio").status_code == 302


def test_nobody_gets_in_when_it_cannot_be_written_down(
    client: Browser, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_draft: object) -> None:
        raise CatalogError("The catalog cannot be used: disk is full.")

    client.read_token()
    monkeypatch.setattr(archive.catalog.audit, "append", fails)
    answer = client.post("/sign-in", {"name": "ana", "password": PASSWORD})
    assert answer.status_code == 503
    assert "disk is full" not in answer.text
    assert not is_in(client)


def test_a_session_ends_after_half_an_hour_without_a_request(
    client: Browser, clock: Callable[[float], None]
) -> None:
    client.sign_in("sergio")
    clock(29 * 60)
    assert is_in(client)
    clock(58 * 60)
    assert is_in(client)
    clock(89 * 60)
    assert not is_in(client)


def test_a_session_ends_after_twelve_hours_whatever_is_done(
    client: Browser, clock: Callable[[float], None]
) -> None:
    client.sign_in("sergio")
    for minutes in range(20, 12 * 60, 20):
        clock(minutes * 60)
        assert is_in(client)
    clock(12 * 3600 + 1)
    assert not is_in(client)


def test_what_a_page_asks_by_itself_keeps_no_session_alive(
    client: Browser, clock: Callable[[float], None]
) -> None:
    client.sign_in("sergio")
    by_itself = {"X-By-Itself": "1"}
    clock(20 * 60)
    assert client.get("/calls/newest", headers=by_itself).status_code == 200
    clock(31 * 60)
    assert client.get("/calls/newest", headers=by_itself).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [{"password": "otra contraseña larga"}, {"role": Role.AUDITOR}, {"disabled": True}],
    ids=["password", "role", "access"],
)
def test_a_changed_account_ends_its_sessions(
    app: Flask, supervisor: Browser, changes: dict[str, object]
) -> None:
    assert is_in(supervisor)
    with app.app_context():
        accounts.change(user_of(app, "sergio"), **changes)  # type: ignore[arg-type]
        accounts.keep()
    assert not is_in(supervisor)


def test_a_changed_line_ends_no_session(app: Flask, supervisor: Browser) -> None:
    with app.app_context():
        accounts.change(user_of(app, "sergio"), line="client:sergio", role=Role.SUPERVISOR)
        accounts.keep()
    assert is_in(supervisor)


def test_a_disabled_account_may_not_sign_in(app: Flask, client: Browser, archive: Archive) -> None:
    with app.app_context():
        accounts.change(user_of(app, "sergio"), disabled=True)
        accounts.keep()
    answer = client.sign_in("sergio")
    assert answer.status_code == 401
    assert "Name or password is wrong." in answer.text
    assert entries(archive, 1) == [("sergio", "", "denied")]


def test_a_cookie_that_was_copied_ends_with_the_sign_out(app: Flask, supervisor: Browser) -> None:
    copied = Browser(app, Pass(supervisor.cookie(), supervisor.token))
    assert is_in(copied)
    supervisor.post("/sign-out")
    assert not is_in(copied)


def test_signing_in_leaves_nothing_of_the_session_before(client: Browser) -> None:
    client.post("/language", {"language": "es"})
    before = client.token
    with client.client.session_transaction() as session:
        session["something"] = "of before"
        session["_user_id"] = "somebody.1"
    client.sign_in("sergio")
    with client.client.session_transaction() as session:
        assert "something" not in session
        assert session["language"] == "es"
    client.token = before
    assert client.post("/calls/search").status_code == 400


@pytest.mark.parametrize("method", ["get", "head"])
def test_nobody_is_signed_out_by_a_link(supervisor: Browser, method: str) -> None:
    assert getattr(supervisor.client, method)("/sign-out").status_code == 405
    assert is_in(supervisor)


def test_the_cookie_is_for_this_host_over_https_alone(client: Browser) -> None:
    client.read_token()
    sent = client.post("/sign-in", {"name": "ana", "password": PASSWORD}).headers
    cookies = dict(cookie.split("=", 1) for cookie in sent.getlist("Set-Cookie"))
    assert set(cookies) == {"__Host-callpanel", "__Host-callpanel-browser"}
    for attributes in cookies.values():
        kept = {part.strip() for part in attributes.split(";")[1:]}
        assert kept >= {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"}
        assert not any(part.startswith("Domain") for part in kept)


def test_what_a_proxy_says_of_the_host_is_not_believed(
    environ: dict[str, str], archive: Archive
) -> None:
    client = make_app({**environ, "CALLPANEL_PROXIES": "1"}, archive).test_client()
    sent = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    answer = client.get("/calls", headers=sent)
    assert answer.status_code == 302
    assert "evil.example" not in answer.headers["Location"] + answer.text


def test_on_this_machine_alone_the_cookie_needs_no_https(environ: dict[str, str]) -> None:
    environ["TWIREC_PUBLIC_URL"] = "http://127.0.0.1:8080"
    archive = open_archive(environ)
    app = make_app(environ, archive)
    sent = app.test_client().get("/sign-in", base_url="http://127.0.0.1:8080").headers["Set-Cookie"]
    archive.close()
    assert sent.startswith("callpanel=")
    assert "Secure" not in sent
    assert "HttpOnly" in sent


def test_a_cookie_of_another_secret_is_worth_nothing(
    environ: dict[str, str], archive: Archive, template: Template
) -> None:
    environ["CALLPANEL_SECRET_KEY"] = "another secret key, as long as it has to be"
    forged = Browser(make_app(environ, archive), template.passes[Role.ADMIN])
    assert not is_in(forged)


def test_the_last_admin_stays(app: Flask, admin: Browser, template: Template) -> None:
    form = {"role": "admin", "line": "", "password": "", "disabled": "yes"}
    answer = admin.post(f"/users/{template.ids['ana']}", form)
    assert answer.status_code == 400
    assert "last admin" in answer.text
    assert is_in(admin)
    with app.app_context():
        accounts.add("berta", WRONG, Role.ADMIN)
        accounts.keep()
    assert admin.post(f"/users/{template.ids['ana']}", form).status_code == 302
    assert not is_in(admin)


def test_the_lines_of_agents_are_such_as_calls_are_connected_to(app: Flask) -> None:
    with app.app_context():
        for line in ("911 222 333", "+34 911 222 333", "ana", "client:", "+0"):
            with pytest.raises(accounts.AccountError, match="Line: write"):
                accounts.add("pia", WRONG, Role.AGENT, line)
        assert accounts.add("pia", WRONG, Role.AGENT, f" {OWN_NUMBER} ").line == OWN_NUMBER
