"""The forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    DateField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import (
    DataRequired,
    EqualTo,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    Regexp,
)

from callpanel.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD
from callpanel.names import LONGEST_NAME
from callpanel.roles import Role
from callpanel.vocabulary import (
    ACTIONS,
    AT_END,
    CASE_KINDS,
    CHANNELS,
    CONSENTS,
    COPIES,
    DIRECTIONS,
    FORMATS,
    KEPT,
    OUTCOMES,
    REASONS,
    ROLES,
    STATES,
)
from twirec import Channels

ANY = SelectChoice("", _l("any"))


def choices(words: Mapping[str, Any]) -> list[SelectChoice]:
    """Return what can be chosen, of words and what people read for them."""
    return [SelectChoice(value, label) for value, label in words.items()]


ORIGINAL = "original"
"""The format of what was archived, as it is."""

MOST_DIGITS = 18

AS_FOR_ALL = "as_for_all"
"""The choice that ends what was chosen for a number or direction alone."""


class WholeField(IntegerField):
    """A whole number of digits that can be counted with: `NumberRange` makes it a float."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read it."""
        super().process_formdata(["x" if len(said) > MOST_DIGITS else said for said in valuelist])


class SignIn(FlaskForm):
    """Name and password."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=LONGEST_NAME)])
    password = PasswordField(_l("Password"), [InputRequired(), Length(max=LONGEST_PASSWORD)])


class OwnSearch(FlaskForm):
    """What an agent's own calls are asked for."""

    text = StringField(_l("Number or time"), [Length(max=300)])


class Search(FlaskForm):
    """What calls are asked for."""

    text = StringField(_l("Number, time, case, note, agent or SID"), [Length(max=300)])
    outcome = SelectField(_l("Recorded"), choices=[ANY, *choices(OUTCOMES)], default="")
    direction = SelectField(_l("Direction"), choices=[ANY, *choices(DIRECTIONS)], default="")
    own_number = StringField(_l("Our number"), [Length(max=32)])
    forwarded_from = StringField(_l("Forwarded from"), [Length(max=32)])
    reason = SelectField(_l("Why not recorded"), choices=[ANY, *choices(REASONS)], default="")
    consent = SelectField(
        _l("Answer to the announcement"), choices=[ANY, *choices(CONSENTS)], default=""
    )
    state = SelectField(_l("State"), choices=[ANY, *choices(STATES)], default="")
    min_seconds = WholeField(_l("Seconds, at least"), [Optional(), NumberRange(0, 604800)])
    max_seconds = WholeField(_l("Seconds, at most"), [Optional(), NumberRange(0, 604800)])
    case = StringField(_l("Case number"), [Length(max=64)])
    note = StringField(_l("Words of a note"), [Length(max=100)])
    agent = StringField(_l("Agent"), [Length(max=255)])


COLUMNS = {
    "when": _l("When"),
    "customer": _l("Customer"),
    "direction": _l("Direction"),
    "own_number": _l("Our number"),
    "seconds": _l("Seconds recorded"),
    "state": _l("Recorded"),
    "reason": _l("Why not recorded"),
    "agents": _l("Agents"),
    "case": _l("Case number"),
    "notes": _l("Notes"),
    "call_sid": _l("SID of the call"),
}
"""What can be known of each call of a search, in a list or as CSV."""


class ExportCalls(FlaskForm):
    """The calls of a search, with the columns that are wanted."""

    columns = SelectMultipleField(choices=choices(COLUMNS), validators=[InputRequired()])
    q = StringField(validators=[Length(max=32)])
    order = StringField(validators=[Length(max=16)])


class TakeRecordings(FlaskForm):
    """The recordings of several calls, and what for."""

    purpose = SelectField()


