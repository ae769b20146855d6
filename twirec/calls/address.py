"""One reading of every address: what Twilio writes, and what people type.

Nothing else of the library takes an address apart. `read` gives a value; what the rooms need of it
(who somebody is, what they dial, where a route points) are its properties.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import unquote

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult, shortnumberinfo
from phonenumbers.shortnumberinfo import ShortNumberCost

from twirec.model.errors import InvalidQuery
from twirec.model.given import without_unspeakable
from twirec.model.vocabulary import NOT_KNOWN, Direction

WITHHELD = "anonymous"
"""Stands for every caller who does not show a number."""

CLIENTS = "client:"
"""What the address of a client begins with. https://www.twilio.com/docs/voice/sdks"""

_WORDS = frozenset(
    {
        *("anonymous", "blocked", "no caller id", "private", "restricted", "unavailable"),
        *("unknown", "withheld"),
    }
)
_HIDING_HOSTS = frozenset({"anonymous.invalid", "restricted.invalid", "unknown.invalid"})
"""RFC 3323, section 4.1.1.3, and RFC 3325: the host of those who hide."""

_SPELT_ON_A_KEYPAD = frozenset(
    {
        "266696687",  # ANONYMOUS
        "2562533",  # BLOCKED
        "464",  # no caller ID
        "7378742833",  # RESTRICTED
        "86282452253",  # UNAVAILABLE
        "8656696",  # UNKNOWN
    }
)
"""What carriers make of those words, and Twilio passes on as a number.
https://help.twilio.com/articles/223179988-Why-am-I-getting-calls-from-these-strange-numbers-"""

_TYPED = frozenset({"anónimo", "anonimo", "desconocido", "hidden", "oculto", "privado"})

_NOT_KNOWN = frozenset(
    {NOT_KNOWN}
    | {f"{number}not known" for number in ("", "number ")}
    | {f"{number}no conocido" for number in ("", "número ", "numero ")}
)
"""How people ask for the calls of which nobody knows the number; see `spoken.NOT_KNOWN`."""

_BETWEEN_DIGITS = re.compile(r"[\s./()\-]+")
_TWILIOS_DOMAIN = re.compile(r"(.+)\.sip(\.[a-z0-9-]+){0,2}\.twilio\.com")
"""A SIP domain, by whichever edge it is reached: https://www.twilio.com/docs/voice/api/sending-sip"""

_EXTENSION = re.compile(
    r"(?P<number>.*?[0-9])\s*"
    r"(?:(?P<pauses>,+)|(?:;ext=|\bext(?:ension)?\b\.?|\bextensi[oó]n\b|\bext\.|[x#]))\s*"
    r"(?P<digits>[0-9*#]{1,7})",
    re.IGNORECASE,
)
"""A number, and what is pressed once it answered: phones wait two seconds for each comma."""

_INTERNET = re.compile("(client|sips?):", re.IGNORECASE)

_SAFE_SIP = re.compile(
    r"sips?:[^@]*@([^:;?@]+)(?::[0-9]+)?(?:;(?:transport|user)=[a-z]+)*", re.IGNORECASE
)
"""An address whose host is where the call goes: `maddr`, or a `Route` among its headers, would lead
it elsewhere (RFC 3261, section 19.1.1), and of two `@` nobody knows who takes which."""

LONGEST_ADDRESS = 255
"""Characters of an address that the catalog has room for; a SIP address may be longer."""

_LONGEST_SHORT = 6

_NOWHERE = "ZZ"
"""The country of numbers of which only those in E.164 are read."""


class Kind(StrEnum):
    """What an address is."""

    NUMBER = "number"
    SHORT = "short"
    """Two to six digits that are no whole number, such as 112."""
    SIP = "sip"
    CLIENT = "client"
    """A softphone, in the company's app or on a web page."""
    SIM = "sim"
    WHATSAPP = "whatsapp"
    WITHHELD = "withheld"
    OTHER = "other"


