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
        prompt = text[: text.find(command)] if offset == 0 or text.startswith("> ") else ""
        yield Row(f"{prompt}{command}", min(step.number + offset, step.end), typed=True)
    texts = [line.text for line in step.expected]
    goes_on = False
    parts = list(lexer.parts("\n".join([*shown, *texts])))[len(shown) :]
    for line, part in zip(step.expected, parts, strict=False):
        typed = part.kind == "command" and (goes_on or part.prompt not in {"", "> "})
        text = f"{part.prompt}{session.strip_comment(part.text)}" if typed else line.text.rstrip()
        yield Row(text.rstrip(), line.number, typed=part.kind != "output")
        goes_on = typed and part.text.endswith("\\")
