"""The names of the settings: which there are, and what is wrong with one that nobody knows."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Name:
    """What there is to say of a setting before its value.

    Attributes:
        what: what it is, in half a sentence.
        required: whether there is no default.
        secret: whether its value may never be shown.
        spoken: whether callers hear it; then it may hold whatever people write.
    """

    what: str
    required: bool = False
    secret: bool = False
    spoken: bool = False


NAMES: Mapping[str, Name] = {
    "TWILIO_ACCOUNT_SID": Name("the account that owns the numbers, AC…", required=True),
    "TWILIO_AUTH_TOKEN": Name(
        "the account's token, which proves that a request is Twilio's", required=True, secret=True
    ),
    "TWIREC_PUBLIC_URL": Name(
        "where Twilio reaches the app, such as https://calls.example.com", required=True
    ),
    "TWIREC_BUCKET": Name(
        "where recordings are kept, gs://bucket/prefix or file:///folder", required=True
    ),
    "TWIREC_COMPANY": Name("who records; callers hear it", required=True, spoken=True),
    "TWIREC_PRIVACY_INFO": Name(
        "where callers learn more and exercise their rights; they hear it",
        required=True,
        spoken=True,
    ),
    "TWIREC_LEGAL_BASIS": Name(
        "consent, contract, legitimate_interest or legal_obligation", required=True
    ),
    "TWIREC_CONSENT_MODE": Name("how callers are told or asked"),
    "TWIREC_UNINFORMED_AGENTS": Name("what becomes of a call to an agent who was not informed"),
    "TWIREC_SWEEP_EVERY": Name("minutes between two sweeps of the workers"),
    "TWIREC_CHECK_EVERY": Name("days in which workers read every recording back; 0 for never"),
    "TWIREC_CHECK_RATE": Name("MB a second that they read for that at the most, on an average"),
    "TWIREC_ADOPT": Name("which recordings are taken over: ours, numbers:+34…,+34… or all"),
    "TWIREC_BLOCKED_FOR": Name("days for which what is blocked is kept before it is destroyed"),
    "TWIREC_KEEP_AT_TWILIO": Name("1 for a trial: copy and check, delete nothing at Twilio"),
    "TWIREC_DATABASE_URL": Name("the catalog, a SQLAlchemy URL", secret=True),
    "TWIREC_QUEUE": Name("who says that something is due: poll, postgres, celery or cloudtasks"),
    "TWIREC_CELERY_BROKER": Name("the broker of Celery, redis:// or amqp://", secret=True),
    "TWIREC_TASKS_QUEUE": Name("the queue of Cloud Tasks, projects/P/locations/L/queues/Q"),
    "TWIREC_TASKS_SERVICE_ACCOUNT": Name("the e-mail of whom Cloud Tasks and Scheduler act as"),
    "TWIREC_TASKS_URL": Name("where Cloud Tasks reaches what does the work"),
    "TWIREC_TASKS_EMULATOR": Name("another host for Cloud Tasks, for tests"),
    "TWILIO_API_KEY": Name("an API key for Twilio's API"),
    "TWILIO_API_SECRET": Name("the secret of the API key", secret=True),
    "TWIREC_TWILIO_AUTH_TOKENS": Name("further tokens, by account", secret=True),
    "TWIREC_TWILIO_SHARED_KEYS": Name("keys of one's own that sign, by account", secret=True),
    "TWILIO_REGION": Name("Twilio's region, together with the edge"),
    "TWILIO_EDGE": Name("Twilio's edge, together with the region"),
    "TWIREC_DECRYPTION_KEYS": Name("private keys for encrypted recordings", secret=True),
    "TWIREC_NOTIFY_URL": Name("a webhook of the company's own", secret=True),
    "TWIREC_NOTIFY_SECRET": Name("what signs requests to that webhook", secret=True),
    "TWIREC_SEAL": Name("the PKCS#12 file that seals evidence, or env:NAME of a variable with it"),
    "TWIREC_SEAL_PASSWORD": Name("the password of that file", secret=True),
    "TWIREC_TSA_URL": Name("the authority that says when evidence was sealed", secret=True),
    "TWIREC_AUDIT_KEY": Name("what keeps numbers out of the audit log", secret=True),
    "TWIREC_PURPOSES": Name("what recordings are listened to for, the company's own list"),
    "TWIREC_LANGUAGE": Name("the language of the announcement, such as es-ES"),
    "TWIREC_ANNOUNCEMENTS": Name("a TOML file with own wordings, voices and audio"),
    "TWIREC_COUNTRY": Name("how a number without prefix is read, ISO 3166"),
    "TWIREC_DIAL_COUNTRIES": Name("where agents may dial to: ISO 3166 codes, EU, or all"),
    "TWIREC_DIAL_ALSO": Name("beginnings of numbers, and hosts, that may be dialled besides"),
    "TWIREC_SIP_HEADERS": Name("SIP headers of calls that are kept, such as X-Customer"),
    "TWIREC_EVENT_STREAMS": Name("1 to take recordings from Twilio's Event Streams as well"),
    "TWIREC_AGENTS_HEAR_THEIR_OWN": Name("1: agents may hear the recordings of their own calls"),
    "TWIREC_LONGEST_PAUSE": Name("seconds after which a pause of a recording is ended"),
    "TWIREC_CASE_CONTACT": Name("where customers turn about their cases", spoken=True),
    "TWIREC_SMTP_URL": Name("the mail server that sends receipts, over TLS", secret=True),
    "TWIREC_SMTP_FROM": Name("from whom receipts come, Name <mail@example.com>", spoken=True),
    "TWIREC_CASE_TERMS": Name("shorter terms for customers' cases, such as complaint=10"),
    "TWIREC_HOLIDAYS": Name("whose holidays are no working days, such as ES-MD"),
    "TWIREC_EXTRA_HOLIDAYS": Name("further holidays, of the town, such as 05-15,11-09"),
    "TWIREC_TIMEZONE": Name("what a person means by a time, such as Europe/Madrid"),
    "GOOGLE_APPLICATION_CREDENTIALS": Name("the file of the service account"),
    "STORAGE_EMULATOR_HOST": Name("another host for Google Cloud Storage, for tests"),
    "TWIREC_TWILIO_API_URL": Name("another host for Twilio's API"),
    "TWIREC_LISTENING_COPY": Name("the formats of smaller copies that are kept for listening"),
    "TWIREC_TRANSCRIPTS": Name("of which calls a machine writes down what is said: all, or some"),
    "TWIREC_TRANSCRIPT_MODEL": Name("the model that does: a folder, or a name"),
    "TWIREC_TRANSCRIPT_LANGUAGE": Name("the language of what is said, such as es"),
    "TWIREC_TRANSCRIPT_THREADS": Name("how many threads it works with, 1 to 64"),
    "TWIREC_CARD_NUMBERS": Name("whether card numbers are looked for in transcripts: propose"),
    "TWIREC_FFMPEG": Name("the whole path of an ffmpeg of the machine's own"),
    "TWIREC_CLOCK_SPEED": Name("how much faster than life the sandbox plays calls"),
}
"""Every setting of the library. A new one is a line here, and one in README's table."""