IDENTIFYING = frozenset({Kind.NUMBER, Kind.SIP, Kind.CLIENT, Kind.SIM, Kind.WHATSAPP})
"""The kinds that say who somebody is."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address, read.

    Attributes:
        kind: what it is.
        written: as Twilio wrote it, or a person typed it, without its edges.
        key: who it is, in one form whichever way they are reached: E.164 where there is a number;
            a short number; `WITHHELD`; `client:NAME`, `sim:SID`; `sip:user@host` in small letters
            without port and parameters; else what was written.
        number: E.164; empty where there is none.
        short: two to six digits, of a SIP address too; empty where there are none.
        uri: the SIP address in the form of a key, also where it has a number; empty of others.
        host: of a SIP address, in small letters; a domain of Twilio's without its edge.
        press: what is pressed once it answered, with a comma for two seconds: `,4`.
    """

    kind: Kind
    written: str
    key: str
    number: str = ""
    short: str = ""
    uri: str = ""
    host: str = ""
    press: str = ""

    @property
    def identifies(self) -> bool:
        """Whether it says who somebody is."""
        return self.kind in IDENTIFYING

    @property
    def is_plain_number(self) -> bool:
        """Whether it is a number of the telephone network, which Twilio takes as a caller ID.

        https://www.twilio.com/docs/api/errors/13214
        """
        return self.kind is Kind.NUMBER

    @property
    def has_scheme(self) -> bool:
        """Whether it is written as Twilio dials it: https://www.twilio.com/docs/voice/twiml/sip."""
        return self.written.lower().startswith("sip:")

    @property
    def is_internet(self) -> bool:
        """Whether it is a softphone or a SIP phone: who calls by one can add fields to a form."""
        return bool(self.uri) or _INTERNET.match(self.written) is not None

    @property
    def is_softphone(self) -> bool:
        """Whether it is a phone that is ordinarily the company's own, and has no address."""
        return self.kind in {Kind.CLIENT, Kind.SIM}

    @property
    def route(self) -> str:
        """The form in which it is looked up among what an account has.

        That is a number, `client:` for every client, `whatsapp:NUMBER`, or a SIP domain of
        Twilio's, whatever its user is.
        """
        if self.kind is Kind.CLIENT:
            return CLIENTS
        if self.kind is Kind.WHATSAPP:
            return f"whatsapp:{self.number}"
        domain = _twilios_domain(self.host or self.written.lower())
        return domain or self.key

    def dialling_name(self, hosts: Collection[str] = ()) -> str:
        """Return who it is where somebody dials: what a SIP phone says of itself anybody can say.

        So a number counts only with a host that is the company's.

        Args:
            hosts: which are, besides Twilio's domains, which nobody uses without a password.
        """
        if self.uri and self.host not in hosts and not _twilios_domain(self.host):
            return self.uri
        return self.key


@lru_cache(4096)
def read(text: str, country: str = _NOWHERE) -> Address:
    """Read an address.

    Args:
        text: what Twilio sent as `From` or `To`, or what a person typed.
        country: ISO 3166 code of the country whose numbers come without a prefix; without it only
            those in E.164 are read.
    """
    written = text.strip()
    body = written
    if named := re.fullmatch(r"[^<>]*<([^<>]+)>.*", written):  # "Ana" <sip:…>, RFC 3261, 20.10
        body = named[1].strip()
    scheme, colon, rest = body.partition(":")
    match scheme.lower() if colon else "":
        case "client" if rest:
            return Address(Kind.CLIENT, written, f"{CLIENTS}{rest}")
        case "sim" if rest:
            return Address(Kind.SIM, written, f"sim:{rest}")
        case "whatsapp":
            return _whatsapp(written, rest, country)
        case "sip" | "sips":
            return _sip(written, rest, country)
        case "tel":
            return _tel(written, rest, country)
    if re.fullmatch(r"[^@\s:]+@[^@\s]+", body):
        return _sip(written, body, country)
    return _telephone(written, body, country)


def _whatsapp(written: str, rest: str, country: str) -> Address:
    inner = _telephone(written, rest, country)
    if inner.number:
        return Address(Kind.WHATSAPP, written, inner.number, inner.number)
    return inner if inner.kind is Kind.WITHHELD else Address(Kind.OTHER, written, written)


