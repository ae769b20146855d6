"""What every vendor does: the one in memory, and Twilio's adapter against the running sandbox."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contracts.vendor_houses import NOON, House, MemoryHouse, SandboxHouse
from tests.sandbox.listening import eventually
from twirec.adapters import twilio
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.adapters.twilio import TwilioVendor
from twirec.audio.wav import WavCheck, WavFacts
from twirec.model.errors import (
    MediaIsErrorPage,
    MediaNotReady,
    MediaTruncated,
    NotAtVendor,
    TwirecError,
    VendorBusy,
    VendorRefused,
    VendorUnavailable,
)
from twirec.model.vendor import VendorParticipant, VendorRecording, VoiceRoute
from twirec.sandbox import Sandbox

MISSING = "f" * 32
UNFINISHED = ["in-progress", "processing", "absent"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=100) as running:
        yield running


@pytest.fixture(params=["memory", "twilio"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    built: House = MemoryHouse()
    if request.param == "twilio":
        built = SandboxHouse(request.getfixturevalue("sandbox"))
    yield built
    built.vendor.close()


def download(house: House, sid: str) -> bytes:
    """Read the media to its end."""
    with house.vendor.media(house.account, sid) as media:
        return b"".join(media.chunks)


def facts_of(content: bytes) -> WavFacts:
    """What a WAV file holds."""
    check = WavCheck()
    check.feed(content)
    return check.facts()


def sids(found: Iterator[VendorRecording]) -> set[str]:
    """The SIDs of a list, none of them twice."""
    listed = [one.sid for one in found]
    assert len(set(listed)) == len(listed)
    return set(listed)


def test_both_vendors_are_tested(house: House, request: pytest.FixtureRequest) -> None:
    expected = {"memory": MemoryVendor, "twilio": TwilioVendor}
    assert type(house.vendor) is expected[request.node.callspec.params["house"]]


def test_has_the_account(house: House) -> None:
    house.add()
    assert house.vendor.accounts == (house.account,)


# --- metadata ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["completed", *UNFINISHED])
def test_fetches_a_recording(house: House, status: str) -> None:
    recording = house.add(status=status)
    found = house.vendor.recording(house.account, recording.sid)
    assert replace(found, duration=None) == replace(recording, duration=None)
    assert status != "completed" or found.duration == 2
    assert found.started_at is not None
    assert found.started_at.tzinfo is UTC


def test_fetches_the_call_of_a_recording(house: House) -> None:
    recording = house.add(seconds=3)
    assert recording.call_sid
    call = house.vendor.call(house.account, recording.call_sid)
    assert (call.sid, call.account_sid) == (recording.call_sid, house.account)
    assert (call.from_, call.to, call.direction) == ("+34600111222", "+34911000111", "inbound")
    assert (call.finished, call.parent_call_sid) == (True, None)
    assert (call.started_at, call.duration) == (NOON, 3)
    assert call.ended_at is not None
    assert call.ended_at.tzinfo is UTC


def test_what_is_not_there_is_not_at_the_vendor(house: House) -> None:
    house.add()
    with pytest.raises(NotAtVendor):
        house.vendor.recording(house.account, f"RE{MISSING}")
    with pytest.raises(NotAtVendor):
        house.vendor.call(house.account, f"CA{MISSING}")


def test_has_the_legs_that_a_call_dialled_and_no_others(house: House) -> None:
    house.dial(["+34600999888"])
    sid = house.dial(["+34600111222", "+34600333444"])
    legs = {leg.to: leg for leg in house.vendor.legs(house.account, sid)}
    assert set(legs) == {"+34600111222", "+34600333444"}
    answered = legs["+34600111222"]
    assert (answered.from_, answered.direction) == ("+34911000111", "outbound-dial")
    assert (answered.status, answered.parent_call_sid) == ("completed", sid)
    assert legs["+34600333444"].status != "completed"


def test_has_who_is_in_the_conference_of_a_name_and_nobody_else(house: House) -> None:
    house.meet("other", ["cleo", "dora"])
    legs = house.meet("room", ["ana", "bea"])

    def there() -> list[VendorParticipant]:
        return house.vendor.live.participants(house.account, "room")

    eventually(lambda: len(there()) == 2)
    assert {one.leg_sid for one in there()} == set(legs)
    assert len({one.conference_sid for one in there()}) == 1
    assert all(one.joined_at and one.joined_at.tzinfo is UTC for one in there())
    assert {one.account_sid for one in there()} == {house.account}
    assert house.vendor.live.participants(house.account, "nobody") == []


def test_lists_the_calls_that_went_on_in_a_span_without_the_legs_that_they_dialled(
    house: House,
) -> None:
    sid = house.dial(["+34600111222"])
    call = house.vendor.call(house.account, sid)
    began, ended = call.began_at, call.ended_at or call.began_at
    assert began is not None
    assert ended is not None
    minute = timedelta(minutes=1)

    def listed(since: datetime, until: datetime) -> list[str]:
        return [call.sid for call in house.vendor.calls(house.account, since=since, until=until)]

    legs = {leg.sid for leg in house.vendor.legs(house.account, sid)}
    around = listed(began - minute, ended + minute)
    assert sid in around
    assert legs
    assert not legs & set(around)
    assert sid in listed(ended, ended + minute)
    assert sid in listed(began - minute, began + minute)
    assert sid not in listed(began - minute, began)
    assert sid not in listed(ended + minute, ended + 2 * minute)


def test_finds_legs_page_by_page_without_losing_any(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twilio, "PAGE_SIZE", 2)
    numbers = [f"+3460011100{digit}" for digit in range(5)]
    found = house.vendor.legs(house.account, house.dial(numbers))
    assert sorted(leg.to for leg in found) == numbers


def test_a_call_that_dialled_nobody_or_is_not_known_has_no_legs(house: House) -> None:
    recording = house.add()
    for sid in (recording.call_sid or "", f"CA{MISSING}"):
        assert house.vendor.legs(house.account, sid) == []


# --- lists ------------------------------------------------------------------------------------


def test_lists_everything_that_was_not_deleted(house: House) -> None:
    added = [house.add(status=status) for status in ("completed", *UNFINISHED, "completed")]
    house.vendor.delete(house.account, added[0].sid)
    listed = sids(house.vendor.recordings(house.account))
    assert {one.sid for one in added} & listed == {one.sid for one in added[1:]}


def test_lists_page_by_page_without_losing_any(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twilio, "PAGE_SIZE", 2)
    added = {house.add().sid for _ in range(5)}
    assert added <= sids(house.vendor.recordings(house.account))


def test_deleting_while_listing_loses_none(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twilio, "PAGE_SIZE", 2)
    added = {house.add().sid for _ in range(5)}
    listed = set()
    for recording in house.vendor.recordings(house.account):
        listed.add(recording.sid)
        if recording.sid in added:
            house.vendor.delete(house.account, recording.sid)
    assert added <= listed


def test_lists_the_recordings_of_a_call(house: House) -> None:
    house.add()
    recording = house.add()
    listed = house.vendor.recordings(house.account, call_sid=recording.call_sid)
    assert sids(listed) == {recording.sid}
    assert sids(house.vendor.recordings(house.account, call_sid=f"CA{MISSING}")) == set()


@pytest.mark.parametrize(
    "start",
    [
        datetime(2025, 3, 1, 0, 0, tzinfo=UTC),
        datetime(2025, 3, 4, 23, 59, 59, tzinfo=UTC),
        datetime(2025, 3, 8, 12, 0, tzinfo=UTC),
    ],
)
def test_a_span_holds_its_first_second_and_not_its_last(house: House, start: datetime) -> None:
    span = timedelta(seconds=2)
    near = [-1, 0, 1, 2]
    added = [house.add(started_at=start + timedelta(seconds=second)).sid for second in near]
    listed = sids(house.vendor.recordings(house.account, since=start, until=start + span))
    assert [sid in listed for sid in added] == [False, True, True, False]


def test_a_span_may_be_open_at_either_end(house: House) -> None:
    early, late = [house.add(started_at=NOON + timedelta(days=day)).sid for day in (-30, 30)]
    assert late in sids(house.vendor.recordings(house.account, since=NOON))
    assert early not in sids(house.vendor.recordings(house.account, since=NOON))
    assert early in sids(house.vendor.recordings(house.account, until=NOON))
    assert late not in sids(house.vendor.recordings(house.account, until=NOON))


# --- media ------------------------------------------------------------------------------------


def test_media_comes_in_two_channels(house: House) -> None:
    recording = house.add(seconds=2)
    with house.vendor.media(house.account, recording.sid) as media:
        content = b"".join(media.chunks)
    assert (media.channels, facts_of(content).channels) == (2, 2)
    assert facts_of(content).duration == 2.0
    assert media.content_length in {None, len(content)}
    assert hashlib.sha256(content).hexdigest() == house.sha256(recording.sid)


def test_media_comes_in_one_channel_where_there_are_no_two(house: House) -> None:
    recording = house.add(dual=False)
    with house.vendor.media(house.account, recording.sid) as media:
        content = b"".join(media.chunks)
    assert (media.channels, facts_of(content).channels) == (1, 1)


def test_media_that_is_encrypted_comes_as_it_is_stored(house: House) -> None:
    recording = house.add(seconds=2)
    with house.vendor.media(house.account, recording.sid, encrypted=True) as media:
        content = b"".join(media.chunks)
    assert media.channels is None
    assert hashlib.sha256(content).hexdigest() == house.sha256(recording.sid)


def test_media_comes_in_bounded_chunks(house: House) -> None:
    recording = house.add(seconds=60)
    with house.vendor.media(house.account, recording.sid) as media:
        chunks = list(media.chunks)
    assert len(chunks) > 1
    assert all(0 < len(chunk) <= 256 * 1024 for chunk in chunks)


def test_media_may_be_left_before_its_end_and_opened_again(house: House) -> None:
    recording = house.add(seconds=60)
    with house.vendor.media(house.account, recording.sid) as media:
        next(media.chunks)
    assert len(download(house, recording.sid)) == 60 * 32000 + 44


@pytest.mark.parametrize("status", UNFINISHED)
def test_media_of_what_is_not_completed_is_not_ready(house: House, status: str) -> None:
    recording = house.add(status=status)
    with pytest.raises(MediaNotReady):
        download(house, recording.sid)


def test_media_of_what_is_gone_or_never_was_is_not_ready(house: House) -> None:
    recording = house.add()
    house.vendor.delete(house.account, recording.sid)
    for sid in (recording.sid, f"RE{MISSING}"):
        with pytest.raises(MediaNotReady):
            download(house, sid)


@pytest.mark.parametrize(
    "error",
    [MediaIsErrorPage("x"), MediaTruncated("x"), VendorBusy("x"), VendorUnavailable("x")],
    ids=type,
)
def test_media_that_fails_says_how(house: House, error: TwirecError) -> None:
    recording = house.add(seconds=10)
    house.break_media(recording.sid, error)
    with pytest.raises(type(error)):
        download(house, recording.sid)


def test_many_threads_may_download_at_once(house: House) -> None:
    added = [house.add(seconds=1 + number % 3) for number in range(32)]
    with ThreadPoolExecutor(32) as pool:
        found: Sequence[bytes] = list(pool.map(lambda one: download(house, one.sid), added))
    sums = [hashlib.sha256(content).hexdigest() for content in found]
    assert sums == [house.sha256(one.sid) for one in added]


# --- deletion ---------------------------------------------------------------------------------


def test_what_is_deleted_is_gone(house: House) -> None:
    recording = house.add()
    house.vendor.delete(house.account, recording.sid)
    with pytest.raises(NotAtVendor):
        house.vendor.recording(house.account, recording.sid)
    assert recording.sid not in sids(house.vendor.recordings(house.account))


def test_deleting_twice_or_what_never_was_is_done(house: House) -> None:
    recording = house.add()
    for sid in (recording.sid, recording.sid, f"RE{MISSING}"):
        house.vendor.delete(house.account, sid)


@pytest.mark.parametrize("status", UNFINISHED)
def test_what_is_not_completed_cannot_be_deleted(house: House, status: str) -> None:
    recording = house.add(status=status)
    with pytest.raises(VendorRefused):
        house.vendor.delete(house.account, recording.sid)
    found: Any = house.vendor.recording(house.account, recording.sid)
    assert found.status == status


def test_the_record_of_a_call_that_ended_is_deleted(house: House) -> None:
    call = house.add().call_sid
    assert call
    for sid in (call, call, f"CA{MISSING}"):  # not found is done
        house.vendor.delete_call(house.account, sid)
    with pytest.raises(NotAtVendor):
        house.vendor.call(house.account, call)


def test_the_record_of_a_call_that_goes_on_is_not_deleted(house: House) -> None:
    if isinstance(house, MemoryHouse):
        call = house.add().call_sid or ""
        known = house.vendor.call(house.account, call)
        house.vendor.add_call(replace(known, status="in-progress", ended_at=None))
    else:
        (call, *_) = house.meet("a room", ["ana"])
    with pytest.raises(VendorRefused):
        house.vendor.delete_call(house.account, call)
    assert house.vendor.call(house.account, call).sid == call


# --- where calls are sent ---------------------------------------------------------------------

APPLICATION, TRUNK = "AP" + "4e" * 16, "TK" + "4e" * 16
ROUTES = (
    VoiceRoute(APPLICATION, "https://a.example/softphone"),
    VoiceRoute("+34911000901", "https://a.example/voice", since=NOON),
    VoiceRoute("+34911000902", "https://b.example/", served_by=APPLICATION, since=NOON),
    VoiceRoute("+34911000903", "", served_by=TRUNK, since=NOON),
    VoiceRoute("shop.sip.twilio.com", "https://a.example/sip"),
    VoiceRoute("whatsapp:+34911000904", served_by=APPLICATION),
)


def test_says_where_each_address_points_and_since_when(house: House) -> None:
    house.point(ROUTES)
    found = {route.address: route for route in house.vendor.voice_routes(house.account)}
    (application,) = (address for address in found if address.startswith("AP"))
    for route in ROUTES:
        there = found[route.address.replace(APPLICATION, application)]
        assert there.voice_url == route.voice_url
        assert there.served_by == route.served_by.replace(APPLICATION, application)
        assert route.since is None or there.since == NOON


def test_says_that_it_may_not_see_where_addresses_point(house: House) -> None:
    with house.refusing_routes(), pytest.raises(VendorRefused):
        house.vendor.voice_routes(house.account)
