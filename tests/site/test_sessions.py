"""Sessions on a page: what the copy button takes, and what readers don't see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.site.conftest import Site

EXPECTED = {
    "plain": "docker run --rm hello-world",
    "comment": "docker image ls\necho 'a # b' \"c # d\" e#f",
    "continued": "docker run --rm \\\n    --name web \\\n    nginx",
    "nodes": "hostname\nhostname",
    "shell": "docker run -it --rm busybox sh\nps\nexit",
    "root": "docker exec -it 1f0c bash\ncd /app\nls\nexit",
    "bare": "docker exec -it 1f0c sh\nls",
    "python": "python3\ndef f(x):\n    return x  # kept\n\nf(1)",
    "keys": "docker logs -f web",
    "like-prompts": "cat notes.txt",
    "heredoc": "cat > Dockerfile <<EOF\nFROM scratch\nEOF",
    "in-list": "docker ps",
    "in-tab": "docker version",
    "markup": "docker inspect -f '{{.Id}}' a && echo \"<b>&amp;</b>\" > x",
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_copy_gives_the_commands_alone(sample: Site, page: Page, language: str) -> None:
    """The button copies what the reader types: no prompt, output, key, comment, blank line."""
    page.goto(f"{sample.base}{language}/")
    assert {section: copied(page, section) for section in EXPECTED} == EXPECTED


def test_copy_gives_a_whole_file(sample: Site, page: Page) -> None:
    """A file's block is copied as it is, without its title."""
    page.goto(f"{sample.base}zh/")
    assert copied(page, "file") == "# syntax=docker/dockerfile:1\nFROM scratch\n\nCOPY hello /"


def test_output_alone_offers_no_copy(sample: Site, page: Page) -> None:
    """A block in which nothing is typed has no copy button, while others have."""
    page.goto(f"{sample.base}zh/")
    page.locator("#plain + .highlight button").wait_for()
    page.locator("#output-alone").scroll_into_view_if_needed()
    page.locator("#output-alone + .highlight pre[id^=__code]").wait_for()  # it is set up
    assert page.locator("#output-alone + .highlight button").count() == 0


def copied(page: Page, section: str) -> str:
    """Press the copy button of the block in ``section``; return the clipboard's text."""
    page.evaluate("navigator.clipboard.writeText('nothing was copied')")
    block = f"#{section} + .highlight, #{section} + :not(.highlight) .highlight"
    page.locator(block).first.scroll_into_view_if_needed()  # which sets it up
    page.locator(block).first.locator("button").click()
    page.wait_for_function(
        "navigator.clipboard.readText().then(text => text !== 'nothing was copied')"
    )
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_every_session_of_the_site_copies_commands(site: Site) -> None:
    """Each session block of the real pages with commands carries these, without a prompt."""
    blocks = 0
    for path in site.pages:
        for tag in re.findall(r'<div class="language-console[^>]*>', site.html(path)):
            if " no-copy" in tag:
                continue
            blocks += 1
            text = re.search(r'data-copy="([^"]+)"', tag)
            assert text, (path, tag)
            assert not re.search(r"(^|&#10;)(node\d+)?\$ ", text[1]), (path, tag)
    assert blocks


def test_selection_by_hand_leaves_prompts_out(sample: Site, page: Page) -> None:
    """A reader who drags over a session gets commands and output without prompts."""
    page.goto(f"{sample.base}zh/")
    text = page.evaluate(
        """() => {
          const code = document.querySelector("h2#plain + .highlight code")
          getSelection().selectAllChildren(code)
          return getSelection().toString()
        }"""
    )
    assert "docker run" in text
    assert "Hello from Docker!" in text
    assert "$" not in text


def test_prove_comments_are_not_published(site: Site, sample: Site) -> None:
    """No directive reaches a reader's HTML, except where a page shows one as an example."""
    for path in site.pages:
        assert "<!-- prove" not in site.html(path), path
    html = sample.html("zh/")
    assert "<!-- prove" not in html
    assert "&lt;!-- prove: exit=1 --&gt;" in html


def test_included_files_are_whole(site: Site) -> None:
    """No include marker is left on a page."""
    assert [path for path in site.pages if "--8&lt;--" in site.html(path)] == []