class SaveSearch(FlaskForm):
    """A name for the search that a page shows, and for whom it is."""

    name = StringField(_l("Name of the search"), [DataRequired(), Length(max=64)])
    shared = SelectField(
        _l("For whom"), choices=choices({"me": _l("for me"), "all": _l("for all who search")})
    )
    q = StringField(validators=[InputRequired(), Length(max=32)])


class WriteNote(FlaskForm):
    """A note on a call, and how many notes the page showed where it was written."""

    note = TextAreaField(_l("Note"), [DataRequired(), Length(max=4000)])
    seen = WholeField(validators=[NumberRange(0, 10**9)])
    second = StringField(_l("At"), [Length(max=16)])
    recording = StringField(validators=[Length(max=34)])

    def validate_second(self, field: StringField) -> None:
        """Check that it is a time in a recording, and that it is said which one's."""
        if seconds_of(field.data) is not None and not self.recording.data:
            raise ValidationError(_l("Load the page anew and try again."))


class SetCase(FlaskForm):
    """A call's case number, empty for none, and the one that the page showed."""

    case = StringField(_l("Case number"), [Length(max=64)])
    seen = StringField(validators=[Length(max=64)])

    def validate_seen(self, field: StringField) -> None:
        """Check that both were sent: an empty one takes a case number away."""
        if None in (field.data, self.case.data):
            raise ValidationError(_l("Load the page anew and try again."))


class Download(FlaskForm):
    """A recording as a file."""

    format = SelectField(_l("Format"), choices=choices(FORMATS))
    channels = SelectField(_l("Voices"), choices=choices(CHANNELS))
    start = StringField(_l("From"), [Length(max=16)])
    end = StringField(_l("To"), [Length(max=16)])

    def validate_format(self, field: SelectField) -> None:
        """Check that the original is asked for as it is."""
        cut = self.start.data or self.end.data or self.channels.data != Channels.BOTH
        if field.data == ORIGINAL and cut:
            raise ValidationError(_l("The original is given whole: choose another format."))

    def validate_start(self, field: StringField) -> None:
        """Check that it is a time in a recording."""
        seconds_of(field.data)

    def validate_end(self, field: StringField) -> None:
        """Check that it is a time in a recording."""
        seconds_of(field.data)


class Switch(FlaskForm):
    """Recording switched on or off."""

    number = SelectField(_l("Number"))
    direction = SelectField(
        _l("Direction"), choices=[SelectChoice("", _l("both")), *choices(DIRECTIONS)]
    )
    on = RadioField(
        _l("Recording"),
        [InputRequired()],
        choices=choices({"on": _l("on"), "off": _l("off"), AS_FOR_ALL: _l("as for all")}),
    )
    until = StringField(_l("Until"), [Length(max=32)])
    why = StringField(_l("Reason"), [InputRequired(), Length(max=500)])

    def validate_until(self, field: StringField) -> None:
        """Check that it is a switch that is to end."""
        if field.data and self.on.data == AS_FOR_ALL:
            raise ValidationError(_l("Only on or off can end by itself: leave this empty."))

    def validate_on(self, field: RadioField) -> None:
        """Check that it is not all that is to be as all is."""
        if field.data == AS_FOR_ALL and not (self.number.data or self.direction.data):
            raise ValidationError(_l("Choose a number or a direction that is to be as all is."))


