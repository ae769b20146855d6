"""Recording on or off: for the company, by number and by direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import SelectChoice

from callpanel.auth import actor, needs
from callpanel.config import archive, config
from callpanel.forms import AS_FOR_ALL, Switch
from callpanel.panel import show
from callpanel.panel.blueprint import panel
from callpanel.roles import Permission
from twirec import Decision, Direction, InvalidQuery, PolicyChange


@dataclass(frozen=True, slots=True)
class Row:
    """What holds now for calls of a number and a direction; an empty number is all others."""

    number: str
    direction: Direction
    decision: Decision


@panel.get("/recording")
@needs(Permission.SEE_POLICY)
def policy() -> ResponseReturnValue:
    """Show who is recorded now, and every change so far."""
    return _page(_form())


@panel.post("/recording")
@needs(Permission.CHANGE_POLICY)
def change_policy() -> ResponseReturnValue:
    """Switch recording on or off from now on."""
    form = _form()
    if not form.validate():
        return _page(form), 400
    try:
        change = _made(form)
    except InvalidQuery as error:
        flash(show.wrong(error), "error")
        return _page(form), 400
    flash(_("Changed. Calls that go on are not touched."), "done")
    if change.on is not None:
        for other in archive().policy.overruling(change):
            flash(_overruled(other), "warn")
    return redirect(url_for("panel.policy"))


def _made(form: Switch) -> PolicyChange:
    direction = Direction(form.direction.data) if form.direction.data else None
    whom: Any = {"number": form.number.data or None, "direction": direction}
    who: Any = {"by": actor(), "why": form.why.data or ""}
    if form.on.data == AS_FOR_ALL:
        return archive().policy.reset(**who, **whom)
    return archive().policy.change(
        **who, **whom, on=form.on.data == "on", until=(form.until.data or "").strip() or None
    )


def _overruled(other: PolicyChange) -> str:
    """Return that a switch of a narrower scope still holds."""
    number = show.number(other.number) if other.number else _("all numbers")
    direction = f", {show.word(other.direction, 'DIRECTIONS')}" if other.direction else ""
    still = _("Still on for %(whom)s") if other.on else _("Still off for %(whom)s")
    return str(still % {"whom": number + direction})


def _form() -> Switch:
    form = Switch()
    names = config().number_names
    numbers = (
        SelectChoice(each, f"{each} ({names[each]})" if each in names else each)
        for each in _numbers()
    )
    form.number.choices = [SelectChoice("", _("all numbers")), *numbers]
    return form


def _numbers() -> list[str]:
    said = {change.number for change, _ in archive().policy.history() if change.number}
    return sorted({*config().lines, *said})


def _page(form: Switch) -> str:
    scopes = [(number, direction) for number in ("", *_numbers()) for direction in Direction]
    decisions = archive().policy.of_all(scopes)
    rows = [Row(*scope, decision) for scope, decision in zip(scopes, decisions, strict=True)]
    history = [change for change, _ in archive().policy.history()]
    return render_template(
        "policy.html",
        form=form,
        rows=rows,
        history=history[::-1],
        names=config().number_names,
        now=archive().now(),
    )
