"""The built book in a browser: every figure is drawn, nothing is missing, nothing comes from outside."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, TimeoutError

from fixtures.small_book import FILES, PAGES, SmallBook

VISITS = [(name, "file") for name in ("genindex", "search", *FILES)]
VISITS += [(name, "http") for name in FILES if name == "book/index" or "/pages/05" in name]
# The other pages have no figures.
ILLUSTRATED = {name for name in FILES if "/pages/" in name} - {"book/pages/08_discussion"}
ILLUSTRATED |= {"book/index", "book/explorer"}
MATHS = "[...document.querySelectorAll('.math')].every((formula) => formula.querySelector('mjx-container'))"
# What MathJax is at, where a formula is missing.
TYPESETTING = """() => [document.readyState, window.MathJax?.version, window.MathJax?.startup?.document?.state(),
    ...[...document.querySelectorAll('.math')].map((formula) => formula.textContent.slice(0, 40))].join(' | ')"""
# Whether each figure is drawn. Bokeh draws into shadow roots; a canvas counts when it holds a pixel that is not white.
DRAWN = """(selector) => {
    const canvases = (node) => [...node.querySelectorAll('*')].flatMap((one) =>
        [...(one.tagName === 'CANVAS' ? [one] : []), ...(one.shadowRoot ? canvases(one.shadowRoot) : [])]);
    const painted = (canvas) => canvas.width > 100 && canvas.height > 100 && canvas.getContext('2d')
        .getImageData(0, 0, canvas.width, canvas.height).data.some((value, i, all) =>
            i % 4 === 3 && value > 0 && all[i - 1] + all[i - 2] + all[i - 3] < 750);
    return [...document.querySelectorAll(selector)].map((figure) =>
        canvases(figure).some(painted) || [...figure.querySelectorAll('img')].some((one) => one.naturalWidth > 100) ||
        figure.querySelector('svg [data-tip]') !== null);
}"""


@pytest.fixture(scope="session")
def addresses(book: SmallBook) -> Iterator[dict[str, str]]:
    """Where the book is, on disk and behind a web server."""

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=book.html)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {"file": book.html.as_uri(), "http": f"http://127.0.0.1:{server.server_port}"}
        server.shutdown()


def test_a_finger_on_a_figure_scrolls_the_page_and_the_figure(addresses: dict[str, str], phone: Page):
    phone.goto(f"{addresses['file']}/book/pages/05_prune_potential-resnet20.html")
    phone.wait_for_function(f"({DRAWN})('article figure').every(Boolean)", polling=500)
    figure = phone.locator("figure", has_text="Prune potential over the noise level").locator(".output")
    figure.scroll_into_view_if_needed()
    place = figure.bounding_box()
    x, y = 200, max(place["y"], 0) + 200
    before = phone.evaluate("scrollY")
    for across, along in ((-120, 0), (0, -120)):
        send = phone.context.new_cdp_session(phone).send
        send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for part in range(1, 11):
            to = {"x": x + across * part / 10, "y": y + along * part / 10}
            send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [to]})
        send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    phone.wait_for_function(f"scrollY > {before}")
    assert figure.evaluate("node => node.scrollLeft") > 0


WIDTH = "document.documentElement.scrollWidth"


@pytest.mark.parametrize("name, scheme", VISITS)
def test_a_page_is_whole_and_fits_its_window_and_a_narrow_one(
    name: str, scheme: str, addresses: dict[str, str], tab: Page
):
    # From disk all is there at once; idle is a network after half a second without a request.
    tab.goto(f"{addresses[scheme]}/{name}.html", wait_until="networkidle" if scheme == "http" else "load")
    # The cover shows a figure of another page, which stands there without a number.
    selector = "article [data-root-id]" if name == "book/index" else "article figure"
    with suppress(TimeoutError):  # what did not come in time fails below, after what may be the reason
        tab.wait_for_function(MATHS, polling=500)
        # Twice a second: reading all pixels at every frame would leave the page no time to draw them.
        tab.wait_for_function(f"(selector) => ({DRAWN})(selector).every(Boolean)", arg=selector, polling=500)
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith((addresses[scheme], "data:", "blob:"))] == []
    drawn = tab.evaluate(DRAWN, selector)
    assert all(drawn) and bool(drawn) == (name in ILLUSTRATED)
    assert tab.evaluate(MATHS), tab.evaluate(TYPESETTING)
    assert tab.evaluate(WIDTH) <= 1300, "the page is wider than the window"
    tab.set_viewport_size({"width": 390, "height": 844})
    with suppress(TimeoutError):  # figures follow a little later
        tab.wait_for_function(f"innerWidth === 390 && {WIDTH} <= 390", timeout=10_000)
    assert tab.evaluate(WIDTH) <= 390, "the page is wider than a phone"


def test_the_first_page_leads_to_the_cover(addresses: dict[str, str], tab: Page):
    tab.goto(f"{addresses['file']}/index.html")
    tab.wait_for_url("**/book/index.html")
    assert tab.complaints == []


def test_the_search_finds_a_page(addresses: dict[str, str], tab: Page):
    tab.goto(f"{addresses['file']}/search.html?q=potential")
    tab.wait_for_selector("#search-results li a")
    assert "05_prune_potential-resnet20" in tab.inner_html("#search-results")
    assert tab.complaints == []


@pytest.mark.parametrize("page", [name for name, page in PAGES.items() if "network" in page.parameters])
def test_figures_have_a_number_and_say_where_they_come_from(page: str, book: SmallBook):
    text = (book.html / "book" / "pages" / f"{page}.html").read_text()
    captions = re.findall(r"<figcaption>.*?</figcaption>", text, re.DOTALL)
    assert captions and all(re.search(r"Fig\. \d", caption) for caption in captions)
    origin = rf"scale {PAGES[page].parameters['scale']} \\u00b7 [^\"]+ \\u00b7 \d{{4}}-\d\d-\d\d \\u00b7 seed \d"
    assert re.search(origin, text)


# Title of the figure that stands beside the slider of the margin, and the heights of its bars, added up.
SLID = """() => {
    const models = Bokeh.documents.map((one) => [...one._all_models.values()])
        .find((all) => all.some((one) => one.type === 'Slider')) ?? [];
    const bars = (one) => one.renderers.filter((one) => one.data_source.columns().includes('series'));
    const [figure] = models.filter((one) => one.type === 'Figure');
    const heights = figure ? bars(figure).flatMap((one) => [...one.data_source.get('top')]) : [];
    return [figure?.title.text, heights.reduce((sum, height) => sum + height, 0)];
}"""


def test_the_slider_moves_the_margin(addresses: dict[str, str], tab: Page):
    tab.goto(f"{addresses['file']}/book/pages/05_prune_potential-resnet20.html")
    tab.wait_for_function(f"({SLID})()[1] > 0")
    before, narrow = tab.evaluate(SLID)
    tab.locator(".noUi-handle").first.focus()
    for _ in range(2):
        tab.keyboard.press("ArrowRight")
    tab.wait_for_function(f"({SLID})()[0].endsWith('δ = 2%')")
    after, wide = tab.evaluate(SLID)
    assert before.endswith("δ = 0.5%") and wide > narrow  # the potential grows with the margin
    assert tab.complaints == []
