"""Receipts by e-mail: sent by workers over TLS, tried again where that helps, and never twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.custody.ended_call import ended_call
from tests.factories import ACCOUNT, call_sid
from tests.house import House, with_settings
from tests.mail_server import DIES, Inbox, context_of, serving, write_certificate
from twirec.adapters.smtp import MailServer, read_server
from twirec.archive import Archive
from twirec.catalog.case_tables import case_mails
from twirec.catalog.tables import events
from twirec.model.access import Actor
from twirec.model.cases import CaseMail, CaseStep, MailState
from twirec.model.errors import CatalogUnavailable
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

ANA, EVA = Actor("ana", "agent"), Actor("eva", "admin")
TO = "marta.customer@example.com"
FROM = "Acme <casos@acme.example>"


@pytest.fixture(scope="module")
def recorded() -> House:
    told = {"TWIREC_NOTIFY_URL": "http://localhost:1/", "TWIREC_NOTIFY_SECRET": "x" * 32}
    return ended_call(Settings.from_env({**ENVIRONMENT, **told}))


@pytest.fixture
def house(recorded: House) -> House:
    return recorded.copy()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("mail") / "mail.pem"
    write_certificate(file)
    return file


@pytest.fixture(scope="module")
def served(certificate: Path) -> Iterator[tuple[Inbox, int]]:
    """A mail server that begins with STARTTLS, for all tests of the file."""
    inbox = Inbox()
    with serving(inbox, then=context_of(certificate)) as port:
        yield inbox, port


@pytest.fixture
def inbox(served: tuple[Inbox, int], certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    its = served[0]
    for each in (its.taken, its.to_address, its.to_content):
        each.clear()
    return its


@pytest.fixture
def archive(house: House, inbox: Inbox, served: tuple[Inbox, int]) -> Archive:
    return mailing(house, read_server(f"smtp://localhost:{served[1]}"))


def mailing(house: House, server: MailServer, **changes: Any) -> Archive:
    return with_settings(house.archive, smtp=server, smtp_from=FROM, **changes)


def asked(archive: Archive, by: Actor = EVA) -> str:
    """Open a case, and let its receipt be sent; return its key."""
    case = archive.cases.open(call_sid(), "billing", content="dos veces", by=ANA).case
    archive.cases.consent(case.key, "granted", by=ANA)
    archive.cases.receipts.send(case.key, to=TO, by=by)
    return case.key


def work(archive: Archive) -> None:
    archive.operations.worker(threads=1).run_once()


def later(house: House, archive: Archive, key: str) -> None:
    """Let a worker come when it is tried again."""
    due_at = archive.cases.get(key, by=EVA).mails[0].due_at
    assert due_at is not None
    house.time = max(house.time, due_at)
    work(archive)


def mails(archive: Archive, key: str) -> list[CaseMail]:
    return list(archive.cases.get(key, by=EVA).mails)


def last_step(archive: Archive, key: str) -> CaseStep:
    return archive.cases.get(key, by=EVA).steps[-1]


def told(archive: Archive, key: str) -> list[str]:
    its = select(events.c.type).where(events.c.case_key == key)
    with archive.catalog.database.read() as connection:
        return sorted(str(each) for each in connection.scalars(its))


def opened(inbox: Inbox) -> list[EmailMessage]:
    return [message_from_bytes(bytes(each.content or b""), policy=default) for each in inbox.taken]


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_a_worker_sends_it_and_that_is_a_step_an_event_and_an_entry(
    archive: Archive, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "twirec")
    key = asked(archive)
    (waiting,) = mails(archive, key)
    assert (waiting.state, waiting.address, inbox.taken) == (MailState.WAITING, TO, [])
    assert archive.operations.stats(by=EVA).mails_waiting == 1
    work(archive)
    (message,) = opened(inbox)
    assert inbox.taken[0].rcpt_tos == [TO]
    assert message["Message-ID"] == f"<{waiting.id}@acme.example>"
    assert (message["From"], message["To"]) == (FROM, TO)
    assert message["Subject"] == f"Justificante de su caso {key}"
    assert "/twirec/disclosed/" in text_of(message)
    (attached,) = message.iter_attachments()
    assert attached.get_content().startswith(b"%PDF")
    step = last_step(archive, key)
    assert (step.kind, step.by, step.text, step.how) == ("delivered", "eva", TO, "e-mail")
    assert mails(archive, key) == []
    assert told(archive, key) == ["case_mailed", "case_opened", "case_receipt"]
    made, sent = archive.audit.log(action="case", sid=key)[1::-1]
    assert made.detail["mail"] == sent.detail["mail"] == waiting.id
    assert (sent.by, sent.outcome, sent.detail["step"]) == ("twirec", "done", "delivered")
    ours = [each.getMessage() for each in caplog.records if each.name.startswith("twirec")]
    assert f"{key}: its receipt by e-mail: finished" in ours
    assert TO.split("@")[0] not in " ".join(ours)
    work(archive)
    assert len(inbox.taken) == 1


def test_with_tls_first_it_is_sent_too_and_without_tls_nothing(
    house: House, inbox: Inbox, certificate: Path
) -> None:
    with serving(inbox, first=context_of(certificate)) as port:
        archive = mailing(house, read_server(f"smtps://localhost:{port}"))
        key = asked(archive, by=ANA)
        work(archive)
        (message,) = opened(inbox)
        # who may not hear it chooses the address, and would have the code too
        assert "/twirec/disclosed/" not in text_of(message)
    with serving(inbox) as port:
        archive = mailing(house, MailServer("localhost", port, begins_with_tls=False))
        key = asked(archive)
        work(archive)
    (waiting,) = mails(archive, key)
    assert "no TLS" in waiting.last_error
    assert waiting.state is MailState.WAITING  # a setting, which somebody mends
    assert len(inbox.taken) == 1


def test_nothing_is_sent_to_a_server_for_which_nobody_vouches(
    house: House, archive: Archive, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = asked(archive)
    with monkeypatch.context() as patched:
        patched.delenv("SSL_CERT_FILE")
        work(archive)
    (waiting,) = mails(archive, key)
    assert "certificate was not accepted" in waiting.last_error
    later(house, archive, key)
    assert len(inbox.taken) == 1


@pytest.mark.parametrize("where", ["to_address", "to_content"])
def test_what_is_refused_for_now_is_tried_again(
    house: House, archive: Archive, inbox: Inbox, where: str
) -> None:
    getattr(inbox, where).append("451 try again later, marta.customer")
    key = asked(archive)
    work(archive)
    (waiting,) = mails(archive, key)
    assert (waiting.attempts, waiting.state) == (1, MailState.WAITING)
    assert waiting.last_error.startswith("MailNotSent: The mail server refused the ")
    assert waiting.last_error.endswith(" for now: 451.")
    assert waiting.due_at is not None
    assert timedelta(seconds=20) < waiting.due_at - house.time < timedelta(seconds=40)
    work(archive)  # it is not time yet
    assert inbox.taken == []
    later(house, archive, key)
    assert len(inbox.taken) == 1
    assert last_step(archive, key).kind == "delivered"


@pytest.mark.parametrize("where", ["to_address", "to_content"])
def test_what_is_refused_for_good_is_parked_at_once_and_loud_until_it_is_delivered(
    archive: Archive, inbox: Inbox, where: str
) -> None:
    getattr(inbox, where).append("550 no such marta.customer here")
    key = asked(archive)
    work(archive)
    (failed,) = mails(archive, key)
    assert (failed.state, failed.attempts, failed.address) == (MailState.FAILED, 1, "")
    assert failed.last_error.endswith(" for good: 550.")
    assert "marta" not in failed.last_error
    step = last_step(archive, key)
    assert (step.kind, step.text) == ("not_delivered", TO)
    assert step.how.startswith("e-mail: The mail server refused the ")
    assert told(archive, key) == ["case_not_mailed", "case_opened", "case_receipt"]
    entry = archive.audit.log(action="case", sid=key)[0]
    assert (entry.outcome, entry.detail["step"]) == ("failed", "delivered")
    with archive.catalog.database.read() as connection:
        assert connection.scalar(select(case_mails.c.content)) == ""
    assert archive.operations.stats(by=EVA).mails_failed == 1
    assert [each.case_key for each in archive.cases.receipts.undelivered(by=ANA)] == [key]
    archive.cases.receipts.deliver(key, to="Calle Mayor 1", how="by post", by=ANA)
    assert archive.operations.stats(by=EVA).mails_failed == 0
    assert archive.cases.receipts.undelivered(by=ANA) == []


def test_another_one_takes_the_place_of_one_that_failed(archive: Archive, inbox: Inbox) -> None:
    inbox.to_address.append("550 no")
    key = asked(archive)
    work(archive)
    archive.cases.receipts.send(key, to=TO, by=EVA)
    work(archive)
    assert mails(archive, key) == []
    assert len(inbox.taken) == 1


def test_a_server_that_dies_over_it_gets_the_same_message_again(
    house: House, archive: Archive, inbox: Inbox
) -> None:
    inbox.to_content.append(DIES)
    key = asked(archive)
    work(archive)
    assert mails(archive, key)[0].last_error.startswith("MailNotSent: The mail server took nothing")
    later(house, archive, key)
    first, second = inbox.taken
    assert first.content == second.content  # its Message-ID and its link among it
    assert mails(archive, key) == []
    assert last_step(archive, key).kind == "delivered"


def test_who_dies_after_the_server_took_it_sends_the_same_message_again(
    house: House, archive: Archive, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise CatalogUnavailable("away")

    key = asked(archive)
    with monkeypatch.context() as patched:
        patched.setattr(archive.catalog.case_mails, "sent", away)
        work(archive)
    later(house, archive, key)
    first, second = inbox.taken
    assert first.content == second.content
    assert last_step(archive, key).kind == "delivered"


def test_nobody_reads_in_the_catalog_what_waits(house: House, archive: Archive) -> None:
    key = asked(archive)
    with archive.catalog.database.read() as connection:
        content = str(connection.scalar(select(case_mails.c.content)))
    assert "disclosed" not in content
    other = mailing(house, archive.settings.smtp or MailServer("", 0, begins_with_tls=True),
                    auth_tokens={ACCOUNT: ("rotated",)})  # fmt: skip
    work(other)
    (failed,) = mails(archive, key)
    assert "another auth token" in failed.last_error


def test_a_token_that_was_rotated_and_is_still_named_reads_it(
    house: House, archive: Archive, inbox: Inbox
) -> None:
    asked(archive)
    tokens = {account: ("new", *before) for account, before in archive.settings.auth_tokens.items()}
    assert archive.settings.smtp
    work(mailing(house, archive.settings.smtp, auth_tokens=tokens))
    assert len(inbox.taken) == 1


def test_what_does_not_hold_any_more_is_not_sent(archive: Archive, inbox: Inbox) -> None:
    key = asked(archive)
    archive.cases.consent(key, "refused", by=ANA)
    work(archive)
    assert "Its link was ended" in mails(archive, key)[0].last_error
    shut = asked(archive)
    archive.cases.close(shut, notified_at="2026-11-23", how="x", by=EVA)
    archive.custody.erase(call_sid(), reason="asked for", by=EVA)
    work(archive)
    assert archive.catalog.case_mails.of(shut)[0].last_error.startswith("MailRefused: The case is")
    assert mails(archive, shut) == []
    assert inbox.taken == []
