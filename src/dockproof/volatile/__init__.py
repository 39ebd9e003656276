"""The registry of volatile values: one named rule for each kind.

To add a rule, write it into the module of its kind with a reason, a sample that matches and a near
miss that doesn't; the unit tests run both.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from dockproof.volatile import (
    columns,
    ids,
    messages,
    names,
    network,
    numbers,
    processes,
    sizes,
    times,
)
from dockproof.volatile.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RULES", "Rule", "asked", "find"]

# The order decides where two rules could begin at the same character.
RULES: tuple[Rule, ...] = tuple(
    chain(
        ids.RULES,
        times.RULES,
        network.RULES,
        processes.RULES,
        names.RULES,
        numbers.RULES,
        sizes.RULES,
        messages.RULES,
    ),
)

_ALONE = tuple(rule for rule in RULES if not rule.command)
_ANY = re.compile("|".join(f"(?P<r{n}>{rule.page})" for n, rule in enumerate(_ALONE)))
_ASKED = tuple((re.compile(rule.command), rule) for rule in RULES if rule.command)
# What makes other numbers of those that a command prints.
_RECKONS = re.compile(r"\bwc\b|\bgrep -\w*c|\buniq -\w*c|\b(?:awk|bc|cut|expr|nl)\b|\$\(\(")


@lru_cache(maxsize=8192)
def asked(command: str) -> tuple[Rule, ...]:
    """Return the rules that hold for what this command prints, beside those that always do."""
    if _RECKONS.search(command):
        return ()
    return (
        *(rule for expression, rule in _ASKED if expression.search(command)),
        *columns.asked(command),
    )


@lru_cache(maxsize=8192)
def find(text: str, asked: tuple[Rule, ...] = ()) -> tuple[tuple[int, int, Rule], ...]:
    """Return the volatile values in a page's line: where each starts and ends, and its rule.

    Args:
        text: The line.
        asked: What :func:`asked` says of its step's command.
    """
    always = [
        (match.start(), match.end(), _ALONE[int((match.lastgroup or "r0")[1:])])
        for match in _ANY.finditer(text)
        if match.end() > match.start()
    ]
    found: list[tuple[int, int, Rule]] = []
    for values in (_places(text, asked, first=True), always, _places(text, asked, first=False)):
        for start, end, rule in values:
            if not any(other < end and start < stop for other, stop, _ in found):
                found.append((start, end, rule))
    return tuple(sorted(found, key=lambda value: value[:2]))


def _places(text: str, asked: tuple[Rule, ...], *, first: bool) -> Iterator[tuple[int, int, Rule]]:
    for rule in asked:
        if rule.first is first:
            for match in re.finditer(rule.page, text):
                yield *match.span("value" if "value" in match.groupdict() else 0), rule
