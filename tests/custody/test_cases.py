"""Cases under Ley 10/2025: a row for each sentence that concerns complaints by telephone."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tests.end_to_end import test_cases as on_calls
from tests.erasing import destroy
from tests.factories import ACCOUNT, a_call, call_sid, recording_sid
from tests.house import House, with_settings
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.smtp import MailServer
from twirec.calls.working_days import WorkingDays, read_days, read_place
from twirec.catalog.tables import metadata
from twirec.custody.case_terms import due, to_complete
from twirec.model.access import Actor
from twirec.model.agents import Leg
from twirec.model.case_terms import LEGAL, read_terms
from twirec.model.cases import CaseAnswer, CaseKind, CaseState, CaseStepKind
from twirec.model.errors import CustodyRefused, InvalidQuery, NotFound
from twirec.model.states import State
from twirec.search.case_keys import ALPHABET, looks_like_key, new_key, read_key
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

ANA, EVA = Actor("ana", "agent"), Actor("eva", "admin")
MADRID = ZoneInfo("Europe/Madrid")
DAYS = WorkingDays("ES-MD", ("05-15", "11-09", "2026-12-24"))


@pytest.fixture(scope="module")
def recorded() -> House:
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    house.record(wav(4.0, channels=2))
    house.work()
    return house


def opened(house: House, kind: str = "complaint", **said: str) -> str:
    return house.archive.cases.open(call_sid(), kind, by=ANA, **said).case.key


# --- the law, sentence by sentence ---------------------------------------------------------------


def a_key_for_each(house: House) -> None:
    keys = {opened(house) for _ in range(20)}
    assert len(keys) == 20


def told_in_the_conversation(house: House) -> None:
    said = house.archive.cases.open(call_sid(), "query", by=ANA)
    assert said.case.key in said.say[0]


def followed_by_its_key(house: House) -> None:
    key = opened(house)
    house.archive.cases.note(key, "asked the warehouse", by=ANA)
    typed = key.replace("-", " ").lower()
    (found,) = house.archive.cases.find(typed, by=ANA)
    record = house.archive.cases.get(typed, by=EVA)
    assert found.state is CaseState.OPEN
    assert record.records[0].recordings[0].sid == recording_sid()
    assert [step.kind for step in record.steps] == [CaseStepKind.OPENED, CaseStepKind.NOTE]


def a_receipt(house: House) -> None:
    key = opened(house, content="Two invoices.")
    made = house.archive.cases.receipts.make(key, by=ANA)
    for said in (key, "Two invoices.", "23-11-2026 11:16"):
        assert said in made.text


def recorded_on_consent(house: House) -> None:
    key = opened(house)
    assert house.archive.cases.consent(key, "granted", by=ANA).recorded
    (call,) = house.archive.cases.get(key, by=EVA).calls
    assert (call.answer, call.asked_by) == (CaseAnswer.GRANTED, "ana")


def nothing_without_a_yes(house: House) -> None:
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    said = house.archive.cases.open(call_sid(2), "complaint", by=ANA)
    assert not said.recorded  # they were asked, and nobody answered yet
    assert not house.archive.cases.consent(said.case.key, "refused", by=ANA).recorded
    with pytest.raises(InvalidQuery, match="granted or refused"):
        house.archive.cases.consent(said.case.key, "not_asked", by=ANA)
    (record,) = house.archive.cases.get(said.case.key, by=EVA).records
    assert record.recordings == ()


def how_to_get_at_it(house: House) -> None:
    key = opened(house)
    house.archive.cases.consent(key, "granted", by=ANA)
    made = house.archive.cases.receipts.make(key, by=EVA)
    assert "/twirec/disclosed/" in made.text
    assert made.code


def kept_until_they_are_told(house: House) -> None:
    key = opened(house)
    with pytest.raises(CustodyRefused, match=key):
        destroy(house.archive, recording_sid(), "asked", EVA)
    assert house.archive.custody.holds.list(case=key, by=EVA)
    house.archive.cases.close(key, notified_at="2026-11-23", how="by post", by=EVA)
    destroy(house.archive, recording_sid(), "asked", EVA)
    assert house.recording().state is State.ERASING


def delivered_as_chosen(house: House) -> None:
    key = opened(house)
    house.archive.cases.receipts.deliver(key, to="Calle Mayor 1", how="by post", by=ANA)
    last = house.archive.cases.get(key, by=EVA).steps[-1]
    assert (last.kind, last.text, last.how) == ("delivered", "Calle Mayor 1", "by post")
    server = MailServer("localhost", 1, begins_with_tls=True)
    mailing = with_settings(house.archive, smtp=server, smtp_from="casos@acme.example")
    mailing.cases.receipts.send(key, to="ana@example.com", by=ANA)
    (mail,) = mailing.cases.get(key, by=EVA).mails
    assert mail.address == "ana@example.com"


def used_for_that_alone(house: House) -> None:
    """The address is with the case, and nowhere else; it goes when the customer is erased."""
    key = opened(house)
    house.archive.cases.receipts.deliver(key, to="Calle Mayor 1", how="by post", by=ANA)
    house.archive.cases.close(key, notified_at="2026-11-23", how="by post", by=EVA)
    with house.archive.catalog.database.read() as connection:
        holding = [
            table.name
            for table in metadata.sorted_tables
            if "Calle Mayor" in str(connection.execute(select(table)).all())
        ]
    assert holding == ["case_steps"]
    assert b"Calle" not in b"".join(house.archive.cases.years.cases(2026, by=EVA))
    house.archive.custody.erase("600111222", reason="asked", by=EVA)
    house.time += timedelta(days=1200)
    for _ in range(3):
        house.archive.operations.worker(threads=1).run_once()
    assert {step.text for step in house.archive.cases.get(key, by=EVA).steps} == {""}


def with_reasons(house: House) -> None:
    key = opened(house)
    said = {"notified_at": "2026-11-23", "how": "by e-mail", "resolution": "Paid back, as …"}
    closed = house.archive.cases.close(key, by=EVA, **said)
    assert (closed.resolution, closed.in_time) == ("Paid back, as …", True)


def not_by_lapse_of_time(house: House) -> None:
    key = opened(house)
    house.time += timedelta(days=400)
    house.archive.operations.worker(threads=1).run_once()
    assert house.archive.cases.get(key, by=EVA).case.state is CaseState.OPEN
    for wrong in ("2030-01-01", "2026-11-22"):
        with pytest.raises(InvalidQuery, match="notified_at"):
            house.archive.cases.close(key, notified_at=wrong, how="x", by=EVA)


def ten_days_to_complete(house: House) -> None:
    key = opened(house)
    asked = house.archive.cases.incomplete(key, "the invoice", how="by e-mail", by=ANA)
    assert (asked.state, asked.due_at) == (CaseState.INCOMPLETE, None)
    assert asked.complete_by == datetime(2026, 12, 7, 22, 59, 59, tzinfo=UTC)
    house.time += timedelta(days=60)
    house.archive.operations.worker(threads=1).run_once()
    still = house.archive.cases.get(key, by=EVA).case
    assert (still.state, still.overdue(house.time)) == (CaseState.INCOMPLETE, False)  # nor closed
    completed = house.archive.cases.complete(key, by=ANA)
    assert completed.term_began_at == house.time  # the term runs from then
    assert completed.due_at is not None
    assert completed.due_at > house.time + timedelta(days=15)


def closing_calls_too(house: House) -> None:
    key = opened(house)
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    added = house.archive.cases.add_call(key, call_sid(2), part="closing", by=ANA)
    assert "¿Consiente" in added.say[1]
    assert house.archive.cases.consent(key, "granted", by=ANA).recorded
    sid = house.archive.cases.get(key, by=EVA).calls[1].recording_sid
    assert house.archive.catalog.holds.cases(sid or "") == (key,)


def in_their_language(house: House) -> None:
    for language, (key, question, receipt) in IN_THEIR_LANGUAGE.items():
        said = house.archive.cases.open(call_sid(), "query", language=language, by=ANA)
        assert said.say[0] == key.format(key=said.case.key)
        assert said.say[1].startswith(question)
        made = house.archive.cases.receipts.make(said.case.key, by=ANA)
        assert made.text.startswith(receipt.format(key=said.case.key))


def in_fifteen_working_days(house: House) -> None:
    _overdue_after(house, "complaint", timedelta(days=22))


def in_two_hours(house: House) -> None:
    _overdue_after(house, "outage", timedelta(hours=2))


def in_five_days(house: House) -> None:
    _overdue_after(house, "billing", timedelta(days=5))


def _overdue_after(house: House, kind: str, term: timedelta) -> None:
    """A case is overdue after its term, and stands out: first on the list, with an event."""
    key = opened(house, kind)
    case = house.archive.cases.get(key, by=EVA).case
    assert case.due_at is not None
    assert case.warn_at is not None
    assert term <= case.due_at - case.opened_at < term + timedelta(days=1)
    for at, kind_ in ((case.warn_at, "nearly_due"), (case.due_at, "overdue")):
        house.time = at + timedelta(seconds=1)
        house.archive.operations.worker(threads=1).run_once()
        assert house.archive.cases.get(key, by=EVA).steps[-1].kind == kind_
    assert house.archive.cases.counts(by=EVA) == (1, 0)
    assert house.archive.operations.stats(by=EVA).cases_overdue == 1
    house.archive.cases.close(key, notified_at=house.time, how="x", by=EVA)
    assert house.archive.operations.stats(by=EVA).cases_overdue == 0
    assert house.archive.cases.get(key, by=EVA).case.in_time is False


IN_THEIR_LANGUAGE = {
    "es": ("La clave de su caso es {key}.", "¿Consiente que", "Justificante de su caso {key}"),
    "ca": ("La clau del seu cas és {key}.", "Consent que", "Justificant del seu cas {key}"),
    "gl": ("A clave do seu caso é {key}.", "Consente que", "Xustificante do seu caso {key}"),
    "eu": ("Zure kasuaren gakoa {key} da.", "Baimena ematen", "{key} kasuaren egiaztagiria"),
    "en": ("The key of your case is {key}.", "Do you consent", "Receipt of your case {key}"),
}


@dataclass(frozen=True)
class Sentence:
    """A sentence of the law, in short.

    Attributes:
        says: what it orders.
        shown: shows that the software does it; None where it is the company's own business.
        call: the test that shows it on calls of the sandbox; none of what a clock says.
    """

    says: str
    shown: Callable[[House], None] | None
    call: Callable[..., None] | None = None


WHOLE = on_calls.test_a_complaint_is_told_its_key_receipted_and_closed_by_telephone_in_its_language
YES = on_calls.test_a_yes_is_recorded_from_the_question_on_and_kept_until_they_are_told
NO = on_calls.test_a_no_leaves_no_bytes_anywhere

LAW: dict[str, Sentence] = {
    "11.1 a key": Sentence("each complaint has an identifying key", a_key_for_each, WHOLE),
    "11.1 told": Sentence(
        "the key is told during the conversation", told_in_the_conversation, WHOLE
    ),
    "11.2": Sentence("it can be followed by its key", followed_by_its_key, WHOLE),
    "12.1 receipt": Sentence("a receipt shows content, date and hour", a_receipt, WHOLE),
    "12.1 durable": Sentence("which medium the company chooses", None),
    "12.1 recording": Sentence("it is recorded on express consent", recorded_on_consent, YES),
    "12.1 express": Sentence("without a yes nothing is recorded for it", nothing_without_a_yes, NO),
    "12.1 access": Sentence("the receipt says how to get at the recording", how_to_get_at_it, YES),
    "12.1 keeping": Sentence("it is kept until they are told", kept_until_they_are_told, YES),
    "12.2": Sentence("the receipt goes by the way that they chose", delivered_as_chosen, WHOLE),
    "12.3": Sentence("the company asks for what it needs for that", None),
    "12.3 use": Sentence("what they give for that is used for that alone", used_for_that_alone),
    "13.1": Sentence("the resolution has reasons", with_reasons, WHOLE),
    "13.1 content": Sentence("whether the reasons are good ones", None),
    "13.2": Sentence("none is closed by lapse of time", not_by_lapse_of_time),
    "13.3": Sentence("ten working days to complete; the term runs then", ten_days_to_complete),
    "13.5": Sentence("the closing call is recorded on consent too", closing_calls_too, WHOLE),
    "13.6": Sentence("in the language of the complaint", in_their_language, WHOLE),
    "13.6 answer": Sentence("the resolution itself is written in it", None),
    "17.1": Sentence("15 working days", in_fifteen_working_days),
    "17.2": Sentence("two hours on cuts and suspensions", in_two_hours),
    "17.2 informing": Sentence("what customers are told of a cut, and in which way", None),
    "17.3": Sentence("five days on invoices and charges", in_five_days),
}


@pytest.mark.parametrize("article", [name for name, each in LAW.items() if each.shown])
def test_the_law(recorded: House, article: str) -> None:
    shown, house = LAW[article].shown, recorded.copy()
    began = house.time
    assert shown is not None
    shown(house)
    # by a clock that was moved, if not on calls of the sandbox
    assert LAW[article].call is not None or house.time > began


def test_the_page_says_of_each_sentence_whose_business_it_is() -> None:
    page = (Path(__file__).parents[2] / "docs" / "complaints.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+\.\d[^|]*?) \| ([^|]+?) \| ([^|]+?) \|$", page, re.MULTILINE)
    assert [(article, says) for article, says, _ in rows] == [
        (article, each.says) for article, each in LAW.items()
    ]
    for article, _, who in rows:
        assert (who == "yours") is (LAW[article].shown is None), article


# --- keys ----------------------------------------------------------------------------------------


def test_each_wrong_letter_and_each_two_that_changed_places_are_refused() -> None:
    for _ in range(40):
        key = new_key()
        assert read_key(key.lower().replace("-", "")) == key
        bare = key[2:].replace("-", "")
        for place, letter in itertools.product(range(7), ALPHABET):
            wrong = bare[:place] + letter + bare[place + 1 :]
            if wrong != bare:
                with pytest.raises(InvalidQuery, match="have it said again"):
                    read_key(wrong)
        for one, other in itertools.combinations(range(7), 2):
            if bare[one] != bare[other]:
                letters = list(bare)
                letters[one], letters[other] = letters[other], letters[one]
                with pytest.raises(InvalidQuery):
                    read_key("R" + "".join(letters))


@pytest.mark.parametrize(
    ("typed", "is_one"),
    [
        *(
            ("R-7KM-482-4", True),
            ("r 7km 482 4", True),
            ("R7KM4824", True),
            ("R-7KM-482-5", True),
            ("R-7BM-482-5", True),
        ),
        *(("600 111 222", False), ("reclamo de Ana", False), ("Ramirez1", False), ("R-7", False)),
    ],
)
def test_what_is_meant_for_a_key_is_told_from_what_is_not(typed: str, is_one: bool) -> None:
    assert looks_like_key(typed) is is_one


def test_a_letter_that_looks_like_a_digit_is_read_as_it() -> None:
    key = next(each for each in iter(new_key, None) if "0" in each or "1" in each)
    assert read_key(key.replace("0", "O").replace("1", "l")) == key
    with pytest.raises(InvalidQuery, match="seven letters and digits"):
        read_key("R-7KM")
    with pytest.raises(InvalidQuery, match=r"^after: a case's key has seven"):
        read_key("R-7KM", "after")


# --- terms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "since", "ends", "warns"),
    [
        # 7 and 8 December are holidays, 24 is one of the company's, 25 everybody's
        ("complaint", "2026-12-01 10:00", "2026-12-28", "2026-12-22"),
        ("complaint", "2026-12-04 23:30", "2026-12-31", "2026-12-28"),
        ("billing", "2026-12-01 10:00", "2026-12-06", "2026-12-05"),
        ("billing", "2026-10-24 10:00", "2026-10-29", "2026-10-28"),  # the clock is moved
    ],
)
def test_terms_of_days(kind: str, since: str, ends: str, warns: str) -> None:
    begins = datetime.fromisoformat(since).replace(tzinfo=MADRID).astimezone(UTC)
    term = due(LEGAL[CaseKind(kind)], begins, MADRID, DAYS)
    local = term.at.astimezone(MADRID)
    assert (local.date(), f"{local:%H:%M:%S}") == (date.fromisoformat(ends), "23:59:59")
    warned = term.warn_at.astimezone(MADRID).date()
    assert warned <= date.fromisoformat(warns)
    assert warned > begins.date()


def test_two_hours_are_two_hours_and_ten_days_to_complete_are_working_days() -> None:
    begins = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the clock is moved within
    assert due(LEGAL[CaseKind.OUTAGE], begins, MADRID, DAYS).at == begins + timedelta(hours=2)
    until = to_complete(datetime(2026, 11, 27, 9, tzinfo=UTC), MADRID, DAYS)
    assert until.astimezone(MADRID).date() == date(2026, 12, 15)


def test_a_company_may_promise_less_and_never_more() -> None:
    terms = read_terms("complaint=10, outage=1")
    assert (terms[CaseKind.COMPLAINT].count, terms[CaseKind.QUERY].count) == (10, 15)
    for wrong in ("complaint=16", "outage=3", "complaints=3", "complaint", "billing=0"):
        with pytest.raises(InvalidQuery):
            read_terms(wrong)
    assert read_place("es-ct") == "ES-CT"
    assert read_days("05-15, 2026-12-24") == ("05-15", "2026-12-24")
    for read, nonsense in ((read_place, "ES-ZZ"), (read_days, "31-12"), (read_days, "2026-02-30")):
        with pytest.raises(InvalidQuery):
            read(nonsense)


# --- what else holds -----------------------------------------------------------------------------


def test_an_open_case_outlives_an_erasure_of_the_number_and_a_closed_one_is_emptied(
    recorded: House,
) -> None:
    house = recorded.copy()
    key = opened(house, content="Me cobran dos veces.")
    closed = opened(house, content="Otra cosa.")
    house.archive.cases.note(closed, "rang again", by=ANA)
    house.archive.cases.close(closed, notified_at="2026-11-23", how="x", resolution="y", by=EVA)
    house.archive.custody.erase("600111222", reason="asked", by=EVA)
    house.time += timedelta(days=1200)
    for _ in range(3):
        house.archive.operations.worker(threads=1).run_once()
    known = house.archive.cases.get(key, by=EVA).case
    assert (known.number, known.content) == ("+34600111222", "Me cobran dos veces.")
    emptied = house.archive.cases.get(closed, by=EVA)
    assert (emptied.case.number, emptied.case.content, emptied.case.resolution) == ("", "", "")
    assert {step.text for step in emptied.steps} == {""}
    assert emptied.case.key == closed
    assert emptied.case.notified_at is not None


def test_who_may_not_is_refused_and_that_is_entered(recorded: House) -> None:
    house, auditor = recorded.copy(), Actor("bo", "auditor")
    key = opened(house)
    for deed in (
        lambda: house.archive.cases.open(call_sid(), "query", by=auditor),
        lambda: house.archive.cases.consent(key, "granted", by=auditor),
        lambda: house.archive.cases.close(key, notified_at="2026-11-23", how="x", by=ANA),
    ):
        with pytest.raises(CustodyRefused):
            deed()
    assert house.archive.cases.get(key, by=auditor).case.key == key
    denied = [each for each in house.archive.audit.log() if each.outcome == "denied"]
    assert [each.by for each in denied] == ["ana", "bo", "bo"]
    with pytest.raises(NotFound):
        house.archive.cases.get("R-7KM-482-4", by=ANA)


def test_a_key_that_said_yes_when_the_call_began_need_not_be_asked_again(recorded: House) -> None:
    house = recorded.copy()
    with house.archive.catalog.database.write() as connection:
        connection.exec_driver_sql("UPDATE consents SET outcome = 'granted', method = 'key'")
    said = house.archive.cases.open(call_sid(), "complaint", by=ANA)
    assert (said.call.answer, said.call.how) == (CaseAnswer.GRANTED, "key")
    assert len(said.say) == 1


def test_a_year_has_each_case_with_its_times_and_says_which_terms_were_missed(
    recorded: House,
) -> None:
    house = recorded.copy()
    cases, years = house.archive.cases, house.archive.cases.years
    in_time, late, still = (opened(house, "billing", content="=1+1") for _ in range(3))
    cases.consent(in_time, "granted", by=ANA)
    cases.receipts.deliver(in_time, to="Calle Mayor 1", how="by post", by=ANA)
    cases.close(in_time, notified_at="2026-11-23", how="by post", by=EVA)
    house.time += timedelta(days=9)
    cases.close(late, notified_at=house.time, how="=by post", by=EVA)
    rows = list(csv.DictReader(io.StringIO(b"".join(years.cases(2026, by=EVA)).decode())))
    assert [(row["case"], row["in_time"], row["consent"]) for row in rows] == [
        *((in_time, "yes", "granted"), (late, "no", "not_asked"), (still, "", "not_asked"))
    ]
    assert rows[0]["delivered_by"] == "by post"
    assert [bool(row["recording_began"]) for row in rows] == [True, False, False]
    assert rows[1]["told_by"] == "'=by post"  # no spreadsheet takes it for a formula
    assert [row["why_late"][:4] for row in rows] == ["", "told", "the "]
    everything = " ".join(value for row in rows for value in row.values())
    assert "Calle" not in everything
    assert "600111222" not in everything
    figures = years.figures(2026, by=EVA)
    assert (figures.cases, figures.in_time, figures.late) == (3, 1, 2)
    assert years.statement(2026, by=EVA).startswith(b"%PDF")
    assert years.figures(2027, by=EVA).cases == 0
    with pytest.raises(CustodyRefused):
        years.figures(2026, by=ANA)


def test_the_share_within_three_minutes_is_of_the_calls_that_a_person_took(
    recorded: House,
) -> None:
    house = recorded.copy()
    began = house.time
    for number, waited in enumerate((10, 179, 180, 400, None), 10):
        sid = call_sid(number)
        house.archive.catalog.ledger.open_call(a_call(call_sid=sid, started_at=began))
        if waited is not None:
            leg = Leg(
                ACCOUNT, call_sid(number + 100), sid, began + timedelta(seconds=waited), "client:bo"
            )
            house.archive.catalog.agents.add_leg(leg)
    figures = house.archive.cases.years.figures(2026, by=EVA)
    # that of the scene was recorded from its first second on
    assert (figures.calls, figures.attended, figures.within) == (6, 5, 3)
    assert figures.share_within == 0.6
    assert figures.mean_seconds == pytest.approx((10 + 179 + 180 + 400) / 5)


def test_no_case_copies_the_number_of_a_blocked_call(recorded: House) -> None:
    house = recorded.copy()
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    key = house.archive.cases.open(call_sid(2), "query", by=ANA).case.key
    house.archive.custody.erase(call_sid(), reason="asked for", by=EVA)
    with pytest.raises(CustodyRefused, match="blocked"):
        opened(house)
    with pytest.raises(CustodyRefused, match="blocked"):
        house.archive.cases.add_call(key, call_sid(), by=ANA)


def test_nothing_of_a_closed_case_leaves_whose_call_is_blocked(recorded: House) -> None:
    house = recorded.copy()
    server = MailServer("localhost", 1, begins_with_tls=True)
    cases = with_settings(house.archive, smtp=server, smtp_from="casos@acme.example").cases
    closed, still = (opened(house, content="Me cobran dos veces.") for _ in range(2))
    cases.close(closed, notified_at="2026-11-23", how="x", resolution="y", by=EVA)
    house.archive.custody.erase(call_sid(), reason="asked for", by=EVA)
    for leaves in (
        lambda: cases.receipts.make(closed, by=EVA),
        lambda: cases.receipts.send(closed, to="ana@example.com", by=EVA),
    ):
        with pytest.raises(CustodyRefused, match="blocked"):
            leaves()
    assert "Me cobran dos veces." in cases.receipts.make(still, by=EVA).text
    said = {"notified_at": house.time, "how": "x", "by": EVA}
    for case in (
        cases.note(closed, "rang again", by=ANA),
        cases.receipts.deliver(closed, to="Calle Mayor 1", how="by post", by=ANA),
        cases.close(still, **said),
        cases.get(closed, by=EVA).case,
        *cases.find(closed, by=EVA),
        *cases.list(only_open=False, by=EVA),
    ):
        assert (case.number, case.content, case.how, case.resolution) == ("blocked", "", "", "")


def test_a_no_destroys_all_that_began_by_a_yes_in_that_call(recorded: House) -> None:
    house = recorded.copy()
    key, cases = opened(house), house.archive.cases
    cases.consent(key, "granted", by=ANA)
    (first,) = (each.recording_sid or "" for each in cases.get(key, by=EVA).calls)
    house.tell(recording_sid=first)  # it ended, and the call goes on
    cases.consent(key, "granted", by=ANA)
    (second,) = (each.recording_sid or "" for each in cases.get(key, by=EVA).calls)
    assert second != first
    assert cases.consent(key, "refused", by=ANA).why == ""
    left = house.archive.catalog.recordings
    assert left.get(first).state is State.ERASING
    assert left.get(second).to_be_erased
    assert house.recording().state is State.RELEASED  # on another ground
    assert not cases.consent(key, "granted", by=ANA).recorded  # not once more in this call
    assert house.archive.catalog.holds.cases(first) == ()


def test_a_no_after_what_a_yes_began_has_ended_lets_nothing_begin_again(recorded: House) -> None:
    house = recorded.copy()
    key, cases = opened(house), house.archive.cases
    cases.consent(key, "granted", by=ANA)
    (began,) = (each.recording_sid or "" for each in cases.get(key, by=EVA).calls)
    house.tell(recording_sid=began)
    cases.consent(key, "refused", by=ANA)
    assert not cases.consent(key, "granted", by=ANA).recorded
    assert house.archive.catalog.recordings.get(began).state is State.ERASING


def test_a_yes_after_a_no_holds_what_is_recorded_again(recorded: House) -> None:
    house = recorded.copy()
    key, cases = opened(house), house.archive.cases
    holds = house.archive.catalog.holds
    for answer, held in (("refused", ()), ("granted", (key,)), ("granted", (key,))):
        cases.consent(key, answer, by=ANA)
        assert holds.cases(recording_sid()) == held
    assert len(house.archive.custody.holds.list(case=key, by=EVA)) == 1


def test_a_yes_for_one_case_is_none_for_another(recorded: House) -> None:
    house = recorded.copy()
    house.archive.cases.consent(opened(house), "granted", by=ANA)
    other = house.archive.cases.open(call_sid(), "query", by=ANA)
    assert other.call.answer is CaseAnswer.NOT_ASKED
