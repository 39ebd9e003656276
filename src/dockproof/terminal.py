"""A page's terminal on one machine: a real one, with a shell that takes commands from a pipe."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pexpect
from pexpect.socket_pexpect import SocketSpawn

from dockproof.screen import COLUMNS, ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockproof.lab import Node
    from dockproof.lab.streams import ExecStream

DRIVER = Path(__file__).parent / "node" / "driver.bash"
_READY = 20.0
"""Seconds that a terminal may take to answer its first command."""
_CHUNK = 65536
_AT_ONCE = 0.001
_SETTLE = 10.0
"""Seconds that a machine may take to settle; one that takes longer shows in what comes next."""


class EndedError(Exception):
    """The shell has ended, or its machine has."""


class NotReadyError(Exception):
    """A new terminal didn't answer."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What there is to a terminal besides what is typed into it and printed on it.

    Attributes:
        send: Writes bytes to the shell's command pipe.
        settle: Comes back when the machine has had the time for a small program of its own, so that
            whatever else could go on there has had its turn, however slow the machine is.
        end: Closes what belongs to the terminal.
    """

    send: Callable[[bytes], None]
    settle: Callable[[], None]
    end: Callable[[], None]


class Terminal:
    """A terminal with the page's shell.

    Args:
        spawn: The terminal, as pexpect sees it.
        beside: The shell's commands, its machine, and its end.
        mark: The word in the marks that the shell prints after each command.
        early: What it has printed already.
    """

    def __init__(
        self,
        spawn: Any,  # noqa: ANN401 - pexpect's two classes share no typed base
        beside: Beside,
        mark: str,
        early: bytes = b"",
    ) -> None:
        """Wait until the shell answers.

        Raises:
            NotReadyError: It doesn't within 20 seconds.
        """
        self._spawn = spawn
        self._beside = beside
        self.mark = re.compile(rb"\x1b_" + mark.encode() + rb";(\d+)\x1b\\")
        self.buffer = bytearray(early)
        self._queue = bytearray()
        self.send(":")
        try:
            while not (match := self.mark.search(self.buffer)):
                self.read(_READY)
        except (pexpect.TIMEOUT, EndedError) as error:
            beside.end()
            raise NotReadyError(
                bytes(self.buffer).decode("utf-8", "replace").strip() or "no answer"
            ) from error
        del self.buffer[: match.end()]

    def queue(self, command: str) -> None:
        """Have the shell run a command after those that it has, once :meth:`flush` is called."""
        self._queue += command.encode() + b"\0"

    def flush(self) -> None:
        """Give the shell what is queued, at once; a shell that has ended shows in :meth:`read`."""
        if self._queue:
            with suppress(OSError):
                self._beside.send(bytes(self._queue))
            self._queue.clear()

    def send(self, command: str) -> None:
        """Give the shell a command to run after those that it has."""
        self.queue(command)
        self.flush()

    def type(self, data: bytes) -> None:
        """Type ``data`` into the program that is running."""
        try:
            self._spawn.send(data)
        except OSError as error:
            raise EndedError from error

    def read(self, timeout: float) -> None:
        """Add what the terminal printed to :attr:`buffer`.

        Args:
            timeout: Seconds to wait for something.

        Raises:
            pexpect.TIMEOUT: Nothing came.
            EndedError: The shell has ended.
        """
        try:
            self.buffer += self._spawn.read_nonblocking(_CHUNK, timeout)
        except (pexpect.EOF, OSError) as error:
            raise EndedError from error

    def settled(self) -> bool:
        """Tell whether nothing more was on its way; else it is in :attr:`buffer` now.

        Silence alone doesn't tell a program that waits from one that wasn't given its turn.

        Raises:
            EndedError: The shell has ended.
        """
        before = len(self.buffer)
        self._beside.settle()
        with suppress(pexpect.TIMEOUT):
            self.read(_AT_ONCE)
        return len(self.buffer) == before

    def close(self) -> None:
        """End the shell and all that runs in it."""
        self._beside.end()


def open_on(node: Node) -> Terminal:
    """Open a terminal on a lab's node, as the ordinary user in the home directory.

    Args:
        node: The machine.

    Raises:
        NotReadyError: The shell doesn't answer.
    """
    mark = f"dockproof-{secrets.token_hex(8)}"
    folder = "/run/dockproof"
    pipe = f"{folder}/{mark}"
    # One exec puts the driver and the pipe in place and then carries the commands.
    start = (
        f"mkdir -p {folder} && cat >{pipe}.driver <<'DOCKPROOF'\n"
        f"{DRIVER.read_text('utf-8')}DOCKPROOF\n"
        f": >{pipe}.jobs && chmod 666 {pipe}.jobs && mkfifo -m 644 {pipe} && exec cat >{pipe}"
    )
    channel = _exec(node, ["sh", "-c", start], tty=False, user="root", environment={})
    wait = (
        f"cd; until [ -p {pipe} ]; do sleep 0.01; done; "
        f"exec bash --noprofile --noediting --rcfile {pipe}.driver -i"
    )
    environment = {
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "HOME": "/home/you",
        "USER": "you",
        "LOGNAME": "you",
        "SHELL": "/bin/bash",
        **_driver_environment(pipe, mark),
    }
    screen = _exec(node, ["sh", "-c", wait], tty=True, user="you", environment=environment)
    spawn = SocketSpawn(screen.connection, use_poll=True)

    def end() -> None:
        channel.close()
        screen.close()

    def settle() -> None:
        from dockproof.lab import LabError  # noqa: PLC0415 - imports the SDK, as the node has

        with suppress(LabError):
            node.run(["true"], timeout=_SETTLE)

    beside = Beside(channel.connection.sendall, settle, end)
    return Terminal(spawn, beside, mark, early=screen.early)


def open_locally(folder: Path) -> Terminal:
    """Open a terminal on this machine, in ``folder``; for measuring the harness without a lab."""
    mark = f"dockproof-{secrets.token_hex(8)}"
    state = Path(tempfile.mkdtemp(prefix="dockproof-"))
    pipe = state / "pipe"
    os.mkfifo(pipe)
    spawn: Any = pexpect.spawn(  # the types don't know of ptyproc
        "bash",
        ["--noprofile", "--noediting", "--rcfile", str(DRIVER), "-i"],
        env={**os.environ, **_driver_environment(str(pipe), mark)},
        cwd=str(folder),
        dimensions=(ROWS, COLUMNS),
        preexec_fn=hear_ctrl_c,
    )
    spawn.delaybeforesend = None
    spawn.ptyproc.delayafterclose = 0
    writer = os.open(pipe, os.O_WRONLY)

    def end() -> None:
        with suppress(OSError):
            os.close(writer)
        spawn.kill(signal.SIGKILL)  # the terminal's other programs are hung up with the shell
        spawn.wait()
        spawn.close()
        shutil.rmtree(state, ignore_errors=True)

    def settle() -> None:
        subprocess.run(["true"], check=True)

    return Terminal(spawn, Beside(lambda data: _write_all(writer, data), settle, end), mark)


def hear_ctrl_c() -> None:
    """Let a process that is being started be ended by Ctrl-C, whatever it has inherited.

    What a script begins in its background ignores Ctrl-C, and so would all that it starts.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _driver_environment(pipe: str, mark: str) -> dict[str, str]:
    return {
        "DOCKPROOF_PIPE": pipe,
        "DOCKPROOF_MARK": mark,
        "DOCKPROOF_ROWS": str(ROWS),
        "DOCKPROOF_COLUMNS": str(COLUMNS),
    }


def _exec(
    node: Node, command: list[str], *, tty: bool, user: str, environment: dict[str, str]
) -> ExecStream:
    """Start a command on a node, with an input."""
    from dockproof.lab.streams import DETACH_KEYS, ExecStream  # noqa: PLC0415 - imports the SDK, as the node has

    api = node.client.api
    created = api.exec_create(
        node.container.id or "",
        command,
        stdin=True,
        tty=tty,
        user=user,
        environment=environment,
        detach_keys=DETACH_KEYS,
    )
    return ExecStream(api, created["Id"], tty=tty)
