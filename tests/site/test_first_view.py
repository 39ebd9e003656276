"""What a reader's browser loads and shows on the first view of every page.

All that looks at the visits stands in this file, so that one worker makes them, once.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from tests.site.conftest import twin

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.site.conftest import Site, Visit

KILOBYTE = 1000


def test_no_page_asks_another_host(site: Site, visits: dict[str, Visit]) -> None:
    """Every request of every page goes to the site itself."""
    asked = {url for visit in visits.values() for url in visit.requests}
    assert len(asked) > len(site.pages)
    assert [url for url in asked if not url.startswith(site.base)] == []


def test_first_view_weighs_at_most_80_kilobytes(site: Site, visits: dict[str, Visit]) -> None:
    """All requests of a page together, gzipped, stay within the budget."""
    weights = {
        path: sum(site.weight(url) for url in visit.requests) for path, visit in visits.items()
    }
    assert min(weights.values()) > 40 * KILOBYTE, "requests were missed"
    assert {path: w for path, w in weights.items() if w > 80 * KILOBYTE} == {}


def test_pages_load_without_complaints(visits: dict[str, Visit]) -> None:
    """No page logs an error or a warning, or throws."""
    assert {path: visit.problems for path, visit in visits.items() if visit.problems} == {}


def test_nothing_is_wider_than_a_phone(visits: dict[str, Visit]) -> None:
    """At 360 pixels neither the page nor a code block or table sticks out."""
    assert {path: visit.overflowing for path, visit in visits.items() if visit.overflowing} == {}


def test_pages_say_what_they_are(site: Site) -> None:
    """Each page has its language, a title, one h1 and a description that no other page has."""
    seen: dict[str, str] = {}
    for path in site.pages:
        html = site.html(path)
        assert f'<html lang="{path[:2]}"' in html, path
        assert re.search(r"<title>[^<]+</title>", html), path
        assert html.count("<h1") == 1, path
        description = re.search(r'<meta name="description" content="([^"]+)">', html)
        assert description, path
        assert 20 <= len(unescape(description[1])) <= 300, path
        assert seen.setdefault(description[1], path) == path, "two pages share a description"


def test_images_have_alternative_texts(site: Site) -> None:
    """Each image says in `alt` what it shows; only decoration has an empty one."""
    for path in site.pages:
        images = re.findall(r"<img\b[^>]*>", site.html(path))
        assert images, path
        for image in images:
            assert re.search(r'\balt="[^"]+"', image) or "logo.svg" in image, (path, image)


def test_search_and_annotations_have_names(site: Site, sample: Site, page: Page) -> None:
    """What the theme leaves nameless has a name for screen readers, in the page's language."""
    for path in site.pages:
        assert re.search(r'role="dialog" aria-label="[^"]+"', site.html(path)), path
    for language, name in (("zh", "注解 1"), ("en", "Annotation 1")):
        page.goto(f"{sample.base}{language}/#annotated")
        page.get_by_role("link", name=name, include_hidden=True).wait_for()


def test_switch_keeps_page_and_section_on_every_page(site: Site, visits: dict[str, Visit]) -> None:
    """From any section of any page the switch leads to the same section of its twin."""
    for path, visit in visits.items():
        html = site.html(twin(path))
        for section, target in visit.switches:
            assert target == site.base + twin(path) + (f"#{section}" if section else ""), path
            assert not section or f'id="{section}"' in html, (path, section)