REQUIRED: Mapping[str, str] = {name: of.what for name, of in NAMES.items() if of.required}
"""The settings without a default, and what each is."""

SPOKEN = frozenset(name for name, of in NAMES.items() if of.spoken)

_READ_BY_OTHERS = frozenset({"GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST"})
"""What Google's own library reads, as it is."""

_QUOTED = re.compile("(\"[^\"]*\"|'[^']*'|“[^”]*”|‘[^’]*’)")  # noqa: RUF001 - as pasted


def misread_settings(
    environ: Mapping[str, str],
    prefix: str,
    known: Collection[str],
    *,
    spoken: Collection[str] = (),
) -> dict[str, str]:
    """Return what is wrong with settings before anybody looks at what they mean, by name.

    A name that nobody knows has no effect, and what somebody wanted by it does not happen: callers
    who were to be asked would be recorded without. The same is true of a name without a value.

    Args:
        environ: the environment.
        prefix: whose names these are: `TWIREC_`, or an app's own.
        known: the names that there are; some may be of another prefix, and are checked too.
        spoken: those whose value people hear, and that may hold quotes, `#` and `$`.
    """
    problems = {}
    for name, value in sorted(environ.items()):
        bare = name.strip().removeprefix("export ").strip()
        if name in known:
            problem = _wrong_value(name, value, prefix, spoken=name in spoken)
        elif bare in known:
            problem = f'"{name}" is not a setting: write the name {bare} alone.'
        elif bare.upper().startswith(prefix):
            problem = f"{name} is not a setting" + _meant(bare, known)
        else:
            continue
        if problem:
            problems[name] = problem
    return problems


def alike(name: str, environ: Mapping[str, str], known: Collection[str]) -> str:
    """Return a name that is set, that nobody knows, and that may be meant for this one; or empty.

    Args:
        name: of a setting that is missing.
        environ: the environment.
        known: the names that there are.
    """
    family = name.partition("_")[0] + "_"
    others = [other for other in environ if other.startswith(family) and other not in known]
    return next(iter(get_close_matches(name, others, 1, 0.8)), "")


def _meant(name: str, known: Collection[str]) -> str:
    # What all begin with would make strangers look alike.
    tails = {each.partition("_")[2]: each for each in known}
    meant = get_close_matches(name.upper().partition("_")[2], tails, 1, 0.6)
    if meant:
        return f": did you mean {tails[meant[0]]}?"
    return ", and has no effect: take it out, or look up its name in the documentation."


def _wrong_value(name: str, value: str, prefix: str, *, spoken: bool) -> str:
    """Return what a file of settings did to a value, if it shows; or empty.

    A shell takes quotes and comments away and puts variables in; Docker's `--env-file`, systemd
    and others do not, or not all of it, and the same line then means something else.
    """
    bare = value.strip()
    if not bare and name.startswith(prefix):
        return f"{name} is empty: give it a value, or take it out."
    if name in _READ_BY_OTHERS and bare != value:
        return f"{name} is wrong: a space or line end stands around it; take that away."
    if _QUOTED.fullmatch(bare):
        return f"{name} is wrong: it stands in quotes; leave them out."
    if re.match(rf"(export\s+)?{name}\s*=", bare):
        return f"{name} is wrong: its own name stands in it; write only what comes after the =."
    if not spoken and re.search(r"\s#", value):
        return f"{name} is wrong: a comment stands behind it; give that a line of its own."
    if not spoken and re.search(r"\$\{\w+\}", value):
        return f"{name} is wrong: ${{…}} was not replaced; write what it stands for."
    return ""
