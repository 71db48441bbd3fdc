"""A browser tab that fails its test on any error in its console, any script error and any failed request."""

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from apps.core.models import User

#: Every page of the scene with everything in it (tests/console/scene.py).
PAGES = [
    "/",
    "/deployments/",
    "/deployments/digits/",
    "/deployments/doorbell/",
    "/models/",
    "/models/digits-av/",
    "/models/digits-av/versions/2/",
    "/drift/",
    "/nodes/",
    "/approvals/",
    "/alerts/",
    "/audit/",
]


class Tab:
    """`page` is Playwright's; `errors` are those of it that no test has said to expect."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.errors: list[str] = []
        self._expected: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self._note(f"script error: {error}"))
        self.page.on("response", lambda answer: answer.status >= 400 and self._note(f"{answer.status} {answer.url}"))

    def sign_in(self, user: User) -> "Tab":
        """With a session as the sign-in page would give; that page has tests of its own."""
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": self.url}])
        return self

    def open(self, path: str) -> Page:
        """Load the page at `path`."""
        self.page.goto(self.url + path)
        return self.page

    def live(self, path: str) -> Page:
        """Load the page and wait until its numbers are live."""
        page = self.open(path)
        page.wait_for_selector('[data-live][data-state="live"]', timeout=15_000)
        return page

    def expect_errors(self, *patterns: str) -> None:
        """These are what the test is about to cause."""
        self._expected += patterns

    def until(self, holds: Callable[[], Any], seconds: float = 20) -> None:
        """Wait for `holds()` to be true while the page goes on living."""
        for _ in range(int(seconds * 20)):
            if holds():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("it never came true")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._note(f"console {message.type}: {message.text}")

    def _note(self, error: str) -> None:
        if not any(re.search(pattern, error) for pattern in self._expected):
            self.errors.append(error)
