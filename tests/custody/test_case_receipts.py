"""Receipts of cases: what they say, what opens their links, and how they are sent."""

from __future__ import annotations

import asyncio
import io
import ssl
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import update

from tests.factories import call_sid
from tests.house import House, with_settings
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.smtp import MailServer, read_server
from twirec.archive import Archive
from twirec.catalog.tables import calls, recordings
from twirec.model.access import Actor
from twirec.model.cases import CaseStepKind
from twirec.model.errors import InvalidQuery, LinkClosed, MailNotSent
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

ANA, EVA = Actor("ana", "agent"), Actor("eva", "admin")


@pytest.fixture(scope="module")
def recorded() -> House:
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    house.record(wav(4.0, channels=2))
    house.work()
    with house.archive.catalog.database.write() as connection:
        connection.execute(update(calls).values(ended_at=house.time))
        connection.execute(update(recordings).values(started_at=house.time))
    return house


@pytest.fixture
def house(recorded: House) -> House:
    return recorded.copy()


def a_case(archive: Archive, language: str = "es") -> str:
    opened = archive.cases.open(
        call_sid(), "billing", content="Me cobran dos veces.", language=language, by=ANA
    )
    archive.cases.consent(opened.case.key, "granted", by=ANA)
    return opened.case.key


WORDS = {
    "es": ("Justificante de su caso", "5 días; hasta el 28-11-2026", "Con su consentimiento"),
    "ca": ("Justificant del seu cas", "5 dies; fins al 28-11-2026", "Amb el seu consentiment"),
    "gl": ("Xustificante do seu caso", "5 días; ata o 28-11-2026", "Co seu consentimento"),
    "eu": ("kasuaren egiaztagiria", "5 egun; 28-11-2026 arte", "Zure baimenarekin"),
    "en": ("Receipt of your case", "5 days; until 28-11-2026", "With your consent"),
}


@pytest.mark.parametrize("language", WORDS)
def test_a_receipt_says_it_in_the_language_of_the_complaint(house: House, language: str) -> None:
    key = a_case(house.archive, language)
    made = house.archive.cases.receipts.make(key, by=EVA)
    for said in (key, "Me cobran dos veces.", "23-11-2026 11:16", *WORDS[language]):
        assert said in made.text
    assert made.pdf.startswith(b"%PDF")
    assert "{" not in made.text


def test_link_and_code_of_a_receipt_open_the_recording(house: House) -> None:
    archive = house.archive
    made = archive.cases.receipts.make(a_case(archive), by=EVA)
    (link,) = [line for line in made.text.splitlines() if "/twirec/disclosed/" in line]
    opening = archive.custody.disclosures.open(link.rpartition("/")[2], made.code)
    assert opening.disclosure.recording_sid == house.recording().sid
    assert made.code not in made.text


def test_a_yes_that_is_written_down_after_the_call_gives_nothing_away(house: House) -> None:
    house.time += timedelta(seconds=1)
    made = house.archive.cases.receipts.make(a_case(house.archive), by=Actor("bo", "supervisor"))
    assert "no se ha grabado para su caso" in made.text
    assert (made.code, "/twirec/disclosed/" in made.text) == ("", False)


def test_of_what_was_recorded_already_a_link_has_what_came_after_the_yes(house: House) -> None:
    archive, disclosures = house.archive, house.archive.custody.disclosures
    began = house.time - timedelta(seconds=3)
    with archive.catalog.database.write() as connection:
        connection.execute(update(recordings).values(started_at=began))
    made = archive.cases.receipts.make(a_case(archive), by=EVA)
    (link,) = [line for line in made.text.splitlines() if "/twirec/disclosed/" in line]
    secret = link.rpartition("/")[2]
    opening = disclosures.open(secret, made.code)
    with wave.open(io.BytesIO(b"".join(disclosures.hear(secret, opening.ticket)))) as heard:
        assert heard.getnframes() / heard.getframerate() == pytest.approx(1.0, abs=0.01)


def test_who_may_not_hear_it_gets_no_link(house: House) -> None:
    made = house.archive.cases.receipts.make(a_case(house.archive), by=ANA)
    assert "/twirec/disclosed/" not in made.text
    assert made.code == ""
    assert "Puede pedir una copia" in made.text


