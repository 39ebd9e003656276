"""The lab machines of one page: containers that each run a Docker engine of their own."""

from __future__ import annotations

import base64
import io
import re
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, DockerException, NotFound
from docker.types import Mount

from dockproof.errors import SaveError
from dockproof.lab.errors import LabError
from dockproof.lab.network import create_network
from dockproof.lab.streams import AttachedStream, ExecStream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import docker
    from docker.models.containers import Container
    from docker.models.networks import Network

    from dockproof.lab.engine import OuterEngine
    from dockproof.lab.images import Provenance

_READY_SECONDS = 60
_GRACE_SECONDS = 15  # for the outer engine to end what took too long
_ARGUMENT_BYTES = 96 * 1024  # Linux takes 128 KiB in one argument
_ARGUMENTS_BYTES = 1024 * 1024
# The last line of what lab/node/start prints.
_READY = re.compile(r"^ready=(?P<answer>yes|no)\n", re.MULTILINE)
_TIMED_OUT = (124, 137)  # statuses of timeout(1)

# Saves base64 text in the arguments as a file, and makes the missing directories above it.
_SAVE = """
set -e
path=$1 owner=$2 mode=$3
shift 3
make() { [ -d "$1" ] || { make "$(dirname "$1")"; mkdir "$1"; chown "$owner:" "$1"; }; }
make "$(dirname "$path")"
if [ "$1" = --from ]; then cat "$2" >"$path"; rm "$2"; else printf %s "$@" | base64 -d >"$path"; fi
chown "$owner:" "$path"
chmod "$mode" "$path"
"""


@dataclass(frozen=True)
class EngineVersions:
    """What the lab machines run.

    Attributes:
        suite: The Debian release that it came from, "forky".
        engine: Docker's version, "28.5.2".
        buildx: The version of buildx, "0.29.1", or "" without it.
        compose: The version of compose, "2.40.3", or "" without it.
        kernel: The outer host's kernel, "6.18.0".
        cgroup: 1 or 2.
    """

    suite: str
    engine: str
    buildx: str
    compose: str
    kernel: str
    cgroup: int


def tar_of(files: Mapping[str, tuple[bytes, int]], *, uid: int = 0) -> bytes:
    """Pack files (path to content and mode) into a tar archive, owned by user and group `uid`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, (data, mode) in files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode, entry.mtime = len(data), mode, int(time.time())
            entry.uid = entry.gid = uid
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


class Node:
    """One lab machine.

    Attributes:
        name: "node1", also its host name.
        container: The container on the outer engine that it is.
        client: The outer engine.
        address: Its address on the lab's network, "192.168.205.10".
    """

    def __init__(self, name: str, address: str, container: Container) -> None:
        """Describe a machine whose container exists; `Lab` makes it."""
        self.name = name
        self.address = address
        self.container = container
        client = container.client
        assert client is not None  # noqa: S101 - the engine's client made it
        self.client: docker.DockerClient = client

    def run(
        self, argv: Sequence[str], *, user: str = "root", timeout: float = 60
    ) -> tuple[int, str]:
        """Run a program in the machine, for the harness's own needs.

        Args:
            argv: The program and its arguments.
            user: Who runs it.
            timeout: After so many seconds it is killed.

        Returns:
            The exit status, and standard output and error as they came.

        Raises:
            LabError: It did not end in time, or the machine is gone.
        """
        bounded = ["timeout", "--kill-after=1", str(timeout), *argv]
        started = time.monotonic()
        try:
            status, output = self._exec(bounded, user, timeout + _GRACE_SECONDS)
        except (DockerException, OSError) as error:
            raise LabError(f"{self.name}: can't run {argv[0]}: {error}", self.log_tail()) from error
        if status in _TIMED_OUT and time.monotonic() - started >= timeout:
            raise LabError(
                f"{self.name}: `{' '.join(argv)}` did not end within {timeout:g} s", self.log_tail()
            )
        return status, output

    def _exec(self, argv: Sequence[str], user: str, timeout: float) -> tuple[int, str]:
        api = self.client.api
        made = api.exec_create(self.container.id or "", list(argv), user=user)["Id"]
        stream = ExecStream(api, made)
        try:
            stream.connection.settimeout(timeout)
            output = b"".join(stream.frames())
        finally:
            stream.close()
        status = api.exec_inspect(made)["ExitCode"]
        # None: the machine ended under it.
        return 137 if status is None else int(status), output.decode(errors="replace")

    def write_file(self, path: str, data: bytes, *, owner: str = "you", mode: int = 0o644) -> None:
        """Save a file in the machine; missing directories above it are made, and owned alike.

        Args:
            path: Absolute.
            data: The content.
            owner: The user whom the file shall belong to, with the group of that user.
            mode: The permissions.

        Raises:
            SaveError: The machine refuses: its words.
            LabError: The machine is gone.
        """
        text = base64.b64encode(data).decode()
        if len(text) <= _ARGUMENTS_BYTES:
            rest = [text[at : at + _ARGUMENT_BYTES] for at in range(0, len(text), _ARGUMENT_BYTES)]
        else:
            staged = f"/var/tmp/.lab-{PurePosixPath(path).name}"  # noqa: S108 - the machine's own
            self.put({staged: (data, 0o600)})
            rest = ["--from", staged]
        status, output = self.run(
            ["sh", "-c", _SAVE, "save", path, owner, f"{mode:o}", *(rest or [""])]
        )
        if status:
            # Without the script's name and line, which dash puts in front.
            raise SaveError(re.sub(r"^save: (?:line )?\d+: ", "", output.strip()))

    def put(self, files: Mapping[str, tuple[bytes, int]]) -> None:
        """Put files of root's (absolute path to content and mode) into existing directories."""
        self.container.put_archive("/", tar_of(files))

    def log_tail(self, lines: int = 40) -> str:
        """Give the last lines of the log of the machine's engine, or of the machine itself."""
        with suppress(DockerException, OSError):
            status, output = self._exec(
                ["tail", "-n", str(lines), "/var/log/docker.log"], "root", 10
            )
            if status == 0 and output:
                return output
        with suppress(DockerException, OSError):
            return self.container.logs(tail=lines).decode(errors="replace")
        return ""


