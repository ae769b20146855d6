"""Recording on or off: for the company, by number and by direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
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
    if _is_for_all(form) and not request.form.get("sure"):
        return _ask(form)
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


def _is_for_all(form: Switch) -> bool:
    said = (form.why.data or "").strip()
    return bool(not form.number.data and form.on.data != AS_FOR_ALL and said)


def _ask(form: Switch) -> str:
    """Return the page that says what a switch for all numbers changes, before it does."""
    wanted, direction = form.on.data == "on", form.direction.data
    rows = [row for row in _rows() if not direction or row.direction == direction]
    own = [row for row in rows if _is_own(row, direction)]
    changed = [row for row in rows if row not in own and row.decision.policy.on != wanted]
    return render_template("policy_sure.html", form=form, changed=changed, own=own, wanted=wanted)


def _is_own(row: Row, direction: str) -> bool:
    """Whether a number or direction has a choice of its own, which one for all does not change."""
    switched = row.decision.switched
    return bool(switched and (switched.number or (switched.direction and not direction)))


def _undoing(history: list[PolicyChange]) -> str:
    """Return what undoes the newest change, if it was a switch for all numbers: `on` or `off`."""
    last = history[-1] if history else None
    if last is None or last.number or last.on is None:
        return ""
    before = [each.on for each in history[:-1] if each.on is not None and not each.number]
    was = before[-1] if before else not last.on
    return "" if was == last.on else "on" if was else "off"


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
    history = [change for change, _ in archive().policy.history()]
    return render_template(
        "policy.html",
        form=form,
        rows=_rows(),
        history=history[::-1],
        undoing=_undoing(history),
        names=config().number_names,
        now=archive().now(),
    )


def _rows() -> list[Row]:
    scopes = [(number, direction) for number in ("", *_numbers()) for direction in Direction]
    decisions = archive().policy.of_all(scopes)
    return [Row(*scope, decision) for scope, decision in zip(scopes, decisions, strict=True)]
