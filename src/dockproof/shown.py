"""A block's lines as both languages have to show them: without comments behind commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockproof import lexer, session
from dockproof.errors import PageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockproof.blocks import Block
    from dockproof.markdown import Page
    from dockproof.session import Step


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a block.

    Attributes:
        text: The line without a comment for the reader.
        number: The page's line, from 1.
        typed: Whether the reader types it.
    """

    text: str
    number: int
    typed: bool


def rows(block: Block, page: Page) -> tuple[Row, ...]:
    """Return a block's lines.

    Args:
        block: The block; a session's may be one that is only shown.
        page: Its page.

    Returns:
        A row a line, in order. In a ``console`` block comments are cut off the commands and off
        what is typed at the prompts of programs; any other block's lines are as they are.
    """
    if block.fence.language == "console":
        try:
            steps = block.steps or session.steps(block.fence, page, resumes=None)
        except PageError:
            pass  # shown and not run, and no session by its form either
        else:
            return tuple(row for step in steps for row in _step(step))
    return tuple(Row(line.text, line.number, typed=False) for line in block.fence.body)


def _step(step: Step) -> Iterator[Row]:
    shown = step.shown.split("\n") if step.command is not None else []
    commands = (step.command or "").split("\n")
    for offset, (text, command) in enumerate(zip(shown, commands, strict=False)):
        # What stands before the command: the prompt, or `> ` in a here-document.
        if offset == 0:
            prompt = text[: text.find(command)]
        else:
            prompt = "> " if text == f"> {command}" else ""
        yield Row(f"{prompt}{command}", min(step.number + offset, step.end), typed=True)
    for line, (text, typed) in zip(step.expected, _read(step), strict=True):
        yield Row(text, line.number, typed)


def expected(step: Step) -> list[str]:
    """Return the lines behind a step's command, without comments behind what is typed there."""
    if not any("#" in line.text for line in step.expected):
        return [line.text.rstrip() for line in step.expected]
    return [text for text, _ in _read(step)]


def _read(step: Step) -> Iterator[tuple[str, bool]]:
    """Yield each expected line without its comment, and whether the reader types it."""
    command = step.shown.split("\n") if step.command is not None else []
    texts = [line.text for line in step.expected]
    # A line in the form of a prompt is output where nothing was started that could ask for it.
    asks = step.command is None or lexer.starts_something(step.command)
    goes_on = False
    for part in list(lexer.parts("\n".join([*command, *texts])))[len(command) :]:
        text = f"{part.prompt}{part.text}"
        commented = asks and part.kind == "command" and (goes_on or part.prompt not in {"", "> "})
        if commented:
            text = f"{part.prompt}{session.strip_comment(part.text)}"
        yield text.rstrip(), part.kind == "key" or (asks and part.kind == "command")
        goes_on = commented and part.text.endswith("\\")
