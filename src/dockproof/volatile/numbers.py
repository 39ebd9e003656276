"""Numbers that the kernel and programs hand out as they come, and salts."""

from __future__ import annotations

from dockproof.volatile.rule import Rule

RULES = (
    Rule(
        name="inode",
        reason="the file system numbers its files as they come",
        page=r"(?<=\bInode: )\d+\b",
        sample=("Device: 0,75  Inode: 917612  Links: 1", "Device: 0,75  Inode: 23  Links: 1"),
        near_miss=(
            "Device: 0,75  Inode: 917612  Links: 1",
            "Device: 0,75  Inode: 917612  Links: 2",
        ),
        live="inode",
    ),
    Rule(
        name="inode asked for",
        reason="a command that prints numbers of files; the file system gives them as they come",
        page=r"^ *\d+(?= |$)",
        command=r"\bls -\w*i|\bfind .*-ls\b",
        sample=(" 917612 -rw-r--r-- 2 you you a", " 23 -rw-r--r-- 2 you you a"),
        near_miss=(" 917612 -rw-r--r-- 2 you you a", " 917612 -rw-r--r-- 1 you you a"),
        live="inode",
    ),
    Rule(
        name="address in memory",
        reason="where an object lies differs from run to run",
        page=r"(?<= at )0x[0-9a-f]{6,16}\b",
        sample=("<object object at 0x7f3a5c0d4e10>", "<object object at 0x7fb2911c8d30>"),
        near_miss=("<object object at 0x7f3a5c0d4e10>", "<class object at 0x7f3a5c0d4e10>"),
        live="address in memory",
    ),
    Rule(
        name="bcrypt",
        reason="each hash of a password has a salt of its own, drawn at random",
        page=r"(?:(?<=\$2[aby]\$0\d\$)|(?<=\$2[aby]\$1\d\$))[./0-9A-Za-z]{53}(?![./0-9A-Za-z])",
        sample=(
            "you:$2y$05$LTrj8qV5vXH5GoF8k5nYQOv5iyzs1kD6dU8B9hYv1hI0kNqWb2c3K",
            "you:$2y$05$Zx0.Q3bq1mXk7yq0wYH2UeN6x8Qz0lYtW5pR4sV3uT2aBcDeFgHiJ",
        ),
        near_miss=(
            "you:$2y$05$LTrj8qV5vXH5GoF8k5nYQOv5iyzs1kD6dU8B9hYv1hI0kNqWb2c3K",
            "you:$2y$10$LTrj8qV5vXH5GoF8k5nYQOv5iyzs1kD6dU8B9hYv1hI0kNqWb2c3K",
        ),
    ),
)
