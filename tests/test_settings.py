from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.encrypting import key_pair
from twirec.model.errors import SettingsError
from twirec.model.ownership import ALL, OURS, Adopt
from twirec.model.policy import Policy
from twirec.model.vocabulary import ConsentMode, LegalBasis
from twirec.settings import NAMES, REQUIRED, Settings
from twirec.testing import ACCOUNT_SID, AUTH_TOKEN, ENVIRONMENT

OTHER = "AC" + "b" * 32


def problems(**changes: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**ENVIRONMENT, **changes})
    return caught.value.problems


def test_missing_settings_are_named_all_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({})
    for name in REQUIRED:
        assert f"{name} is missing" in str(caught.value)
    assert len(caught.value.problems) == len(REQUIRED)


@pytest.mark.parametrize("name", REQUIRED)
def test_nothing_is_recorded_without_a_required_setting(name: str) -> None:
    (problem,) = problems(**{name: " "})
    assert problem.startswith(f"{name} is missing")


def test_what_is_right_can_be_read_beside_what_is_wrong() -> None:
    settings, problems = Settings.read(
        {**ENVIRONMENT, "TWIREC_COUNTRY": "Spain", "TWIREC_BUCKET": ""}
    )
    assert (settings.account_sid, settings.bucket) == (ACCOUNT_SID, "")
    assert [problem.split()[0] for problem in problems] == ["TWIREC_BUCKET", "TWIREC_COUNTRY"]


