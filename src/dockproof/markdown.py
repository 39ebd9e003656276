"""First stage: a page's Markdown, with includes expanded, cut into headings, fences and directives.

The forms read here are those of Python-Markdown's front matter, ``attr_list`` and of PyMdown's
``superfences`` and ``snippets``, as MkDocs uses them: a fence may stand indented (in lists,
admonitions and tabs) or in a block quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dockproof.errors import PageError, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MOST_NODES = 9
"""Machines that a page may ask for: their addresses end in .10 to .18."""

_FENCE = re.compile(r"(?P<prefix>[> \t]*)(?P<fence>`{3,}|~{3,})(?P<info>.*)$")
_LIST_FENCE = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(?:`{3,}|~{3,})")
_INFO = re.compile(
    r"[ \t]*(?:\.?(?P<language>[\w#.+-]+)(?=[ \t{]|$))?[ \t]*"
    r"(?:\{(?P<attributes>[^\n]*)\}"
    r"|(?P<options>(?:[ \t]*[A-Za-z]\w*(?:=(?:\"[^\"]*\"|'[^']*'))?(?=[ \t]|$))*))"
    r"[ \t]*$",
)
_OPTION = re.compile(
    r"(?P<key>[A-Za-z][\w-]*)=(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>\S+))"
)
_CLASS = re.compile(r"(?:^|\s)\.(?P<name>[\w#.+-]+)")
_HEADING = re.compile(
    r"(?P<level>#{1,6})[ \t]+(?P<title>.*?)[ \t]*#*[ \t]*"
    r"(?:\{:?[ \t]*(?P<attributes>[^}]*)\})?[ \t]*$",
)
_TITLE = re.compile(r"(?P<title>.*?)[ \t]*(?:\{:?[ \t]*(?P<attributes>[^}]*)\})?[ \t]*$")
_UNDERLINE = re.compile(r"(?:=+|-+) *$")
_HTML_HEADING = re.compile(
    r"\s*<h(?P<level>[1-6])(?P<attributes>(?:\s[^>]*)?)>(?P<title>.*?)</h(?P=level)>", re.IGNORECASE
)
_HTML_ID = re.compile(r"\sid=[\"']?(?P<id>[\w:.-]+)", re.IGNORECASE)
_ID = re.compile(r"(?:^|\s)#(?P<id>[\w:.-]+)")
_COMMENT_LINE = re.compile(r"(?P<prefix>[> \t]*)<!--(?P<body>.*?)-->[ \t]*$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line as MkDocs renders it.

    Attributes:
        text: The text, without the fence's indentation where it is a fence's line.
        number: The page's line that it comes from, from 1; an included file's lines all have the
            number of the line that includes them.
    """

    text: str
    number: int


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its level (1 to 6), title, explicit id or None, and the page's line."""

    level: int
    title: str
    id: str | None
    number: int


