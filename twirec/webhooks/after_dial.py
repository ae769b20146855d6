"""Nobody answered: the next step of the call, or its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from twirec.calls import forms, ledger
from twirec.calls.otherwise import following, said_by, unanswered
from twirec.model.dial_steps import DialStep, Unanswered, WhenUnanswered
from twirec.model.errors import CatalogError
from twirec.model.records import Call
from twirec.webhooks.context import Context, log
from twirec.webhooks.inbound import Inbound
from twirec.webhooks.lines import dialled_leg
from twirec.webhooks.status import Status


class AfterDial:
    """What comes after a dial, of a call for which the app said so.

    Args:
        context: settings, catalog and clocks.
        inbound: connects the call with who comes next.
        status: closes its line, where nobody comes.
    """

    def __init__(self, context: Context, inbound: Inbound, status: Status) -> None:
        self._context = context
        self._catalog = context.catalog
        self._inbound = inbound
        self._status = status

    def ended(
        self,
        fields: Mapping[str, str],
        plan: str,
        functions: Mapping[str, WhenUnanswered] | None = None,
    ) -> str:
        """Return the TwiML after a dial: the next step if nobody answered, or the call's end.

        Args:
            fields: the form of a dial's `action`.
            plan: what comes, as `sign_plan` wrote it into the URL.
            functions: the app's own, by the names that steps have of them.

        Raises:
            MalformedRequest: a field is missing or has the wrong form, or the plan is not ours.
        """
        request, end = forms.parse_voice_request(fields), forms.parse_call_end(fields)
        planned, status = self._inbound.read_plan(request, plan), unanswered(end)
        steps, end = planned.steps, replace(end, sent_on=planned.sent_on)
        while status:
            step, steps = following(steps, status)
            if step is None:
                break
            if not step.function:
                now, country = self._context.now(), self._context.settings.country
                leg = partial(dialled_leg, end=end, now=now, country=country)
                return self._inbound.go_on(fields, step, replace(planned, steps=steps), leg)
            said = self._said(step.function, functions or {}, request, status, rest=steps)
            if isinstance(said, str):
                self._status.ended(fields, end.sent_on)
                return said
            steps = () if said is None else (*said, *steps)
        return self._status.ended(fields, end.sent_on)

    def _said(
        self,
        name: str,
        functions: Mapping[str, WhenUnanswered],
        request: forms.VoiceRequest,
        status: str,
        rest: Sequence[DialStep],
    ) -> str | tuple[DialStep, ...] | None:
        """Return what a function of the app's says: TwiML, steps, or None for that it is the end.

        Where it fails, what comes after it does; and where that is nothing, its error is the app's
        to see, and Twilio asks the fallback URL.
        """
        try:
            if name not in functions:
                raise LookupError(f"This app has no function {name} any more.")
            said = said_by(functions[name](Unanswered(self._line(request), status)))
            if said is None or isinstance(said, str):
                return said
            return self._inbound.usable_steps(request.call_sid, said)
        except Exception:
            if not rest:
                raise
            log.exception("%s: %s failed; on with the next step", request.call_sid, name)
            return ()

    def _line(self, request: forms.VoiceRequest) -> Call:
        """Return the call's line; what Twilio says of the call where the catalog has none."""
        with suppress(CatalogError):
            if line := self._catalog.ledger.line(request.account_sid, request.call_sid):
                return line
        country, now = self._context.settings.country, self._context.now()
        return ledger.open_line(request, dial=(), country=country, now=now)