def test_the_defaults_are_those_of_a_company_in_spain() -> None:
    settings = Settings.from_env(ENVIRONMENT)
    assert (settings.language, settings.country) == ("es-ES", "ES")
    assert settings.timezone == ZoneInfo("Europe/Madrid")
    assert settings.legal_basis is LegalBasis.CONTRACT
    assert settings.clock_speed == 1.0
    headers = Settings.from_env({**ENVIRONMENT, "TWIREC_SIP_HEADERS": "X-Customer, User-to-User"})
    assert headers.sip_headers == ("X-Customer", "User-to-User")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWILIO_ACCOUNT_SID", "AC123"),
        ("TWIREC_PUBLIC_URL", "http://calls.example.com"),
        ("TWIREC_PUBLIC_URL", "https://calls.example.com/?x=1"),
        ("TWIREC_BUCKET", "s3://bucket"),
        ("TWIREC_BUCKET", "gs://"),
        ("TWIREC_BUCKET", "file://data/recordings"),
        ("TWIREC_LEGAL_BASIS", "because"),
        ("TWIREC_CONSENT_MODE", "maybe"),
        ("TWIREC_LANGUAGE", "xx-XX"),
        ("TWIREC_COUNTRY", "Spain"),
        ("TWIREC_COMPANY", "Ejemplo\x07"),
        ("TWIREC_PRIVACY_INFO", "x" * 301),
        ("TWIREC_LONGEST_PAUSE", "10"),
        ("TWIREC_LONGEST_PAUSE", "2m"),
        ("TWIREC_TRANSCRIPTS", "some"),
        ("TWIREC_TRANSCRIPTS", "911000111"),
        ("TWIREC_TRANSCRIPTS", "+34911000111:up"),
        ("TWIREC_TRANSCRIPT_MODEL", "a\tb"),
        ("TWIREC_TRANSCRIPT_LANGUAGE", "Spanish"),
        ("TWIREC_TRANSCRIPT_THREADS", "0"),
        ("TWIREC_TIMEZONE", "Europe"),
        ("TWIREC_TIMEZONE", "Madrid"),
        ("TWIREC_TIMEZONE", "../../etc/passwd"),
        ("TWIREC_TWILIO_API_URL", "http://api.example.com"),
        ("TWIREC_CLOCK_SPEED", "fast"),
        ("TWIREC_SIP_HEADERS", "Customer"),
        ("TWIREC_SIP_HEADERS", "X-Customer,"),
        ("TWIREC_NOTIFY_URL", "http://hooks.example.com/calls"),
        ("TWIREC_NOTIFY_URL", "https://user:pw@hooks.example.com/calls"),
        ("TWIREC_NOTIFY_SECRET", "too short"),
        ("TWIREC_TWILIO_AUTH_TOKENS", "AC123=x"),
        ("TWIREC_TWILIO_AUTH_TOKENS", OTHER),
        ("TWIREC_TWILIO_SHARED_KEYS", OTHER),
        ("TWIREC_TWILIO_SHARED_KEYS", "webhooks_sharedkey_x:secret"),
        ("TWIREC_TWILIO_SHARED_KEYS", f"{OTHER}=secret"),
        ("TWIREC_TWILIO_SHARED_KEYS", f"{OTHER}=webhooks_sharedkey_x:"),
        ("TWIREC_TWILIO_SHARED_KEYS", f"{OTHER}=:secret"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    assert any(problem.startswith(f"{name} is wrong: ") for problem in problems(**{name: value}))


@pytest.mark.parametrize("mode", ["announce", "opt_out"])
def test_consent_as_a_legal_basis_needs_a_yes(mode: str) -> None:
    (problem,) = problems(TWIREC_LEGAL_BASIS="consent", TWIREC_CONSENT_MODE=mode)
    assert "opt_in" in problem


@pytest.mark.parametrize("mode", ["opt_in", "opt_in_or_hang_up"])
def test_consent_as_a_legal_basis_fits_a_mode_that_needs_a_yes(mode: str) -> None:
    settings = Settings.from_env(
        {**ENVIRONMENT, "TWIREC_LEGAL_BASIS": "consent", "TWIREC_CONSENT_MODE": mode}
    )
    assert settings.policy == Policy(
        on=True, mode=ConsentMode(mode), language="es-ES", legal_basis=LegalBasis.CONSENT
    )


UNKNOWN = [
    ("TWIREC_CONSENTMODE", "opt_in", "did you mean TWIREC_CONSENT_MODE?"),
    ("TWIREC_CONSENT_MODES", "opt_in", "did you mean TWIREC_CONSENT_MODE?"),
    ("TWIREC_UNINFORMED_AGENT", "do_not_record", "did you mean TWIREC_UNINFORMED_AGENTS?"),
    ("twirec_consent_mode", "opt_in", "did you mean TWIREC_CONSENT_MODE?"),
    ("Twirec_Consent_Mode", "opt_in", "did you mean TWIREC_CONSENT_MODE?"),
    ("TWIREC_CONSENT_MODE ", "opt_in", "write the name TWIREC_CONSENT_MODE alone"),
    ("export TWIREC_CONSENT_MODE", "opt_in", "write the name TWIREC_CONSENT_MODE alone"),
    ("TWIREC_AUTH_TOKEN", "x", "did you mean TWILIO_AUTH_TOKEN?"),
    ("TWIREC_GCS_BUCKET", "gs://calls", "did you mean TWIREC_BUCKET?"),
    ("TWIREC_DB_URL", "sqlite:///x.db", "did you mean TWIREC_DATABASE_URL?"),
    ("TWIREC_SWEEP", "5", "did you mean TWIREC_SWEEP_EVERY?"),
    ("TWIREC_NOTIFYURL", "https://x.example", "did you mean TWIREC_NOTIFY_URL?"),
    ("TWIREC_TIME_ZONE", "Europe/Madrid", "did you mean TWIREC_TIMEZONE?"),
    ("TWIREC_XYZZY", "1", "and has no effect"),
    ("TWIREC_", "1", "and has no effect"),
    ("TWIREC_CONSENTMODE", "", "did you mean TWIREC_CONSENT_MODE?"),
]


@pytest.mark.parametrize(("name", "value", "said"), UNKNOWN)
def test_a_name_that_nobody_knows_is_an_error(name: str, value: str, said: str) -> None:
    (problem,) = problems(**{name: value})
    assert said in problem
    assert name.strip() in problem


SLIPS = [
    ("TWIREC_BUCKET", '"gs://calls"', "it stands in quotes"),
    ("TWIREC_BUCKET", " 'file:///calls' ", "it stands in quotes"),
    ("TWIREC_COMPANY", '"Ejemplo S.A."', "it stands in quotes"),
    ("TWILIO_AUTH_TOKEN", '"abc"', "it stands in quotes"),
    ("TWILIO_ACCOUNT_SID", f"'{ACCOUNT_SID}'", "it stands in quotes"),
    ("TWIREC_LANGUAGE", "“es-ES”", "it stands in quotes"),
    ("TWIREC_BUCKET", "TWIREC_BUCKET=gs://calls", "its own name stands in it"),
    ("TWIREC_BUCKET", "export TWIREC_BUCKET=gs://calls", "its own name stands in it"),
    ("TWIREC_BUCKET", "gs://calls # the bucket", "a comment stands behind it"),
    ("TWIREC_CONSENT_MODE", "opt_in\t# ask", "a comment stands behind it"),
    ("TWIREC_BUCKET", "gs://${BUCKET}", "was not replaced"),
    ("TWIREC_AUDIT_KEY", "${AUDIT_KEY_OF_THE_COMPANY_IN_VAULT}", "was not replaced"),
    ("TWIREC_CONSENT_MODE", "", "is empty: give it a value, or take it out"),
    ("TWIREC_AUDIT_KEY", "  ", "is empty"),
    ("TWIREC_DATABASE_URL", "", "is empty"),
    ("GOOGLE_APPLICATION_CREDENTIALS", "/key.json\r", "a space or line end"),
    ("GOOGLE_APPLICATION_CREDENTIALS", '"/key.json"', "it stands in quotes"),
    ("STORAGE_EMULATOR_HOST", " http://127.0.0.1:1", "a space or line end"),
]


@pytest.mark.parametrize(("name", "value", "said"), SLIPS)
def test_what_a_file_of_settings_did_to_a_value_is_named_with_the_fix(
    name: str, value: str, said: str
) -> None:
    (problem,) = problems(**{name: value})
    assert problem.startswith(name)
    assert said in problem


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("TWIREC_COUNTRY", " PT\r\n", "PT"),
        ("TWIREC_COMPANY", '"La Casa" S.L.', '"La Casa" S.L.'),
        ("TWIREC_COMPANY", '"Casa" y "Hogar"', '"Casa" y "Hogar"'),
        ("TWIREC_COMPANY", "Taller #1 de ${barrio}", "Taller #1 de ${barrio}"),
        ("TWIREC_DATABASE_URL", "sqlite:///a#b.db", "sqlite:///a#b.db"),
    ],
)
def test_what_may_be_meant_is_taken(name: str, value: str, kept: str) -> None:
    settings = Settings.from_env({**ENVIRONMENT, name: value})
    assert getattr(settings, name.removeprefix("TWIREC_").lower()) == kept


