"""The second factor: set up, asked for, used once, lost and reset; and who has to have one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pyotp
import pytest
from flask import Flask
from panel_house import PASSWORD, Browser, Template, make_app

from callpanel import accounts, attempts, factor
from callpanel.extensions import db
from callpanel.roles import Role
from twirec import Archive

NOW = 1_795_000_015
"""The middle of a half minute."""


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock that codes are compared by."""

    def to(seconds: float) -> None:
        monkeypatch.setattr("pyotp.totp.time", SimpleNamespace(time=lambda: NOW + seconds))

    to(0)
    return to


@pytest.fixture
def asking(environ: dict[str, str], archive: Archive) -> Flask:
    """An app whose supervisors and admins need a second factor."""
    return make_app({**environ, "CALLPANEL_SECOND_FACTOR": "admin, supervisor"}, archive)


def code(secret: str, offset: int = 0) -> str:
    return pyotp.TOTP(secret).at(NOW, counter_offset=offset)


def secret_in(page: str) -> str:
    found = re.search(r'class="secret">([^<]+)<', page)
    assert found, page
    return "".join(found[1].split())


def codes_in(page: str) -> list[str]:
    return re.findall(r"<li><code>([a-z2-9]{5}-[a-z2-9]{5})</code>", page)


def set_up(who: Browser, offset: int = -1) -> tuple[str, list[str]]:
    """Set a second factor up on the page of the account; return its secret and recovery codes."""
    secret = secret_in(who.get("/account/second-factor").text)
    form = {"code": code(secret, offset), "password": PASSWORD}
    page = who.post("/account/second-factor", form).text
    who.read_token("/account")  # its session is a new one
    return secret, codes_in(page)


def acts(archive: Archive, action: str, limit: int = 1) -> list[tuple[str, str, str | None]]:
    found = archive.audit.log(action=action, limit=limit)
    return [(each.by, str(each.outcome), each.detail.get("by_means_of")) for each in found]


def halfway(app: Flask, name: str = "sergio") -> Browser:
    """A browser that has given the right password."""
    browser = Browser(app)
    browser.read_token()
    answer = browser.post("/sign-in", {"name": name, "password": PASSWORD})
    assert answer.headers["Location"].startswith("/sign-in/")
    return browser


def is_in(who: Browser) -> bool:
    return who.get("/calls").status_code == 200


def test_after_it_is_set_up_a_password_alone_lets_nobody_in(
    app: Flask, supervisor: Browser, archive: Archive
) -> None:
    elsewhere = Browser(app)
    elsewhere.sign_in("sergio")
    secret, codes = set_up(supervisor)
    assert len(set(codes)) == 10
    assert is_in(supervisor)
    assert not is_in(elsewhere)
    assert acts(archive, "second_factor") == [("sergio", "done", None)]
    again = halfway(app)
    assert not is_in(again)
    assert again.post("/sign-in/code", {"code": "000000"}).status_code == 401
    assert acts(archive, "sign_in") == [("sergio", "denied", "code")]
    answer = again.post("/sign-in/code", {"code": code(secret)})
    assert answer.headers["Location"] == "/"
    assert is_in(again)
    assert acts(archive, "sign_in") == [("sergio", "done", "code")]


def test_where_one_was_going_is_kept_through_both_steps(app: Flask, supervisor: Browser) -> None:
    secret, _ = set_up(supervisor)
    browser = Browser(app)
    browser.read_token("/calls?after=x")
    sent = browser.post("/sign-in?next=/calls", {"name": "sergio", "password": PASSWORD})
    assert sent.headers["Location"] == "/sign-in/code?next=/calls"
    assert 'action="/sign-in/code?next=/calls"' in browser.get(sent.headers["Location"]).text
    answer = browser.post("/sign-in/code?next=/calls", {"code": code(secret)})
    assert answer.headers["Location"] == "/calls"


