"""Whether web process, bucket and catalog belong together, and who else is on the account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from twirec.adapters.folder_inspect import marks_around, unmounted_above
from twirec.adapters.gcs_inspect import GcsInspector
from twirec.adapters.own_app import whose
from twirec.catalog import Catalog
from twirec.doctor.public_url import PING
from twirec.doctor.results import failed, guarded, ok, unknown, warning
from twirec.model.bucket_mark import MARKED, NAME, read_mark
from twirec.model.inspection import UNAVAILABLE, Check, CheckResult
from twirec.settings import Settings
from twirec.settings.addresses import is_here

MOST_ASKED = 8
"""Addresses that are asked for another installation: each may take five seconds."""

LOOK = (
    "Look: is the disk mounted, are TWIREC_BUCKET and TWIREC_DATABASE_URL right? If the database "
    "was lost: twirec rebuild. If the bucket is to be this catalog's: twirec init --adopt-bucket "
    "--reason TEXT"
)

APART = (
    "Give each installation an account or a subaccount of its own, and a bucket or prefix: see "
    "docs/installations.md"
)


def identity_results(
    settings: Settings, catalogs: Sequence[str], elsewhere: Sequence[str] | None
) -> Iterator[CheckResult]:
    """Check who is who.

    Args:
        settings: where catalog and bucket are.
        catalogs: what the app answered of which catalog it works with.
        elsewhere: voice URLs of the accounts that are not this app's; None if Twilio told of none
            at all.
    """
    with closing(Catalog(settings.database_url)) as catalog:
        own, was_marked = catalog.identity(), catalog.marks.get(MARKED) is not None
    for said in catalogs[:1]:
        yield check_same_catalog(own, said)
    yield from guarded(Check.MARK, partial(_bucket, settings.bucket, own, was_marked))
    if elsewhere is None:
        yield unknown(Check.INSTALLATIONS, "Where numbers of the accounts lead is not known.")
    else:
        yield from check_others(own, ((url, whose(url)) for url in pings(elsewhere)))


def check_same_catalog(own: str, said: str) -> CheckResult:
    """Compare the catalog of the web process with the one of this command."""
    if said in {"", UNAVAILABLE}:
        return failed(
            Check.SAME_CATALOG,
            "The app's own catalog does not answer: calls are connected unrecorded.",
            "See the app's log, and give it the same TWIREC_DATABASE_URL as here.",
        )
    if said != own:
        return failed(
            Check.SAME_CATALOG,
            f"The app under TWIREC_PUBLIC_URL works with the catalog {said}, and here it is {own}.",
            "Give both the same TWIREC_DATABASE_URL, as an absolute path if it is a file.",
        )
    return ok(Check.SAME_CATALOG, f"The app works with this catalog, {own}.")


def _bucket(url: str, own: str, was_marked: bool) -> Iterator[CheckResult]:
    place = urlsplit(url)
    if place.scheme == "gs":
        prefix = place.path.strip("/")
        with closing(GcsInspector(place.netloc)) as bucket:
            marks = bucket.marks_around(prefix)
        here = f"gs://{place.netloc}/{prefix}".rstrip("/")
    else:
        root = Path(unquote(place.path)).absolute()
        if mount := unmounted_above(root):
            yield failed(
                Check.MARK,
                f"{root} is to be on a disk at {mount}, which is not mounted.",
                f"Mount it: mount {mount}",
            )
            return
        marks, here = marks_around(root), str(root)
    yield check_mark(here, marks.get(here), own, was_marked)
    yield from check_neighbours(own, {at: said for at, said in marks.items() if at != here})


def check_mark(here: str, content: bytes | None, own: str, was_marked: bool) -> CheckResult:
    """Check whose the bucket is."""
    if content is None:
        if was_marked:
            what = f"{here} lacks the mark {NAME} that this catalog's bucket has: nothing is copied"
            return failed(Check.MARK, what, LOOK)
        return unknown(Check.MARK, f"{here} is nobody's yet; `twirec init` marks it.")
    mark = read_mark(content)
    if mark is None:
        return failed(Check.MARK, f"The mark {NAME} in {here} cannot be read.", LOOK)
    if mark.catalog != own:
        what = f"{here} belongs to the catalog {mark.catalog}, and this one is {own}."
        return failed(Check.MARK, what, LOOK)
    return ok(Check.MARK, f"{here} is this catalog's, {own}, since {mark.at:%Y-%m-%d}.")


def check_neighbours(own: str, marks: Mapping[str, bytes]) -> Iterator[CheckResult]:
    """Name other catalogs above and below in the same bucket."""
    for place, content in marks.items():
        mark = read_mark(content)
        if mark is not None and mark.catalog != own:
            yield warning(
                Check.INSTALLATIONS,
                f"The catalog {mark.catalog} keeps its recordings in {place}, beside this one's: "
                "on the same account at Twilio each would see the other's calls.",
                APART,
            )


def check_others(own: str, answers: Iterable[tuple[str, str | None]]) -> Iterator[CheckResult]:
    """Name other installations that numbers of the same accounts point at."""
    known: set[str] = {own}
    for url, catalog in answers:
        if catalog is not None and catalog not in known:
            known.add(catalog)
            yield warning(
                Check.INSTALLATIONS,
                f"Numbers of the account point at {url.removesuffix(PING)}, another installation "
                f"of twirec, with the catalog {catalog}.",
                APART,
            )
    if known == {own}:
        yield ok(Check.INSTALLATIONS, "No number of the accounts leads to another installation.")


def pings(voice_urls: Iterable[str]) -> list[str]:
    """Return where the apps behind voice URLs would answer, if they are twirec's.

    At the top of the host, or below the path above the view. Only by https, or on this machine.
    """
    hosts: dict[str, None] = {}
    for voice in voice_urls:
        url = urlsplit(voice)
        top = f"{url.scheme}://{url.netloc}"
        if url.scheme != "https" and not (url.scheme == "http" and is_here(top)):
            continue
        if not url.netloc or "@" in url.netloc:  # what is before it may be a password
            continue
        above = url.path.rstrip("/").rpartition("/")[0]
        hosts |= dict.fromkeys((f"{top}{PING}", f"{top}{above}{PING}"))
    return list(hosts)[:MOST_ASKED]
