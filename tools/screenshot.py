"""Take the README's picture of the built site: a Chinese page beside its English twin.

python -m tools.screenshot [--site site] [--out .github/screenshot.png] [--page images/base-image/]
"""

from __future__ import annotations

import argparse
import base64
import functools
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

from tools.prepare import BROWSERS, browser

_SHOTS: tuple[tuple[str, Literal["light", "dark"]], ...] = (("zh", "light"), ("en", "dark"))
_WIDTH, _HEIGHT = 1040, 1120  # CSS pixels of each page
_FRAME = """<style>
body {{ margin: 0; padding: 28px; display: flex; gap: 28px; background: #e9e5dc }}
img {{ width: 50%; min-width: 0; border-radius: 10px; box-shadow: 0 6px 24px #0003 }}
</style>{images}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


def take(site: Path, page: str, out: Path) -> None:
    """Write the picture.

    Args:
        site: The built site.
        page: The page's path below each language, ``/`` at its end.
        out: The PNG file.

    Raises:
        SystemExit: The page or Chromium is missing.
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - --help needs no browser

    chromium = browser()
    if chromium is None:
        sys.exit(
            f"screenshot: none of {', '.join(BROWSERS)} is on PATH: "
            f"apt-get install {BROWSERS[0]} fonts-noto-cjk"
        )
    for language, _ in _SHOTS:
        if not (site / language / page / "index.html").is_file():
            sys.exit(f"screenshot: {site / language / page} is not built: run make site first")
    handler = functools.partial(_Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        opened = playwright.chromium.launch(
            executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        images = ""
        for language, scheme in _SHOTS:
            tab = opened.new_page(
                viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme=scheme
            )
            tab.goto(f"http://127.0.0.1:{server.server_port}/{language}/{page}")
            tab.wait_for_timeout(1000)  # what the theme's scripts do once they are loaded
            picture = base64.b64encode(tab.screenshot()).decode()
            images += f'<img src="data:image/png;base64,{picture}">'
        frame = opened.new_page(viewport={"width": 1600, "height": 900})
        frame.set_content(_FRAME.format(images=images))
        out.parent.mkdir(parents=True, exist_ok=True)
        frame.screenshot(path=out, full_page=True)
        server.shutdown()


def main() -> None:
    """Read the command line and take the picture."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshot", description=__doc__)
    parser.add_argument("--site", type=Path, default=Path("site"))
    parser.add_argument("--out", type=Path, default=Path(".github/screenshot.png"))
    parser.add_argument("--page", default="images/base-image/")
    options = parser.parse_args()
    take(options.site, options.page, options.out)
    print(f"{options.out}: {options.out.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