@dataclass(frozen=True)
class Plan:
    """What a lab is made of, the same for all labs of a process.

    Attributes:
        engine: The outer engine.
        labels: The labels of everything that is made.
        node_image: The machines' image.
        mirror: The container of the lab's registry.
        images: What the registry holds.
        suite: The machines' Debian release.
        files: Files (absolute path to content and mode) for each machine before it starts.
        identity: See :func:`dockproof.lab.identity.identity`; "" where no page is proved.
    """

    engine: OuterEngine
    labels: Mapping[str, str]
    node_image: str
    mirror: Container
    images: Mapping[str, Provenance]
    suite: str
    files: Mapping[str, tuple[bytes, int]]
    identity: str = ""


class Lab:
    """One page's machines.

    Attributes:
        nodes: The machines by name, "node1" first.
        images: Where each base image in the lab's registry comes from, by reference
            ("debian:trixie-slim").
        engine: What the machines run.
        identity: What the lab is made of; see :func:`dockproof.lab.identity.identity`.
    """

    nodes: Mapping[str, Node]
    images: Mapping[str, Provenance]
    engine: EngineVersions
    identity: str

    def __init__(self, plan: Plan, name: str, nodes: int) -> None:
        """Start the machines and wait until their engines answer.

        Args:
            plan: What the lab is made of.
            name: Part of the names of what is made, unique on the outer engine.
            nodes: How many machines.

        Raises:
            LabError: A machine doesn't come up; what was made is removed.
        """
        self._plan = plan
        self._name = name
        self._network: Network | None = None
        self._made: list[Container] = []
        self._volumes: list[str] = []
        self.images = plan.images
        self.identity = plan.identity
        try:
            self._network, self._prefix, self._vni = create_network(plan.engine, name, plan.labels)
            with ThreadPoolExecutor(nodes + 1) as pool:
                mirror = pool.submit(
                    self._network.connect, plan.mirror, ipv4_address=f"{self._prefix}.2"
                )
                started = list(pool.map(lambda at: self._start(at, nodes), range(1, nodes + 1)))
                mirror.result()
        except BaseException as error:
            self.close()
            if isinstance(error, (DockerException, OSError)):
                raise LabError(
                    f"the outer engine can't make a lab machine: {error}", plan.engine.log_tail()
                ) from error
            raise
        self.nodes = {node.name: node for node, _ in started}
        facts = started[0][1]
        self.engine = EngineVersions(
            suite=plan.suite,
            engine=facts.get("engine", ""),
            buildx=facts.get("buildx", ""),
            compose=facts.get("compose", ""),
            kernel=facts.get("kernel", ""),
            cgroup=int(facts.get("cgroup", "1")),
        )

    def _start(self, number: int, nodes: int) -> tuple[Node, dict[str, str]]:
        """Start a machine and wait for its engine; returns it and what it says about itself."""
        plan, node = self._plan, f"node{number}"
        api = plan.engine.client.api
        name = f"{self._name}-{node}"
        self._volumes.append(name)
        address = f"{self._prefix}.{9 + number}"
        assert self._network is not None  # noqa: S101 - made before
        host_config = api.create_host_config(
            network_mode=self._network.name,
            # --privileged fails where the host lacks SYS_RESOURCE; an engine needs the rest.
            cap_add=["ALL"],
            cap_drop=["SYS_RESOURCE"],
            security_opt=["seccomp=unconfined", "apparmor=unconfined"],
            device_cgroup_rules=["a *:* rwm"],
            mounts=[
                Mount(
                    "/var/lib/docker",
                    name,
                    labels=dict(plan.labels),
                    driver_config=plan.engine.disk(),
                )
            ],
        )
        # What the docker command makes of `--security-opt systempaths=unconfined`.
        host_config |= {"MaskedPaths": [], "ReadonlyPaths": []}
        endpoint: Any = {self._network.name: api.create_endpoint_config(ipv4_address=address)}
        created: dict[str, Any] = api.create_container(
            plan.node_image,
            name=name,
            hostname=node,
            labels=dict(plan.labels),
            networking_config=api.create_networking_config(endpoint),
            host_config=host_config,
            stdin_open=True,
        )
        container = plan.engine.client.containers.get(created["Id"])
        self._made.append(container)
        machine = Node(node, f"192.168.205.{9 + number}", container)
        facts = f"NUMBER={number}\nNODES={nodes}\nPREFIX={self._prefix}\nVNI={self._vni}\n"
        files = tar_of({**plan.files, "/etc/lab/node": (facts.encode(), 0o644)})
        stream = AttachedStream(api, created["Id"])
        try:
            container.start()
            stream.connection.settimeout(_READY_SECONDS + _GRACE_SECONDS)
            stream.connection.sendall(b"%d\n%b" % (len(files), files))
            return machine, self._answer(machine, stream)
        finally:
            stream.close()

    def _answer(self, node: Node, stream: AttachedStream) -> dict[str, str]:
        """Wait for a machine's engine; returns what the machine says about itself."""
        output, why = "", "stopped while it was starting"
        try:
            for data in stream.frames():
                output += data.decode(errors="replace")
                if said := _READY.search(output):
                    facts = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
                    if said["answer"] == "yes":
                        return facts
                    why = f"does not get ready: {output[: said.start()].strip()}"
                    break
        except TimeoutError:
            why = "does not get ready: it says nothing"
        raise LabError(f"the lab machine {node.name} {why}", node.log_tail())

    def close(self) -> None:
        """Remove everything of this lab; also what a failed start has made.

        The machines are gone when it returns; their disks go in the background.

        Raises:
            LabError: The outer engine fails.
        """
        made, self._made = self._made, []
        network, self._network = self._network, None
        volumes, self._volumes = self._volumes, []
        try:
            with ThreadPoolExecutor(len(made) + 1) as pool:
                jobs = [pool.submit(self._drop, container.id or "") for container in made]
                if network is not None:
                    with suppress(APIError):
                        network.disconnect(self._plan.mirror, force=True)
                for job in jobs:
                    job.result()
            if network is not None:
                with suppress(NotFound):
                    network.remove()
        except (DockerException, OSError) as error:
            raise LabError(
                f"the outer engine can't remove a lab: {error}", self._plan.engine.log_tail()
            ) from error
        for volume in volumes:
            self._plan.engine.later.submit(self._discard, volume)

    def _drop(self, container: str) -> None:
        with suppress(NotFound):
            self._plan.engine.client.api.remove_container(container, force=True, v=True)

    def _discard(self, volume: str) -> None:
        # What fails here is left for the end of the run, or the next run, to remove.
        with suppress(DockerException, OSError):
            self._plan.engine.client.api.remove_volume(volume, force=True)