@dataclass(frozen=True, slots=True)
class Comment:
    """A one-line HTML comment: its text and the page's line."""

    body: str
    number: int


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block.

    Attributes:
        language: The info string's first word, or the first class in braces; empty without one.
        options: Options in their written form, ``title`` for one.
        body: The lines between the fences, indentation removed.
        number: The opening line's number.
        end: The closing line's number.
        heading: The nearest heading above, or None.
        comment: The one-line comment directly above, or None.
        prefix: The indentation, or the block quote's mark, before each of its lines.
    """

    language: str
    options: dict[str, str]
    body: tuple[Line, ...]
    number: int
    end: int
    heading: Heading | None
    comment: Comment | None
    prefix: str = ""

    @property
    def title(self) -> str | None:
        """The path that the reader saves the block to, or None."""
        return self.options.get("title")


@dataclass(frozen=True)
class Page:
    """A page, read.

    Attributes:
        path: The file, as messages show it.
        meta: The front matter.
        headings: All headings in order.
        fences: All fences in order.
        loose: The one-line comments that don't stand directly above a fence.
        prose: The lines outside fences and front matter.
    """

    path: Path
    meta: dict[str, Any]
    headings: tuple[Heading, ...]
    fences: tuple[Fence, ...]
    loose: tuple[Comment, ...]
    prose: tuple[Line, ...] = field(repr=False)

    def place(self, number: int) -> Place:
        """Return the place of line ``number``."""
        return Place(self.path, number)

    @cached_property
    def _lab(self) -> tuple[int, str]:
        for key, value in self.meta.items():
            # MkDocs takes any key, so that only what can hardly be anything else is refused.
            meant = isinstance(value, dict) and {"nodes", "engine"} & set(value)
            if key != "lab" and (meant or re.fullmatch("labs?", str(key), re.IGNORECASE)):
                raise PageError(
                    self.place(1),
                    f"the front matter's `{key}` is not understood",
                    "write `lab`, if the machines are meant",
                )
        lab = self.meta.get("lab", {})
        nodes, engine = (
            (lab.get("nodes", 1), lab.get("engine", "")) if isinstance(lab, dict) else (None, None)
        )
        if (
            type(nodes) is not int
            or not 1 <= nodes <= MOST_NODES
            or not isinstance(engine, str)
            or ("engine" in lab and not engine)
            or set(lab) - {"nodes", "engine"}
        ):
            raise PageError(
                self.place(1),
                "the front matter's `lab` is not understood",
                f"write `lab: {{nodes: 2}}`, with 1 to {MOST_NODES} nodes, "
                "or `lab: {engine: trixie}`, say",
            )
        return nodes, engine

    @property
    def nodes(self) -> int:
        """How many nodes the page asks for: ``lab: {nodes: N}`` in the front matter, else 1.

        Raises:
            PageError: The front matter says something else below ``lab``.
        """
        return self._lab[0]

    @property
    def engine(self) -> str:
        """The row of the lab's engines that the page asks for: ``lab: {engine: NAME}``, else empty.

        Raises:
            PageError: The front matter says something else below ``lab``.
        """
        return self._lab[1]

    @property
    def machines(self) -> str:
        """What the page asks for, as text: part of what its records are found by."""
        return f"{self.nodes} {self.engine}".rstrip()


def read(path: Path, shown: Path, snippets: Sequence[Path]) -> Page:
    """Read the page at ``path``.

    Args:
        path: The file, UTF-8.
        shown: The path for messages.
        snippets: The folders that includes are looked up in.

    Returns:
        The page.

    Raises:
        PageError: It is not UTF-8, an include is missing, a fence is unclosed or its info string
            isn't understood.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PageError(
            Place(shown, 1), f"not UTF-8 at byte {error.start}", "save the page as UTF-8"
        ) from error
    return parse(text, shown, snippets)


def parse(text: str, shown: Path, snippets: Sequence[Path] = ()) -> Page:
    """Read a page from its text; see :func:`read`."""
    meta, first = _front_matter(text, shown)
    lines = [Line(line, n) for n, line in enumerate(text.split("\n"), 1)][first:]
    if "8<-" in text:
        lines = list(_expand(lines, shown, snippets))
    return _scan(lines, meta, shown)


def _front_matter(text: str, shown: Path) -> tuple[dict[str, Any], int]:
    """Return the front matter and how many lines it takes."""
    match = re.match(r"---[ \t]*\n(?P<yaml>.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|$)", text, re.DOTALL)
    if not match:
        return {}, 0
    import yaml  # noqa: PLC0415 - most pages have no front matter, and the import costs time

    try:
        meta = yaml.safe_load(match["yaml"] or "") or {}
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that there is none of
        mark = getattr(error, "problem_mark", None)
        number = mark.line + 2 if mark else 1
        raise PageError(
            Place(shown, number),
            "the front matter is not YAML",
            f"mend it ({getattr(error, 'problem', None) or error})",
        ) from error
    if not isinstance(meta, dict):
        raise PageError(
            Place(shown, 1), "the front matter is not a mapping", "write `key: value` lines"
        )
    return meta, match[0].count("\n")


def _expand(lines: Sequence[Line], shown: Path, snippets: Sequence[Path]) -> Iterator[Line]:
    """Expand includes with PyMdown's own preprocessor, line by line to keep the numbers."""
    from markdown import Markdown  # noqa: PLC0415 - only pages with includes pay for the import
    from pymdownx.snippets import (  # noqa: PLC0415
        SnippetExtension,
        SnippetMissingError,
        SnippetPreprocessor,
    )

    extension = SnippetExtension(
        base_path=[str(folder) for folder in snippets],
        check_paths=True,
        dedent_subsections=True,
    )
    expander = SnippetPreprocessor(extension.getConfigs(), Markdown())
    iterator = iter(lines)
    for line in iterator:
        match = SnippetPreprocessor.RE_ALL_SNIPPETS.match(line.text)
        if match is None:
            yield line
            continue
        chunk = [line.text]
        if match["block_marker"] and not match["escape"]:
            for following in iterator:
                chunk.append(following.text)
                if SnippetPreprocessor.RE_ALL_SNIPPETS.match(following.text):
                    break
        try:
            expanded = expander.run(chunk)
        except SnippetMissingError as error:
            raise PageError(
                Place(shown, line.number),
                f"the include can't be read: {error}",
                "correct the path, or add the file below the snippets' folder",
            ) from error
        yield from (Line(text, line.number) for text in expanded)


