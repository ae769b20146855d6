"""Signing in with the company's provider: a real one, in a process of its own, that also errs."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from flask import Flask
from oidc_provider import CLIENT_ID, CLIENT_SECRET
from panel_house import PASSWORD, Browser, Template, make_app

from callpanel import accounts
from callpanel.roles import Role
from twirec import Archive

BERTA = {
    "email": "berta@example.com",
    "email_verified": True,
    "groups": ["everybody", "call-leads"],
}
SERGIO = {"email": "sergio@example.com", "email_verified": True, "preferred_username": "Sergio"}
ROLES = "call-admins=admin;call-leads=supervisor;everybody=agent"


class Company:
    """The provider's process, and what a browser does there."""

    def __init__(self, url: str) -> None:
        self.url = url

    def says(self, _wrong: dict[str, Any] | None = None, **people: Any) -> list[dict[str, str]]:
        """Say who is there and what it does wrong; return what it was asked since the last time."""
        said = {"people": people, "wrong": _wrong or {}}
        answer: list[dict[str, str]] = requests.post(
            f"{self.url}/tests", json=said, timeout=60
        ).json()
        return answer

    def choose(self, address: str, who: str) -> str:
        """Sign in there; return the path to which the browser is sent back."""
        assert address.startswith(f"{self.url}/authorize?")
        answer = requests.post(address, data={"sub": who}, allow_redirects=False, timeout=60)
        back = urlsplit(answer.headers["Location"])
        assert back.netloc == "localhost"
        return f"{back.path}?{back.query}"


