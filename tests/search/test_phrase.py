"""What people say, and which calls are found: on a catalog in a file, in several zones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import a_call
from twirec.archive import Archive
from twirec.model.errors import InvalidQuery
from twirec.search.phrase import ask, spoken_span
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

ANA, BEA, HIDDEN, DAN = "+34600111222", "+34600332222", "anonymous", "+14155551222"
FORGOTTEN = "not_known"

CALLS = {
    # spring: two o'clock in Madrid does not come on 29 March, nor in New York on 8 March
    "dan 01:30 before NY spring": (DAN, "2026-03-08T06:30"),
    "dan 03:30 after NY spring": (DAN, "2026-03-08T07:30"),
    "bea 00:05 spring": (BEA, "2026-03-28T23:05"),
    "bea 01:30 spring": (BEA, "2026-03-29T00:30"),
    "bea 03:30 spring": (BEA, "2026-03-29T01:30"),
    "bea 23:55 spring": (BEA, "2026-03-29T21:55"),
    # autumn: half past two comes twice in Madrid on 25 October, half past one in NY on 1 November
    "ana 00:10 autumn": (ANA, "2026-10-24T22:10"),
    "ana 02:30 first": (ANA, "2026-10-25T00:30"),
    "ana 02:30 second": (ANA, "2026-10-25T01:30"),
    "ana 23:50 autumn": (ANA, "2026-10-25T22:50"),
    "dan 01:30 first": (DAN, "2026-11-01T05:30"),
    "dan 01:30 second": (DAN, "2026-11-01T06:30"),
    # November, in Madrid's time
    "ana 3 Nov 17:00": (ANA, "2026-11-03T16:00"),
    "ana Tue 17:05": (ANA, "2026-11-17T16:05"),
    "bea Thu 16:59": (BEA, "2026-11-19T15:59"),
    "not known in March": (FORGOTTEN, "2025-03-03T11:00"),
    "hidden Sun 16:20": (HIDDEN, "2026-11-22T15:20"),
    "ana Mon 16:40": (ANA, "2026-11-23T15:40"),
    "bea Mon 17:10": (BEA, "2026-11-23T16:10"),
    "ana Mon 22:10": (ANA, "2026-11-23T21:10"),
    "bea today 09:15": (BEA, "2026-11-24T08:15"),
}

ALL_ANA = [name for name in CALLS if name.startswith("ana")]
ALL_BEA = [name for name in CALLS if name.startswith("bea")]
ALL_DAN = [name for name in CALLS if name.startswith("dan")]
MONDAY = ["ana Mon 16:40", "bea Mon 17:10", "ana Mon 22:10"]
AUTUMN = ["ana 00:10 autumn", "ana 02:30 first", "ana 02:30 second", "ana 23:50 autumn"]
SPRING = ["bea 00:05 spring", "bea 01:30 spring", "bea 03:30 spring", "bea 23:55 spring"]
TWICE = ["ana 02:30 first", "ana 02:30 second"]

# Said in Madrid on Tuesday, 24 November 2026, at noon.
MADRID = [
    # numbers
    ("600 11 12 22", ALL_ANA),
    ("600111222", ALL_ANA),
    ("+34600111222", ALL_ANA),
    ("+34 600 111 222", ALL_ANA),
    ("0034 600 11 12 22", ALL_ANA),
    ("0034600111222", ALL_ANA),
    ("600.11.12.22", ALL_ANA),
    ("(600) 11-12-22", ALL_ANA),
    ("600-111-222", ALL_ANA),
    ("11 12 22", ALL_ANA),
    ("1222", [*ALL_ANA, *ALL_DAN]),
    ("222", [*ALL_ANA, *ALL_BEA, *ALL_DAN]),
    ("2222", ALL_BEA),
    ("ending in 2222", ALL_BEA),
    ("last four digits 2222", ALL_BEA),
    ("últimas cuatro cifras 2222", ALL_BEA),
    ("terminado en 2222", ALL_BEA),
    ("oculto", ["hidden Sun 16:20"]),
    ("número oculto", ["hidden Sun 16:20"]),
    ("número no conocido", ["not known in March"]),
    ("number not known in March 2025", ["not known in March"]),
    ("no conocido ayer", []),
    ("calls of a number not known on 3 March 2025", ["not known in March"]),
    ("withheld", ["hidden Sun 16:20"]),
    ("+1 415 555 1222", ALL_DAN),
    ("999", []),
    ("2026", []),  # four figures alone are the last of a number, not a year
    ("1710", []),  # nor a time
    # days
    ("yesterday", MONDAY),
    ("ayer", MONDAY),
    ("hoy", ["bea today 09:15"]),
    ("today", ["bea today 09:15"]),
    ("anteayer", ["hidden Sun 16:20"]),
    ("antes de ayer", ["hidden Sun 16:20"]),
    ("the day before yesterday", ["hidden Sun 16:20"]),
    ("last Tuesday", ["ana Tue 17:05"]),
    ("el martes pasado", ["ana Tue 17:05"]),
    ("el martes", ["bea today 09:15"]),
    ("jueves", ["bea Thu 16:59"]),
    ("el jueves de la semana pasada", ["bea Thu 16:59"]),
    ("last week", ["ana Tue 17:05", "bea Thu 16:59", "hidden Sun 16:20"]),
    ("esta semana", [*MONDAY, "bea today 09:15"]),
    ("3/11", ["ana 3 Nov 17:00"]),
    ("3-11-2026", ["ana 3 Nov 17:00"]),
    ("03.11.26", ["ana 3 Nov 17:00"]),
    ("2026-11-03", ["ana 3 Nov 17:00"]),
    ("3 Nov", ["ana 3 Nov 17:00"]),
    ("3rd of November 2026", ["ana 3 Nov 17:00"]),
    ("November 3, 2026", ["ana 3 Nov 17:00"]),
    ("martes 3 de noviembre", ["ana 3 Nov 17:00"]),
    ("el mes pasado", [*AUTUMN]),
    ("3 days ago", []),
    ("hace dos días", ["hidden Sun 16:20"]),
    ("el lunes 23", MONDAY),
    ("martes 17", ["ana Tue 17:05"]),
    ("Monday 23rd", MONDAY),
    ("el día 3", ["ana 3 Nov 17:00"]),
    ("los últimos 2 días", ["hidden Sun 16:20", *MONDAY, "bea today 09:15"]),
    ("222 last 2 days", [*MONDAY, "bea today 09:15"]),
    # times
    ("ayer sobre las 5", ["ana Mon 16:40", "bea Mon 17:10"]),
    ("2222 ayer sobre las 5", ["bea Mon 17:10"]),
    ("600 11 12 22 last Tuesday around 17:00", ["ana Tue 17:05"]),
    ("600 11 12 22 last Tuesday, around five", ["ana Tue 17:05"]),
    ("yesterday at 5 pm", ["ana Mon 16:40", "bea Mon 17:10"]),
    ("yesterday at half past four", ["ana Mon 16:40"]),
    ("ayer a las cinco menos cuarto", ["ana Mon 16:40", "bea Mon 17:10"]),
    ("ayer 22h", ["ana Mon 22:10"]),
    ("ayer a las 10 de la noche", ["ana Mon 22:10"]),
    ("ayer por la noche a las 10", ["ana Mon 22:10"]),
    ("last night", ["ana Mon 22:10"]),
    ("anoche", ["ana Mon 22:10"]),
    ("ayer por la tarde", ["ana Mon 16:40", "bea Mon 17:10"]),
    ("this morning", ["bea today 09:15"]),
    ("ayer entre las 5 y las 6", ["bea Mon 17:10"]),
    ("yesterday between 4 and 5 pm", ["ana Mon 16:40"]),
    ("16:30-17:30 ayer", ["ana Mon 16:40", "bea Mon 17:10"]),
    ("hace 3 horas", ["bea today 09:15"]),
    ("1222 yesterday 22:00", ["ana Mon 22:10"]),
    ("600111222 3/11 17:00", ["ana 3 Nov 17:00"]),
    ("oculto el domingo a las cuatro y media de la tarde", ["hidden Sun 16:20"]),
    ("around five", ["ana Mon 16:40", "bea Mon 17:10"]),  # today it is not five yet
    ("sobre las cinco del martes", ["ana Tue 17:05"]),  # nor this Tuesday
    ("el martes a las 9", ["bea today 09:15"]),
    ("martes 24 a las 9", ["bea today 09:15"]),
    ("martes 17 horas", ["ana Tue 17:05"]),
    ("el día 3 sobre las 5", ["ana 3 Nov 17:00"]),
    ("hace media hora", []),
    ("last 3 hours", ["bea today 09:15"]),
    ("600332222 últimas 3 horas", ["bea today 09:15"]),
    ("la última hora", []),
    ("yesterday after 17:00", ["bea Mon 17:10", "ana Mon 22:10"]),
    ("ayer antes de las 17:00", ["ana Mon 16:40"]),
    ("desde ayer", [*MONDAY, "bea today 09:15"]),
    (
        "1222 desde el 1 de noviembre hasta el 3 de noviembre",
        ["ana 3 Nov 17:00", "dan 01:30 first", "dan 01:30 second"],
    ),
    ("llamada del 600 11 12 22 de ayer a las 22.10", ["ana Mon 22:10"]),
    ("2026-11-23 16:30-17:30", ["ana Mon 16:40", "bea Mon 17:10"]),
    ("around 3 Nov", ["ana 3 Nov 17:00"]),
    ("around 2 days ago", ["hidden Sun 16:20"]),
    ("del 17 al 19 de noviembre", ["ana Tue 17:05", "bea Thu 16:59"]),
    ("from 17 to 19 November", ["ana Tue 17:05", "bea Thu 16:59"]),
    ("entre el 17 y el 19 de noviembre", ["ana Tue 17:05", "bea Thu 16:59"]),
    # the night with two hours of two o'clock, which is 25 hours long
    ("25/10", AUTUMN),
    ("600111222 25/10 02:30", TWICE),
    ("25 de octubre entre las 02:15 y las 02:45", TWICE),
    ("el 25 de octubre a las dos y media de la madrugada", TWICE),
    ("domingo 25 de octubre de madrugada", ["ana 00:10 autumn", *TWICE]),
    # the night without two o'clock, which is 23 hours long
    ("29/3", SPRING),
    ("29/3 02:30", ["bea 01:30 spring", "bea 03:30 spring"]),
    ("29 March between 02:15 and 02:45", ["bea 01:30 spring", "bea 03:30 spring"]),
    ("29 de marzo a las 3:30 de la madrugada", ["bea 03:30 spring"]),
]

# Said at the same moment elsewhere: 11:00 in Las Palmas and London, 6:00 in New York.
ELSEWHERE = [
    ("Atlantic/Canary", "ayer sobre las 4", ["ana Mon 16:40", "bea Mon 17:10"]),
    ("Atlantic/Canary", "25/10 01:30", TWICE),
    ("Atlantic/Canary", "25/10", [*TWICE, "ana 23:50 autumn"]),
    ("Atlantic/Canary", "24/10 23:10", ["ana 00:10 autumn"]),
    ("Atlantic/Canary", "29/3 01:30", ["bea 01:30 spring", "bea 03:30 spring"]),
    ("Atlantic/Canary", "28/3", ["bea 00:05 spring"]),
    ("UTC", "25/10 00:30", ["ana 02:30 first"]),
    ("UTC", "25/10 01:30", ["ana 02:30 second"]),
    ("UTC", "yesterday around 4 pm", ["ana Mon 16:40", "bea Mon 17:10"]),
    ("America/New_York", "1 November 01:30", ["dan 01:30 first", "dan 01:30 second"]),
    ("America/New_York", "Nov 1 between 01:15 and 01:45", ["dan 01:30 first", "dan 01:30 second"]),
    (
        "America/New_York",
        "8 March 02:30",
        ["dan 01:30 before NY spring", "dan 03:30 after NY spring"],
    ),
    ("America/New_York", "1222 8/3", ["dan 01:30 before NY spring", "dan 03:30 after NY spring"]),
    ("America/New_York", "yesterday morning", ["ana Mon 16:40", "bea Mon 17:10"]),
    ("America/New_York", "today", ["bea today 09:15"]),
    ("America/New_York", "yesterday at 4:10 in the afternoon", ["ana Mon 22:10"]),
]
NOW = datetime(2026, 11, 24, 11, tzinfo=UTC)
SPOKEN = [("Europe/Madrid", *row) for row in MADRID] + ELSEWHERE


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """A catalog in a file that knows all those calls."""
    path: Path = tmp_path_factory.mktemp("asking") / "catalog.db"
    settings = Settings.from_env({**ENVIRONMENT, "TWIREC_DATABASE_URL": f"sqlite:///{path}"})
    archive = Archive(settings, now=lambda: NOW)
    archive.set_up()
    for name, (number, at) in CALLS.items():
        archive.catalog.ledger.open_call(
            a_call(
                call_sid=name,
                customer_number=number,
                started_at=datetime.fromisoformat(f"{at}+00:00"),
            )
        )
    yield archive
    archive.close()


def test_the_table_is_long_enough() -> None:
    assert len(SPOKEN) >= 60


@pytest.mark.parametrize(("zone", "text", "found"), SPOKEN)
def test_what_is_said_finds_what_is_meant(
    archive: Archive, zone: str, text: str, found: list[str]
) -> None:
    there = Archive(
        replace(archive.settings, timezone=ZoneInfo(zone)), catalog=archive.catalog, now=archive.now
    )
    page = there.calls.search(text)
    assert {record.call.call_sid for record in page.calls} == set(found)
    starts = [record.call.started_at for record in page.calls]
    assert starts == sorted(starts, reverse=True)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"since": "yesterday", "until": "yesterday"}, MONDAY),
        ({"since": "2026-11-03 16:30", "until": "2026-11-03 17:30"}, ["ana 3 Nov 17:00"]),
        ({"since": "ayer a las 17:00", "until": "ayer"}, ["bea Mon 17:10", "ana Mon 22:10"]),
        ({"around": "ayer a las 17:00", "within": 11}, ["bea Mon 17:10"]),
        ({"around": "last Tuesday 17:00"}, ["ana Tue 17:05"]),
        ({"since": "2026-10-25 02:15", "until": "2026-10-25 02:45"}, TWICE),
        ({"since": "2026-03-29 02:15", "until": "2026-03-29 02:45"}, SPRING[1:3]),
        ({"text": "2222", "since": "last Monday"}, ["bea Mon 17:10", "bea today 09:15"]),
        ({"text": "ayer", "number": "2222"}, ["bea Mon 17:10"]),
        ({"text": "ayer a las 17:00", "within": 120}, MONDAY[:2]),
        ({"since": "2026-11-23T22:05:00+01:00", "until": "ayer"}, ["ana Mon 22:10"]),
    ],
    ids=str,
)
def test_options_take_times_as_they_are_said(
    archive: Archive, asked: dict[str, str], found: list[str]
) -> None:
    page = archive.calls.search(**asked)  # type: ignore[arg-type]
    assert {record.call.call_sid for record in page.calls} == set(found)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("600111222 tomorow", "'tomorow'"),
        ("mañana", "'mañana'"),
        ("31/2", "'31/2' is not a day"),
        ("lunes 3/11/2026", "'lunes' is not the weekday"),
        ("el lunes 24", "'24' is no such day"),
        ("yesterday Monday", "'Monday' is said beside another time"),
        ("1222 yesterday 3444", "'3444' is a second number"),
        ("la semana pasada a las 5", "one day"),
        ("12", "search: "),
        ("2026-13-45T10:00", "is not a time"),
        ("2026-11-23T16:30:00 yesterday", "'yesterday' is said beside another time"),
        ("entre el 19 y el 3 de noviembre", "'19' is not a day before that"),
        ("desde hoy hasta anteayer", "ends before it begins"),
        ("1960-01-01", "is not a day"),
        ("2026-13-01", "'2026-13-01' is not a day"),
        ("9999-12-31 23:59", "is not a day"),
        ("x" * 301, "too long"),
    ],
)
def test_what_is_not_understood_is_named(archive: Archive, text: str, word: str) -> None:
    with pytest.raises(InvalidQuery, match=word):
        archive.calls.search(text)


@pytest.mark.parametrize("text", ["600111222", "foo", "since yesterday", "", "yesterday today"])
def test_an_option_for_a_time_takes_a_time_only(text: str) -> None:
    with pytest.raises(InvalidQuery, match=r"^since: "):
        spoken_span("since", text, now=NOW, zone=ZoneInfo("Europe/Madrid"))


def test_a_number_is_said_once(archive: Archive) -> None:
    with pytest.raises(InvalidQuery, match="say it once"):
        archive.calls.search("1222 ayer", number="600111222")


@pytest.mark.parametrize(
    "word", ["a ", "at ", "1 ", "el ", "from ", "12 22 ", "3 de ", "y ", "-", "dia "]
)
def test_no_sentence_takes_long(word: str) -> None:
    begun = time.thread_time()
    with suppress(InvalidQuery):
        ask(word * (300 // len(word)), now=NOW, zone=UTC, country="ES", within=NOW - NOW)
    assert time.thread_time() - begun < 1  # of this thread, however busy the machine is


WORDS = st.sampled_from(
    [
        *("600", "11", "12", "1222", "5", "pm", "last", "Tuesday", "martes", "a", "las", "el"),
        *("de", "la", "tarde", "entre", "y", "3/11", "17:30", "ayer", "noviembre", "nov", "hace"),
        *(
            "ago",
            "hours",
            "últimas",
            "día",
            "desde",
            "hasta",
            "before",
            "half past",
            "-",
            "foo",
            "2026-11-03",
            "99",
        ),
    ]
)


@given(st.lists(WORDS, max_size=9).map(" ".join) | st.text(max_size=40))
def test_whatever_is_said_is_understood_or_refused_in_words(text: str) -> None:
    with suppress(InvalidQuery):
        madrid = ZoneInfo("Europe/Madrid")
        span = ask(text, now=NOW, zone=madrid, country="ES", within=NOW - NOW).span
        assert span.since is None or span.until is None or span.since <= span.until
