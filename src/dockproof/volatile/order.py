"""Lines of programs that do several things at once, and tell of each when it is done."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Each form with why its lines come in any order: BuildKit asks a registry for all base images at
# once; Compose starts, stops and removes side by side.
_AT_ONCE = re.compile(
    r" => (?P<buildkit>\[internal\] load metadata for )"
    r"| [✔✓] (?P<compose>Container|Image|Network|Volume) "
)


def settled(lines: Sequence[str]) -> list[str]:
    """Sort each run of lines whose order is chance; the others stay where they are.

    Args:
        lines: The page's or the run's; both have to be settled to be compared.
    """
    out: list[str] = []
    for form, run in groupby(lines, _form):
        together = list(run)
        out += sorted(together, key=_words) if form else together
    return out


def _form(line: str) -> str:
    match = _AT_ONCE.match(line)
    return (match["buildkit"] or match["compose"]) if match else ""


def _words(line: str) -> list[str]:
    return line.split()[:-1]  # but for the time at the line's end
