"""Two languages side by side: the switch, the chooser, the 404 pages, what search engines see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from tests.site.conftest import LANGUAGES, Visit, twin

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.site.conftest import Site

URL = "https://notes.example/docker/"


@pytest.mark.parametrize("start", LANGUAGES)
def test_switch_by_a_click(site: Site, page: Page, start: str) -> None:
    """A real click goes to the twin's section, and a second one comes back."""
    path = next(
        path for path in site.pages if path.startswith(start) and "<h2 id=" in site.html(path)
    )
    ids = re.findall(r'<h2 id="([^"]+)"', site.html(path))
    page.goto(f"{site.base}{path}#{ids[-1]}")
    for expected in (twin(path), path):
        page.locator("a[data-twin]").click()
        page.wait_for_url(f"{site.base}{expected}#{ids[-1]}")
        assert page.locator("html").get_attribute("lang") == expected[:2]


def test_twins_name_each_other_to_search_engines(site: Site) -> None:
    """Each page has its published address as canonical, and both languages' as alternates."""
    for path in site.pages:
        html = site.html(path)
        assert f'<link rel="canonical" href="{URL}{path}">' in html
        for each in (path, twin(path)):
            assert re.search(
                rf'<link rel=" ?alternate" hreflang="{each[:2]}" href="{URL}{each}">', html
            )


@pytest.mark.parametrize("language", LANGUAGES)
def test_sitemap_has_its_own_language_only(site: Site, language: str) -> None:
    """A language's sitemap lists each of its pages, and robots.txt names the sitemap."""
    text = (site.folder / language / "sitemap.xml").read_text("utf-8")
    assert sorted(re.findall("<loc>(.*)</loc>", text)) == sorted(
        URL + path for path in site.pages if path.startswith(language)
    )
    robots = (site.folder / "robots.txt").read_text("utf-8")
    assert f"Sitemap: {URL}{language}/sitemap.xml\n" in robots


@pytest.mark.parametrize(("locale", "first"), [("zh-CN", "zh"), ("en-US", "en"), ("fr-FR", "zh")])
def test_chooser_proposes_the_readers_language(
    site: Site, browser: Browser, locale: str, first: str
) -> None:
    """The chooser offers both languages, the reader's first, and sends nobody anywhere."""
    page = browser.new_page(locale=locale)
    visit = Visit()
    visit.watch(page)
    page.goto(site.base)
    visit.settle(page)
    assert page.url == site.base
    links = page.locator("nav a")
    assert links.count() == 2
    assert links.first.get_attribute("lang") == first
    assert all(url.startswith(site.base) for url in visit.requests)
    links.nth(1).click()
    page.wait_for_url(f"{site.base}{'en' if first == 'zh' else 'zh'}/")
    page.close()


def test_chooser_works_without_scripts(site: Site, browser: Browser) -> None:
    """Without JavaScript both languages are there, and the links work."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.base)
    page.get_by_role("link", name="English").click()
    page.wait_for_url(f"{site.base}en/")
    context.close()


@pytest.mark.parametrize(
    ("missing", "first"), [("zh/nothing/here/", "zh"), ("en/nothing/", "en"), ("nothing", "zh")]
)
def test_missing_page_is_said_in_the_addresss_language(
    site: Site, browser: Browser, missing: str, first: str
) -> None:
    """What a static host shows for a missing page offers both languages, the address's first."""
    # The site is published below a path of its own, as the build was told.
    context = browser.new_context()
    context.route(
        f"{URL}**",
        lambda route: route.fulfill(
            response=route.fetch(url=site.base + route.request.url.removeprefix(URL))
        ),
    )
    page = context.new_page()
    response = page.goto(URL + missing)
    assert response is not None
    assert response.status == 404
    assert page.locator("nav a").first.get_attribute("lang") == first
    for link in page.locator("nav a").all():
        assert link.get_attribute("href") in {"/docker/zh/", "/docker/en/"}
    context.unroute_all(behavior="ignoreErrors")  # the icon may still be on its way
    context.close()


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "没有这一页"), ("en", "There is no such page")]
)
def test_each_language_has_a_404_page(site: Site, language: str, words: str) -> None:
    """A language's own 404.html works from any depth, and stays in its language."""
    html = (site.folder / language / "404.html").read_text("utf-8")
    assert f"<h1>{words}</h1>" in html
    assert f'href="/docker/{language}/"' in html
    switch = re.search(r'<a class="site-language" data-twin href="([^"]+)"', html)
    assert switch
    assert urljoin(URL, switch[1]) == URL + twin(f"{language}/")
    links = re.findall(r'(?:href|src)="([^"#]+)"', html)
    assert links
    assert [link for link in links if not link.startswith(("/docker/", URL))] == []
