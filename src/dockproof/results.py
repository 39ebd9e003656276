"""What came of running a page's steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dockproof.bindings import Substitution
    from dockproof.blocks import Block
    from dockproof.session import Step


class Status(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    OUTPUT = "the output differs"
    EXIT = "the exit status differs"
    TIMEOUT = "it didn't end in time"
    RUNNING = "it ended, though the page says that it is still running"
    FLOOD = "it printed too much"
    SHELL = "it ended the page's shell"
    INPUT = "the page's input couldn't be typed"
    FILE = "the file can't be saved"
    AMBIGUOUS = "an id is ambiguous"
    BLOCKED = "blocked"


STOPPING = frozenset({Status.TIMEOUT, Status.FLOOD, Status.SHELL, Status.INPUT, Status.FILE})
"""After these the page's later steps can't be run."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came of one step.

    Attributes:
        step: The step.
        status: How it ended.
        expected: The lines that the page shows, as the terminal would have them.
        actual: The lines that the terminal had.
        merged: What the page would have to show; see :func:`dockproof.compare.merge`.
        exit: The exit status, or None where there is none.
        wanted: The exit status that the page wants.
        seconds: How long it took.
        detail: What else there is to say.
        substitutions: The words of the command that were run as other words.
    """

    step: Step
    status: Status
    expected: tuple[str, ...] = ()
    actual: tuple[str, ...] = ()
    merged: tuple[int | str, ...] = ()
    exit: int | None = None
    wanted: int = 0
    seconds: float = 0.0
    detail: str = ""
    substitutions: tuple[Substitution, ...] = ()


@dataclass(slots=True)
class BlockResult:
    """What came of one block.

    Attributes:
        block: The block.
        steps: Its steps' results; for a file none, or one that says why it can't be saved.
        seconds: How long it took.
        blocked_by: The result that stopped the page before this block, or None.
        not_run: Why the block was not run though nothing is wrong (an older engine), or empty.
    """

    block: Block
    steps: list[StepResult] = field(default_factory=list)
    seconds: float = 0.0
    blocked_by: StepResult | None = None
    not_run: str = ""

    @property
    def failures(self) -> list[StepResult]:
        """The steps that failed of themselves."""
        return [s for s in self.steps if s.status not in {Status.PASSED, Status.BLOCKED}]

    @property
    def passed(self) -> bool:
        """Whether the block was run and held."""
        return not self.failures and self.blocked_by is None and not self.not_run
