"""What a rule for volatile values says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of value that differs from run to run and yet is right.

    A rule with a `command` isn't joined with the others: its `page` may have one group, `value`,
    for the value alone.

    Attributes:
        name: The rule's name, as messages show it.
        reason: Why the value can't be the same in each run.
        page: A regular expression, without capturing groups, for the value where the page shows it.
        sample: A line as a page shows it and one as a run prints it, which agree.
        near_miss: Two lines that look alike and must not agree.
        run: The expression for the value where a run prints it, with ``LENGTH`` for the length of
            the page's value; empty: the same as ``page``.
        live: The space of values within which the page's and the run's are bound one to one for the
            whole page (``"id"`` for object ids, say); empty: each value stands alone. In the space
            ``"process"`` the newest counts, as each container has numbers of its own.
        accept: Further says whether the page's and the run's values agree.
        command: An expression that the step's command contains, for a value that only what was
            asked for tells from another; empty: the line alone tells.
        first: Such a rule takes its values before those that always hold take theirs.
        chosen: A value that the reader typed first stands for itself.
    """

    name: str
    reason: str
    page: str
    sample: tuple[str, str]
    near_miss: tuple[str, str]
    run: str = ""
    live: str = ""
    accept: Callable[[str, str], bool] | None = None
    command: str = ""
    first: bool = False
    chosen: bool = False

    def run_pattern(self, page: str) -> str:
        """Return the expression for the run's value that stands for the page's value ``page``."""
        return (self.run or self.page).replace("LENGTH", str(len(page)))
