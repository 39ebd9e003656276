"""Rules for a column of a table whose columns the command itself names."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from dockproof.volatile import numbers, processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockproof.volatile.rule import Rule

_RULES = {rule.name: rule for rule in (*numbers.RULES, *processes.RULES)}
# `ps -o pid,ppid,comm`, `docker top web -o user,pid,cmd`
_LIST = re.compile(r"\b(?:ps|top)\b[^|;&\n]*? -\w*o[ =]?'?(?P<columns>[\w%,=]+)")
# `docker inspect -f '{{.Name}} {{.State.Pid}}'`, `stat -c '%n %i'`
_FORMAT = re.compile(
    r"(?:(?:-f|--format)[ =]|\bstat (?:\S+ )*?(?:-c|--format=)[ ]?|-printf )"
    r"(?:(?P<quote>['\"])(?P<quoted>(?:(?!(?P=quote)).)*)(?P=quote)|(?P<bare>[^\s'\"]+))"
)
_SPACED = {"args", "cmd", "comm", "command", "ucmd"}
"""Columns whose values may have spaces, so that what stands behind them can't be counted."""
_PIDS = {"pid", "ppid", "pgid", "sid", "spid", "tid"}


def asked(command: str) -> Iterator[Rule]:
    """Yield a rule for each column of process numbers or inodes that a command asks for."""
    for match in _LIST.finditer(command):
        for number, name in enumerate(match["columns"].lower().split(",")):
            column = name.partition("=")[0]
            if column in _SPACED:
                break
            if column in _PIDS:
                yield _in_column("PID", number)
    for match in _FORMAT.finditer(command):
        columns = match["quoted"] or match["bare"] or ""
        for number, word in enumerate(re.sub(r"\\[tn]", " ", columns).split()):
            if re.fullmatch(r"\{\{ *\.State\.Pid *\}\}", word):
                yield _in_column("PID", number)
            elif word == "%i":
                yield _in_column("inode", number)


@cache
def _in_column(name: str, column: int) -> Rule:
    """Return the rule of that name for what stands in a column, 0 the first, whatever is there."""
    return replace(
        _RULES[name],
        page=rf"^ *(?:\S+ +){{{column}}}(?P<value>\d+)(?=\s|$)",
        run=r"\d+",
        first=True,
    )
