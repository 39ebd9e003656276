"""Whether a run printed what the page shows, and what the page would have to show instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from dockproof import volatile
from dockproof.session import GAP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockproof.bindings import Bindings, Substitution
    from dockproof.volatile import Rule

_SPACES = re.compile(r"( +)")
_MOST_ATTEMPTS = 200_000
_MOST_CELLS = 250_000


@dataclass(frozen=True, slots=True)
class Pattern:
    """A page's line, ready to be matched: an expression with one group for each volatile value."""

    text: str
    expression: re.Pattern[str] | None
    slots: tuple[tuple[str, Rule], ...]

    def match(self, actual: str, bindings: Bindings) -> bool:
        """Tell whether ``actual`` agrees, and bind the live values of the two lines if it does."""
        if self.expression is None:
            return self.text == actual
        match = self.expression.fullmatch(actual)
        if match is None:
            return False
        mark = bindings.mark()
        for group, (page, rule) in enumerate(self.slots, 1):
            run = match[group]
            if (rule.accept and not rule.accept(page, run)) or (
                rule.live and not bindings.bind(rule.live, page, run)
            ):
                bindings.rollback(mark)
                return False
        return True


@lru_cache(maxsize=8192)
def compile_line(text: str, substitutions: tuple[Substitution, ...] = ()) -> Pattern:
    """Return the pattern for a page's line.

    Args:
        text: The line; ``…`` in it stands for any run of characters, and of two or more spaces in a
            row the number doesn't count, since tables pad to the width of what varies.
        substitutions: Words of the step's command that were run as other words, and may be printed.
    """
    text = text.rstrip()
    found = list(volatile.find(text))
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
        return Pattern(text, None, ())
    expression: list[str] = []
    slots: list[tuple[str, Rule]] = []
    end = 0
    for start, stop, piece in sorted(pieces, key=lambda p: p[:2]):
        if start < end:
            continue
        expression.append(_literal(text[end:start], first=end == 0, before=True, after=end > 0))
        if piece is None:
            expression.append(".*")
        elif isinstance(piece, volatile.Rule):
            expression.append(f"({piece.run_pattern(text[start:stop])})")
            slots.append((text[start:stop], piece))
        else:
            expression.append(re.escape(piece.run))
        end = stop
    expression.append(_literal(text[end:], first=end == 0, before=False, after=end > 0))
    return Pattern(text, re.compile("".join(expression)), tuple(slots))


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
) -> bool:
    """Tell whether a run's lines are what the page's lines say.

    Args:
        expected: The page's lines; ``…`` alone stands for any number of lines, also none.
        actual: The run's lines.
        bindings: The page's bindings; what the two sides newly bind is added where they agree.
        substitutions: See :func:`compile_line`.
    """
    expected, actual = _trim(expected), _trim(actual)
    if expected == actual and not any(_needs_pattern(line) for line in expected):
        return True
    segments: list[list[Pattern]] = [[]]
    for line in expected:
        if line.strip() == GAP:
            segments.append([])
        else:
            segments[-1].append(compile_line(line, substitutions))
    return _Matcher(segments, [line.rstrip() for line in actual], bindings).run()


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
            if self._at(segment, start) and self._rest(index + 1, start + len(segment)):
                return True
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
) -> list[int | str]:
    """Return what the page would have to show for this run.

    Lines that agree stay as the page has them; ``…`` stays where it still stands for something
    between lines of the page; other lines are the run's, its live values put back into the page's.

    Args:
        expected: The page's lines.
        actual: The run's lines.
        bindings: What is bound; left as it is.
        substitutions: See :func:`compile_line`.

    Returns:
        For each line either the index of the page's line that stays, or a new line.
    """
    end = len(_trim(expected))
    actual = [line.rstrip() for line in _trim(actual)]
    out: list[int | str] = []
    anchors = [
        (-1, -1),
        *_common(expected[:end], actual, bindings, substitutions),
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
    expected: Sequence[str],
    actual: Sequence[str],
    bindings: Bindings,
    substitutions: tuple[Substitution, ...],
) -> Iterator[tuple[int, int]]:
    """Yield the places of a longest common subsequence of the two."""
    patterns = [
        None if line.strip() == GAP else compile_line(line, substitutions) for line in expected
    ]
    if len(expected) * len(actual) > _MOST_CELLS:
        return
    rows, columns = len(expected), len(actual)
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