def test_without_consent_a_receipt_says_that_nothing_was_recorded(house: House) -> None:
    key = house.archive.cases.open(call_sid(), "query", by=ANA).case.key
    made = house.archive.cases.receipts.make(key, by=EVA)
    assert "no se ha grabado para su caso" in made.text
    assert made.code == ""


class Inbox:
    """A mail server's own part: it takes what comes, or refuses."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.refuses = False

    async def handle_DATA(  # noqa: N802 - its name is aiosmtpd's
        self, _server: object, _session: object, envelope: Envelope
    ) -> str:
        if self.refuses:
            return "554 not here"
        self.taken.append(envelope)
        return "250 taken"


@contextmanager
def serving(
    inbox: Inbox, *, first: ssl.SSLContext | None = None, then: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Run a mail server, and give its port: with TLS first, or by STARTTLS, or without."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def made() -> SMTP:
        return SMTP(inbox, hostname="localhost", tls_context=then, require_starttls=bool(then))

    async def begin() -> asyncio.Server:
        return await loop.create_server(made, "localhost", 0, ssl=first)

    async def end() -> None:
        server.close()
        await server.wait_closed()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(60)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("mail") / "mail.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(pem)
    )
    return file


@pytest.fixture(params=["smtps", "smtp"])
def mail(
    request: pytest.FixtureRequest, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Inbox, MailServer]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    inbox, first = Inbox(), request.param == "smtps"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(inbox, first=context if first else None, then=None if first else context) as port:
        yield inbox, read_server(f"{request.param}://localhost:{port}")


def test_a_receipt_is_sent_over_tls_only_and_that_is_written_down(
    house: House, mail: tuple[Inbox, MailServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, server = mail
    archive = with_settings(house.archive, smtp=server, smtp_from="Acme <casos@acme.example>")
    key = a_case(archive)
    code = archive.cases.receipts.send(key, to="ana.customer@example.com", by=EVA)
    (taken,) = inbox.taken
    assert taken.rcpt_tos == ["ana.customer@example.com"]
    message = message_from_bytes(taken.content or b"")
    assert message["From"] == "Acme <casos@acme.example>"
    text, attached = message.get_payload()
    said = text.get_payload(decode=True).decode()
    assert "/twirec/disclosed/" in said.replace("=\n", "")
    assert code
    assert code not in said
    assert attached.get_payload(decode=True).startswith(b"%PDF")
    last = archive.cases.get(key, by=EVA).steps[-1]
    assert (last.kind, last.how) == (CaseStepKind.DELIVERED, "e-mail")

    # who may not hear it chooses the address, and would have the code too
    assert archive.cases.receipts.send(key, to="ana@agents.example", by=ANA) == ""
    message = message_from_bytes(inbox.taken.pop().content or b"")
    assert "/twirec/disclosed/" not in message.get_payload()[0].get_payload(decode=True).decode()

    inbox.refuses = True
    with pytest.raises(MailNotSent):
        archive.cases.receipts.send(key, to="ana.customer@example.com", by=ANA)
    assert "not delivered" in archive.cases.get(key, by=EVA).steps[-1].how
    inbox.refuses = False
    monkeypatch.delenv("SSL_CERT_FILE")  # nobody vouches for the server
    with pytest.raises(MailNotSent, match="certificate"):
        archive.cases.receipts.send(key, to="ana.customer@example.com", by=ANA)
    assert len(inbox.taken) == 1


def test_a_server_without_tls_gets_nothing(house: House) -> None:
    inbox = Inbox()
    with serving(inbox) as port:
        server = MailServer("localhost", port, begins_with_tls=False)
        archive = with_settings(house.archive, smtp=server, smtp_from="casos@acme.example")
        with pytest.raises(MailNotSent, match="no TLS"):
            archive.cases.receipts.send(a_case(archive), to="ana@example.com", by=ANA)
    assert inbox.taken == []


def test_what_cannot_be_sent_is_refused_by_name(house: House) -> None:
    key = a_case(house.archive)
    with pytest.raises(InvalidQuery, match="TWIREC_SMTP_URL"):
        house.archive.cases.receipts.send(key, to="ana@example.com", by=ANA)
    for wrong in ("ana", "ana@example.com, bo@example.com", "Ana <ana@example.com>"):
        with pytest.raises(InvalidQuery, match="one e-mail address"):
            house.archive.cases.receipts.send(key, to=wrong, by=ANA)
    with pytest.raises(LinkClosed):
        house.archive.custody.disclosures.open("x" * 43, "K7QM-3XRD")
