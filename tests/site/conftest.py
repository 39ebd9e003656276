"""The site, built strictly and served as a static host serves it, and a real browser to read it."""

from __future__ import annotations

import functools
import gzip
import threading
import time
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from playwright.sync_api import sync_playwright

from dockproof.config import load
from dockproof.site import build
from tools import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, ViewportSize

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "samples" / "site"
LANGUAGES = ("zh", "en")
PHONE: ViewportSize = {"width": 360, "height": 740}
QUIET = 0.5  # seconds without a new request, after which a page counts as settled
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# For every heading: where the language switch leads when the reader is at that heading.
_SWITCHES = """() => {
  const link = document.querySelector("a[data-twin]")
  const here = location.href.split("#")[0]
  const at = id => {
    history.replaceState(null, "", here + (id && "#" + id))
    link.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }))
    return [id, link.href]
  }
  const headings = [...document.querySelectorAll("article :is(h2, h3, h4)[id]")]
  return ["", ...headings.map(heading => heading.id)].map(at)
}"""
_OVERFLOWING = """() => {
  const wide = [...document.querySelectorAll("article :is(pre, img, .md-typeset__scrollwrap)")]
    .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
    .map(element => element.outerHTML.slice(0, 80))
  return document.scrollingElement.scrollWidth > innerWidth ? ["the page", ...wide] : wide
}"""


@dataclass(frozen=True)
class Site:
    """A built site that a local server serves.

    Attributes:
        folder: The built files.
        base: The address of the folder, ``/`` at its end.
    """

    folder: Path
    base: str

    @functools.cached_property
    def pages(self) -> list[str]:
        """All pages' paths below ``base``, such as ``zh/images/base-image/``."""
        found = [
            f"{path.parent.relative_to(self.folder).as_posix()}/"
            for language in LANGUAGES
            for path in sorted((self.folder / language).rglob("index.html"))
        ]
        assert found
        return found

    def html(self, page: str) -> str:
        """Return a page's HTML as it is served."""
        return (self.folder / page / "index.html").read_text("utf-8")

    def weight(self, url: str) -> int:
        """Return the bytes that a request for ``url`` takes, gzipped as hosts do."""
        path = self.folder / url.removeprefix(self.base).split("#")[0].split("?")[0]
        return _gzipped(path / "index.html" if path.is_dir() else path)


@functools.cache
def _gzipped(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


def _goes_out(request: Request) -> bool:
    return not request.url.startswith(("data:", "blob:"))


@dataclass
class Visit:
    """What a browser did on a page's first view, on a phone.

    Attributes:
        requests: The addresses asked for, in order.
        problems: Console errors and warnings, uncaught exceptions.
        switches: (heading id, where the language switch leads) for each heading.
        overflowing: What is wider than the screen.
    """

    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    switches: list[tuple[str, str]] = field(default_factory=list)
    overflowing: list[str] = field(default_factory=list)
    _answers: int = 0
    _asked: float = 0.0

    def watch(self, page: Page) -> None:
        """Note what ``page`` asks for and complains about from now on."""
        for event, note in self._notes:
            page.on(event, note)

    def leave(self, page: Page) -> None:
        """Note no more of it."""
        for event, note in self._notes:
            page.remove_listener(event, note)

    def settle(self, page: Page) -> None:
        """Wait until ``page`` has loaded, has all that it asked for, and asks for nothing more.

        Playwright's "networkidle" comes while a page is still loading where the machine is busy,
        and with the headless shell now and then it doesn't come at all.
        """
        page.wait_for_load_state("load")
        deadline = time.monotonic() + 30
        while self._answers < len(self.requests) or time.monotonic() < self._asked + QUIET:
            assert time.monotonic() < deadline, f"{page.url} still asks: {self.requests}"
            page.wait_for_timeout(50)

    @functools.cached_property
    def _notes(self) -> tuple[tuple[Any, Callable[..., None]], ...]:
        return (
            ("request", self._note_request),
            ("requestfinished", self._note_answer),
            ("requestfailed", self._note_answer),
            ("pageerror", self._note_error),
            ("console", self._note_message),
        )

    def _note_request(self, request: Request) -> None:
        if _goes_out(request):
            self.requests.append(request.url)
            self._asked = time.monotonic()

    def _note_answer(self, request: Request) -> None:
        self._answers += _goes_out(request)

    def _note_error(self, error: Error) -> None:
        self.problems.append(str(error))

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(message.text)


class Phone:
    """A tab on a phone that sees every page as for the first time.

    A browser context of its own for each page would do the same, and spend three times as long on
    starting a process and compiling the theme's scripts.

    Args:
        browser: Where to open it.
        site: What is visited.
    """

    def __init__(self, browser: Browser, site: Site) -> None:
        """Open it."""
        context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)
        self._site = site
        self._visit = Visit()
        self._tab = context.new_page()
        self._devtools = context.new_cdp_session(self._tab)
        self._devtools.send("Network.enable")
        self._devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def begin(self, path: str) -> None:
        """Forget the page before and what it stored, and ask for another one."""
        self._tab.goto("about:blank")
        self._devtools.send(
            "Storage.clearDataForOrigin",
            {"origin": self._site.base.rstrip("/"), "storageTypes": "all"},
        )
        self._visit = Visit()
        self._visit.watch(self._tab)
        self._tab.goto(self._site.base + path, wait_until="commit")

    def end(self) -> Visit:
        """Wait until the page asks for nothing more, and look at it."""
        self._visit.settle(self._tab)
        self._visit.overflowing = self._tab.evaluate(_OVERFLOWING)
        self._visit.switches = self._tab.evaluate(_SWITCHES)
        self._visit.leave(self._tab)
        return self._visit

    def close(self) -> None:
        """Close it."""
        self._tab.context.close()


