# ruff: noqa: INP001 - MkDocs loads hooks by path
"""MkDocs hook: a page without a description of its own gets its first paragraph as one."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_LONGEST = 155  # characters that result pages of search engines show


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs passes all by name
    """Set ``description`` in the page's metadata, as text for an attribute."""
    written = page.meta.get("description")
    first = _PARAGRAPH.search(html)
    if written or first:
        page.meta["description"] = _attribute(written or (first[1] if first else ""))
    return html


def _attribute(markup: str) -> str:
    text = " ".join(html.unescape(_TAG.sub("", markup)).split())
    if len(text) > _LONGEST:
        cut = text[: _LONGEST - 1]
        words = cut.rsplit(" ", 1)[0] if " " in cut[_LONGEST // 2 :] else cut
        text = re.sub(r"[\W_]+$", "", words) + "…"
    return html.escape(text)
