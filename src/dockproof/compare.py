"""Whether a run printed what the page shows, and what the page would have to show instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from dockproof import volatile
from dockproof.session import GAP
from dockproof.volatile import order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockproof.bindings import Bindings, Substitution
    from dockproof.volatile import Rule

_SPACES = re.compile(r"( +)")
_MOST_ATTEMPTS = 200_000
_MOST_CELLS = 250_000


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a page's line has between two ``…``: an expression, a group for each volatile value.

    The expression of a line's last piece reaches to the line's end.
    """

    expression: re.Pattern[str]
    slots: tuple[tuple[str, Rule], ...]

    @property
    def binds(self) -> bool:
        """Whether its place matters to what comes later, since it binds live values."""
        return any(rule.live for _, rule in self.slots)

    def bind(self, match: re.Match[str], bindings: Bindings) -> bool:
        """Bind the live values of a match; return False where they contradict what is bound."""
        for group, (page, rule) in enumerate(self.slots, 1):
            run = match[group]
            if (
                (rule.accept and not rule.accept(page, run))
                or (rule.live and not bindings.bind(rule.live, page, run))
                or (rule.chosen and page != run and not bindings.free(page))
            ):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Pattern:
    """A page's line, ready to be matched; without pieces it stands for itself alone."""

    text: str
    pieces: tuple[_Piece, ...]

    @property
    def binds(self) -> bool:
        """Whether the line binds live values."""
        return any(piece.binds for piece in self.pieces)

    @property
    def varies(self) -> bool:
        """Whether a part of the line may differ, other than the number of spaces in a row."""
        return len(self.pieces) > 1 or any(piece.slots for piece in self.pieces)

    def match(self, actual: str, bindings: Bindings) -> bool:
        """Tell whether ``actual`` agrees, and bind the live values of the two lines if it does."""
        if not self.pieces:
            return self.text == actual
        mark = bindings.mark()
        first = self.pieces[0]
        match = first.expression.match(actual)
        if match and first.bind(match, bindings) and self._rest(1, match.end(), actual, bindings):
            return True
        bindings.rollback(mark)
        return False

    def _rest(self, index: int, position: int, actual: str, bindings: Bindings) -> bool:
        """Find places for the pieces from ``index`` on, the first that are possible."""
        if index == len(self.pieces):
            return True
        piece = self.pieces[index]
        while match := piece.expression.search(actual, position):
            mark = bindings.mark()
            if piece.bind(match, bindings):
                if self._rest(index + 1, match.end(), actual, bindings):
                    return True
                if not piece.binds:
                    return False  # a later place leaves less for the rest, and changes nothing else
            bindings.rollback(mark)
            position = match.start() + 1
        return False


@lru_cache(maxsize=8192)
def compile_line(
    text: str, substitutions: tuple[Substitution, ...] = (), asked: tuple[Rule, ...] = ()
) -> Pattern:
    """Return the pattern for a page's line.

    Args:
        text: The line; ``…`` in it stands for any run of characters, and of two or more spaces in a
            row the number doesn't count, since tables pad to the width of what varies.
        substitutions: Words of the step's command that were run as other words, and may be printed.
        asked: Rules that hold because of the step's command; see :func:`dockproof.volatile.asked`.
    """
    text = text.rstrip().expandtabs()  # as a terminal shows it
    found = list(volatile.find(text, asked))
    pieces: list[tuple[int, int, Rule | Substitution | None]] = [*found]
    pieces += [(m.start(), m.end(), None) for m in re.finditer(GAP, text)]
    for substitution in substitutions:
        word = re.escape(substitution.page)
        pieces += [
            (m.start(), m.end(), substitution)
            for m in re.finditer(rf"(?<![0-9A-Za-z_]){word}(?![0-9A-Za-z_])", text)
            if not any(s <= m.start() < e for s, e, _ in found)
        ]
    if not pieces and "  " not in text:
        return Pattern(text, ())
    done: list[_Piece] = []
    expression: list[str] = []
    slots: list[tuple[str, Rule]] = []
    end = 0
    for start, stop, piece in sorted(pieces, key=lambda p: p[:2]):
        if start < end:
            continue
        expression.append(_literal(text[end:start], first=end == 0, before=True, after=end > 0))
        if piece is None:
            done.append(_Piece(re.compile("".join(expression)), tuple(slots)))
            expression, slots = [], []
        elif isinstance(piece, volatile.Rule):
            expression.append(f"({piece.run_pattern(text[start:stop])})")
            slots.append((text[start:stop], piece))
        else:
            expression.append(re.escape(piece.run))
        end = stop
    expression.append(_literal(text[end:], first=end == 0, before=False, after=end > 0))
    done.append(_Piece(re.compile("".join(expression) + r"\Z"), tuple(slots)))
    return Pattern(text, tuple(done))


