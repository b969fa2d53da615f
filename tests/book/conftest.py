"""One book for all tests of the book, and tabs of a browser for what it shows in one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from fixtures import small_book


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> small_book.SmallBook:
    return small_book.build(tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for notebooks and code of pages: what is shown of one network is trained once."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """An empty tab; what goes wrong in it is in its list ``complaints``, whom it asks in ``requests``."""
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.set_default_timeout(60_000)  # of a machine that does other things, too
    page.complaints, page.requests = [], []
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("requestfailed", lambda request: page.complaints.append(f"{request.url}: {request.failure}"))
    page.on("request", lambda request: page.requests.append(request.url))
    yield page
    page.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """An empty tab as wide as a phone, with a touch screen."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()