def twin(path: str) -> str:
    """Return the path of a page's twin."""
    return f"{'en' if path.startswith('zh/') else 'zh'}/{path[3:]}"


class _Host(SimpleHTTPRequestHandler):
    """Serves a folder as GitHub Pages does: what isn't there gets the root's 404.html."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        missing = Path(self.directory, "404.html")
        if code != 404 or not missing.exists():
            super().send_error(code, message, explain)
            return
        body = missing.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


def _serve(folder: Path) -> Iterator[Site]:
    handler = functools.partial(_Host, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(folder, f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The project's own site."""
    out = tmp_path_factory.mktemp("site") / "site"
    build(load(ROOT), out, "https://notes.example/docker/")
    yield from _serve(out)


def sample_project(root: Path, docs: Path) -> Path:
    """Set up a project in ``root`` that has this site's theme and the pages in ``docs``."""
    (root / "pyproject.toml").write_text(
        f'[tool.dockproof]\ndocs = "{docs}"\nlanguages = ["zh", "en"]\nsource-language = "zh"\n',
    )
    (root / "chooser").symlink_to(ROOT / "chooser")
    own = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    hooks = "".join(f"\n  - {ROOT / hook}" for hook in own["hooks"])
    for language, name in (("zh", "mkdocs.yml"), ("en", "mkdocs.en.yml")):
        (root / name).write_text(
            f"INHERIT: {ROOT / name}\ndocs_dir: {docs / language}\nnav: null\nhooks:{hooks}\n"
            f"theme:\n  custom_dir: {ROOT / 'overrides'}\n"
            "plugins:\n  material/search:\n"
            f"    jieba_dict_user: {ROOT / 'hooks' / 'jieba.dict.txt'}\n",
        )
    return root


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A small site of edge cases, in this site's theme."""
    root = sample_project(tmp_path_factory.mktemp("sample"), SAMPLE)
    build(load(root), root / "site")
    yield from _serve(root / "site")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or another one that is there."""
    chromium = prepare.browser()
    if chromium is None:
        pytest.fail(f"none of {', '.join(prepare.BROWSERS)} is on PATH: `make test` installs one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab with an empty cache that may use the clipboard."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def visits(browser: Browser, site: Site) -> dict[str, Visit]:
    """Each page's first view on a phone, the cache empty."""
    phones = [Phone(browser, site) for _ in range(3)]
    result: dict[str, Visit] = {}
    for start in range(0, len(site.pages), len(phones)):
        some = list(zip(site.pages[start:], phones, strict=False))
        for path, phone in some:
            phone.begin(path)
        for path, phone in some:
            result[path] = phone.end()
    for phone in phones:
        phone.close()
    return result
