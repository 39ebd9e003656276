# ruff: noqa: INP001 - MkDocs loads hooks by path
"""MkDocs hook: ``console`` blocks get our lexer, and a copy button that copies the commands."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from pygments.lexers import LEXERS

from dockproof.lexer import SessionLexer, commands

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

_FENCE = re.compile(r"[> \t]*(?P<fence>`{3,}|~{3,})")
_COMMENT = re.compile(r"[> \t]*<!--\s*prove\b.*?-->[ \t]*$")
_BLOCK = re.compile(
    r'(?P<open><div class="[^"]*\blanguage-console\b[^"]*)(?P<close>"[^>]*>)'
    r"(?P<inside>.*?<code>(?P<code>.*?)</code>)",
    re.DOTALL,
)
_NAME = "dockproof-session"  # `console` itself is taken, by a lexer that comes first
_TAG = re.compile(r"<[^>]+>")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Have ``console`` highlighted by :class:`SessionLexer`."""
    LEXERS["SessionLexer"] = (SessionLexer.__module__, SessionLexer.name, (_NAME,), (), ())
    highlight = config.mdx_configs.setdefault("pymdownx.highlight", {})
    highlight["extend_pygments_lang"] = [
        *highlight.get("extend_pygments_lang", []),
        {"name": "console", "lang": _NAME},
    ]
    return config


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs passes all by name
    """Blank the ``<!-- prove: … -->`` lines: they are for the harness, not for readers.

    A comment right above a fence would also end up in one paragraph with it.
    """
    lines = markdown.split("\n")
    fence = ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark["fence"].startswith(fence) and not line[mark.end() :].strip():
                fence = ""
        elif mark:
            fence = mark["fence"]
        elif _COMMENT.match(line):
            lines[number] = ""
    return "\n".join(lines)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - as above
    """Give each ``console`` block the text that Material's copy button takes: its commands."""
    return _BLOCK.sub(_with_commands, html)


def _with_commands(match: re.Match[str]) -> str:
    copied = commands(html.unescape(_TAG.sub("", match["code"])))
    if not copied:  # the output of a program that an earlier block left running
        return f"{match['open']} no-copy{match['close']}{match['inside']}"
    value = html.escape(copied).replace("\n", "&#10;")
    return f'{match["open"]}" data-copy="{value}{match["close"]}{match["inside"]}'
