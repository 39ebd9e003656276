"""Compare a page with its twins: what has to be the same in each language, and where it isn't.

The same: headings (their levels and ids, in order), fences (info strings, directives, every line
apart from comments in commands), where links lead, which machines the page asks for. Free: titles,
prose, comments in commands, the reasons of skips, the order of links within a section.

Blocks are aligned before they are compared, so that one that is missing is reported once, and not
as a difference in each that follows.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockproof import blocks, links
from dockproof.blocks import Kind
from dockproof.errors import PageError
from dockproof.shown import Row, rows

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Sequence
    from pathlib import Path

    from dockproof.blocks import Block, Blocks
    from dockproof.config import Config
    from dockproof.directives import Directives
    from dockproof.markdown import Heading

_SIMILAR = 0.6
"""How alike two blocks are at least, from 0 to 1, that one is taken for the other, changed."""
_LONGEST_COMPARED = 600
_LONGEST_DIFF = 30
_HUNK = re.compile(r"^@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@")


def differences(path: Path, config: Config) -> list[str]:
    """Compare the page at ``path`` with its twin in each other language.

    Args:
        path: The page, in any language.
        config: The site.

    Returns:
        A message for each difference: ``path:line`` on both sides, what differs and what to do.
        Empty where the twins agree. A page that can't be read gives its own error as the message.
    """
    try:
        page = blocks.load(path, config)
    except PageError as error:
        return [str(error)]
    found: list[str] = []
    for language, twin in config.twins_of(path).items():
        if language == config.language_of(path):
            continue
        if not twin.is_file():
            found.append(
                f"{page.place(1)}: the page has no twin in {language}: "
                f"write {config.shown(twin)}, with the same headings and blocks",
            )
            continue
        try:
            found += _Comparison(page, blocks.load(twin, config)).messages()
        except PageError as error:
            found.append(str(error))
    return found


def pages(config: Config) -> list[Path]:
    """Return each page once: the source language's, and those that only another language has."""
    source = config.docs / config.source_language
    found = sorted(source.rglob("*.md"))
    for language in config.languages:
        folder = config.docs / language
        found += [
            page
            for page in sorted(folder.rglob("*.md"))
            if language != config.source_language
            and not (source / page.relative_to(folder)).is_file()
        ]
    return found


@dataclass(frozen=True, slots=True)
class _Entry:
    """A block as the comparison sees it: its place under the headings, and its lines."""

    block: Block
    rows: tuple[Row, ...]
    directives: str

    @property
    def key(self) -> Hashable:
        """What has to be the same in the twin."""
        return self.info, self.directives, tuple(row.text for row in self.rows)

    @property
    def info(self) -> str:
        """The info string, its options in a fixed order."""
        fence = self.block.fence
        options = [f'{key}="{value}"' for key, value in sorted(fence.options.items())]
        return " ".join([fence.language, *options])

    @property
    def heading(self) -> str:
        """The nearest heading's id, or empty."""
        heading = self.block.fence.heading
        return (heading.id or "") if heading else ""

    @property
    def start(self) -> str:
        """The text by which the block is told from others, as far as it is compared for that."""
        return "\n".join(row.text for row in self.rows)[:_LONGEST_COMPARED]


