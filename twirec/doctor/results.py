"""How a check says what it found, and what becomes of one that could not be made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from twirec.model.errors import (
    AppNotTrusted,
    AppUnreachable,
    BucketRefused,
    BucketUnavailable,
    CatalogError,
    SettingsError,
    TwirecError,
    VendorRefused,
    VendorUnavailable,
)
from twirec.model.inspection import Check, CheckResult, Level

FIXES: Mapping[type[TwirecError], str] = {
    VendorRefused: "Correct the token or key, and see in the Twilio console what it may do.",
    VendorUnavailable: "Let this machine reach Twilio: firewall, proxy, DNS; then try again.",
    BucketRefused: "Correct TWIREC_BUCKET, or give these credentials the role "
    "roles/storage.objectAdmin on the bucket.",
    BucketUnavailable: "Let this machine reach Google Cloud Storage; then try again.",
    CatalogError: "Correct TWIREC_DATABASE_URL, or run: twirec init",
    AppNotTrusted: "Give the public host a certificate that browsers trust; Twilio checks it too.",
    AppUnreachable: "Start the app, correct TWIREC_PUBLIC_URL, or open the firewall and the proxy.",
}
"""What to do about an error; the first that fits."""


def ok(check: Check, what: str) -> CheckResult:
    """Return that something is as it should be."""
    return CheckResult(check, Level.OK, what)


def warning(check: Check, what: str, fix: str) -> CheckResult:
    """Return that something might do harm."""
    return CheckResult(check, Level.WARNING, what, fix)


def failed(check: Check, what: str, fix: str) -> CheckResult:
    """Return that something is wrong; what settings and errors say may lack its full stop."""
    return CheckResult(check, Level.FAILED, what if what.endswith((".", "?")) else f"{what}.", fix)


def unknown(check: Check, why: str) -> CheckResult:
    """Return that something could not be looked at."""
    return CheckResult(check, Level.UNKNOWN, why)


def guarded(check: Check, look: Callable[[], Iterable[CheckResult]]) -> Iterator[CheckResult]:
    """Make a check; one that ends in a known error is failed, and the others go on."""
    try:
        yield from look()
    except SettingsError as error:
        yield failed(check, " ".join(error.problems), "Correct the setting.")
    except BucketRefused as error:
        yield failed(check, error.fact, error.fix or _fix(error))
    except TwirecError as error:
        yield failed(check, str(error), _fix(error))


def _fix(error: TwirecError) -> str:
    fitting = (fix for kind, fix in FIXES.items() if isinstance(error, kind))
    return next(fitting, "Try again; if it stays so, ask with `twirec --verbose doctor`.")