def test_what_was_typed_is_kept_through_both_steps(app: Flask, supervisor: Browser) -> None:
    secret, _ = set_up(supervisor)
    browser = Browser(app)
    browser.read_token()
    kept = {"typed-path": "/calls/search", "typed-text": "1222 ayer"}
    sent = browser.post("/sign-in", {"name": "sergio", "password": PASSWORD, **kept})
    assert sent.status_code == 307
    asked = browser.post(sent.headers["Location"], {"name": "sergio", **kept})
    assert asked.status_code == 200
    assert 'name="typed-text" value="1222 ayer"' in asked.text
    page = browser.post("/sign-in/code", {"code": code(secret), **kept})
    assert page.status_code == 200
    assert 'value="1222 ayer"' in page.text
    assert 'action="/calls/search"' in page.text


@pytest.mark.parametrize(
    ("offset", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_clock_may_be_half_a_minute_off(
    app: Flask, supervisor: Browser, clock: Callable[[float], None], offset: int, right: bool
) -> None:
    secret, _ = set_up(supervisor)
    clock(120)
    browser = halfway(app)
    answer = browser.post("/sign-in/code", {"code": code(secret, offset + 4)})
    assert (answer.status_code == 302) is right


def test_a_code_is_good_once_and_none_that_is_older(app: Flask, supervisor: Browser) -> None:
    secret, _ = set_up(supervisor)
    assert halfway(app).post("/sign-in/code", {"code": code(secret, -1)}).status_code == 401
    assert halfway(app).post("/sign-in/code", {"code": code(secret, 1)}).status_code == 302
    for used in (1, 0):
        again = halfway(app).post("/sign-in/code", {"code": code(secret, used)})
        assert again.status_code == 401
        assert "used already" in again.text


def test_of_two_at_once_with_the_same_code_one_gets_in(app: Flask, supervisor: Browser) -> None:
    secret, _ = set_up(supervisor)
    with app.app_context():
        user = accounts.find("sergio")
        assert user
        kept = db.session.get(factor.Factor, user.id)
        assert kept  # as it was read by a request before another one used the code
        assert factor.proves(user, code(secret)) == "code"
        db.session.expunge(kept)
        assert factor.proves(user, code(secret)) is None


@pytest.mark.parametrize("written", ["{}", " {} ", "{:.3} {}", "{:.3}-{}"])
def test_how_a_code_is_written_does_not_matter(
    app: Flask, supervisor: Browser, written: str
) -> None:
    secret, _ = set_up(supervisor)
    digits = code(secret)
    said = written.format(digits) if written.count("{") == 1 else f"{digits[:3]} {digits[3:]}"
    assert halfway(app).post("/sign-in/code", {"code": said}).status_code == 302


@pytest.mark.about_sqlite("what is kept is read from its file")
def test_a_recovery_code_is_good_once_and_kept_hashed(
    app: Flask, supervisor: Browser, archive: Archive, folder: Path
) -> None:
    _, codes = set_up(supervisor)
    browser = halfway(app)
    assert browser.post("/sign-in/code", {"code": codes[3].upper()}).status_code == 302
    assert acts(archive, "sign_in") == [("sergio", "done", "recovery_code")]
    assert "Recovery codes that are left: 9." in browser.get("/calls").text
    assert halfway(app).post("/sign-in/code", {"code": codes[3]}).status_code == 401
    assert (
        halfway(app).post("/sign-in/code", {"code": codes[4].replace("-", "")}).status_code == 302
    )
    with closing(sqlite3.connect(folder / "callpanel.db")) as raw:
        kept = "\n".join(raw.iterdump())
    assert not [each for each in codes if each in kept or each.replace("-", "") in kept]


def test_new_recovery_codes_make_the_old_ones_void(app: Flask, supervisor: Browser) -> None:
    _, old = set_up(supervisor)
    refused = supervisor.post("/account/recovery-codes", {"password": "not this one, no"})
    assert (refused.status_code, codes_in(refused.text)) == (403, [])
    new = codes_in(supervisor.post("/account/recovery-codes", {"password": PASSWORD}).text)
    assert len(new) == 10
    assert halfway(app).post("/sign-in/code", {"code": old[0]}).status_code == 401
    assert halfway(app).post("/sign-in/code", {"code": new[0]}).status_code == 302


@pytest.mark.about_sqlite("what is kept is read from its file")
def test_the_secret_is_kept_encrypted_and_is_in_no_cookie(
    supervisor: Browser, folder: Path
) -> None:
    secret = secret_in(supervisor.get("/account/second-factor").text)
    with supervisor.client.session_transaction() as session:
        assert secret not in str(dict(session))
    set_up(supervisor)
    with closing(sqlite3.connect(folder / "callpanel.db")) as raw:
        assert secret not in "\n".join(raw.iterdump())


def test_a_wrong_code_or_password_sets_nothing_up(app: Flask, supervisor: Browser) -> None:
    secret = secret_in(supervisor.get("/account/second-factor").text)
    for form, status in (
        ({"code": "000000", "password": PASSWORD}, 400),
        ({"code": code(secret), "password": "not this one, no"}, 403),
        ({"code": code(secret), "password": ""}, 400),
    ):
        answer = supervisor.post("/account/second-factor", form)
        assert answer.status_code == status
        assert secret_in(answer.text) == secret
    with app.app_context():
        user = accounts.find("sergio")
        assert user
        assert not factor.has_one(user)


def test_with_another_secret_key_no_code_is_right(
    environ: dict[str, str], archive: Archive, supervisor: Browser
) -> None:
    secret, codes = set_up(supervisor)
    other = {**environ, "CALLPANEL_SECRET_KEY": "another secret key, as long as it has to be"}
    app = make_app(other, archive)
    for said in (code(secret), codes[0]):
        assert halfway(app).post("/sign-in/code", {"code": said}).status_code == 401


def test_wrong_codes_are_counted_by_account(
    app: Flask, supervisor: Browser, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, _ = set_up(supervisor)
    strangers = [halfway(app) for _ in range(attempts.MOST_CODES)]
    for place, each in enumerate(strangers):
        each.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{place}"
        assert each.post("/sign-in/code", {"code": "000000"}).status_code == 401
    late = halfway(app)
    refused = late.post("/sign-in/code", {"code": code(secret)})
    assert refused.status_code == 429
    assert "Too many wrong codes" in refused.text
    known = Browser(app)
    with app.test_request_context():
        token = attempts.remember("sergio", "192.0.2.99")
    cookie = f"{app.config['SESSION_COOKIE_NAME']}-browser"
    known.client.set_cookie(cookie, token, domain="localhost", secure=True)
    known.read_token()
    known.post("/sign-in", {"name": "sergio", "password": PASSWORD})
    assert known.post("/sign-in/code", {"code": code(secret)}).status_code == 302


def test_nobody_without_the_password_uses_up_the_codes_of_an_account(
    app: Flask, supervisor: Browser
) -> None:
    secret, _ = set_up(supervisor)
    for place in range(attempts.MOST_CODES):
        stranger = Browser(app)
        stranger.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{place}"
        stranger.read_token()
        said = {"name": "sergio code", "password": "a guess of a stranger"}
        assert stranger.post("/sign-in", said).status_code == 401
    answer = halfway(app).post("/sign-in/code", {"code": code(secret)})
    assert answer.status_code == 302, "sergio is locked out by failures of another name"


def test_the_second_step_ends_after_ten_minutes(
    app: Flask, supervisor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, _ = set_up(supervisor)
    browser = halfway(app)
    monkeypatch.setattr("callpanel.auth.HALFWAY", -1)
    answer = browser.post("/sign-in/code", {"code": code(secret)})
    assert answer.headers["Location"] == "/sign-in"
    assert not is_in(browser)


def test_who_was_disabled_meanwhile_does_not_get_in(app: Flask, supervisor: Browser) -> None:
    secret, _ = set_up(supervisor)
    browser = halfway(app)
    with app.app_context():
        user = accounts.find("sergio")
        assert user
        accounts.change(user, disabled=True)
        accounts.keep()
    assert browser.post("/sign-in/code", {"code": code(secret)}).headers["Location"] == "/sign-in"


# --- by role --------------------------------------------------------------------------------


def test_a_role_that_needs_one_sets_it_up_before_it_is_in(asking: Flask, archive: Archive) -> None:
    browser = halfway(asking)
    page = browser.get("/sign-in/set-up").text
    secret = secret_in(page)
    assert "<svg" in page
    assert not is_in(browser)
    assert browser.post("/sign-in/set-up", {"code": "000000"}).status_code == 400
    assert secret_in(browser.get("/sign-in/set-up").text) == secret
    done = browser.post("/sign-in/set-up", {"code": code(secret)})
    assert (done.status_code, len(codes_in(done.text))) == (200, 10)
    assert acts(archive, "sign_in") == [("sergio", "done", "new second factor")]
    assert is_in(browser)
    assert halfway(asking).get("/sign-in/code").status_code == 200


def test_a_role_that_needs_none_is_in_at_once(asking: Flask) -> None:
    assert Browser(asking).sign_in("alex").headers["Location"] == "/"


def test_a_session_of_before_the_setting_ends(asking: Flask, template: Template) -> None:
    assert not is_in(Browser(asking, template.passes[Role.SUPERVISOR]))
    assert Browser(asking, template.passes[Role.AUDITOR]).get("/calls").status_code == 200


def test_who_needs_one_cannot_take_it_away(asking: Flask) -> None:
    browser = halfway(asking)
    secret = secret_in(browser.get("/sign-in/set-up").text)
    browser.post("/sign-in/set-up", {"code": code(secret)})
    browser.read_token("/account")
    assert "/account/second-factor/off" not in browser.get("/account").text
    form = {"password": PASSWORD}
    assert browser.post("/account/second-factor/off", form).status_code == 403
    assert browser.post("/account/recovery-codes", form).status_code == 200


def test_who_needs_none_may_take_it_away(app: Flask, supervisor: Browser, archive: Archive) -> None:
    set_up(supervisor)
    form = {"password": PASSWORD}
    assert supervisor.post("/account/second-factor/off", form).status_code == 302
    assert acts(archive, "second_factor_reset") == [("sergio", "done", None)]
    assert Browser(app).sign_in("sergio").headers["Location"] == "/"


# --- reset ----------------------------------------------------------------------------------


def test_an_admin_resets_it_and_the_sessions_end(
    app: Flask, supervisor: Browser, admin: Browser, archive: Archive, template: Template
) -> None:
    path = f"/users/{template.ids['sergio']}"
    assert "/second-factor" not in admin.get(path).text
    set_up(supervisor)
    assert f"{path}/second-factor" in admin.get(path).text
    assert admin.post(f"{path}/second-factor").status_code == 302
    (entry,) = archive.audit.log(action="second_factor_reset", limit=1)
    assert (entry.by, entry.detail["user"]) == ("ana", "sergio")
    assert not is_in(supervisor)
    assert Browser(app).sign_in("sergio").headers["Location"] == "/"


@pytest.fixture
def command(app: Flask) -> Callable[[str], tuple[int, str]]:
    """Run the command that resets it."""

    def run(name: str) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=["user", "reset-second-factor", name])
        return result.exit_code, result.output

    return run


def test_an_operator_resets_it(
    app: Flask,
    supervisor: Browser,
    archive: Archive,
    command: Callable[[str], tuple[int, str]],
) -> None:
    set_up(supervisor)
    assert command("SERGIO") == (0, "sergio signs in without a code, until they set one up.\n")
    (entry,) = archive.audit.log(action="second_factor_reset", limit=1)
    assert entry.by.startswith("os:")
    assert not is_in(supervisor)
    assert command("sergio") == (1, "Error: sergio has no second factor.\n")
    assert command("pia")[0] == 1


def test_a_reset_that_cannot_be_written_down_is_none(
    app: Flask, supervisor: Browser, admin: Browser, archive: Archive, template: Template
) -> None:
    set_up(supervisor)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive.catalog.audit, "append", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            admin.post(f"/users/{template.ids['sergio']}/second-factor")
    assert is_in(supervisor)
    assert halfway(app).get("/sign-in/code").status_code == 200
