"""The settings of how staff sign in: passwords, the second factor, the company's own provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from callpanel.roles import Role

SIGNING_NAMES = (
    "CALLPANEL_PASSWORDS",
    "CALLPANEL_SECOND_FACTOR",
    "CALLPANEL_OIDC_ISSUER",
    "CALLPANEL_OIDC_CLIENT_ID",
    "CALLPANEL_OIDC_CLIENT_SECRET",
    "CALLPANEL_OIDC_SCOPES",
    "CALLPANEL_OIDC_ACCOUNTS",
    "CALLPANEL_OIDC_NAME",
    "CALLPANEL_OIDC_CLAIM",
    "CALLPANEL_OIDC_ROLES",
)

SCOPES = "openid profile email"
EMAIL = "email"
"""The claim that is an address; it has to be one that the provider has verified."""
CLAIM = "groups"


class Accounts(StrEnum):
    """Whom a provider may sign in."""

    MATCH = "match"
    """Who has an account already, of the name that the provider gives them."""
    CREATE = "create"
    """Also others, whose claims give them a role: they get an account then."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID Connect provider.

    Attributes:
        issuer: `CALLPANEL_OIDC_ISSUER`, as its ID tokens name it.
        client_id, client_secret: `CALLPANEL_OIDC_CLIENT_ID` and `_SECRET`, what it knows us by.
        scopes: `CALLPANEL_OIDC_SCOPES`, what it is asked for.
        accounts: `CALLPANEL_OIDC_ACCOUNTS`, whom it may sign in.
        name: `CALLPANEL_OIDC_NAME`, the claim that is the name of an account.
        claim: `CALLPANEL_OIDC_CLAIM`, where it says what somebody is.
        roles: `CALLPANEL_OIDC_ROLES`, the role for what stands there, the first that fits; empty
            where an account's role is the panel's own.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str = SCOPES
    accounts: Accounts = Accounts.MATCH
    name: str = EMAIL
    claim: str = CLAIM
    roles: Mapping[str, Role] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signing:
    """How staff sign in.

    Attributes:
        passwords: `CALLPANEL_PASSWORDS`, whether by passwords of the panel's own.
        second_factor: `CALLPANEL_SECOND_FACTOR`, the roles that need a second factor with them.
        provider: who else signs them in; None for nobody.
    """

    passwords: bool = True
    second_factor: frozenset[Role] = frozenset()
    provider: Provider | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str], problems: list[str]) -> Signing:
        """Return the settings, as far as they are right, and add what is wrong with the others."""
        given = {name: value for name in SIGNING_NAMES if (value := environ.get(name, "").strip())}
        signing = cls(
            passwords=_passwords(given, problems),
            second_factor=frozenset(_roles(given, problems)),
            provider=_provider(given, problems),
        )
        if not signing.passwords and signing.provider is None:
            problems.append(
                "CALLPANEL_PASSWORDS is off and nobody could sign in: set CALLPANEL_OIDC_ISSUER."
            )
        return signing


def _passwords(given: Mapping[str, str], problems: list[str]) -> bool:
    value = given.get("CALLPANEL_PASSWORDS", "on")
    if value not in ("on", "off"):
        problems.append("CALLPANEL_PASSWORDS is wrong: choose on, off.")
    return value != "off"


def _roles(given: Mapping[str, str], problems: list[str]) -> set[Role]:
    said = [each.strip() for each in given.get("CALLPANEL_SECOND_FACTOR", "").split(",")]
    try:
        return {Role(each) for each in said if each}
    except ValueError:
        problems.append(
            f"CALLPANEL_SECOND_FACTOR is wrong: name roles, such as admin,supervisor: "
            f"{', '.join(Role)}."
        )
        return set()


def _provider(given: Mapping[str, str], problems: list[str]) -> Provider | None:
    of_provider = [name for name in SIGNING_NAMES if name.startswith("CALLPANEL_OIDC_")]
    if not any(name in given for name in of_provider):
        return None
    needed = of_provider[:3]
    missing = [name for name in needed if name not in given]
    problems += [f"{name} is missing: the provider gives it." for name in missing]
    issuer = given.get("CALLPANEL_OIDC_ISSUER", "")
    if issuer and not _is_address(issuer):
        problems.append(
            "CALLPANEL_OIDC_ISSUER is wrong: write the https address that the provider's tokens "
            "name, such as https://login.example.com/realms/staff."
        )
    scopes = given.get("CALLPANEL_OIDC_SCOPES", SCOPES)
    if "openid" not in scopes.split():
        problems.append("CALLPANEL_OIDC_SCOPES is wrong: openid has to be one of them.")
    roles = _mapped(given, problems)
    accounts = given.get("CALLPANEL_OIDC_ACCOUNTS", Accounts.MATCH)
    if accounts not in set(Accounts):
        problems.append(f"CALLPANEL_OIDC_ACCOUNTS is wrong: choose {', '.join(Accounts)}.")
        accounts = Accounts.MATCH
    elif accounts == Accounts.CREATE and "CALLPANEL_OIDC_ROLES" not in given:
        problems.append(
            "CALLPANEL_OIDC_ROLES is missing: accounts are made with the role that it gives, "
            "such as call-admins=admin;call-leads=supervisor."
        )
    return Provider(
        issuer,
        given.get("CALLPANEL_OIDC_CLIENT_ID", ""),
        given.get("CALLPANEL_OIDC_CLIENT_SECRET", ""),
        scopes,
        Accounts(accounts),
        given.get("CALLPANEL_OIDC_NAME", EMAIL),
        given.get("CALLPANEL_OIDC_CLAIM", CLAIM),
        roles,
    )


def _mapped(given: Mapping[str, str], problems: list[str]) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for pair in filter(str.strip, given.get("CALLPANEL_OIDC_ROLES", "").split(";")):
        value, _, role = (part.strip() for part in pair.rpartition("="))
        if not value or value in roles or role not in set(Role):
            problems.append(
                "CALLPANEL_OIDC_ROLES is wrong: write what the claim says and the role for it, "
                f"such as call-admins=admin;call-leads=supervisor; roles are {', '.join(Role)}."
            )
            return {}
        roles[value] = Role(role)
    return roles


def _is_address(issuer: str) -> bool:
    """Whether tokens of an issuer can be asked for: over https, or on this machine."""
    try:
        parts = urlsplit(issuer)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.query or parts.fragment or parts.username or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
