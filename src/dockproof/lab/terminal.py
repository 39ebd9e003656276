"""A person's own shell on a lab machine: standard input and output joined to a terminal there."""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
import termios
import tty
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from docker.errors import APIError

from dockproof.lab.streams import DETACH_KEYS, ExecStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockproof.lab.machines import Node

_CHUNK = 65536


@contextmanager
def _raw_terminal(file: int) -> Iterator[None]:
    before = termios.tcgetattr(file)
    tty.setraw(file)
    try:
        yield
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)


def _pump(stream: ExecStream) -> None:
    """Copy both ways until the shell ends."""
    connection = stream.connection
    os.write(sys.stdout.fileno(), stream.early)
    sources: list[Any] = [connection, sys.stdin.fileno()]
    while True:
        for ready in select.select(sources, [], [])[0]:
            if ready is connection:
                data = connection.recv(_CHUNK)
                if not data:
                    return
                os.write(sys.stdout.fileno(), data)
            else:
                data = os.read(sys.stdin.fileno(), _CHUNK)
                if data:
                    connection.sendall(data)
                else:
                    sources.remove(ready)
                    connection.sendall(b"\x04")


def open_shell(node: Node, user: str = "you") -> int:
    """Run a login shell on a lab machine, on this process's terminal, until it ends.

    Commands may also come from a pipe; they then echo as if they were typed.

    Args:
        node: The machine.
        user: Whose shell.

    Returns:
        The shell's exit status.
    """
    api = node.client.api
    made = api.exec_create(
        node.container.id or "",
        ["bash", "--login"],
        stdin=True,
        tty=True,
        user=user,
        workdir=f"/home/{user}",
        environment={"TERM": os.environ.get("TERM") or "xterm"},
        detach_keys=DETACH_KEYS,
    )["Id"]
    stream = ExecStream(api, made, tty=True)

    def resize(*_signal: object) -> None:
        columns, lines = shutil.get_terminal_size()
        with suppress(APIError):
            api.exec_resize(made, height=lines, width=columns)

    resize()
    if sys.stdin.isatty():
        previous = signal.signal(signal.SIGWINCH, resize)
        try:
            with _raw_terminal(sys.stdin.fileno()):
                _pump(stream)
        finally:
            signal.signal(signal.SIGWINCH, previous)
    else:
        _pump(stream)
    stream.close()
    return int(api.exec_inspect(made)["ExitCode"] or 0)