class SetRule(FlaskForm):
    """A rule of how long something is kept."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=32)])
    term = StringField(_l("Keep for"), [InputRequired(), Length(max=32)])
    kept = SelectField(_l("What"), choices=choices(KEPT))
    at_end = SelectField(_l("Then"), choices=choices(AT_END))
    number = SelectField(_l("Number"))
    direction = SelectField(
        _l("Direction"), choices=[SelectChoice("", _l("both")), *choices(DIRECTIONS)]
    )
    consent = SelectField(_l("Answer to the announcement"), choices=[ANY, *choices(CONSENTS)])
    case = StringField(_l("Case number"), [Length(max=64)])
    why = StringField(_l("Reason"), [InputRequired(), Length(max=500)])


class RemoveRule(FlaskForm):
    """A rule that is to hold no more."""

    name = SelectField(_l("Rule"), [InputRequired()])
    why = StringField(_l("Reason"), [InputRequired(), Length(max=500)])


class ApplyRules(FlaskForm):
    """The rules put in force, as the preview showed them."""

    confirm = HiddenField(validators=[InputRequired(), Length(max=16)])
    why = StringField(_l("Reason"), [InputRequired(), Length(max=500)])


class Code(FlaskForm):
    """A code of the second factor, or a recovery code."""

    code = StringField(_l("Code"), [InputRequired(), Length(max=32)])


class ChangePassword(FlaskForm):
    """One's own password: the one that holds, and the new one."""

    old = PasswordField(_l("Password until now"), [InputRequired(), Length(max=LONGEST_PASSWORD)])
    password = PasswordField(
        _l("New password"), [InputRequired(), Length(SHORTEST_PASSWORD, LONGEST_PASSWORD)]
    )
    again = PasswordField(
        _l("New password once more"),
        [InputRequired(), EqualTo("password", _l("These two are not the same."))],
    )


class Password(FlaskForm):
    """One's own password, asked once more before something that matters."""

    password = PasswordField(_l("Password"), [InputRequired(), Length(max=LONGEST_PASSWORD)])


class SetUpFactor(Password):
    """A code that proves that a phone has the secret, and one's own password."""

    code = StringField(_l("Code"), [InputRequired(), Length(max=32)])