def _scan(lines: Sequence[Line], meta: dict[str, Any], shown: Path) -> Page:
    headings: list[Heading] = []
    fences: list[Fence] = []
    loose: list[Comment] = []
    prose: list[Line] = []
    above: Comment | None = None
    position = 0
    while position < len(lines):
        line = lines[position]
        opening = _FENCE.match(line.text)
        if opening:
            fence, position = _fence(lines, position, opening, headings, above, shown)
            fences.append(fence)
            above = None
            continue
        if _LIST_FENCE.match(line.text):
            raise PageError(
                Place(shown, line.number),
                "a fence opens on a list item's own line, where MkDocs doesn't see it",
                "put the fence on a line of its own, indented by four spaces",
            )
        if above:
            loose.append(above)
        comment = _COMMENT_LINE.match(line.text)
        above = Comment(comment["body"].strip(), line.number) if comment else None
        if heading := _heading(line, prose, headings[-1] if headings else None):
            headings.append(heading)
        prose.append(line)
        position += 1
    if above:
        loose.append(above)
    return Page(shown, meta, tuple(headings), tuple(fences), tuple(loose), tuple(prose))


def _heading(line: Line, above: Sequence[Line], last: Heading | None) -> Heading | None:
    """Return the heading that ``line`` is or, as its underline, makes of the line above it."""
    if found := _HEADING.match(line.text):
        level, number, ids = len(found["level"]), line.number, _ID
    elif found := _HTML_HEADING.match(line.text):
        level, number, ids = int(found["level"]), line.number, _HTML_ID
    elif _UNDERLINE.match(line.text) and _begins_block(line, above, last):
        found = _TITLE.match(above[-1].text)
        level, number, ids = (1 if line.text[0] == "=" else 2), above[-1].number, _ID
    if not found:
        return None
    explicit = ids.search(found["attributes"] or "")
    return Heading(level, found["title"], explicit["id"] if explicit else None, number)


def _begins_block(line: Line, above: Sequence[Line], last: Heading | None) -> bool:
    """Tell whether the line above ``line`` is text that begins a block.

    Python-Markdown takes an underline for one only there: below a blank line or a heading.
    """
    number = line.number - 1
    if not (above and above[-1].number == number and above[-1].text.strip()):
        return False
    if last and last.number == number:
        return False
    if len(above) == 1 or not above[-2].text.strip():
        return len(above) == 1 or above[-2].number == number - 1
    underlined = above[-2].number == number - 1 and _UNDERLINE.match(above[-2].text)
    return last is not None and last.number == number - (2 if underlined else 1)


def _fence(  # noqa: PLR0913, PLR0917 - one call, with the parts of the scanner's state
    lines: Sequence[Line],
    start: int,
    opening: re.Match[str],
    headings: list[Heading],
    above: Comment | None,
    shown: Path,
) -> tuple[Fence, int]:
    """Read the fence that opens at ``start``; return it and the position behind it."""
    line = lines[start]
    place = Place(shown, line.number)
    prefix = opening["prefix"].expandtabs(4)
    closing = re.compile(re.escape(opening["fence"]) + r"[ \t]*$")
    body: list[Line] = []
    for position in range(start + 1, len(lines)):
        text = _dedent(lines[position].text, prefix)
        if text is None:
            break
        if closing.match(text):
            language, options = _info(opening["info"], place)
            return Fence(
                language,
                options,
                tuple(body),
                line.number,
                lines[position].number,
                headings[-1] if headings else None,
                above,
                opening["prefix"],
            ), position + 1
        body.append(Line(text, lines[position].number))
    raise PageError(
        place,
        "the fence is never closed",
        f"close it with {opening['fence']} on a line of its own, indented as the opening is",
    )


def _dedent(text: str, prefix: str) -> str | None:
    """Return ``text`` without the fence's indentation, or None where it has less."""
    if not prefix:
        return text
    if not text.strip():
        return ""
    if "\t" in text[: len(prefix)]:
        text = text.expandtabs(4)
    if text.startswith(prefix):
        return text[len(prefix) :]
    return "" if text.strip() == prefix.strip() else None


def _info(info: str, place: Place) -> tuple[str, dict[str, str]]:
    match = _INFO.match(info)
    if match is None:
        raise PageError(
            place,
            f"the fence's info string {info.strip()!r} is not understood",
            'write the language first, then options such as title="dir/file"',
        )
    written = match["attributes"] if match["attributes"] is not None else match["options"] or ""
    options = {
        m["key"]: m["double"] or m["single"] or m["bare"] or "" for m in _OPTION.finditer(written)
    }
    language = match["language"] or ""
    if not language and match["attributes"] is not None:
        bare = _OPTION.sub("", written)
        found = _CLASS.search(bare)
        language = found["name"] if found else ""
    return language, options
