"""What Twilio tells afterwards: how a call ended, what became of a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache, partial

from twirec.calls import forms, ledger, twiml
from twirec.calls.address import read
from twirec.calls.from_vendor import called_out, may_be_an_agents
from twirec.model.errors import CatalogError, NotFound, RequestRefused, VendorError
from twirec.model.records import Belonging, Call
from twirec.model.vendor import FINAL, STATE_OF, RecordingCallback
from twirec.model.vocabulary import Direction, Role
from twirec.webhooks.context import Context, log
from twirec.webhooks.lines import close_line, placed_line
from twirec.webhooks.recording_control import RecordingControl


class Status:
    """Calls that ended, and recordings.

    Args:
        context: settings, catalog, vendor and clock.
        control: ends recordings that may not go on.
    """

    def __init__(self, context: Context, control: RecordingControl) -> None:
        self._context = context
        self._settings = context.settings
        self._catalog = context.catalog
        self._control = control

    def ended(self, fields: Mapping[str, str], sent_on: int = 0) -> str:
        """Close the call's line, and return TwiML that ends the call.

        That ends it also while the catalog is down: by the fallback URL, who is still on the line
        would be connected once more. The status callback, or the sweep, closes the line later.

        Args:
            fields: the form of a dial's `action` or of the number's status callback.
            sent_on: how often the call had been sent on when that dial began.

        Raises:
            CatalogError: the catalog is down, and nobody is on the line any more; Twilio tries
                again.
        """
        end = forms.parse_call_end(fields)
        speed = self._context.settings.clock_speed
        end = replace(end, sent_on=sent_on, talked=end.talked / speed)
        try:
            self._close(end, fields)
        except CatalogError as error:
            if end.call_status in FINAL:
                raise
            log.error("%s: its line is not closed yet: %s", end.call_sid, error)
        return twiml.nothing()

    def _close(self, end: forms.CallEnd, fields: Mapping[str, str]) -> None:
        if not end.final:
            return
        now = self._context.now()
        try:
            try:
                close_line(self._catalog, end, now, self._settings.country)
            except NotFound:
                if forms.parse_voice_request(fields).direction != "outbound-api":
                    raise
                # it ended at once, before its line is written
                placed_line(self._catalog, end.account_sid, end.call_sid)
                close_line(self._catalog, end, now, self._settings.country)
        except NotFound:
            self._write_late_line(fields, end)

    def receive(self, fields: Mapping[str, str]) -> None:
        """Keep a recording status callback and what it says. Nothing slow happens here.

        Only what is recorded of an agent who may not be recorded is ended at once.

        Args:
            fields: Twilio's form.

        Raises:
            RequestRefused: the recording is another account's.
        """
        self._receive(forms.parse_recording_callback(fields))

    def receive_batch(self, callbacks: Iterable[RecordingCallback], signed_by: str) -> None:
        """Keep what Twilio's Event Streams say of recordings, each as its own callback.

        Those before one that fails are written; Twilio sends the whole batch again, and what is
        repeated changes nothing. Of another account nothing is kept, and the rest all the same: a
        refusal would make Twilio drop the batch.

        Args:
            callbacks: what a batch says.
            signed_by: the account that signed it, `AC…`. A stream of the main account may have
                events of its subaccounts, of those that the settings know.

        Raises:
            CatalogError: the catalog is down, or too slow for so many.
        """
        of_main = signed_by == self._settings.account_sid
        believed = set(self._settings.auth_tokens) if of_main else {signed_by}
        for callback in callbacks:
            if callback.account_sid not in believed:
                log.warning("%s: not kept, of another account", callback.recording_sid)
                continue
            try:
                self._receive(callback)
            except RequestRefused as error:
                log.warning("%s: not kept: %s", callback.recording_sid, error)

    def _receive(self, callback: RecordingCallback) -> None:
        received = self._catalog.recordings.receive(
            callback,
            state=STATE_OF.get(callback.status),
            channel_map=_channels_of(callback.source),
            at=self._context.now(),
        )
        if received.orders:
            self._control.stop_if_ordered(received)

    def _write_late_line(self, fields: Mapping[str, str], end: forms.CallEnd) -> None:
        """The catalog was down when the call began, or its beginning is told later."""
        request = forms.parse_voice_request(fields)
        line = ledger.open_line(
            request,
            dial=(),
            country=self._settings.country,
            now=self._context.now(),
            sip_headers=self._settings.sip_headers,
        )
        phone = read(request.agent, self._settings.country)
        if may_be_an_agents(request.direction, phone, self._catalog.agents.is_agent):
            line = self._called_out(line)
        unrecorded = ledger.not_recorded(line, ledger.why_late(end))
        self._catalog.ledger.open_call(replace(unrecorded, ended_at=line.started_at, late=True))

    def _called_out(self, line: Call) -> Call:
        """Whom an agent called is known of the leg that was dialled, or of what they asked for."""
        if line.direction is Direction.IN and self._catalog.ledger.owns(line.own_number):
            return line  # they reached us
        try:
            legs = self._context.vendor.legs(line.account_sid, line.call_sid)
        except VendorError as error:
            log.warning("%s: whom it dialled is not known: %s", line.call_sid, error)
            legs = []
        return called_out(line, legs, self._settings.country, self._catalog.agents.is_agent)


@lru_cache(maxsize=64)  # the same for the same word: what follows of it is kept by that
def _channels_of(source: str | None) -> Callable[[Belonging], tuple[Role, ...]]:
    """Return what says who is on which channel of what a word of Twilio's started."""
    return partial(ledger.channels_by, source)
