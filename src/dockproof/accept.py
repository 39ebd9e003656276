"""Rewrite a page and its twins to show what a run printed, when that changed for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockproof import blocks, compare
from dockproof.errors import PageError, Place
from dockproof.results import Status
from dockproof.session import is_command, is_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dockproof.blocks import Block, Blocks
    from dockproof.config import Config
    from dockproof.results import BlockResult, StepResult
    from dockproof.runs import Runs


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines of a file, from 1, ``end`` not included, and what replaces them."""

    start: int
    end: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What an acceptance would change.

    Attributes:
        edits: The edits by file.
        left: The steps that it can't change: wrong statuses, timeouts.
        before: The files as they were when the run began; the edits are theirs.
    """

    edits: dict[Path, list[Edit]]
    left: list[tuple[BlockResult, StepResult]]
    before: dict[Path, bytes]


def accept(path: Path, config: Config, runs: Runs) -> Accepted:
    """Run the page at ``path`` and work out what it and its twins would have to show.

    Args:
        path: The page.
        config: The site.
        runs: Runs it.

    Returns:
        The edits by file, not yet made, and what is left to mend by hand.

    Raises:
        PageError: A page can't be read, a twin has other blocks, or a line to change stands in an
            included file.
        LabError: The lab can't be had, or broke.
    """
    present = [twin for twin in config.twins_of(path).values() if twin.is_file()]
    before = {file: file.read_bytes() for file in {path, *present}}
    page = blocks.load(path, config)
    twins = {twin: blocks.load(twin, config) for twin in present}
    twins.setdefault(path, page)
    for twin in twins.values():
        _same_shape(page, twin)
    runs.need(page, len(page.blocks) - 1)
    edits: dict[Path, list[Edit]] = {file: [] for file in twins}
    left: list[tuple[BlockResult, StepResult]] = []
    # All of the page is run first: a line to change may have an id that only a later line tells of.
    results = [runs.result(page, index) for index in range(len(page.blocks))]
    ids_to_page = runs.runner(page).ids_to_page
    for index, result in enumerate(results):
        for failed in result.failures:
            if failed.status not in {Status.OUTPUT, Status.EXIT}:
                left.append((result, failed))
                continue
            if failed.exit not in {None, failed.wanted}:
                # What a command prints when it goes wrong isn't what the page is to show.
                left.append((result, failed))
                continue
            for file, twin in twins.items():
                edit = _edit(failed, result.block, twin.blocks[index], twin, ids_to_page)
                if edit is not None:
                    edits[file].append(edit)
    return Accepted(edits, left, before)


def write(accepted: Accepted, config: Config) -> None:
    """Make the edits; each file is replaced at once, so that an interruption loses nothing.

    Raises:
        PageError: A file was saved while its page ran, so that the edits aren't for what it says
            now; nothing is written.
    """
    for file, changes in accepted.edits.items():
        if changes and file.read_bytes() != accepted.before[file]:
            raise PageError(
                Place(config.shown(file), 1),
                "the page was saved while it ran, so that nothing was written",
                "run it again",
            )
    for file, changes in accepted.edits.items():
        if not changes:
            continue
        text = accepted.before[file].decode("utf-8")
        ends = "\r\n" if "\r\n" in text else "\n"
        lines = text.replace("\r\n", "\n").split("\n")
        for edit in sorted(changes, key=lambda e: e.start, reverse=True):
            lines[edit.start - 1 : edit.end - 1] = edit.lines
        aside = file.with_name(f".{file.name}.new")
        aside.write_bytes(ends.join(lines).encode())
        aside.replace(file)


def _same_shape(page: Blocks, twin: Blocks) -> None:
    shape = [(b.kind, [(s.command, s.node) for s in b.steps]) for b in page.blocks]
    other = [(b.kind, [(s.command, s.node) for s in b.steps]) for b in twin.blocks]
    if shape != other:
        raise PageError(
            twin.place(1),
            f"its blocks differ from {page.path}'s",
            "make the two pages' commands the same first; `dockproof twins` says where they differ",
        )


def _edit(
    failed: StepResult, ran: Block, block: Block, page: Blocks, ids_to_page: Callable[[str], str]
) -> Edit | None:
    step = block.steps[ran.steps.index(failed.step)]
    own = [line.text for line in step.expected]
    shown = own if len(own) == len(failed.expected) else list(failed.expected)
    merged = [line if isinstance(line, int) else ids_to_page(line) for line in failed.merged]
    new = compare.apply(merged, shown)
    if new == own:
        return None
    start = step.expected[0].number if step.expected else step.end + 1
    end = step.expected[-1].number + 1 if step.expected else start
    if end - start != len(own):
        raise PageError(
            page.place(start),
            "the output stands in an included file",
            "write the session into the page itself",
        )
    for line in (line for line in merged if isinstance(line, str)):
        if is_command(line) or is_key(line) or line.lstrip().startswith(("```", "~~~")):
            raise PageError(
                page.place(step.number),
                f"the run printed `{line}`, which the page would take for something else",
                "write `…` where that line would stand",
            )
    return Edit(start, end, tuple(f"{block.fence.prefix}{line}".rstrip() for line in new))
