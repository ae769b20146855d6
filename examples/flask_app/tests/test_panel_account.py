"""One's own account: the password that holds is asked, and every other session ends; names."""

from __future__ import annotations

import unicodedata

import pytest
from flask import Flask
from panel_house import PASSWORD, Browser

from callpanel import accounts
from callpanel.names import folded, is_name
from callpanel.roles import Role
from twirec import Archive

NEW = "una contraseña larga"


def form(old: str = PASSWORD, new: str = NEW, again: str | None = None) -> dict[str, str]:
    return {"old": old, "password": new, "again": new if again is None else again}


@pytest.mark.parametrize("role", ["ana", "sergio", "aurora", "alex"])
def test_everybody_changes_their_own_password(app: Flask, archive: Archive, role: str) -> None:
    here, elsewhere = Browser(app), Browser(app)
    for each in (here, elsewhere):
        each.sign_in(role)
    answer = here.post("/account/password", form())
    assert answer.headers["Location"] == "/account"
    page = here.get("/account")
    assert page.status_code == 200
    assert "Your password is changed." in page.text
    assert elsewhere.get("/account").status_code == 302
    (entry,) = archive.audit.log(action="user_password", limit=1)
    assert (entry.by, entry.detail, str(entry.outcome)) == (role, {"user": role}, "done")
    assert Browser(app).sign_in(role).status_code == 401
    assert Browser(app).sign_in(role, NEW).status_code == 302


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        (form(old="eine falsche Parole"), 403, "That is not your password. Nothing was changed."),
        (form(old=""), 400, "This field is required."),
        (form(again="una contraseña larga."), 400, "These two are not the same."),
        (form(new="corta", again="corta"), 400, "Field must be between 12 and 256"),
        (form(new="sergio sergio 1"), 400, "easily guessed"),
    ],
    ids=["the old one is wrong", "no old one", "not the same", "too short", "easily guessed"],
)
def test_a_change_that_is_refused_changes_nothing(
    app: Flask, supervisor: Browser, sent: dict[str, str], status: int, said: str
) -> None:
    answer = supervisor.post("/account/password", sent)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert supervisor.get("/account").status_code == 200
    assert Browser(app).sign_in("sergio").status_code == 302


def test_who_sits_at_a_browser_of_somebody_else_has_five_guesses(
    supervisor: Browser, archive: Archive
) -> None:
    answers = [
        supervisor.post("/account/password", form(old="eine falsche Parole")) for _ in range(6)
    ]
    assert [each.status_code for each in answers] == [403] * 5 + [429]
    denied = archive.audit.log(action="user_password", limit=9)
    assert [(each.by, str(each.outcome)) for each in denied] == [("sergio", "denied")] * 5


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("José.Núñez", "josé.núñez"),
        (unicodedata.normalize("NFD", "maría"), "maría"),
        ("Ana.Gómez@Example.COM", "ana.gómez@example.com"),
        ("o'brien", "o'brien"),
        ("col·lega", "col·lega"),
        ("Ελένη", "ελένη"),
        ("3com@example.com", "3com@example.com"),
        ("ana+panel@example.com", "ana+panel@example.com"),
        (" pia ", "pia"),
        ("x" * 64, "x" * 64),
    ],
)
def test_names_have_accents_and_may_be_addresses(app: Flask, given: str, kept: str) -> None:
    with app.app_context():
        made = accounts.add(given, NEW, Role.AGENT)
        accounts.keep()
        assert made.name == kept
        assert accounts.find(given.upper() if given != "o'brien" else given) is made
    browser = Browser(app)
    assert browser.sign_in(given, NEW).status_code == 302
    assert kept.replace("'", "&#39;") in browser.get("/account").text


@pytest.mark.parametrize(
    "name",
    [
        *("", "x", "x" * 65, ".ana", "ana.", "_ana", "a na", "a@b@c", "@ana", "ana@", "12345"),
        *("ana\n", "ana<b>", "ana/../x", "ana:x", "an\N{CYRILLIC SMALL LETTER A}"),
    ],
)
def test_what_is_no_name_is_refused(app: Flask, name: str) -> None:
    assert not is_name(folded(name)) or folded(name) == "ana"
    if folded(name) != "ana":
        with app.app_context(), pytest.raises(accounts.AccountError, match="Name: give"):
            accounts.add(name, NEW, Role.AGENT)


def test_names_that_look_alike_are_one(app: Flask) -> None:
    with app.app_context():
        accounts.add("josé", NEW, Role.AGENT)
        accounts.keep()
        for same in ("JOSÉ", unicodedata.normalize("NFD", "josé"), "ｊｏｓé"):
            with pytest.raises(accounts.AccountError, match="has an account already"):
                accounts.add(same, NEW, Role.AGENT)
