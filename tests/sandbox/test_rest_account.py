from __future__ import annotations

import inspect
import re

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.rest.api.v2010.account.application import ApplicationInstance
from twilio.rest.api.v2010.account.sip.domain import DomainInstance

from tests.sandbox.conftest import OWN, Get
from twirec.sandbox import Sandbox


def test_the_official_client_fetches_the_account(sandbox: Sandbox, client: Client) -> None:
    account = client.api.v2010.accounts(sandbox.account_sid).fetch()
    assert (account.sid, account.status) == (sandbox.account_sid, "active")
    sandbox.hazards.status = "suspended"
    assert client.api.v2010.accounts(sandbox.account_sid).fetch().status == "suspended"


def test_an_answer_says_what_time_it_is(get: Get) -> None:
    assert get(".json").headers["Date"].endswith("GMT")


def test_a_standard_key_reads_numbers_and_not_the_account(sandbox: Sandbox) -> None:
    client = sandbox.client(key=True)
    assert client.incoming_phone_numbers.list() == []
    with pytest.raises(TwilioRestException) as error:
        client.api.v2010.accounts(sandbox.account_sid).fetch()
    assert (error.value.status, error.value.code) == (401, 20003)
    client.http_client.session.close()


def test_numbers_are_listed_with_where_they_point(sandbox: Sandbox, client: Client) -> None:
    sandbox.number(
        OWN, voice_url="https://a.example/voice", status_callback="https://a.example/#rc=5"
    )
    (number,) = client.incoming_phone_numbers.list()
    assert (number.phone_number, number.voice_url) == (OWN, "https://a.example/voice")
    assert (number.voice_method, number.status_callback_method) == ("POST", "POST")
    assert (number.voice_fallback_url, number.status_callback) == ("", "https://a.example/#rc=5")
    assert (number.sid[:2], len(number.sid), number.capabilities["voice"]) == ("PN", 34, True)


def test_numbers_come_in_pages(sandbox: Sandbox, client: Client) -> None:
    for at in range(5):
        sandbox.number(f"{OWN}{at}", voice_url="https://a.example/voice")
    numbers = [one.phone_number for one in client.incoming_phone_numbers.stream(page_size=2)]
    assert sorted(numbers) == [f"{OWN}{at}" for at in range(5)]


def test_applications_and_domains_have_the_fields_that_the_library_reads(
    sandbox: Sandbox, get: Get
) -> None:
    sandbox.application(voice_url="https://a.example/voice")
    sandbox.addresses.domain("shop.sip.twilio.com", voice_url="https://a.example/voice")
    for path, key, instance in (
        ("/Applications.json", "applications", ApplicationInstance),
        ("/SIP/Domains.json", "domains", DomainInstance),
    ):
        (answered,) = get(path).json()[key]
        read = re.findall(r'payload\.get\(\s*"(\w+)"', inspect.getsource(instance.__init__))
        assert set(read) == set(answered)
        assert len(read) > 15


def test_account_defaults_are_there_or_not(sandbox: Sandbox, client: Client) -> None:
    defaults = client.voice.v2.account_default_configuration("Recording")
    with pytest.raises(TwilioRestException) as error:
        defaults.fetch()
    assert error.value.code == 20404
    sandbox.hazards.records_by_default = True
    assert defaults.fetch().configuration["configurationType"] == "Recording"


def test_account_defaults_need_credentials(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/v2/AccountDefaultConfiguration/Recording"
    assert requests.get(url, timeout=120).status_code == 401


@pytest.mark.parametrize(("is_open", "status"), [(False, 401), (True, 200)])
def test_media_is_given_to_nobody_unless_said_otherwise(
    sandbox: Sandbox, is_open: bool, status: int
) -> None:
    sandbox.hazards.open_media = is_open
    recording = sandbox.add_recording(seconds=1)
    base = f"{sandbox.url}/2010-04-01/Accounts/{sandbox.account_sid}/Recordings/{recording.sid}"
    assert requests.get(f"{base}.wav", timeout=120).status_code == status
    assert requests.get(f"{base}.json", timeout=120).status_code == 401


def test_media_in_the_customers_s3_is_not_here(sandbox: Sandbox, get: Get) -> None:
    sandbox.hazards.external = True
    recording = sandbox.add_recording(seconds=1)
    resource = get(f"/Recordings/{recording.sid}.json").json()
    assert resource["media_url"].startswith("https://bucket.s3.amazonaws.com/")
    assert get(f"/Recordings/{recording.sid}.wav").status_code == 404