class NewUser(FlaskForm):
    """A new account. Without a password it is of somebody who signs in with the company."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=LONGEST_NAME)])
    password = PasswordField(
        _l("Password"), [Optional(), Length(SHORTEST_PASSWORD, LONGEST_PASSWORD)]
    )
    role = SelectField(_l("Role"), choices=choices(ROLES), default=Role.SUPERVISOR)
    line = StringField(_l("Line"), [Length(max=255)])


class ChangeUser(FlaskForm):
    """A changed account. An empty password stays as it is."""

    role = SelectField(_l("Role"), choices=choices(ROLES))
    line = StringField(_l("Line"), [Length(max=255)])
    password = PasswordField(
        _l("New password"), [Optional(), Length(SHORTEST_PASSWORD, LONGEST_PASSWORD)]
    )
    disabled = RadioField(
        _l("Access"), choices=choices({"no": _l("may sign in"), "yes": _l("may not sign in")})
    )


class AuditFilter(FlaskForm):
    """Which entries of the audit log are asked for."""

    who = StringField(_l("Who"), [Length(max=64)])
    action = SelectField(_l("Action"), choices=[ANY, *choices(ACTIONS)])
    sid = StringField(_l("Call or recording"), [Length(max=34)])
    number = StringField(_l("Number"), [Length(max=32)])
    since = StringField(_l("From"), [Length(max=32)])
    until = StringField(_l("To"), [Length(max=32)])


class Decide(FlaskForm):
    """What is to become of a recording that cannot be copied as it is."""

    decision = RadioField(
        _l("Decision"),
        [InputRequired()],
        choices=choices(
            {
                "retry": _l("try again"),
                "accept": _l("archive it as it is"),
                "give_up": _l("give it up; it stays at Twilio"),
            }
        ),
    )
    reason = StringField(_l("Reason"), [Length(max=255)])

    def validate_reason(self, field: StringField) -> None:
        """Check that it is said why, of what is not only tried again."""
        if self.decision.data != "retry" and not (field.data or "").strip():
            raise ValidationError(_l("Say why."))


class Hold(FlaskForm):
    """For which case a recording is held, or is not to be held any more, and why."""

    case = StringField(_l("Case number"), [DataRequired(), Length(max=64)])
    reason = StringField(_l("Reason"), [DataRequired(), Length(max=255)])


class Because(FlaskForm):
    """Why something is done."""

    reason = StringField(_l("Reason"), [DataRequired(), Length(max=255)])


class CutOut(FlaskForm):
    """Whether a card number is cut out of what is heard of a recording, and why."""

    decision = RadioField(
        _l("Decision"),
        [DataRequired()],
        choices=choices({"approve": _l("Cut it out"), "refuse": _l("It is no card number")}),
    )
    guard = SelectField(
        _l("Silence around it"),
        choices=choices({"1": _l("1 second"), "2.5": _l("2.5 seconds"), "5": _l("5 seconds")}),
        default="1",
    )
    reason = StringField(_l("Reason"), [DataRequired(), Length(max=255)])


class AskRelease(FlaskForm):
    """For whom, by which order and why a blocked recording is to be opened."""

    sid = StringField(_l("Recording (RE…)"), [DataRequired(), Length(max=34)])
    authority = StringField(_l("Court or authority"), [DataRequired(), Length(max=255)])
    reference = StringField(_l("Reference of its order"), [DataRequired(), Length(max=255)])
    reason = StringField(_l("Reason"), [DataRequired(), Length(max=255)])


class OpenRequest(FlaskForm):
    """Somebody asks what is kept of them."""

    number = StringField(_l("Number"), [InputRequired(), Length(max=255)])
    name = StringField(_l("Name"), [InputRequired(), Length(max=255)])
    since = StringField(_l("Calls from"), [Length(max=32)])
    until = StringField(_l("Calls up to"), [Length(max=32)])
    received = DateField(_l("The request arrived on"), [Optional()])
    language = SelectField(
        _l("Language of the letter"), choices=choices({"es": "Español", "en": "English"})
    )


class Identify(FlaskForm):
    """How it was checked who asks."""

    how = StringField(_l("How it was checked"), [InputRequired(), Length(max=1000)])


class DecideCopies(FlaskForm):
    """How recordings are given: all of them, or those of a call, or one."""

    copies = SelectField(_l("Copies"), choices=choices(COPIES))
    sid = SelectField(_l("Of"))
    why = StringField(_l("Reason"), [InputRequired(), Length(max=1000)])


class Extend(FlaskForm):
    """More time for an answer."""

    months = RadioField(
        _l("By"), choices=choices({"1": _l("one month"), "2": _l("two months")}), default="2"
    )
    why = StringField(_l("Reason"), [InputRequired(), Length(max=1000)])


class RefuseRequest(FlaskForm):
    """Why a request is not answered."""

    why = StringField(_l("Reason"), [InputRequired(), Length(max=1000)])


class Deliver(FlaskForm):
    """To whom the archive was delivered, and how."""

    to = StringField(_l("Delivered to"), [InputRequired(), Length(max=255)])
    how = StringField(_l("How"), [InputRequired(), Length(max=1000)])


class FindCase(FlaskForm):
    """The case that a customer means."""

    what = StringField(_l("Key, whole number or call"), [InputRequired(), Length(max=255)])


class OpenCase(FlaskForm):
    """A case about a call."""

    kind = RadioField(validators=[InputRequired()], choices=choices(CASE_KINDS))


class AddCall(FlaskForm):
    """A call that belongs to a case."""

    key = StringField(_l("Key"), [InputRequired(), Length(max=32)])
    part = RadioField(
        _l("In this call"),
        choices=choices(
            {
                "later": _l("more is said of it"),
                "closing": _l("the customer is told of the resolution"),
            }
        ),
        default="later",
    )


class AnswerConsent(FlaskForm):
    """Whether a customer consents that their call is recorded for their case."""

    answer = RadioField(validators=[InputRequired()], choices=["granted", "refused"])


class DescribeCase(FlaskForm):
    """What a case is about."""

    content = TextAreaField(_l("What the customer says"), [DataRequired(), Length(max=10_000)])


class NoteOnCase(FlaskForm):
    """What was done for a case."""

    note = TextAreaField(_l("Note"), [DataRequired(), Length(max=2000)])


class IncompleteCase(FlaskForm):
    """What the customer was asked for."""

    missing = TextAreaField(_l("What is missing"), [DataRequired(), Length(max=2000)])
    asked_how = StringField(_l("How the customer was asked"), [Length(max=255)])


class CompleteCase(FlaskForm):
    """That what was missing came."""

    came = StringField(_l("What came"), [Length(max=2000)])


class MailReceipt(FlaskForm):
    """To whom the receipt of a case is sent by e-mail."""

    to = StringField(_l("E-mail address of the customer"), [InputRequired(), Length(max=255)])


class CloseCase(FlaskForm):
    """That the customer was told of the resolution."""

    notified_at = StringField(_l("When the customer was told"), [InputRequired(), Length(max=32)])
    how = StringField(_l("How"), [DataRequired(), Length(max=1000)])
    resolution = TextAreaField(_l("What was decided, and why"), [Length(max=10_000)])


class Erase(FlaskForm):
    """What is to be erased, and how."""

    what = StringField(_l("Number, call or recording"), [InputRequired(), Length(max=255)])
    how = RadioField(
        _l("How"),
        choices=choices(
            {
                "block": _l("block it, and destroy it on its date"),
                "now": _l("destroy it at once"),
                "original": _l(
                    "destroy at once only the recording as it was archived; its copy without card "
                    "numbers takes its place"
                ),
            }
        ),
        default="block",
    )
    reason = StringField(_l("Reason"), [InputRequired(), Length(max=255)])
    ground = StringField(_l("Legal ground"), [Length(max=255)])

    def validate_ground(self, field: StringField) -> None:
        """Check that there is a legal ground for what is destroyed at once."""
        if self.how.data != "block" and not (field.data or "").strip():
            raise ValidationError(_l("Say why the law allows it."))


class RefuseErasure(FlaskForm):
    """Why a colleague's erasure is refused."""

    why = StringField(_l("Reason"), [InputRequired(), Length(max=255)])