def _tel(written: str, rest: str, country: str) -> Address:
    """Read what follows `tel:` (RFC 3966)."""
    digits, parameters = _parameters(rest)
    return _telephone(written, _dialled(digits, parameters), country)


def _sip(written: str, rest: str, country: str) -> Address:
    """Read what follows `sip:` (RFC 3261, section 19.1.1)."""
    userinfo, at, there = rest.partition("@")
    if not at:
        userinfo, there = "", userinfo
    found = re.match(r"(\[[^\]]*\]|[^:;?]*)", there)
    host = (found[1] if found else there).lower()
    if not host:
        return Address(Kind.OTHER, written, written)
    host = _twilios_domain(host) or host
    name, parameters = _parameters(userinfo)
    # A password may follow. `%00` is a NUL, which no text of PostgreSQL's holds.
    name = without_unspeakable(unquote(name.partition(":")[0]))
    shown = f"{name.lower()}@{host}" if at else host
    uri = f"sip:{shown}"[:LONGEST_ADDRESS]  # small letters may be more than capitals: `İ`
    user = _telephone(written, _dialled(name, parameters), country)
    if host in _HIDING_HOSTS or (user.kind is Kind.WITHHELD and name):
        return Address(Kind.WITHHELD, written, WITHHELD, uri=uri, host=host)
    short = user.short
    number = "" if "@" in host else user.number
    is_telephone = name.startswith("+") or re.search(r";user=phone\b", there, re.IGNORECASE)
    if number and not is_telephone and not _is_valid(number):
        number = ""  # an extension of a company's own that looks like one
    if not number and re.fullmatch("[0-9]{8,15}", name) and _is_valid(f"+{name}"):
        number = f"+{name}"  # as carriers write the numbers of other countries
    press = user.press if number else ""
    return Address(Kind.SIP, written, number or uri, number, short, uri, host, press)


def _parameters(text: str) -> tuple[str, Mapping[str, str]]:
    value, *parameters = text.split(";")
    pairs = (each.partition("=") for each in parameters)
    return value, {name.lower(): said for name, _, said in pairs}


def _dialled(digits: str, parameters: Mapping[str, str]) -> str:
    """Return what a telephone would dial: RFC 3966, sections 5.1.4 and 5.3."""
    digits, context = unquote(digits), parameters.get("phone-context", "")
    if context.startswith("+") and not digits.startswith("+"):
        digits = context + digits
    return f"{digits};ext={parameters['ext']}" if parameters.get("ext") else digits


def _telephone(written: str, text: str, country: str) -> Address:
    text = text.strip()
    if not text or text.casefold() in _WORDS:
        return Address(Kind.WITHHELD, written, WITHHELD)
    number, press = text, ""
    if extension := _EXTENSION.fullmatch(text):
        number = extension["number"]
        press = (extension["pauses"] or ",") + extension["digits"]
    if re.search(r"[^\W\d_]|[;,]", number):
        # The parser would dial letters, and drop a second number.
        return Address(Kind.OTHER, written, written)
    digits = _BETWEEN_DIGITS.sub("", number)
    if not press and _is_spelt(digits, country):
        return Address(Kind.WITHHELD, written, WITHHELD)
    if short := _short(digits, country):
        return Address(Kind.SHORT, written, short, short=short, press=press)
    if e164 := _e164(number, country) or _e164(re.sub("^00", "+", digits), country):
        return Address(Kind.NUMBER, written, e164, e164, press=press)
    if not press and re.fullmatch(rf"[0-9]{{2,{_LONGEST_SHORT}}}", digits):
        return Address(Kind.SHORT, written, digits, short=digits)
    return Address(Kind.OTHER, written, written)


def _is_spelt(digits: str, country: str) -> bool:
    """Whether digits are a word that hides somebody, with a prefix that a carrier put before it."""
    plus, bare = digits.startswith("+"), digits.removeprefix("+")
    if plus and bare in _SPELT_ON_A_KEYPAD:
        return True
    prefix = str(phonenumbers.country_code_for_region(country))
    spelt = {bare, bare.removeprefix("1"), bare.removeprefix(prefix) if plus else bare}
    spelt &= _SPELT_ON_A_KEYPAD - {"464"}  # without a plus those are somebody's last digits
    number = _e164(digits, country)
    return bool(spelt) and not (number and _is_valid(number))


