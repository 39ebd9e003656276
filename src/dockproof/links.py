"""Where a page's prose leads: links and images in every form that Markdown has for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockproof.markdown import Line

_HIDDEN = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)|<!--.*?-->", re.DOTALL)
_ESCAPED = re.compile(r"\\[\[\]()]")
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"\]\(\s*<(?P<target>[^>\n]+)>[^)]*\)",  # [text](<target>)
        r"\]\(\s*(?P<target>(?:[^\s()<]|\([^\s()]*\))+)(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s*\)",
        r"<(?P<target>(?:https?://|mailto:)[^>\s]+)>",
        r"<(?i:[a-z][^>]*?\s(?:href|src))=(?P<quote>[\"'])(?P<target>[^\"']+)(?P=quote)",
        r"<(?i:[a-z][^>]*?\s(?:href|src))=(?P<target>[^\"'\s>]+)",
    )
)
_DEFINITION = re.compile(
    r"^[ ]{0,3}\[(?!\^)(?P<label>[^\]\n]+)\]:\s*<?(?P<target>[^\s>]+)", re.MULTILINE
)
_REFERENCE = re.compile(r"\[(?P<text>[^\[\]]+)\](?:\s?\[(?P<label>[^\[\]]*)\]|(?![\[(:]))")


@dataclass(frozen=True, slots=True)
class Link:
    """One link or image: where it leads, as written, and the page's line."""

    target: str
    number: int


def find(lines: Sequence[Line]) -> list[Link]:
    """Return the links and images in a page's prose, in order.

    Args:
        lines: The prose's lines; code spans and comments in it don't count.

    Returns:
        One for each use of a target: ``[text](target)``, ``![text](target)``, ``[text][label]``,
        ``<https://…>``, ``href="…"`` and ``src="…"``. Footnotes aren't links.
    """
    text = "\n".join(line.text for line in lines)
    text = _HIDDEN.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    text = _ESCAPED.sub("  ", text)
    targets = {m["label"].lower(): m["target"] for m in _DEFINITION.finditer(text)}
    text = _DEFINITION.sub(lambda m: " " * len(m[0]), text)
    found = [(m.start(), m["target"]) for form in _FORMS for m in form.finditer(text)]
    for match in _REFERENCE.finditer(text):
        label = (match["label"] or match["text"]).lower()
        if label in targets:
            found.append((match.start(), targets[label]))
    return [
        Link(target, lines[text.count("\n", 0, position)].number)
        for position, target in sorted(found)
    ]
