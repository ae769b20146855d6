import gzip
import socketserver
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
import responses
import urllib3
from responses import matchers

from tests.adapters.twilio_wire import ACCOUNT, AUDIO, MEDIA, SID, download
from twirec.adapters.twilio import Credentials, TwilioClients, TwilioVendor
from twirec.adapters.twilio_media import CHUNK
from twirec.model.errors import (
    MediaIsErrorPage,
    MediaNotReady,
    MediaTruncated,
    NotAudio,
    TwirecError,
    VendorRefused,
    VendorUnavailable,
)


def test_media_is_asked_for_in_two_channels_and_not_compressed(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    two = matchers.query_param_matcher({"RequestedChannels": "2"})
    twilio.get(
        MEDIA,
        body=AUDIO,
        content_type="audio/x-wav",
        match=[two],
        auto_calculate_content_length=True,
    )
    with vendor.media(ACCOUNT, SID) as media:
        chunks = list(media.chunks)
    assert (media.channels, media.content_length) == (2, len(AUDIO))
    assert b"".join(chunks) == AUDIO
    assert 64 * 1024 <= len(chunks[0]) <= 256 * 1024
    assert twilio.calls[0].request.headers["Accept-Encoding"] == "identity"


def test_where_there_are_no_two_channels_one_is_asked_for(
    twilio: responses.RequestsMock, vendor: TwilioVendor, waits: list[float]
) -> None:
    for channels, answer in (("2", {"status": 400}), ("1", {"body": AUDIO})):
        asked = matchers.query_param_matcher({"RequestedChannels": channels})
        twilio.get(MEDIA, content_type="audio/x-wav", match=[asked], **answer)
    with vendor.media(ACCOUNT, SID) as media:
        assert media.channels == 1
        assert b"".join(media.chunks) == AUDIO
    assert waits == []


@pytest.mark.parametrize("kind", ["audio/x-wav", "application/octet-stream", "binary/octet-stream"])
def test_what_is_encrypted_is_asked_for_as_it_is_stored(
    twilio: responses.RequestsMock, vendor: TwilioVendor, kind: str
) -> None:
    as_stored = matchers.query_param_matcher({}, strict_match=True)
    twilio.get(MEDIA, body=AUDIO, content_type=kind, match=[as_stored])
    with vendor.media(ACCOUNT, SID, encrypted=True) as media:
        assert media.channels is None
        assert b"".join(media.chunks) == AUDIO
    assert len(twilio.calls) == 1


def test_an_error_page_is_not_opened_as_what_is_encrypted(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    twilio.get(MEDIA, body=b"<TwilioResponse/>", content_type="application/xml")
    with pytest.raises(MediaIsErrorPage), vendor.media(ACCOUNT, SID, encrypted=True):
        pass


def test_no_channels_at_all_is_refused(
    twilio: responses.RequestsMock, vendor: TwilioVendor
) -> None:
    twilio.get(MEDIA, status=400)
    twilio.get(MEDIA, status=400)
    with pytest.raises(VendorRefused):
        download(vendor)
    assert len(twilio.calls) == 2


def test_media_that_is_not_there_is_not_ready_and_is_not_asked_for_again_at_once(
    twilio: responses.RequestsMock, vendor: TwilioVendor, waits: list[float]
) -> None:
    twilio.get(MEDIA, status=404, json={"code": 20404, "status": 404, "message": "…"})
    with pytest.raises(MediaNotReady) as error:
        download(vendor)
    assert (error.value.status, error.value.code, waits) == (404, 20404, [])


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("application/xml", MediaIsErrorPage),
        ("Text/HTML; charset=utf-8", MediaIsErrorPage),
        ("application/problem+json", MediaIsErrorPage),
        ("text/audio", MediaIsErrorPage),
        ("video/mp4", NotAudio),
        ("application/octet-stream", NotAudio),
    ],
)
def test_a_200_that_is_not_audio_is_not_opened(
    twilio: responses.RequestsMock, vendor: TwilioVendor, kind: str, error: type[TwirecError]
) -> None:
    twilio.get(MEDIA, body=b"<TwilioResponse/>", content_type=kind)
    with pytest.raises(error, match=SID) as raised:
        download(vendor)
    assert type(raised.value) is error


@pytest.mark.parametrize("kind", ["Audio/X-WAV", "AUDIO/WAV", "audio/x-wav; codecs=1"])
def test_the_case_of_a_content_type_does_not_matter(
    twilio: responses.RequestsMock, vendor: TwilioVendor, kind: str
) -> None:
    twilio.get(MEDIA, body=AUDIO, content_type=kind)
    assert download(vendor) == AUDIO


# --- over a real connection -------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: audio/x-wav\r\n"


class Canned(socketserver.ThreadingTCPServer):
    """Answers every request with the same bytes, then closes, or waits for the client to."""

    daemon_threads = True
    answer = b""
    waits_for_client = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.client_left = threading.Event()


