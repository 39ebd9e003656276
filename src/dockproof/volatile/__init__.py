"""The registry of volatile values: one named rule for each kind.

To add a rule, write it into the module of its kind with a reason, a sample that matches and a near
miss that doesn't; the unit tests run both.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain

from dockproof.volatile import ids, messages, names, network, numbers, processes, sizes, times
from dockproof.volatile.rule import Rule

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


@lru_cache(maxsize=8192)
def asked(command: str) -> tuple[Rule, ...]:
    """Return the rules that hold for what this command prints, beside those that always do."""
    return tuple(rule for expression, rule in _ASKED if expression.search(command))


@lru_cache(maxsize=8192)
def find(text: str, asked: tuple[Rule, ...] = ()) -> tuple[tuple[int, int, Rule], ...]:
    """Return the volatile values in a page's line: where each starts and ends, and its rule.

    Args:
        text: The line.
        asked: What :func:`asked` says of its step's command.
    """
    found = [
        (match.start(), match.end(), _ALONE[int((match.lastgroup or "r0")[1:])])
        for match in _ANY.finditer(text)
        if match.end() > match.start()
    ]
    for rule in asked:
        for match in re.finditer(rule.page, text):
            if not any(start < match.end() and match.start() < end for start, end, _ in found):
                found.append((match.start(), match.end(), rule))
    return tuple(sorted(found, key=lambda value: value[:2]))
