"""Subaccounts with tokens of their own, in another region: listed, copied and deleted there."""

from __future__ import annotations

from pathlib import Path

import pytest
import responses

from tests.adapters.twilio_wire import ACCOUNT, CALL, SID, SUBACCOUNT, basic, page, payload
from tests.sounds import wav
from twirec.archive import Archive
from twirec.model.states import State
from twirec.testing import ENVIRONMENT, PUBLIC_URL

REGIONS = [("ie1", "dublin"), ("au1", "sydney")]
CALL_OF_IT = {
    "sid": CALL,
    "account_sid": SUBACCOUNT,
    "from": "+34600111222",
    "to": "+34911000111",
    "direction": "inbound",
    "status": "completed",
    "start_time": "Mon, 23 Nov 2026 12:00:00 +0000",
    "end_time": "Mon, 23 Nov 2026 12:01:00 +0000",
}
NUMBER_OF_IT = {
    "phone_number": "+34911000111",
    "voice_url": f"{PUBLIC_URL}/voice",
    "date_updated": "Mon, 23 Nov 2026 09:00:00 +0000",
}


def who_asked(twilio: responses.RequestsMock, account: str) -> set[str]:
    """The credentials that went to what is an account's."""
    return {
        call.request.headers["Authorization"]
        for call in twilio.calls
        if f"/Accounts/{account}/" in str(call.request.url)
    }


@pytest.mark.parametrize(("region", "edge"), REGIONS)
def test_a_subaccount_is_listed_copied_and_deleted_in_its_region_with_its_own_token(
    tmp_path: Path, region: str, edge: str
) -> None:
    environ = {
        **ENVIRONMENT,
        "TWIREC_BUCKET": f"file://{tmp_path}",
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": "token of the account",
        "TWILIO_API_KEY": "SK1",
        "TWILIO_API_SECRET": "secret",
        "TWIREC_TWILIO_AUTH_TOKENS": f"{SUBACCOUNT}=new token,old token",
        "TWILIO_REGION": region,
        "TWILIO_EDGE": edge,
    }
    base = f"https://api.{edge}.{region}.twilio.com/2010-04-01/Accounts"
    recording = payload(account_sid=SUBACCOUNT, duration="4")
    with responses.RequestsMock() as twilio:  # what was not prepared is not answered
        twilio.get(f"{base}/{ACCOUNT}/Recordings.json", json=page())
        twilio.get(f"{base}/{SUBACCOUNT}/Recordings.json", json=page(recording))
        lists = {
            "IncomingPhoneNumbers": {"incoming_phone_numbers": [NUMBER_OF_IT]},
            "Applications": {"applications": []},
            "SIP/Domains": {"domains": []},
        }
        for name, listed in lists.items():
            twilio.get(f"{base}/{SUBACCOUNT}/{name}.json", json=listed)
        twilio.get(f"{base}/{SUBACCOUNT}/Calls/{CALL}.json", json=CALL_OF_IT)
        twilio.get(
            f"{base}/{SUBACCOUNT}/Recordings/{SID}.wav",
            body=wav(seconds=4, channels=2),
            content_type="audio/x-wav",
        )
        twilio.delete(f"{base}/{SUBACCOUNT}/Recordings/{SID}.json", status=204)
        archive = Archive.from_env(environ)
        archive.set_up()
        report = archive.operations.backfill("2026-11-23", "2026-11-23", by="ana").run()
        assert (report.copied, report.failed, report.stopped) == (1, {}, "")
        assert archive.catalog.recordings.get(SID).state is State.RELEASED
        assert who_asked(twilio, ACCOUNT) == {basic("SK1", "secret")}
        assert who_asked(twilio, SUBACCOUNT) == {basic(SUBACCOUNT, "new token")}
        archive.close()