def _literal(text: str, *, first: bool, before: bool, after: bool) -> str:
    """Return the expression for text between volatile values, flexible where tables pad."""
    parts = _SPACES.split(text)
    out = []
    for n, part in enumerate(parts):
        if not part or part[0] != " ":
            out.append(re.escape(part))
        elif first and n == 1 and not parts[0]:
            out.append(" *" if before and len(parts) == 3 and not parts[2] else part)  # noqa: PLR2004
        elif (before and n == len(parts) - 2 and not parts[-1]) or (
            after and n == 1 and not parts[0]
        ):
            out.append(" +")
        else:
            out.append(part if len(part) == 1 else " {2,}")
    return "".join(out)


def matches(
    expected: Sequence[str],
    actual: Sequence[str],
    bindings: Bindings,
    substitutions: tuple[Substitution, ...] = (),
    asked: tuple[Rule, ...] = (),
) -> bool:
    """Tell whether a run's lines are what the page's lines say.

    Args:
        expected: The page's lines; ``…`` alone stands for any number of lines, also none.
        actual: The run's lines.
        bindings: The page's bindings; what the two sides newly bind is added where they agree.
        substitutions: See :func:`compile_line`.
        asked: Likewise.
    """
    if not expected and actual:
        return False  # where the page shows nothing, not even an empty line is printed
    expected, actual = order.settled(_trim(expected)), order.settled(_trim(actual))
    if expected == actual and not (substitutions or asked or any(map(_needs_pattern, expected))):
        return True
    segments: list[list[Pattern]] = [[]]
    for pattern in _compile(expected, substitutions, asked):
        if pattern is None:
            segments.append([])
        else:
            segments[-1].append(pattern)
    return _Matcher(segments, [line.rstrip() for line in actual], bindings).run()


def _compile(
    lines: Sequence[str], substitutions: tuple[Substitution, ...], asked: tuple[Rule, ...]
) -> list[Pattern | None]:
    """Return a pattern for each line, None for a gap.

    Where nothing of all the lines varies, no table pads to the width of what does: then the number
    of spaces counts, too.
    """
    patterns = [
        None if line.strip() == GAP else compile_line(line, substitutions, asked) for line in lines
    ]
    if substitutions or any(pattern is None or pattern.varies for pattern in patterns):
        return patterns
    return [Pattern(line.rstrip().expandtabs(), ()) for line in lines]


def _needs_pattern(line: str) -> bool:
    return GAP in line or bool(volatile.find(line))


