"""Words that programs choose by chance."""

from __future__ import annotations

from dockproof.volatile.rule import Rule

RULES = (
    Rule(
        name="fingerprint",
        reason="the key that it is of was drawn at random",
        page=r"(?<=SHA256:)[A-Za-z0-9+/]{43}(?![A-Za-z0-9+/])",
        sample=(
            "256 SHA256:0q8Zt1mJx0w1vG1jv9JkV7oGdYt0mXb4sF2xq1nC3dE you@node1 (ED25519)",
            "256 SHA256:Zk2uX9bQ7w3hR5tY1pL8sD4fG6jK0cV2nM3aE5rT7yU you@node1 (ED25519)",
        ),
        near_miss=(
            "256 SHA256:0q8Zt1mJx0w1vG1jv9JkV7oGdYt0mXb4sF2xq1nC3dE you@node1 (ED25519)",
            "256 SHA256:0q8Zt1mJx0w1vG1jv9JkV7oGdYt0mXb4sF2xq1nC3d you@node1 (ED25519)",
        ),
        live="fingerprint",
    ),
    Rule(
        name="empty directory",
        reason="buildx makes one of a random name where a build has no context",
        page=r"(?<=/empty-dir)\d+(?=/)",
        sample=("tmp/empty-dir2059900191/Dockerfile:2", "tmp/empty-dir731/Dockerfile:2"),
        near_miss=("tmp/empty-dir2059900191/Dockerfile:2", "tmp/empty-dir731/Dockerfile:3"),
    ),
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