class _Handler(socketserver.StreamRequestHandler):
    server: Canned
    timeout = 5

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(self.server.answer)
        if self.server.waits_for_client:
            with suppress(ConnectionResetError):
                self.rfile.read(1)
            self.server.client_left.set()


@pytest.fixture
def server() -> Iterator[Canned]:
    """A server that says what it is told to say."""
    with Canned() as canned:
        thread = threading.Thread(target=canned.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield canned
        canned.shutdown()
        thread.join()


@pytest.fixture
def nearby(server: Canned, waits: list[float]) -> Iterator[TwilioVendor]:
    """Twilio at that server."""
    yield from _at(server, 30, waits)


@pytest.fixture
def impatient(server: Canned, waits: list[float]) -> Iterator[TwilioVendor]:
    """The same with little patience: only for servers that stall, since any may be slow."""
    yield from _at(server, 0.1, waits)


def _at(server: Canned, seconds: float, waits: list[float]) -> Iterator[TwilioVendor]:
    url = f"http://127.0.0.1:{server.server_address[1]}"
    credentials = {ACCOUNT: Credentials("SK1", "secret")}
    vendor = TwilioVendor(
        TwilioClients(credentials, api_url=url, timeout=(30, seconds), sleep=waits.append)
    )
    yield vendor
    vendor.close()


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 1000\r\n\r\n" + b"x" * 999,
        b"Content-Length: 1000\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n10\r\n0123456789",
        b"Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n",
    ],
)
def test_a_body_that_ends_early_is_truncated_and_not_fetched_again(
    server: Canned, nearby: TwilioVendor, waits: list[float], body: bytes
) -> None:
    server.answer = HEAD + body
    with pytest.raises(MediaTruncated, match=SID):
        download(nearby)
    assert waits == []


def test_a_200_that_does_not_say_what_it_is_is_not_opened(
    server: Canned, nearby: TwilioVendor
) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nRIFF"
    with pytest.raises(MediaIsErrorPage, match="no type"):
        download(nearby)


def test_a_body_without_a_length_ends_where_the_connection_does(
    server: Canned, nearby: TwilioVendor
) -> None:
    server.answer = HEAD + b"\r\n" + AUDIO
    with nearby.media(ACCOUNT, SID) as media:
        assert media.content_length is None
        assert b"".join(media.chunks) == AUDIO


def test_a_body_that_was_compressed_all_the_same_is_unpacked(
    server: Canned, nearby: TwilioVendor
) -> None:
    packed = gzip.compress(AUDIO)
    lines = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    server.answer = HEAD + lines + packed
    with nearby.media(ACCOUNT, SID) as media:
        assert media.content_length is None
        assert b"".join(media.chunks) == AUDIO


def test_a_body_that_stalls_is_unavailable(server: Canned, impatient: TwilioVendor) -> None:
    server.waits_for_client = True
    server.answer = HEAD + b"Content-Length: 1000\r\n\r\nx"
    with pytest.raises(VendorUnavailable, match=SID):
        download(impatient)


def test_a_server_that_says_nothing_is_unavailable_after_three_tries(
    server: Canned, impatient: TwilioVendor, waits: list[float]
) -> None:
    server.waits_for_client = True
    with pytest.raises(VendorUnavailable, match="ReadTimeout"):
        impatient.recording(ACCOUNT, SID)
    assert len(waits) == 2


def test_metadata_that_breaks_off_is_unavailable(server: Canned, nearby: TwilioVendor) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"
    with pytest.raises(VendorUnavailable, match="broke off"):
        nearby.recording(ACCOUNT, SID)


def test_leaving_early_closes_the_connection(server: Canned, nearby: TwilioVendor) -> None:
    server.waits_for_client = True
    server.answer = HEAD + b"Content-Length: 1000000\r\n\r\n" + bytes(2 * CHUNK)
    with nearby.media(ACCOUNT, SID) as media:
        next(media.chunks)
        assert not server.client_left.is_set()
    assert server.client_left.wait(120)


def test_an_error_of_the_reader_comes_through_and_closes_the_connection(
    server: Canned, nearby: TwilioVendor
) -> None:
    server.waits_for_client = True
    server.answer = HEAD + b"Content-Length: 1000000\r\n\r\n" + bytes(2 * CHUNK)
    with pytest.raises(ZeroDivisionError), nearby.media(ACCOUNT, SID):
        raise ZeroDivisionError
    assert server.client_left.wait(120)


def test_a_short_body_is_truncated_also_where_no_library_counts(
    server: Canned, nearby: TwilioVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = iter([b"only this", b""])
    monkeypatch.setattr(urllib3.HTTPResponse, "read", lambda *_, **__: next(parts))
    server.answer = HEAD + b"Content-Length: 1000\r\n\r\n"
    with pytest.raises(MediaTruncated, match=r"9 bytes .* not 1000"):
        download(nearby)