def test_what_others_set_is_not_ours_to_judge() -> None:
    Settings.from_env(
        {**ENVIRONMENT, "TWILIO_PHONE_NUMBER": "", "MY_TWIREC_X": '"1"', "_TWIREC_COMPLETE": ""}
    )


def test_a_setting_that_is_missing_names_one_that_may_be_meant_for_it() -> None:
    environ = {**ENVIRONMENT, "TWILIO_AUTHTOKEN": "x"}
    del environ["TWILIO_AUTH_TOKEN"]
    _, problems = Settings.read(environ)
    assert "(TWILIO_AUTHTOKEN is set: did you mean this one?)" in problems[0]


def test_everything_that_is_wrong_is_named_in_one_report() -> None:
    wrong = {
        "TWIREC_CONSENTMODE": "opt_in",
        "TWIREC_BUCKET": '"gs://calls"',
        "TWIREC_COUNTRY": "Spain",
        "TWIREC_LANGUAGE": "",
        "TWILIO_REGION": "ie1",
        "TWIREC_COMPANY": "",
    }
    found = problems(**wrong)
    assert sorted(problem.split()[0] for problem in found) == sorted(wrong)


def test_no_secret_is_in_a_report() -> None:
    secret = "${" + "s3cret" * 8 + "}"
    for name in (name for name, known in NAMES.items() if known.secret):
        for value in (secret, f'"{secret}"', f"{name}={secret}", f"{secret} # x", secret[:9]):
            assert "s3cret" not in "\n".join(Settings.read({**ENVIRONMENT, name: value})[1])


def test_a_language_without_a_neural_voice_is_refused_at_the_start() -> None:
    (problem,) = problems(TWIREC_LANGUAGE="eu-ES")
    assert "voice" in problem


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"TWILIO_REGION": "ie1"}, "TWILIO_REGION and TWILIO_EDGE"),
        ({"TWILIO_EDGE": "dublin"}, "TWILIO_REGION and TWILIO_EDGE"),
        ({"TWILIO_API_KEY": "SK1"}, "TWILIO_API_KEY and TWILIO_API_SECRET"),
        (
            {"TWIREC_NOTIFY_URL": "https://hooks.example.com/"},
            "TWIREC_NOTIFY_URL and TWIREC_NOTIFY_SECRET",
        ),
        ({"TWIREC_NOTIFY_SECRET": "x" * 32}, "TWIREC_NOTIFY_URL and TWIREC_NOTIFY_SECRET"),
        ({"TWIREC_CLOCK_SPEED": "20"}, "TWIREC_CLOCK_SPEED is only for the sandbox"),
        (
            {"TWIREC_CLOCK_SPEED": "20", "TWIREC_TWILIO_API_URL": "https://api.twilio.com"},
            "TWIREC_CLOCK_SPEED is only for the sandbox",
        ),
    ],
)
def test_settings_that_go_together_are_checked_together(changes: dict[str, str], said: str) -> None:
    (problem,) = problems(**changes)
    assert problem.startswith(said)