def _trim(lines: Sequence[str]) -> list[str]:
    """Leave out blank lines at the end, which part the steps on a page."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return list(lines[:end])


class _Matcher:
    """Matches segments of lines, any number of lines between them, trying all places in turn."""

    def __init__(
        self, segments: list[list[Pattern]], actual: list[str], bindings: Bindings
    ) -> None:
        self.segments = segments
        self.actual = actual
        self.bindings = bindings
        self.attempts = 0

    def run(self) -> bool:
        first, *rest = self.segments
        mark = self.bindings.mark()
        if not rest:
            done = len(first) == len(self.actual) and self._at(first, 0)
        else:
            done = (
                len(first) <= len(self.actual) and self._at(first, 0) and self._rest(1, len(first))
            )
        if not done:
            self.bindings.rollback(mark)
        return done

    def _rest(self, index: int, position: int) -> bool:
        segment = self.segments[index]
        if index == len(self.segments) - 1:
            start = len(self.actual) - len(segment)
            return start >= position and self._at(segment, start)
        for start in range(position, len(self.actual) - len(segment) + 1):
            mark = self.bindings.mark()
            if self._at(segment, start):
                if self._rest(index + 1, start + len(segment)):
                    return True
                if not any(pattern.binds for pattern in segment):
                    break  # a later place leaves less for the rest, and changes nothing else
            self.bindings.rollback(mark)
            if self.attempts > _MOST_ATTEMPTS:
                break
        return False

    def _at(self, segment: list[Pattern], start: int) -> bool:
        mark = self.bindings.mark()
        for offset, pattern in enumerate(segment):
            self.attempts += 1
            if not pattern.match(self.actual[start + offset], self.bindings):
                self.bindings.rollback(mark)
                return False
        return True


def merge(
    expected: Sequence[str],
    actual: Sequence[str],
    bindings: Bindings,
    substitutions: tuple[Substitution, ...] = (),
    asked: tuple[Rule, ...] = (),
) -> list[int | str]:
    """Return what the page would have to show for this run.

    Lines that agree stay as the page has them; ``…`` stays where it still stands for something
    between lines of the page; other lines are the run's, its live values put back into the page's.

    Args:
        expected: The page's lines.
        actual: The run's lines.
        bindings: What is bound; what the lines that stay bind is added.
        substitutions: See :func:`compile_line`.
        asked: Likewise.

    Returns:
        For each line either the index of the page's line that stays, or a new line.
    """
    if not expected:
        return [_back(line.rstrip(), bindings, substitutions) for line in actual]
    end = len(_trim(expected))
    actual = [line.rstrip() for line in _trim(actual)]
    patterns = _compile(expected[:end], substitutions, asked)
    out: list[int | str] = []
    anchors = [
        (-1, -1),
        *(
            (e, a)
            for e, a in _common(patterns, actual, bindings)
            # What stays on the page binds: the run's lines are put into the page's own values.
            if (pattern := patterns[e]) and pattern.match(actual[a], bindings)
        ),
        (end, len(actual)),
    ]
    for (e0, a0), (e1, a1) in pairwise(anchors):
        new = [_back(line, bindings, substitutions) for line in actual[a0 + 1 : a1]]
        out += _chunk(expected, range(e0 + 1, e1), new)
        if e1 < end:
            out.append(e1)
    return out + list(range(end, len(expected)))


def apply(merged: Sequence[int | str], shown: Sequence[str]) -> list[str]:
    """Return the lines that a merge comes to, those that stay taken from ``shown``."""
    return [shown[line] if isinstance(line, int) else line for line in merged]


def _back(line: str, bindings: Bindings, substitutions: tuple[Substitution, ...]) -> str:
    for substitution in substitutions:
        line = re.sub(
            rf"(?<![0-9A-Za-z]){re.escape(substitution.run)}(?![0-9A-Za-z])",
            substitution.page,
            line,
        )
    return bindings.to_page(line)


def _chunk(expected: Sequence[str], indices: range, actual: list[str]) -> list[int | str]:
    """Merge lines of which none agree; those before and after a gap are replaced one by one."""
    gaps = [n for n in indices if expected[n].strip() == GAP]
    if not gaps:
        return list(actual)
    before, after = gaps[0] - indices.start, indices.stop - 1 - gaps[-1]
    if len(actual) < before + after:
        return [*actual]
    return [*actual[:before], gaps[0], *actual[len(actual) - after :]]


def _common(
    patterns: Sequence[Pattern | None], actual: Sequence[str], bindings: Bindings
) -> Iterator[tuple[int, int]]:
    """Yield the places of a longest common subsequence of the page's lines and the run's."""
    rows, columns = len(patterns), len(actual)
    if rows * columns > _MOST_CELLS:
        return
    agree = [[False] * columns for _ in range(rows)]
    for e, pattern in enumerate(patterns):
        if pattern is not None:
            for a, line in enumerate(actual):
                mark = bindings.mark()
                agree[e][a] = pattern.match(line, bindings)
                bindings.rollback(mark)
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for e in reversed(range(rows)):
        for a in reversed(range(columns)):
            best[e][a] = (
                best[e + 1][a + 1] + 1 if agree[e][a] else max(best[e + 1][a], best[e][a + 1])
            )
    e = a = 0
    while e < rows and a < columns:
        if agree[e][a]:
            yield e, a
            e, a = e + 1, a + 1
        elif best[e + 1][a] >= best[e][a + 1]:
            e += 1
        else:
            a += 1