class CheckPackage(FlaskForm):
    """A package that somebody sent, and whose certificates are trusted."""

    package = FileField(_l("Package or statement"), [FileRequired(_l("Choose a file."))])
    trust = FileField(_l("Certificates that you trust (PEM)"))


class CaseYear(FlaskForm):
    """What is taken out of a year of cases."""

    year = SelectField(_l("Year"), [InputRequired()])
    what = RadioField(choices=("cases", "waits", "statement"), validators=[InputRequired()])


class CloseMonth(FlaskForm):
    """The month that is to be closed."""

    month = StringField(
        _l("Month, such as 2026-11"),
        [InputRequired(), Regexp(r"\s*\d{4}-\d{2}\s*\Z", message=_l("Write it as 2026-11."))],
    )


class Empty(FlaskForm):
    """A button: nothing but the token that proves where it was pressed."""


AS_SHOWN = {ord("h"): ":", ord("\N{PRIME}"): ":", ord("\N{DOUBLE PRIME}"): None}
"""A place in a recording may be typed as pages show it."""


def seconds_of(said: str | None) -> float | None:
    """Return a time in a recording, `90`, `1:30` or `1:02:03.5`, in seconds; None for none.

    Raises:
        ValidationError: it is none.
    """
    said = (said or "").strip().translate(AS_SHOWN)
    if not said:
        return None
    if not re.fullmatch(r"(\d{1,5}:){0,2}\d{1,6}(\.\d{1,3})?", said, re.ASCII):
        raise ValidationError(_l("Write a time in the recording, such as 1:30."))
    seconds = 0.0
    for part in said.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def filled(form: FlaskForm) -> dict[str, Any]:
    """Return the fields of a form that say something."""
    return {
        name: value
        for name, value in form.data.items()
        if name != "csrf_token" and value not in (None, "")
    }