def test_another_api_url_makes_region_and_edge_unimportant() -> None:
    settings = Settings.from_env(
        {**ENVIRONMENT, "TWILIO_REGION": "ie1", "TWIREC_TWILIO_API_URL": "http://127.0.0.1:9"}
    )
    assert settings.api_url == "http://127.0.0.1:9"


def test_tokens_are_kept_by_account_the_own_one_first() -> None:
    table = f"{OTHER}=x,y; {ACCOUNT_SID}=next,{AUTH_TOKEN}"
    settings = Settings.from_env({**ENVIRONMENT, "TWIREC_TWILIO_AUTH_TOKENS": table})
    assert settings.auth_tokens == {OTHER: ("x", "y"), ACCOUNT_SID: (AUTH_TOKEN, "next")}
    assert settings.credentials[OTHER] == (OTHER, "x")


def test_shared_keys_are_kept_by_account_and_key() -> None:
    table = f"{OTHER}=one:s/+1==, two:s2;{ACCOUNT_SID}=three:s3 ; {OTHER}=four:s:4"
    settings = Settings.from_env({**ENVIRONMENT, "TWIREC_TWILIO_SHARED_KEYS": table})
    assert settings.shared_keys == {
        OTHER: {"one": "s/+1==", "two": "s2", "four": "s:4"},
        ACCOUNT_SID: {"three": "s3"},
    }


