"""The connection to a program in a container, without losing its first words.

docker's client reads the engine's answer through a buffer and then hands out the bare socket behind
it. Output that arrives together with the answer's head stays in that buffer, so that now and then a
quick program seems to have printed nothing. Here the buffer is emptied first.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

_CHUNK = 65536
DETACH_KEYS = ",".join(["ctrl-@"] * 4)
"""What would detach us from a program with a terminal: nobody types four zero bytes. By default it
is Ctrl-P Ctrl-Q, which on a page is for a container of the machine's own engine."""
_UPGRADE = {"Connection": "Upgrade", "Upgrade": "tcp"}
_HEAD = struct.Struct(">BxxxL")  # the stream's number and its length, in the engine's API


class Stream:
    """A program in a container, its input and its output.

    Attributes:
        early: What the program had printed when the engine's answer came; comes before all that
            the connection gives.
        connection: A socket for the rest, and for the program's input. Without a terminal the
            output comes in the engine's frames.
    """

    early: bytes
    connection: socket.socket

    def __init__(self, api: APIClient, response: Any) -> None:  # noqa: ANN401 - requests is untyped
        """Take over the connection.

        Args:
            api: The outer engine.
            response: Its answer to the request that the connection goes on from.
        """
        client: Any = api
        self._response = response
        self._stream = client._get_raw_response_socket(response)  # noqa: SLF001
        self.connection = getattr(self._stream, "_sock", self._stream)
        self.early = b""
        buffer = response.raw._fp.fp  # noqa: SLF001
        if hasattr(buffer, "peek"):
            self.connection.settimeout(0)
            with suppress(OSError):  # over TLS, when nothing is there
                self.early = buffer.read1(len(buffer.peek()))
        self.connection.settimeout(None)

    def read(self) -> bytes:
        """Wait for more output; b"" when the program has ended."""
        if self.early:
            data, self.early = self.early, b""
            return data
        return self.connection.recv(_CHUNK)

    def frames(self) -> Iterator[bytes]:
        """Give the output of a program without a terminal, standard output and error as they came.

        Raises:
            TimeoutError: After the connection's timeout, if it was given one.
        """
        rest = b""
        while data := self.read():
            rest += data
            while len(rest) >= _HEAD.size:
                end = _HEAD.size + _HEAD.unpack_from(rest)[1]
                if len(rest) < end:
                    break
                yield rest[_HEAD.size : end]
                rest = rest[end:]

    def close(self) -> None:
        """End the connection; the program may go on."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        for one in (self._response, self._stream, self.connection):
            # The layers close each other's file; which of them is left differs by transport.
            with suppress(OSError, ValueError):
                one.close()


class ExecStream(Stream):
    """A program running in a container, started by this."""

    def __init__(self, api: APIClient, exec_id: str, *, tty: bool = False) -> None:
        """Start what `api.exec_create` has made.

        Args:
            api: The outer engine.
            exec_id: What `exec_create` gave.
            tty: As it was created.
        """
        client: Any = api
        # The same as exec_start, which gives no way to the buffer.
        response = client._post_json(  # noqa: SLF001
            client._url("/exec/{0}/start", exec_id),  # noqa: SLF001
            headers=dict(_UPGRADE),
            data={"Tty": tty, "Detach": False},
            stream=True,
        )
        super().__init__(api, response)


class AttachedStream(Stream):
    """The program that a container is there for; joined before it starts, it loses no word.

    Its standard error stays in the container's log: the engine brings the two in either order, and
    would put one into the middle of a line of the other.
    """

    def __init__(self, api: APIClient, container: str) -> None:
        """Join the main program of a container without a terminal.

        Args:
            api: The outer engine.
            container: Its id; it was created with an input.
        """
        client: Any = api
        # The same as attach_socket, likewise.
        response = client._post(  # noqa: SLF001
            client._url("/containers/{0}/attach", container),  # noqa: SLF001
            headers=dict(_UPGRADE),
            params={"stream": 1, "stdin": 1, "stdout": 1},
            stream=True,
        )
        super().__init__(api, response)
