"""Words that programs choose by chance."""

from __future__ import annotations

from dockproof.volatile.rule import Rule

RULES = (
    Rule(
        name="side of a failed build",
        # BuildKit's client waits for the solver and for the function that asked it, and names the
        # one that it hears of first; the second is seen on a busy machine.
        reason="the client names whichever of its two halves hears of a build's failure first",
        page=r"(?<=^ERROR: failed to build: )failed to (?:solve|run Build function)(?=: )",
        sample=(
            "ERROR: failed to build: failed to solve: mkdir /app: not a directory",
            "ERROR: failed to build: failed to run Build function: mkdir /app: not a directory",
        ),
        near_miss=(
            "ERROR: failed to build: failed to solve: mkdir /app: not a directory",
            "ERROR: failed to build: failed to run Build function: mkdir /srv: not a directory",
        ),
    ),
)