def test_an_api_key_is_used_for_the_api_and_the_token_for_signatures() -> None:
    settings = Settings.from_env(
        {**ENVIRONMENT, "TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "secret"}
    )
    assert settings.credentials == {ACCOUNT_SID: ("SK1", "secret")}
    assert settings.auth_tokens == {ACCOUNT_SID: (AUTH_TOKEN,)}


def test_secrets_do_not_show() -> None:
    secrets = {
        "TWIREC_DATABASE_URL": "postgresql://user:pw@db/twirec",
        "TWIREC_NOTIFY_URL": "https://hooks.example.com/pw",
        "TWIREC_NOTIFY_SECRET": "pw" * 16,
    }
    shown = repr(Settings.from_env({**ENVIRONMENT, **secrets}))
    assert AUTH_TOKEN not in shown
    assert "pw" not in shown


@pytest.mark.parametrize("url", ["https://hooks.example.com/a/?b=c", "http://127.0.0.1:9/a"])
def test_the_address_of_the_companys_webhook_is_taken_as_it_is(url: str) -> None:
    settings = Settings.from_env(
        {**ENVIRONMENT, "TWIREC_NOTIFY_URL": url, "TWIREC_NOTIFY_SECRET": "x" * 32}
    )
    assert settings.notify_url == url


def test_private_keys_are_kept_by_the_sid_of_the_public_half_and_do_not_show() -> None:
    key = key_pair()
    settings = Settings.from_env(
        {**ENVIRONMENT, "TWIREC_DECRYPTION_KEYS": f"{key.sid}=env:KEY", "KEY": key.pem()}
    )
    assert set(settings.decryption_keys) == {key.sid}
    assert "decryption_keys" not in repr(settings)


def test_keys_that_are_not_usable_are_named_with_all_other_problems() -> None:
    first, second = (key_pair(number).sid for number in (1, 2))
    table = f"{first}=/nowhere/key.pem;{second}=env:NONE"
    unread, unset, country = problems(TWIREC_DECRYPTION_KEYS=table, TWIREC_COUNTRY="Spain")
    assert unread.startswith(f"TWIREC_DECRYPTION_KEYS: {first}: the file cannot be read")
    assert unset == f"TWIREC_DECRYPTION_KEYS: {second}: that variable is not set."
    assert country.startswith("TWIREC_COUNTRY is wrong")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_own_announcements_are_utf_8(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "announcements.toml"
    file.write_text('[es-ES]\ngoodbye = "Adiós."\n', encoding)
    environ = {**ENVIRONMENT, "TWIREC_ANNOUNCEMENTS": str(file)}
    settings, problems = Settings.read(environ)
    if encoding == "latin-1":
        assert problems == (
            f"TWIREC_ANNOUNCEMENTS is wrong: {file} is not UTF-8; save it as UTF-8.",
        )
    else:
        assert settings.wordings["es-ES"].goodbye == "Adiós."


@pytest.mark.parametrize(
    ("value", "adopt"),
    [
        ("", OURS),
        ("ours", OURS),
        ("all", ALL),
        ("numbers:+34911000111", Adopt(numbers=frozenset({"+34911000111"}))),
        (
            "numbers:+34911000111, +34 911 00 02 22",
            Adopt(numbers=frozenset({"+34911000111", "+34911000222"})),
        ),
    ],
)
def test_says_what_is_taken_over(value: str, adopt: Adopt) -> None:
    changes = {"TWIREC_ADOPT": value} if value else {}
    assert Settings.from_env({**ENVIRONMENT, **changes}).adopt == adopt


@pytest.mark.parametrize(
    "value", ["ALL", "everything", "numbers", "numbers:", "numbers:911000111", "+34911000111"]
)
def test_what_is_taken_over_is_not_guessed(value: str) -> None:
    with pytest.raises(SettingsError, match=r"TWIREC_ADOPT is wrong: write ours, all, or numbers"):
        Settings.from_env({**ENVIRONMENT, "TWIREC_ADOPT": value})


@pytest.mark.parametrize(("value", "kept"), [("", False), ("0", False), ("1", True)])
def test_says_whether_everything_stays_at_twilio(value: str, kept: bool) -> None:
    changes = {"TWIREC_KEEP_AT_TWILIO": value} if value else {}
    assert Settings.from_env({**ENVIRONMENT, **changes}).keep_at_twilio is kept


@pytest.mark.parametrize("value", ["true", "yes", "2", "on"])
def test_a_trial_is_not_guessed(value: str) -> None:
    with pytest.raises(SettingsError, match=r"TWIREC_KEEP_AT_TWILIO is wrong: write 1 for yes"):
        Settings.from_env({**ENVIRONMENT, "TWIREC_KEEP_AT_TWILIO": value})


TASKS = {
    "TWIREC_TASKS_QUEUE": "projects/p/locations/europe-west1/queues/calls",
    "TWIREC_TASKS_SERVICE_ACCOUNT": "jobs@p.iam.gserviceaccount.com",
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"TWIREC_QUEUE": "redis"}, "choose one of poll, postgres, celery, cloudtasks"),
        ({"TWIREC_QUEUE": "celery"}, "TWIREC_QUEUE=celery needs TWIREC_CELERY_BROKER."),
        ({"TWIREC_CELERY_BROKER": "http://x"}, "redis://"),
        ({"TWIREC_QUEUE": "postgres"}, "a catalog on PostgreSQL"),
        ({"TWIREC_TASKS_SERVICE_ACCOUNT": "ana@example.com"}, "gserviceaccount.com"),
        ({"TWIREC_TASKS_QUEUE": "calls"}, "write projects/PROJECT/locations/REGION/queues/QUEUE"),
        ({"TWIREC_TASKS_URL": "http://calls.example.com"}, "https://"),
        ({"TWIREC_TASKS_EMULATOR": "http://127.0.0.1:1"}, "write it as host:port"),
        *(
            (
                {
                    "TWIREC_QUEUE": "cloudtasks",
                    **{other: TASKS[other] for other in TASKS if other != name},
                },
                f"TWIREC_QUEUE=cloudtasks needs {name}.",
            )
            for name in TASKS
        ),
    ],
)
def test_a_queue_that_would_be_told_nothing_is_named(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], said: str
) -> None:
    monkeypatch.setattr("twirec.settings.values.is_there", lambda _: True)
    (problem,) = problems(**changes)
    assert said in problem


def test_a_queue_that_is_not_installed_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twirec.settings.values.find_spec", lambda _: None)
    (problem,) = problems(TWIREC_QUEUE="cloudtasks", **TASKS)
    assert "pip install 'twirec[cloudtasks]'" in problem
