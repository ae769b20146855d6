"""The forms of what is given to others."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, StringField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from callpanel.forms import ORIGINAL, WholeField, choices, seconds_of
from callpanel.vocabulary import CHANNELS, CONSENT_METHODS, FORMATS, GROUNDS

OTHER = "other"
"""The choice of somebody whom the catalog does not know of."""

WHOLE = {"wav": _l("WAV, as it was archived")}
"""First, since nothing else is the recording itself."""

OF_COPIES = WHOLE | {
    name: label for name, label in FORMATS.items() if name not in (ORIGINAL, "wav")
}


class WriteConsent(FlaskForm):
    """That somebody consented to one disclosure.

    It stands beside `Give`, which has fields of the same names: their `id` must not be the same.
    """

    participant = SelectField(_l("Who consented"))
    name = StringField(_l("Their name"), [Length(max=240)])
    recipient = StringField(
        _l("To whom it may be given"), [DataRequired(), Length(max=255)], id="consented-recipient"
    )
    purpose = StringField(
        _l("What for"), [DataRequired(), Length(max=1000)], id="consented-purpose"
    )
    given_on = DateField(_l("On which day they consented"), [InputRequired()])
    how = SelectField(_l("How"), choices=choices(CONSENT_METHODS))
    evidence = StringField(_l("Where that can be looked up"), [DataRequired(), Length(max=1000)])


class Give(FlaskForm):
    """A link for one recipient."""

    recipient = StringField(_l("To whom"), [DataRequired(), Length(max=255)])
    purpose = StringField(_l("What for"), [DataRequired(), Length(max=1000)])
    ground = SelectField(_l("On which ground"), choices=choices(GROUNDS))
    reference = StringField(_l("Reference of the order or request"), [Length(max=255)])
    channels = SelectField(_l("Voices"), choices=choices(CHANNELS))
    start = StringField(_l("From"), [Length(max=16)])
    end = StringField(_l("To"), [Length(max=16)])
    cuts = StringField(_l("Silence there"), [Length(max=1000)])
    format = SelectField(_l("Format"), choices=choices(OF_COPIES))
    days = WholeField(_l("Days that the link is open"), [NumberRange(1, 90)], default=7)
    openings = WholeField(_l("How often it may be opened"), [NumberRange(1, 20)], default=1)

    def validate_start(self, field: StringField) -> None:
        """Check that it is a time in a recording."""
        seconds_of(field.data)

    def validate_end(self, field: StringField) -> None:
        """Check that it is a time in a recording."""
        seconds_of(field.data)

    def validate_cuts(self, field: StringField) -> None:
        """Check that they are spans of a recording."""
        spans_of(field.data)


class End(FlaskForm):
    """Why a consent is withdrawn, or a link ended."""

    why = StringField(_l("Why"), [DataRequired(), Length(max=1000)])


def spans_of(said: str | None) -> list[tuple[float, float]]:
    """Return spans of a recording, such as `0:30-0:45, 1:10-1:20`, in seconds.

    Raises:
        ValidationError: they are none.
    """
    spans = []
    for each in filter(None, (part.strip() for part in (said or "").split(","))):
        start, dash, end = each.partition("-")
        begin, until = seconds_of(start), seconds_of(end)
        if not dash or begin is None or until is None or begin >= until:
            raise ValidationError(_l("Write spans such as 0:30-0:45, 1:10-1:20."))
        spans.append((begin, until))
    return spans
