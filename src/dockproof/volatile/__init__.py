"""The registry of volatile values: one named rule for each kind.

To add a rule, write it into the module of its kind with a reason, a sample that matches and a near
miss that doesn't; the unit tests run both.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain

from dockproof.volatile import ids, messages, names, network, processes, sizes, times
from dockproof.volatile.rule import Rule

__all__ = ["RULES", "Rule", "find"]

# The order decides where two rules could begin at the same character.
RULES: tuple[Rule, ...] = tuple(
    chain(
        ids.RULES,
        times.RULES,
        network.RULES,
        processes.RULES,
        names.RULES,
        sizes.RULES,
        messages.RULES,
    ),
)

_ANY = re.compile("|".join(f"(?P<r{n}>{rule.page})" for n, rule in enumerate(RULES)))


@lru_cache(maxsize=8192)
def find(text: str) -> tuple[tuple[int, int, Rule], ...]:
    """Return the volatile values in a page's line: where each starts and ends, and its rule."""
    return tuple(
        (match.start(), match.end(), RULES[int((match.lastgroup or "r0")[1:])])
        for match in _ANY.finditer(text)
        if match.end() > match.start()
    )
