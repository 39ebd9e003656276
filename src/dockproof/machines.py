"""The machines that a page runs on: nodes of the lab, or this machine for measuring the harness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockproof import terminal

if TYPE_CHECKING:
    from pathlib import Path

    from dockproof.lab import Lab
    from dockproof.terminal import Terminal

_HOME = "/home/you"


class LabMachines:
    """A lab's nodes, as a page's runner uses them.

    Args:
        lab: The page's lab; closed with this.
    """

    def __init__(self, lab: Lab) -> None:
        """Take the lab over."""
        self.lab = lab
        self.engine = tuple(
            int(part) for part in lab.engine.engine.split(".")[:3] if part.isdigit()
        )

    def open_terminal(self, node: str, number: int) -> Terminal:
        """Open terminal ``number`` on ``node``.

        Raises:
            LabError: The node's shell doesn't answer.
        """
        from docker.errors import DockerException  # noqa: PLC0415 - the lab has imported it by now

        from dockproof.lab import LabError  # noqa: PLC0415

        _ = number
        machine = self.lab.nodes[node]
        try:
            return terminal.open_on(machine)
        except (terminal.NotReadyError, DockerException, OSError) as error:
            raise LabError(
                f"{node}: no terminal can be opened: {error}", machine.log_tail()
            ) from error

    def write_file(self, node: str, path: str, data: bytes) -> None:
        """Write a file: as the reader below the home directory, or as root where it is absolute.

        Raises:
            SaveError: The node refuses.
            LabError: The node is gone.
        """
        absolute = path.startswith("/")
        self.lab.nodes[node].write_file(
            path if absolute else f"{_HOME}/{path}",
            data,
            owner="root" if absolute else "you",
        )

    def check(self, *, engine: bool) -> None:
        """See whether each node still works.

        Args:
            engine: Ask for its engine, too.

        Raises:
            LabError: One doesn't answer within 10 seconds.
        """
        from dockproof.lab import LabError  # noqa: PLC0415

        for node in self.lab.nodes.values():
            question = ["docker", "version", "--format", "{{.Server.Version}}"]
            status, output = node.run(question if engine else ["true"], timeout=10)
            if status:
                raise LabError(
                    f"{node.name}: {'its engine' if engine else 'it'} doesn't answer any more: "
                    f"{output.strip()}",
                    node.log_tail(),
                )

    def close(self) -> None:
        """Remove the lab."""
        self.lab.close()


class LocalMachine:
    """This machine, without a lab: commands run as the caller, files go below ``folder``.

    Only the harness's own tests and measurements use it; no page of a site is ever run so.
    """

    engine: tuple[int, ...] = (0,)

    def __init__(self, folder: Path) -> None:
        """Use ``folder`` as the home directory."""
        self.folder = folder

    def open_terminal(self, node: str, number: int) -> Terminal:
        """Open a terminal in the folder, whatever the node."""
        _ = node, number
        return terminal.open_locally(self.folder)

    def write_file(self, node: str, path: str, data: bytes) -> None:
        """Write a file below the folder."""
        _ = node
        target = self.folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def check(self, *, engine: bool) -> None:
        """Find nothing wrong: there is no engine."""

    def close(self) -> None:
        """Leave the folder as it is."""
