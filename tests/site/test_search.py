"""Search, in a browser, as a reader uses it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.site.conftest import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.site.conftest import Site

ANSWER = re.compile("matching documents?$|符合条件的结果$")


def search(page: Page, start: str, words: str) -> list[str]:
    """Search for ``words`` on the page at ``start``; return the results' addresses."""
    page.goto(start)
    page.locator(".md-search__input").click()
    page.keyboard.type(words)
    page.keyboard.press("End")  # an input method's key press, which `type` leaves out
    page.locator(".md-search-result__meta", has_text=ANSWER).wait_for()
    links = page.locator(".md-search-result__link")
    found: list[str] = links.evaluate_all("links => links.map(link => link.href)")
    return found


@pytest.mark.parametrize(
    ("words", "chapter"),
    [
        ("镜像", "images/"),
        ("容器", "containers/"),
        ("分层", "images/layers/"),
        ("数据卷", "data/volumes/"),
        ("宿主机", "data/volumes/#bind"),
    ],
)
def test_chinese_terms_are_found(site: Site, page: Page, words: str, chapter: str) -> None:
    """A term of the notes finds the chapter about it, and asks no other host for it."""
    visit = Visit()
    visit.watch(page)
    found = search(page, f"{site.base}zh/", words)
    assert [url for url in found[:8] if url.startswith(f"{site.base}zh/{chapter}")]
    assert all(url.startswith(f"{site.base}zh/") for url in found)
    assert any("search_index.json" in url for url in visit.requests)
    assert all(url.startswith(site.base) for url in visit.requests)
    assert visit.problems == []


@pytest.mark.parametrize(
    ("words", "section"),
    [("数据卷", "volume"), ("宿主机", "host"), ("分层", "layers"), ("镜像", "layers")],
)
def test_a_term_finds_the_section_that_has_it(
    sample: Site, page: Page, words: str, section: str
) -> None:
    """A term finds its own section, and not those where only its characters stand."""
    found = {url.split("#")[1] for url in search(page, f"{sample.base}zh/", words) if "#" in url}
    assert section in found
    assert found <= {section, "comment"}


def test_english_search_finds_english_pages(site: Site, page: Page) -> None:
    """An English word finds English pages."""
    found = search(page, f"{site.base}en/", "container")
    assert found
    assert all(url.startswith(f"{site.base}en/") for url in found)


def test_languages_do_not_mix(sample: Site, page: Page) -> None:
    """A word that only the other language's pages have is not found."""
    assert search(page, f"{sample.base}en/", "数据卷") == []
    assert search(page, f"{sample.base}zh/", "onlyinenglish") == []
    assert search(page, f"{sample.base}en/", "onlyinenglish") != []


def test_search_loads_with_the_first_query(sample: Site, page: Page) -> None:
    """Neither the engine nor the index is asked for before there is something to search for."""
    visit = Visit()
    visit.watch(page)
    page.goto(f"{sample.base}zh/")
    visit.settle(page)
    page.locator(".md-search__input").click()
    before = [url for url in visit.requests if "search_index" in url or "/search." in url]
    search(page, f"{sample.base}zh/", "镜像")
    after = [url for url in visit.requests if "search_index" in url or "/search." in url]
    assert (before, len(after)) == ([], 2)
