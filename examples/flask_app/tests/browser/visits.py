"""Visits to the panel, in which nothing that a browser minds goes unheard."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from chromium import LARGE, sign_in
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

from callpanel.demo import Demo

PATIENCE = 120_000
"""Milliseconds to wait for what has to come."""

TELL_VIOLATIONS = """document.addEventListener(
    "securitypolicyviolation",
    (violation) => console.error(`policy: ${violation.violatedDirective} ${violation.blockedURI}`),
)"""


class Visits:
    """Opens pages, signed in or not, and keeps what is said about them.

    Attributes:
        problems: errors and warnings of the console, uncaught errors, violations of the policy.
        addresses: every address that was asked for.
        answers: every answer.
    """

    def __init__(self, browser: Browser, demo: Demo, kept: dict[str, Any]) -> None:
        self._browser = browser
        self._demo = demo
        self._kept = kept
        self._open = ExitStack()
        self.problems: list[str] = []
        self.addresses: list[str] = []
        self.answers: list[Response] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()
        if error is None:
            assert self.problems == []

    def __call__(self, name: str = "", path: str = "/", **wanted: Any) -> Page:
        """Open a page as one of the demo's people, or as nobody.

        Args:
            name: who; empty for nobody.
            path: of the page.
            wanted: what Playwright's `new_context` takes, such as `locale`.
        """
        if name and name not in self._kept:
            page = self._page()
            sign_in(page, self._demo, name)
            self._kept[name] = page.context.storage_state()
        page = self._page(storage_state=self._kept.get(name), **wanted)
        page.goto(self._demo.url + path)
        return page

    def _page(self, **wanted: Any) -> Page:
        context = self._browser.new_context(
            **{"viewport": LARGE, "locale": "en-GB", "base_url": self._demo.url, **wanted}
        )
        self._open.callback(context.close)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))
        context.on("request", self._asked)
        context.on("response", self._answered)
        return context.new_page()

    # Whatever is printed is in the report of a test that fails.

    def _said(self, message: ConsoleMessage) -> None:
        print(message.type, message.text)  # noqa: T201
        if message.type in ("error", "warning"):
            self.problems.append(message.text)

    def _asked(self, request: Request) -> None:
        self.addresses.append(request.url)

    def _answered(self, answer: Response) -> None:
        print(answer.status, answer.request.method, answer.url)  # noqa: T201
        self.answers.append(answer)
