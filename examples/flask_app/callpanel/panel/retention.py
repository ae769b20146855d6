"""How long recordings are kept: the rules, a dry run, and putting them in force."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import SelectChoice

from callpanel.auth import actor, needs
from callpanel.config import archive, config
from callpanel.forms import ApplyRules, RemoveRule, SetRule
from callpanel.panel import show
from callpanel.panel.blueprint import panel
from callpanel.roles import Permission
from twirec import InvalidQuery, Kept


@panel.get("/retention")
@needs(Permission.SEE_RETENTION)
def retention() -> ResponseReturnValue:
    """Show the rules, which of them are in force, and every change so far."""
    return _page(_setting(), _removing())


@panel.post("/retention")
@needs(Permission.CHANGE_RETENTION)
def set_rule() -> ResponseReturnValue:
    """Set a rule. It waits until the rules are applied."""
    form = _setting()
    if not form.validate():
        return _page(form, _removing()), 400
    kept = Kept(form.kept.data)
    try:
        archive().custody.retention.set(
            form.name.data or "",
            form.term.data or "",
            by=actor(),
            reason=form.why.data or "",
            kept=kept,
            at_end=form.at_end.data if kept is Kept.RECORDINGS else None,
            number=form.number.data or None,
            direction=form.direction.data or None,
            consent=form.consent.data or None,
            case=(form.case.data or "").strip() or None,
        )
    except InvalidQuery as error:
        flash(show.wrong(error), "error")
        return _page(form, _removing()), 400
    flash(_("Written down. It is in force once the rules are applied."), "done")
    return redirect(url_for("panel.retention"))


@panel.post("/retention/removed")
@needs(Permission.CHANGE_RETENTION)
def remove_rule() -> ResponseReturnValue:
    """Remove a rule. If it is in force, it stays so until the rules are applied."""
    form = _removing()
    if not form.validate():
        return _page(_setting(), form), 400
    archive().custody.retention.remove(form.name.data, by=actor(), reason=form.why.data or "")
    flash(_("Written down. It is in force once the rules are applied."), "done")
    return redirect(url_for("panel.retention"))


@panel.get("/retention/preview")
@needs(Permission.SEE_RETENTION)
def preview_rules() -> ResponseReturnValue:
    """Show what the rules would do if they were applied now."""
    return _preview(ApplyRules())


@panel.post("/retention/applied")
@needs(Permission.CHANGE_RETENTION)
def apply_rules() -> ResponseReturnValue:
    """Put the rules in force as the preview showed them."""
    form = ApplyRules()
    if not form.validate():
        return _preview(form), 400
    try:
        archive().custody.retention.apply(
            confirm=form.confirm.data or "", by=actor(), reason=form.why.data or ""
        )
    except InvalidQuery:
        flash(_("The rules were changed meanwhile: look at them again."), "error")
        return _preview(form), 409
    flash(_("The rules are in force."), "done")
    return redirect(url_for("panel.retention"))


def _setting() -> SetRule:
    form = SetRule()
    form.number.choices = [SelectChoice("", _("all numbers")), *map(SelectChoice, _numbers())]
    return form


def _removing() -> RemoveRule:
    form = RemoveRule()
    names = [rule.name for rule in archive().custody.retention.rules()]
    form.name.choices = [SelectChoice("", ""), *map(SelectChoice, names)]
    return form


def _numbers() -> list[str]:
    rules = archive().custody.retention.rules()
    said = {change.number for change, _ in archive().policy.history() if change.number}
    return sorted({*config().lines, *said, *(rule.number for rule in rules if rule.number)})


def _page(setting: SetRule, removing: RemoveRule) -> str:
    rules = archive().custody.retention
    standing, applied = rules.rules(), rules.rules(applied=True)
    there = {rule.name for rule in standing}
    return render_template(
        "retention.html",
        setting=setting,
        removing=removing,
        rules=[(rule, rule in applied) for rule in standing],
        gone=[rule for rule in applied if rule.name not in there],
        waits=standing != applied,
        applied=applied,
        history=rules.history()[::-1],
    )


def _preview(form: ApplyRules) -> str:
    seen = archive().custody.retention.preview(by=actor())
    return render_template("retention_preview.html", form=form, seen=seen)
