"""What can be wrong with a page, with its place and its mend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a page.

    Attributes:
        path: The page's path, as it is to be shown.
        line: The line's number, from 1.
    """

    path: Path
    line: int

    def __str__(self) -> str:
        """Return ``path:line``, the form that editors open."""
        return f"{self.path}:{self.line}"


class PageError(Exception):
    """A page that can't be read as it stands: bad input, found before anything runs.

    Args:
        place: Where the mistake is.
        what: What is wrong, in one sentence without a full stop.
        mend: What to do about it.
    """

    def __init__(self, place: Place, what: str, mend: str) -> None:
        """Keep the parts, and make the one message of them."""
        super().__init__(f"{place}: {what}: {mend}")
        self.place = place
        self.what = what
        self.mend = mend


class ConfigError(Exception):
    """``[tool.dockproof]`` is missing or says something that can't be."""


class SaveError(Exception):
    """A machine that is sound refuses to save a page's file; the message is the machine's."""


class LedgerError(Exception):
    """A ledger's file can't be understood; the message names it and says what to do."""