def _short(digits: str, country: str) -> str:
    """Return the short number that is dialled, without its country's prefix; empty if none."""
    prefix = phonenumbers.country_code_for_region(country)
    match = re.fullmatch(rf"(?P<prefix>(?:\+|00){prefix})?(?P<short>[0-9]{{2,6}})", digits)
    if not prefix or match is None:
        return ""
    short = match["short"]
    if shortnumberinfo.is_emergency_number(short, country):
        return short  # some could be a whole number too
    known = match["prefix"] and shortnumberinfo.is_valid_short_number_for_region(
        _short_number(short, prefix), country
    )
    return short if known else ""


def _short_number(digits: str, prefix: int) -> phonenumbers.PhoneNumber:
    number = phonenumbers.PhoneNumber(country_code=prefix, national_number=int(digits))
    number.raw_input = digits
    if digits.startswith("0"):
        number.italian_leading_zero = True
        number.number_of_leading_zeros = len(digits) - len(digits.lstrip("0"))
    return number


def _e164(text: str, country: str) -> str:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return ""
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return ""
    if number.extension:  # or a second number: E.164 has no room for it
        return ""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _is_valid(number: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def _twilios_domain(host: str) -> str:
    domain = _TWILIOS_DOMAIN.fullmatch(host)
    return f"{domain[1]}.sip.twilio.com" if domain else ""


# --- who somebody is ----------------------------------------------------------------------------


def key_of(text: str, country: str) -> str:
    """Return who an address is, in one form: `Address.key`.

    Args:
        text: what Twilio sent as `From` or `To`, or what a person typed.
        country: ISO 3166 code of the country whose numbers come without a prefix.
    """
    return read(text, country).key


def sides(direction: str, from_: str, to: str) -> tuple[Direction, str, str]:
    """Return which way a call goes, and its outside and own address, as Twilio wrote them.

    https://www.twilio.com/docs/voice/api/call-resource#call-properties: `direction`
    """
    out = direction.startswith("outbound") or direction == "trunking-terminating"
    return (Direction.OUT, to, from_) if out else (Direction.IN, from_, to)


def search_term(text: str, country: str, field: str = "number") -> str:
    """Return what to look for: a key, three to six last digits, `WITHHELD` or `NOT_KNOWN`.

    Args:
        text: a number in any usual form, an address as it is shown (`client:ana`, `sip:…`), last
            digits, or words such as `oculto` (they hid it) and `no conocido` (nobody knows it).
        country: ISO 3166 code of the country whose numbers come without a prefix.
        field: how an error names it.

    Raises:
        InvalidQuery: it is none of these.
    """
    text = text.strip()
    if text.casefold() in _TYPED:
        return WITHHELD
    if text.casefold() in _NOT_KNOWN:
        return NOT_KNOWN
    digits = _BETWEEN_DIGITS.sub("", text)
    if re.fullmatch(f"[0-9]{{3,{_LONGEST_SHORT}}}", digits):
        return digits
    address = read(text, country)
    withheld = text and address.kind is Kind.WITHHELD
    if withheld or address.identifies or (address.short and len(address.short) > 2):
        return address.key
    raise InvalidQuery(
        f"{field}: give a whole number (600 11 12 22, +34600111222), its last 3 to 6 digits, an "
        "address such as client:ana or sip:ana@pbx.example.com, "
        f"'{WITHHELD}' for callers who hid theirs, or 'not known' for those that nobody knows."
    )


def looks_like_address(word: str) -> bool:
    """Whether a word of a search is an address, such as `client:ana` or `ana@pbx.example.com`."""
    return read(word).kind in {Kind.CLIENT, Kind.SIP, Kind.SIM} or bool(
        re.match(r"(tel|whatsapp):.", word, re.IGNORECASE)
    )


def is_identity(key: str) -> bool:
    """Whether somebody can be in the register of agents under a key."""
    return read(key).kind in {Kind.NUMBER, Kind.CLIENT, Kind.SIP}


_NAME = re.compile(r"[^\W\d_][\w.-]*")


def agent_key(text: str, country: str) -> str:
    """Return by which key an agent is known; a name alone is that of a softphone.

    Args:
        text: such as `client:ana`, `ana`, `600 11 12 22` or `sip:ana@pbx.example.com`.
        country: ISO 3166 code of the country whose numbers come without a prefix.

    Raises:
        InvalidQuery: it is nobody's address.
    """
    address, name = read(text.strip(), country), text.strip()
    is_somebody = address.kind is Kind.WITHHELD or is_identity(address.key)
    if not is_somebody and _NAME.fullmatch(name):
        address = read(CLIENTS + name, country)
    if not is_identity(address.key):
        raise InvalidQuery(
            "agent: give a number, client:NAME or sip:ADDRESS, or a softphone's name alone."
        )
    return address.key


# --- what kind of number it is ------------------------------------------------------------------

COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""All countries that have numbers, ISO 3166. Satellites and other networks of no country are in
none."""

NO_COUNTRY = "001"
"""What stands for the region of numbers that belong to no country, such as +881 (satellites)."""

_CHEAP = frozenset({ShortNumberCost.TOLL_FREE, ShortNumberCost.STANDARD_RATE})


class Rate(StrEnum):
    """What kind of number is paid for, as far as that matters to who dials it."""

    ORDINARY = "ordinary"
    FREE = "free"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    PERSONAL = "personal"
    PAGER = "pager"
    UNKNOWN = "unknown"


_RATES: Mapping[int, Rate] = {
    PhoneNumberType.TOLL_FREE: Rate.FREE,
    PhoneNumberType.PREMIUM_RATE: Rate.PREMIUM,
    PhoneNumberType.SHARED_COST: Rate.SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER: Rate.PERSONAL,
    PhoneNumberType.PAGER: Rate.PAGER,
    PhoneNumberType.UNKNOWN: Rate.UNKNOWN,
}


def is_country(code: str) -> bool:
    """Whether numbers can be read as those of this country (ISO 3166, two capitals)."""
    return code in COUNTRIES


def rate_of(number: str) -> tuple[Rate, str]:
    """Return how a number in E.164 is paid for, and its country; `NO_COUNTRY` for none."""
    parsed = phonenumbers.parse(number)
    rate = _RATES.get(phonenumbers.number_type(parsed), Rate.ORDINARY)
    return rate, phonenumbers.region_code_for_number(parsed) or ""


def safe_host(address: str) -> str:
    """Return the host of a SIP address in small letters; empty for what may lead to another."""
    match = _SAFE_SIP.fullmatch(address.strip())
    return match[1].lower() if match else ""


def is_emergency(digits: str, country: str) -> bool:
    """Whether somebody who dials these digits in a country (ISO 3166 code) calls for help."""
    return bool(shortnumberinfo.is_emergency_number(digits, country))


def for_help(given: str, country: str) -> str:
    """Return the short number that somebody dials who calls for help, or for a public service.

    It is dialled at once, whoever dials it: 112, 091 (police) or 016 (violence against women) in
    Spain; those that cost more than an ordinary call are none of them.

    Args:
        given: what was dialled, in any form; of a SIP phone an address. A country's prefix may
            stand before it.
        country: ISO 3166 code of the country that it is dialled in.

    Returns:
        Two to six digits; empty for anything else.
    """
    digits = read(given, country).short
    if not digits or is_emergency(digits, country):
        return digits
    number = _short_number(digits, phonenumbers.country_code_for_region(country))
    known = shortnumberinfo.is_valid_short_number_for_region(number, country)
    cheap = shortnumberinfo.expected_cost_for_region(number, country) in _CHEAP
    return digits if known and cheap and len(digits) == 3 else ""


def parts(number: str) -> tuple[str, str]:
    """Return the prefix of a number's country, and its other digits; both empty where it is none.

    Args:
        number: E.164, or empty.
    """
    if not number:
        return "", ""
    known = phonenumbers.parse(number)
    return str(known.country_code), phonenumbers.national_significant_number(known)
