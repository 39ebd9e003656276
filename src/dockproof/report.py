"""Last stage of a run: the text that says what failed, where, and how it differs."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dockproof import compare
from dockproof.results import STOPPING, Status

if TYPE_CHECKING:
    from dockproof.blocks import Block, Blocks
    from dockproof.results import BlockResult, StepResult
    from dockproof.session import Step

_HUNK = re.compile(r"^@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@")
_LONGEST_DIFF = 200
_WITH_EXIT = {Status.EXIT, *STOPPING} - {Status.INPUT, Status.FILE}


def failure(result: BlockResult, page: Blocks, block: Block) -> str:
    """Return the text for a block that failed.

    Args:
        result: What came of the block, perhaps as its twin.
        page: The page to report on.
        block: The block as that page has it.

    Returns:
        For each step that failed: ``path:line`` of the step, the nearest heading, the command, the
        exit statuses and a unified diff whose line numbers are the page's.
    """
    texts = [step_failure(step, result, page, block) for step in result.failures]
    blocked = sum(step.status is Status.BLOCKED for step in result.steps)
    if blocked:
        texts.append(
            f"{blocked} later step{'s' if blocked > 1 else ''} of this block blocked by it"
        )
    return "\n\n".join(texts)


def step_failure(step: StepResult, ran: BlockResult, page: Blocks, block: Block) -> str:
    """Return the text for one step that failed; see :func:`failure`."""
    return _step_failure(step, own_step(step, ran, block), page, block)


def own_step(step: StepResult, ran: BlockResult, block: Block) -> Step:
    """Return the step of ``block``, which may be the twin of the block that was run."""
    if step.status is Status.FILE:
        return replace(step.step, number=block.fence.number)
    return block.steps[ran.block.steps.index(step.step)]


def _step_failure(result: StepResult, step: Step, page: Blocks, block: Block) -> str:
    heading = block.fence.heading
    detail = f": {result.detail}" if result.detail else ""
    lines = [f"{page.place(step.number)}: {result.status}{detail}"]
    if heading is not None:
        anchor = f" (#{heading.id})" if heading.id else ""
        lines.append(f"  under: {'#' * heading.level} {heading.title}{anchor}")
    command = (
        step.shown.split("\n") if step.command is not None else ["(in the program still running)"]
    )
    lines.append(f"  step:  {command[0]}")
    lines += [f"         {line}" for line in command[1:]]
    lines += [f"  run as: `{s.page}` was {s.run}" for s in result.substitutions if s.page != s.run]
    if result.exit is not None or result.status in _WITH_EXIT:
        actual = "none" if result.exit is None else result.exit
        lines.append(f"  exit:  expected {result.wanted}, actual {actual}")
    diff = _diff(result, step, page)
    lines += [f"  {line}" for line in diff[:_LONGEST_DIFF]]
    if len(diff) > _LONGEST_DIFF:
        lines.append(f"  … and {len(diff) - _LONGEST_DIFF} more lines")
    return "\n".join(lines)


def _diff(result: StepResult, step: Step, page: Blocks) -> list[str]:
    """Return a unified diff from the page's lines to the run's, with the page's line numbers."""
    if result.status is Status.EXIT and list(result.merged) == list(range(len(result.expected))):
        return list(result.actual[-10:])
    old = list(result.expected)
    new = compare.apply(result.merged, result.expected)
    if result.status in {Status.TIMEOUT, Status.FLOOD} and old == new:
        return []
    if old == new and result.status is Status.OUTPUT:
        # The run's values were put back into the page's, which they contradict.
        new = list(result.actual)
    first = step.expected[0].number if step.expected else step.end + 1
    diff = list(difflib.unified_diff(old, new, f"{page.path} (the page)", "this run", lineterm=""))
    return [
        _HUNK.sub(
            lambda m: (
                f"@@ -{int(m[1]) + first - 1}{m[2] or ''} +{int(m[3]) + first - 1}{m[4] or ''} @@"
            ),
            line,
        )
        for line in diff
    ]
