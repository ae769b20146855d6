"""The server is restarted while a note is written: what was typed is there, and is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from chromium import LARGE, follow
from playwright.sync_api import Browser, Error, expect
from visits import PATIENCE
from werkzeug.serving import make_server

from callpanel.demo import Demo
from tests.servers import free_port

NOTE = "Promised the part free of charge, in the middle of a restart."


@contextmanager
def serving(demo: Demo, port: int) -> Iterator[None]:
    """Serve the panel on a port, as one process does until it is stopped."""
    server = make_server("127.0.0.1", port, demo.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_note_survives_a_restart_of_the_server(
    browser: Browser, demo: Demo, recording_path: str
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    context = browser.new_context(viewport=LARGE, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    try:
        with serving(demo, port):
            page.goto(address)
            page.locator("#name").fill("sergio")
            page.locator("#password").fill(demo.password)
            follow(page.locator("main form button"))
            page.wait_for_url("**/calls")
            page.goto(address + recording_path)
            page.get_by_role("textbox", name="Note").fill(NOTE)
        with suppress(Error):
            page.get_by_role("button", name="Write down").click()
        page.wait_for_url("chrome-error://**")
        with serving(demo, port):
            page.go_back()
            expect(page.get_by_role("textbox", name="Note")).to_have_value(NOTE)
            follow(page.get_by_role("button", name="Write down"))
            notes = page.locator("section[aria-labelledby=notes] li", has_text=NOTE)
            expect(notes).to_have_count(1)
    finally:
        context.close()