@pytest.fixture(scope="module")
def process() -> Iterator[str]:
    """The provider."""
    command = [sys.executable, str(Path(__file__).parent / "oidc_provider.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        yield running.stdout.readline().strip()
        running.terminate()


@pytest.fixture
def company(process: str) -> Company:
    """The provider, with Berta and Sergio, which does all as it should."""
    company = Company(process)
    company.says(berta=BERTA, sergio=SERGIO)
    return company


@pytest.fixture
def with_company(
    environ: dict[str, str], archive: Archive, company: Company
) -> Callable[..., Flask]:
    """Make an app that the provider signs people in to."""

    def make(**more: str) -> Flask:
        settings = {
            "CALLPANEL_OIDC_ISSUER": company.url,
            "CALLPANEL_OIDC_CLIENT_ID": CLIENT_ID,
            "CALLPANEL_OIDC_CLIENT_SECRET": CLIENT_SECRET,
            **{f"CALLPANEL_{name}": value for name, value in more.items()},
        }
        return make_app({**environ, **settings}, archive)

    return make


@pytest.fixture
def making(with_company: Callable[..., Flask]) -> Flask:
    """An app that makes an account for whoever has a role."""
    return with_company(OIDC_ACCOUNTS="create", OIDC_ROLES=ROLES)


def come(app: Flask, company: Company, who: str, path: str = "/sign-in/company") -> Browser:
    """Sign somebody in, or try to; the last answer is kept as `answer`."""
    browser = Browser(app)
    begun = browser.get(path)
    assert begun.status_code == 302, begun.text
    browser.answer = browser.get(company.choose(begun.headers["Location"], who))  # type: ignore[attr-defined]
    return browser


def answer_of(browser: Browser) -> Any:
    return browser.answer  # type: ignore[attr-defined]


def is_in(who: Browser) -> bool:
    return who.get("/account").status_code == 200


def user_of(app: Flask, name: str) -> accounts.User | None:
    with app.app_context():
        return accounts.find(name)


def test_who_has_a_role_gets_an_account_and_is_in(
    making: Flask, company: Company, archive: Archive
) -> None:
    berta = come(making, company, "berta", "/sign-in/company?next=/calls")
    assert answer_of(berta).headers["Location"] == "/calls"
    made = user_of(making, "berta@example.com")
    assert made
    assert (made.role, made.password) == (Role.SUPERVISOR, "")
    found = [(each.action, each.by, each.role) for each in archive.audit.log(limit=2)]
    assert found == [
        ("sign_in", "berta@example.com", "supervisor"),
        ("user_add", "provider", ""),
    ]
    assert archive.audit.log(limit=1)[0].detail["by_means_of"] == "provider"
    assert berta.get("/calls").status_code == 200  # which is on the log, too
    assert berta.get("/calls").status_code == 200
    again = come(making, company, "berta")
    assert is_in(again)
    assert archive.audit.log(action="user_add", limit=9)[0].detail["user"] == "berta@example.com"


def test_what_is_asked_of_the_provider(making: Flask, company: Company) -> None:
    browser = Browser(making)
    asked = parse_qs(urlsplit(browser.get("/sign-in/company").headers["Location"]).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["https://localhost/sign-in/company/back"]
    assert set(asked["scope"][0].split()) == {"openid", "profile", "email"}
    assert min(len(asked[name][0]) for name in ("state", "nonce", "code_challenge")) >= 20
    second = parse_qs(urlsplit(browser.get("/sign-in/company").headers["Location"]).query)
    for name in ("state", "nonce", "code_challenge"):
        assert asked[name] != second[name]


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another app"},
        {"aud": ["another app", "and another"]},
        {"aud": None},
        {"iss": "https://another.example"},
        {"iss": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"azp": "another app"},
        {"sub": None},
        {"fault": "unsigned"},
        {"fault": "signed with what everybody knows"},
        {"fault": "signed by somebody else"},
        {"fault": "no ID token"},
        {"fault": "down"},
        {"fault": "not JSON"},
        {"fault": "another issuer"},
    ],
    ids=lambda wrong: " ".join(map(str, (*wrong, *wrong.values()))),
)
def test_what_is_not_as_it_should_be_signs_nobody_in(
    making: Flask, company: Company, wrong: dict[str, Any]
) -> None:
    company.says(wrong, berta=BERTA)
    browser = Browser(making)
    answer = browser.get("/sign-in/company")
    if wrong != {"fault": "another issuer"}:
        answer = browser.get(company.choose(answer.headers["Location"], "berta"))
    assert answer.status_code in (403, 502)
    assert "The company&#39;s sign-in" in answer.text
    assert not is_in(browser)
    assert user_of(making, "berta@example.com") is None


def test_a_code_that_was_used_or_is_none_signs_nobody_in(making: Flask, company: Company) -> None:
    browser = Browser(making)
    back = company.choose(browser.get("/sign-in/company").headers["Location"], "berta")
    state = parse_qs(urlsplit(back).query)["state"][0]
    junk = Browser(making)
    for path in (back, "/sign-in/company/back", f"/sign-in/company/back?code=x&state={state}"):
        answer = junk.get(path)
        assert (answer.status_code, is_in(junk)) == (400, False)
        assert "sign in once more" in answer.text
    copied = Browser(making)
    copied.client.set_cookie(
        making.config["SESSION_COOKIE_NAME"], browser.cookie(), domain="localhost", secure=True
    )
    assert browser.get(back).status_code == 302
    assert copied.get(back).status_code == 403
    assert not is_in(copied)


def test_another_ones_code_is_worth_nothing_in_ones_own_browser(
    making: Flask, company: Company
) -> None:
    """Who puts their own code into somebody's address signs nobody in as them: the challenge fits
    the browser that began."""
    mine, theirs = Browser(making), Browser(making)
    my_back = company.choose(mine.get("/sign-in/company").headers["Location"], "berta")
    their_state = parse_qs(urlsplit(theirs.get("/sign-in/company").headers["Location"]).query)
    code = parse_qs(urlsplit(my_back).query)["code"][0]
    mixed = theirs.get(f"/sign-in/company/back?code={code}&state={their_state['state'][0]}")
    assert mixed.status_code == 403
    assert not is_in(theirs)


def test_who_cancels_there_is_back_where_one_signs_in(making: Flask, company: Company) -> None:
    cancelled = answer_of(come(making, company, ""))
    assert cancelled.status_code == 403
    assert "let nobody in" in cancelled.text


def test_nobody_writes_lines_of_their_own_into_the_log(
    making: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    for said, kept in (
        ("x\n2026-11-23 ERROR all is lost", "an unknown error"),
        ("denied", "denied"),
    ):
        caplog.clear()
        path = "/sign-in/company/back?" + urlencode({"error": said})
        assert Browser(making).get(path).status_code == 403
        assert caplog.messages == [f"sign-in by the provider refused: {kept}"]


def test_a_provider_that_is_away_is_said_and_the_next_try_asks_it_again(
    with_company: Callable[..., Flask], company: Company
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # it keeps the port, and takes no connections
        app = with_company(OIDC_ISSUER=f"http://127.0.0.1:{silent.getsockname()[1]}")
        answer = Browser(app).get("/sign-in/company")
    assert answer.status_code == 502
    assert "does not answer" in answer.text
    assert app.extensions.get("callpanel.provider") is None


def test_many_that_were_begun_fit_into_the_cookie(making: Flask, company: Company) -> None:
    browser = Browser(making)
    first = browser.get("/sign-in/company").headers["Location"]
    for _ in range(6):
        last = browser.get("/sign-in/company").headers["Location"]
    assert len(browser.cookie()) < 3000
    assert browser.get(company.choose(first, "berta")).status_code == 400
    assert browser.get(company.choose(last, "berta")).status_code == 302


# --- accounts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "role"),
    [
        ({"groups": ["call-admins", "everybody"]}, Role.ADMIN),
        ({"groups": ["everybody", "call-leads"]}, Role.SUPERVISOR),
        ({"groups": "everybody"}, Role.AGENT),
        ({"groups": ["call-admins-2", "call"]}, None),
        ({"groups": "call-admins,everybody"}, None),
        ({"groups": {"call-admins": True}}, None),
        ({"groups": [["call-admins"], 7]}, None),
        ({"groups": []}, None),
        ({}, None),
    ],
    ids=str,
)
def test_the_role_is_what_the_claim_says(
    making: Flask, company: Company, said: dict[str, Any], role: Role | None
) -> None:
    company.says(berta={**BERTA, "groups": None, **said})
    berta = come(making, company, "berta")
    made = user_of(making, "berta@example.com")
    assert (made.role if made else None) == role
    assert is_in(berta) is (role is not None)


def test_who_lost_their_role_is_out_and_whose_changed_has_the_new_one(
    making: Flask, company: Company, archive: Archive
) -> None:
    assert is_in(come(making, company, "berta"))
    company.says(berta={**BERTA, "groups": ["everybody"]})
    as_agent = come(making, company, "berta")
    assert as_agent.get("/calls").status_code == 403
    (entry,) = archive.audit.log(action="user_change", limit=1)
    assert (entry.by, entry.detail) == (
        "provider",
        {"user": "berta@example.com", "role": "agent"},
    )
    company.says(berta={**BERTA, "groups": []})
    refused = come(making, company, "berta")
    assert answer_of(refused).status_code == 403
    assert "gives you no part in this" in answer_of(refused).text
    (entry,) = archive.audit.log(action="sign_in", limit=1)
    assert (entry.by, str(entry.outcome), entry.detail["why"]) == (
        "berta@example.com",
        "denied",
        "no role",
    )


def test_who_has_no_account_is_told_so_where_accounts_are_matched(
    with_company: Callable[..., Flask], company: Company
) -> None:
    app = with_company()
    refused = come(app, company, "berta")
    assert answer_of(refused).status_code == 403
    assert "of the name berta@example.com" in answer_of(refused).text
    with app.app_context():
        accounts.add("Berta@Example.com", None, Role.AUDITOR)
        accounts.keep()
    assert come(app, company, "berta").get("/audit").status_code == 200


def test_an_account_is_its_subjects_and_no_one_elses_who_gets_the_address(
    with_company: Callable[..., Flask], company: Company
) -> None:
    app = with_company()
    with app.app_context():
        accounts.add("berta@example.com", None, Role.ADMIN)
        accounts.keep()
    assert is_in(come(app, company, "berta"))
    company.says(berta={**BERTA, "email": "b.gomez@example.com"}, new=BERTA)
    assert is_in(come(app, company, "berta"))
    new = come(app, company, "new")
    assert answer_of(new).status_code == 403
    assert "somebody else" in answer_of(new).text


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_is_not_verified_is_nobodys(
    with_company: Callable[..., Flask], company: Company, verified: object
) -> None:
    app = with_company()
    with app.app_context():
        accounts.add("berta@example.com", None, Role.ADMIN)
        accounts.keep()
    company.says(berta={**BERTA, "email_verified": verified})
    refused = come(app, company, "berta")
    assert answer_of(refused).status_code == 403
    assert "has not verified" in answer_of(refused).text
    assert not is_in(refused)


def test_the_name_may_be_of_another_claim(
    with_company: Callable[..., Flask], company: Company
) -> None:
    app = with_company(OIDC_NAME="preferred_username")
    assert come(app, company, "sergio").get("/calls").status_code == 200
    refused = come(app, company, "berta")
    assert "does not say your name" in answer_of(refused).text


def test_what_the_id_token_lacks_is_asked_for(making: Flask, company: Company) -> None:
    company.says({"fault": "in the user info alone"}, berta=BERTA)
    assert is_in(come(making, company, "berta"))


def test_user_info_of_somebody_else_is_not_believed(making: Flask, company: Company) -> None:
    company.says({"fault": "user info of another"}, berta={"email": "berta@example.com"})
    assert not is_in(come(making, company, "berta"))


def test_who_is_disabled_here_is_not_in(making: Flask, company: Company) -> None:
    come(making, company, "berta")
    with making.app_context():
        user = accounts.find("berta@example.com")
        assert user
        accounts.change(user, disabled=True)
        accounts.keep()
    refused = come(making, company, "berta")
    assert answer_of(refused).status_code == 403
    assert "may not sign in" in answer_of(refused).text


def test_the_last_admin_stays_one_and_is_not_in_as_less(
    with_company: Callable[..., Flask], company: Company
) -> None:
    app = with_company(OIDC_NAME="preferred_username", OIDC_ROLES=ROLES)
    company.says(ana={"preferred_username": "ana", "groups": ["everybody"]})
    refused = come(app, company, "ana")
    assert answer_of(refused).status_code == 403
    assert "last admin" in answer_of(refused).text
    found = user_of(app, "ana")
    assert found
    assert found.role == Role.ADMIN


def test_nobody_gets_in_when_it_cannot_be_written_down(
    making: Flask, company: Company, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive.catalog.audit, "append", lambda _: 1 / 0)
    browser = Browser(making)
    back = company.choose(browser.get("/sign-in/company").headers["Location"], "berta")
    with pytest.raises(ZeroDivisionError):
        browser.get(back)
    monkeypatch.undo()
    assert not is_in(browser)
    assert user_of(making, "berta@example.com") is None


# --- passwords ------------------------------------------------------------------------------


def test_passwords_can_be_switched_off(
    with_company: Callable[..., Flask], company: Company, template: Template
) -> None:
    app = with_company(PASSWORDS="off", OIDC_NAME="preferred_username")
    browser = Browser(app)
    page = browser.get("/sign-in").text
    assert 'name="password"' not in page
    assert 'href="/sign-in/company"' in page
    browser.read_token()
    refused = browser.post("/sign-in", {"name": "sergio", "password": PASSWORD})
    assert refused.status_code == 403
    assert not is_in(Browser(app, template.passes[Role.SUPERVISOR]))
    sergio = come(app, company, "sergio")
    assert "password and second factor are changed there" in sergio.get("/account").text
    sergio.read_token("/account")
    for path in ("/account/password", "/account/second-factor", "/account/recovery-codes"):
        assert sergio.post(path, {"password": PASSWORD}).status_code == 404


def test_where_there_is_no_provider_none_is_offered(app: Flask, client: Browser) -> None:
    assert "/sign-in/company" not in client.get("/sign-in").text
    for path in ("/sign-in/company", "/sign-in/company/back?code=x&state=y"):
        assert client.get(path).status_code == 404


def test_a_session_of_the_provider_ends_when_it_is_no_one_any_more(
    making: Flask, company: Company, environ: dict[str, str], archive: Archive
) -> None:
    berta = come(making, company, "berta")
    assert is_in(berta)
    without = Browser(make_app(environ, archive))
    cookie = making.config["SESSION_COOKIE_NAME"]
    without.client.set_cookie(cookie, berta.cookie(), domain="localhost", secure=True)
    assert not is_in(without)


def test_an_admin_makes_an_account_without_a_password(
    with_company: Callable[..., Flask], template: Template, app: Flask, admin: Browser
) -> None:
    form = {"name": "pia@example.com", "password": "", "role": "agent", "line": ""}
    assert admin.post("/users", form).status_code == 400
    asking = with_company()
    here = Browser(asking, template.passes[Role.ADMIN])
    assert here.post("/users", form).status_code == 302
    nobody = Browser(asking)
    nobody.read_token()
    for password in ("", "x", PASSWORD):
        sent = {"name": "pia@example.com", "password": password}
        assert nobody.post("/sign-in", sent).status_code in (200, 401)
        assert not is_in(nobody)
    command = ["user", "add", "eva@example.com", "--role", "agent", "--no-password"]
    assert asking.test_cli_runner().invoke(args=command).exit_code == 0
    found = user_of(asking, "eva@example.com")
    assert found
    assert found.password == ""