class _Comparison:
    """One page and one twin."""

    def __init__(self, left: Blocks, right: Blocks) -> None:
        self.left = left
        self.right = right
        self.found: list[tuple[int, str]] = []
        self.headings: list[tuple[Heading, Heading]] = []
        self.moved: set[str] = set()

    def messages(self) -> list[str]:
        """Return all differences, by the line of the left page."""
        if self.left.page.machines != self.right.page.machines:
            self._add(
                1,
                1,
                f"the front matter asks for {_machines(self.left)}, "
                f"there for {_machines(self.right)}",
                "write the same `lab` on both pages",
            )
        self._headings()
        self._blocks()
        self._links()
        return [text for _, text in sorted(self.found, key=lambda item: item[0])]

    def _add(self, left: int, right: int, what: str, mend: str, detail: str = "") -> None:
        text = f"{self.left.place(left)} and {self.right.place(right)}: {what}: {mend}"
        self.found.append((left, f"{text}\n{detail}" if detail else text))

    def _add_to(self, page: Blocks, heading: Heading, what: str, mend: str) -> None:
        text = f"{page.place(heading.number)}: {what}: {mend}"
        self.found.append((heading.number, text))

    # Headings

    def _headings(self) -> None:
        left, right = self.left.page.headings, self.right.page.headings
        counts = _counts("headings", left, right)
        shared = {h.title for h in left if not h.id} & {h.title for h in right if not h.id}
        keys = [_heading_key(h, shared, "left") for h in left]
        others = [_heading_key(h, shared, "right") for h in right]
        for page, headings, own in ((self.left, left, keys), (self.right, right, others)):
            self._ids(page, headings, own)
        gone: list[int] = []
        new: list[int] = []
        matcher = difflib.SequenceMatcher(None, keys, others, autojunk=False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag == "equal":
                for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                    self._pair_headings(left[i], right[j])
                continue
            away = [i for i in range(i1, i2) if keys[i] not in others]
            come = [j for j in range(j1, j2) if others[j] not in keys]
            for i, j in zip(away, come, strict=False) if len(away) == len(come) else ():
                self._pair_headings(left[i], right[j])
            if len(away) != len(come):
                gone += away
                new += come
            for i in (i for i in range(i1, i2) if keys[i] in others):
                self._moved_heading(left, i, right, others.index(keys[i]))
        for i in gone:
            self._add(
                left[i].number,
                self._beside(left[i].number),
                f"no heading {_named(left[i])} there{counts}",
                "add it to the twin, or remove it here",
            )
        for j in new:
            self._add(
                self._beside(right[j].number, back=True),
                right[j].number,
                f"no heading {_named(right[j])} here{counts}",
                "add it here, or remove it from the twin",
            )

    def _ids(self, page: Blocks, headings: Sequence[Heading], keys: Sequence[Hashable]) -> None:
        seen: dict[str, Heading] = {}
        for heading, key in zip(headings, keys, strict=True):
            if heading.id in seen:
                what = f"the id #{heading.id} is already taken by line {seen[heading.id].number}"
                self._add_to(page, heading, what, "give each heading an id of its own")
            elif heading.id:
                seen[heading.id] = heading
            elif isinstance(key, tuple):
                what = f"the heading {_named(heading)} has no id"
                mend = "end it with `{ #words-in-english }`, the same in each language"
                self._add_to(page, heading, what, mend)

    def _pair_headings(self, left: Heading, right: Heading) -> None:
        self.headings.append((left, right))
        if left.level != right.level:
            self._add(
                left.number,
                right.number,
                f"the heading {_named(left)} is of another level ({left.level} vs {right.level})",
                "give both the same number of `#`",
            )
        if left.id != right.id and left.id and right.id:
            self._add(
                left.number,
                right.number,
                f"the heading's id differs (#{left.id} vs #{right.id})",
                "give both the same id",
            )

    def _moved_heading(
        self, left: Sequence[Heading], i: int, right: Sequence[Heading], j: int
    ) -> None:
        if left[i].id in self.moved:
            return
        self.moved.add(left[i].id or left[i].title)
        self.headings.append((left[i], right[j]))
        here, there = (
            f"after {_named(page[at - 1])}" if at else "at the top"
            for page, at in ((left, i), (right, j))
        )
        self._add(
            left[i].number,
            right[j].number,
            f"the heading {_named(left[i])} is moved: here it stands {here}, there {there}",
            "put the sections into the same order",
        )

    def _beside(self, number: int, *, back: bool = False) -> int:
        """Return the other page's line of the nearest heading at or above ``number``."""
        line = 1
        for left, right in self.headings:
            own, other = (right, left) if back else (left, right)
            if own.number <= number:
                line = max(line, other.number)
        return line

    # Blocks

    def _blocks(self) -> None:
        left, right = _entries(self.left), _entries(self.right)
        pairs = _align(left, right)
        alone_left = [i for i in range(len(left)) if i not in pairs]
        alone_right = [j for j in range(len(right)) if j not in pairs.values()]
        counts = _counts("fences", left, right)
        for i in alone_left:
            elsewhere = next((j for j in alone_right if right[j].key == left[i].key), None)
            if elsewhere is not None:
                alone_right.remove(elsewhere)
                self._moved_block(left[i], right[elsewhere])
                continue
            before = [right[j].block.fence.end for k, j in pairs.items() if k < i]
            number = left[i].block.fence.number
            self._add(
                number,
                max([*before, self._beside(number)]),
                f"no such block there{counts}",
                "add it to the twin behind that line, or remove it here",
                _excerpt(left[i], "-"),
            )
        for j in alone_right:
            before = [left[i].block.fence.end for i, k in pairs.items() if k < j]
            number = right[j].block.fence.number
            self._add(
                max([*before, self._beside(number, back=True)]),
                number,
                f"no such block here{counts}",
                "add it here behind that line, or remove it from the twin",
                _excerpt(right[j], "+"),
            )
        told: set[tuple[str, str]] = set()
        for i, j in sorted(pairs.items()):
            self._pair_blocks(left[i], right[j], told)

    def _moved_block(self, left: _Entry, right: _Entry) -> None:
        if left.heading == right.heading and left.heading in self.moved:
            return
        self._add(
            left.block.fence.number,
            right.block.fence.number,
            f"the block is moved: here it is {left.block.name}, there {right.block.name}",
            "put the blocks into the same order",
            _excerpt(left, " "),
        )

    def _pair_blocks(self, left: _Entry, right: _Entry, told: set[tuple[str, str]]) -> None:
        numbers = left.block.fence.number, right.block.fence.number
        if left.heading != right.heading and (left.heading, right.heading) not in told:
            told.add((left.heading, right.heading))
            known = {(a.id or "", b.id or "") for a, b in self.headings}
            here = {a for a, _ in known} | {""}
            there = {b for _, b in known} | {""}
            if (
                (left.heading, right.heading) not in known
                and {left.heading, right.heading} <= here & there
                and not {left.heading, right.heading} & self.moved
            ):
                self._add(
                    *numbers,
                    f"the block stands under {_id(left.heading)}, there under {_id(right.heading)}",
                    "move the heading or the block, so that both pages have the same",
                )
        if left.info != right.info:
            self._add(
                *numbers,
                f"the info string differs (`{left.info}` vs `{right.info}`)",
                "write the same behind both fences",
            )
        if left.directives != right.directives:
            self._add(
                *numbers,
                f"the directives differ ({_shown(left.directives)} vs {_shown(right.directives)})",
                "write the same `prove:` comment above both",
            )
        if [row.text for row in left.rows] != [row.text for row in right.rows]:
            self._lines(left, right)

    def _lines(self, left: _Entry, right: _Entry) -> None:
        """Report two blocks whose lines differ, at the first line that does."""
        i = 0
        while i < min(len(left.rows), len(right.rows)) and left.rows[i].text == right.rows[i].text:
            i += 1
        typed = any(entry.rows[i].typed for entry in (left, right) if i < len(entry.rows))
        what, mend = {
            Kind.SESSION: (
                ("a command differs", "only comments behind ` # ` may differ")
                if typed
                else ("the output differs", "both pages have to show what the run printed")
            ),
            Kind.FILE: ("the file differs", "words about its lines go into code annotations"),
        }.get(left.block.kind, ("the block differs", "show the same on both pages"))
        self._add(
            _number(left, i),
            _number(right, i),
            f"{what} in {left.block.name}{_counts('lines', left.rows, right.rows)}",
            f"make the two the same; {mend}",
            _diff(left, right, self.left.path, self.right.path),
        )

    # Links

    def _links(self) -> None:
        left = _Sections(self.left, {a.number for a, _ in self.headings})
        right = _Sections(self.right, {b.number for _, b in self.headings})
        for own, other in [(None, None), *self.headings]:
            here = left.links(own.number if own else 0)
            there = right.links(other.number if other else 0)
            if here is None or there is None:
                continue
            counts = Counter(x.target for x in here), Counter(x.target for x in there)
            name = _named(own) if own else "the page's top"
            for target in dict.fromkeys(link.target for link in [*here, *there]):
                one, two = counts[0][target], counts[1][target]
                if one != two:
                    self._add(
                        _first(here, target, own),
                        _first(there, target, other),
                        f"links to {target} under {name} ({one} vs {two})",
                        "let both lead to the same places",
                    )


class _Sections:
    """A page's links by section, a section being what stands below a heading that the twin has."""

    def __init__(self, page: Blocks, paired: Container[int]) -> None:
        self._starts = [0]
        self._unclear: set[int] = set()
        for heading in page.page.headings:
            if heading.number in paired:
                self._starts.append(heading.number)
            else:
                self._unclear.add(self._starts[-1])
        self._links: dict[int, list[links.Link]] = {}
        for link in links.find(page.page.prose):
            start = self._starts[bisect_right(self._starts, link.number) - 1]
            self._links.setdefault(start, []).append(link)

    def links(self, start: int) -> list[links.Link] | None:
        """Return the links of the section that begins at line ``start``; 0: the page's top.

        None where a heading that the twin lacks divides it: that is to be mended first.
        """
        return None if start in self._unclear else self._links.get(start, [])


def _first(found: Sequence[links.Link], target: str, heading: Heading | None) -> int:
    """Return the line of the first link to ``target``, or the heading's where there is none."""
    fallback = heading.number if heading else 1
    return next((link.number for link in found if link.target == target), fallback)


def _heading_key(heading: Heading, shared: set[str], side: str) -> Hashable:
    """Return what a heading is found by; a tuple where it lacks an id that it needs.

    Where both pages have the very same title, their automatic ids are the same as well.
    """
    if heading.id:
        return f"#{heading.id}"
    if heading.title in shared and re.search(r"[A-Za-z0-9]", heading.title):
        return heading.title
    return side, heading.number


def _counts(what: str, left: Sequence[object], right: Sequence[object]) -> str:
    return "" if len(left) == len(right) else f": {what} ({len(left)} vs {len(right)})"


def _named(heading: Heading) -> str:
    return f"#{heading.id}" if heading.id else f'"{heading.title}"'


def _id(heading: str) -> str:
    return f"#{heading}" if heading else "no heading"


def _shown(text: str) -> str:
    return f"`{text}`" if text else "none"


def _machines(page: Blocks) -> str:
    nodes = f"{page.page.nodes} node{'s' if page.page.nodes > 1 else ''}"
    return f"{nodes} of {page.page.engine}" if page.page.engine else nodes


def _number(entry: _Entry, index: int) -> int:
    if index < len(entry.rows):
        return entry.rows[index].number
    return entry.rows[-1].number if entry.rows else entry.block.fence.number


def _entries(page: Blocks) -> list[_Entry]:
    return [
        _Entry(block, tuple(rows(block, page.page)), _directives(block.directives))
        for block in page.blocks
    ]


def _directives(given: Directives) -> str:
    """Write a block's directives in a fixed form and order, without the reasons of skips."""
    values = {
        "exit": f"{given.exit}",
        "timeout": f"{given.timeout:g}s",
        "retry": f"{given.retry:g}s",
        "engine": f">={'.'.join(str(part) for part in given.engine)}",
        "terminal": f"{given.terminal}",
    }
    keys = {"skip" if key.startswith("skip") else key for key in given.given}
    return " ".join(f"{key}={values[key]}" if key in values else key for key in sorted(keys))


def _align(left: Sequence[_Entry], right: Sequence[_Entry]) -> dict[int, int]:
    """Pair the blocks in order: those that are equal, and between them those that are alike."""
    pairs: dict[int, int] = {}
    matcher = difflib.SequenceMatcher(
        None, [e.key for e in left], [e.key for e in right], autojunk=False
    )
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            pairs |= dict(zip(range(i1, i2), range(j1, j2), strict=True))
        elif tag == "replace":
            found = _align_alike(left[i1:i2], right[j1:j2])
            pairs |= {i + i1: j + j1 for i, j in found.items()}
    return pairs


def _align_alike(left: Sequence[_Entry], right: Sequence[_Entry]) -> dict[int, int]:
    """Pair blocks in order so that they are as alike as can be, all pairs together."""
    even = len(left) == len(right)
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    alike = [
        [_alike(a, b, even=even and i == j) for j, b in enumerate(right)]
        for i, a in enumerate(left)
    ]
    for i in range(len(left) - 1, -1, -1):
        for j in range(len(right) - 1, -1, -1):
            pair = alike[i][j] + best[i + 1][j + 1] if alike[i][j] >= _SIMILAR else 0.0
            best[i][j] = max(pair, best[i + 1][j], best[i][j + 1])
    pairs: dict[int, int] = {}
    i = j = 0
    while i < len(left) and j < len(right):
        if alike[i][j] >= _SIMILAR and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            pairs[i] = j
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _alike(left: _Entry, right: _Entry, *, even: bool) -> float:
    """Return how alike two blocks are, from 0 to 1 and a little above for their surroundings."""
    ratio = difflib.SequenceMatcher(None, left.start, right.start, autojunk=False).ratio()
    if left.info != right.info:
        ratio -= 0.2
    if even and left.heading == right.heading and left.block.kind is right.block.kind:
        ratio += 0.3
    return ratio


def _excerpt(entry: _Entry, mark: str) -> str:
    lines = [f"  {mark}{entry.info}", *(f"  {mark}{row.text}" for row in entry.rows)]
    return "\n".join(lines[:4] + ([f"  {mark}…"] if len(lines) > 4 else []))  # noqa: PLR2004 - an excerpt


def _diff(left: _Entry, right: _Entry, path: Path, other: Path) -> str:
    """Return a short unified diff, with the pages' own line numbers where they have some."""
    offsets = [
        entry.rows[0].number - 1
        if entry.rows and entry.rows[0].number != entry.block.fence.number - 0
        else 0
        for entry in (left, right)
    ]
    lines = list(
        difflib.unified_diff(
            [row.text for row in left.rows],
            [row.text for row in right.rows],
            str(path),
            str(other),
            lineterm="",
            n=1,
        )
    )
    shown = [
        _HUNK.sub(
            lambda m: (
                f"@@ -{int(m[1]) + offsets[0]}{m[2] or ''} +{int(m[3]) + offsets[1]}{m[4] or ''} @@"
            ),
            line,
        )
        for line in lines[:_LONGEST_DIFF]
    ]
    if len(lines) > _LONGEST_DIFF:
        shown.append(f"… {len(lines) - _LONGEST_DIFF} more lines differ")
    return "\n".join(f"  {line}" for line in shown)


def _offset(shown: Sequence[Row]) -> int:
    """Return what is to be added to a row's place to get its line; 0 where rows share a line."""
    straight = shown and shown[-1].number == shown[0].number + len(shown) - 1
    return shown[0].number - 1 if straight else 0
