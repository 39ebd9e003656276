# ruff: noqa: INP001 - MkDocs loads hooks by path
"""MkDocs hook: a page without a description of its own gets its opening words as one."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

_OPENING = re.compile(r"(?:</h1>|\A)(?P<opening>.*?)(?:<h2|<div|<pre|<table|\Z)", re.DOTALL)
_ITEM = re.compile(r"\s*</li>\s*<li>\s*")
_TAG = re.compile(r"<[^>]+>")
_LONGEST = 155  # characters that result pages of search engines show


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs passes all by name
    """Set ``description`` in the page's metadata, as text for an attribute."""
    opening = _OPENING.search(html)
    if "description" in page.meta:
        page.meta["description"] = _attribute(page.meta["description"])
    elif opening:
        page.meta["description"] = _attribute(_cut(_text(_ITEM.sub(" ", opening["opening"]))))
    return html


def _text(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", markup)).split())


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    cut = text[: _LONGEST - 1]
    words = cut.rsplit(" ", 1)[0] if " " in cut[_LONGEST // 2 :] else cut
    return re.sub(r"[\W_]+$", "", words) + "…"


def _attribute(text: str) -> str:
    return html.escape(" ".join(str(text).split()))
