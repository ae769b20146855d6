"""What all of Twilio's requests are answered with: settings, catalog, vendor, clocks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from twirec.calls import twiml
from twirec.catalog import Catalog
from twirec.model.ports import Vendor
from twirec.model.steady import Moment
from twirec.settings import Settings

log = logging.getLogger("twirec.webhooks")


@dataclass
class Context:
    """What the families of requests share.

    Attributes:
        settings: who records, in which language, and where Twilio reaches the app.
        catalog: where the lines are.
        open_vendor: gives the vendor, when it has to be asked or told something.
        now: the clock, UTC.
        moment: both clocks of the machine, which says how long something took; see
            `twirec.model.steady`.
    """

    settings: Settings
    catalog: Catalog
    open_vendor: Callable[[], Vendor]
    now: Callable[[], datetime]
    moment: Callable[[], Moment]

    @cached_property
    def urls(self) -> twiml.Urls:
        """Where Twilio reaches the app."""
        return twiml.Urls.under(self.settings.public_url)

    @property
    def vendor(self) -> Vendor:
        """Twilio."""
        return self.open_vendor()
