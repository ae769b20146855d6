"""Proof: packages that are checked by upload, and months that are closed."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import FileStorage

from callpanel.auth import actor, may, needs
from callpanel.checking import Checked, check
from callpanel.config import archive
from callpanel.forms import CheckPackage, CloseMonth
from callpanel.panel import turns
from callpanel.panel.audio import streamed
from callpanel.panel.blueprint import panel
from callpanel.roles import Permission
from twirec import (
    EvidenceToolsMissing,
    InvalidQuery,
    LetterToolsMissing,
    SealUnusable,
    TimeStampUnavailable,
)

LARGEST = 100_000_000
"""Bytes of a package that is uploaded; a larger one is checked by `twirec verify`."""

LARGEST_TRUST = 256 * 1024
"""Bytes of certificates."""

LONGEST_NAME = 100
"""Characters of a file's name that are shown."""

ON_A_PAGE = 100


def allow_uploads() -> None:
    """Let those who may check packages send a large one. It is read into a file, not into memory.

    Everybody else's request has the bounds of any form.
    """
    checking = request.endpoint == "panel.check_package"
    if checking and current_user.is_authenticated and may(Permission.SEARCH):
        request.max_content_length = LARGEST


@panel.get("/proof")
@needs(Permission.SEARCH)
def proof() -> ResponseReturnValue:
    """Show the form to check a package, and the statements about months."""
    return _page()


@panel.get("/proof/check")
@panel.get("/proof/months")
@needs(Permission.SEARCH)
def proof_again() -> ResponseReturnValue:
    """Lead back to the page, from what a form of it was answered with."""
    return redirect(url_for("panel.proof"))


@panel.post("/proof/check")
@needs(Permission.SEARCH)
def check_package() -> ResponseReturnValue:
    """Check a package that somebody sent."""
    form = CheckPackage()
    if not form.validate():
        return _page(checking=form), 400
    with turns.taking.turn(), tempfile.TemporaryDirectory(prefix="callpanel-") as folder:
        package = _kept(form.package.data, Path(folder, "package"), LARGEST)
        trust = form.trust.data
        trusted = _kept(trust, Path(folder, "trust.pem"), LARGEST_TRUST) if trust else None
        language = str(get_locale() or "en")[:2]
        found = check(package, trusted, language) if package else None
    if found is None:
        flash(_("It is no package or statement that can be read."), "error")
        return _page(checking=form), 400
    name = "".join(filter(str.isprintable, form.package.data.filename or ""))[:LONGEST_NAME]
    return _page(checking=form, checked=found, name=name)


def _kept(sent: FileStorage, into: Path, most: int) -> Path | None:
    """Write what was sent into a file, chunk by chunk; None if it is too large."""
    with into.open("wb") as file:
        shutil.copyfileobj(sent.stream, file)
        return into if file.tell() <= most else None


@panel.post("/proof/months")
@needs(Permission.CLOSE_MONTHS)
def close_month() -> ResponseReturnValue:
    """Compare all calls of a month, and make a statement of it."""
    form = CloseMonth()
    if not form.validate():
        return _page(closing=form), 400
    try:
        with turns.taking.turn():
            found = archive().custody.months.close(
                form.month.data or "", by=actor(), language=str(get_locale() or "en")
            )
    except InvalidQuery:
        flash(
            _("That month cannot be closed: it is not over, or Twilio lists its calls no more."),
            "error",
        )
        return _page(closing=form), 400
    except (SealUnusable, EvidenceToolsMissing, LetterToolsMissing):
        flash(
            _("There is no seal, or it cannot be used: the doctor says what is missing."), "error"
        )
        return _page(closing=form), 409
    except TimeStampUnavailable:
        flash(_("The authority that says the time does not answer. Try again in a while."), "error")
        return _page(closing=form), 409
    if found.statement.closed:
        flash(_("The month is closed: every call is explained."), "done")
    else:
        gaps = found.statement.gaps
        said = ngettext(
            "The month is not closed: there is %(num)d gap.",
            "The month is not closed: there are %(num)d gaps.",
            gaps,
        )
        flash(said, "error")
    return redirect(url_for("panel.proof", _anchor="months"))


@panel.get("/proof/months/<key>.pdf")
@needs(Permission.CLOSE_MONTHS)
def month_pdf(key: str) -> ResponseReturnValue:
    """Give a statement, as it was made."""
    response, reading = streamed(
        turns.taking, lambda: archive().custody.months.open(key, by=actor())
    )
    response.headers.set("Content-Disposition", "attachment", filename=reading.file_name)
    return response


def _page(
    checking: CheckPackage | None = None,
    closing: CloseMonth | None = None,
    checked: Checked | None = None,
    name: str = "",
) -> str:
    statements = archive().custody.months.list(limit=ON_A_PAGE, by=actor())
    return render_template(
        "proof.html",
        checking=checking or CheckPackage(formdata=None),
        closing=closing or CloseMonth(formdata=None),
        checked=checked,
        name=name,
        statements=statements,
        largest=LARGEST // 1_000_000,
        sealed=bool(archive().settings.seal),
    )
