"""The outer engine, which the lab machines are containers on: found, started or installed."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
from docker.context import ContextAPI
from docker.errors import DockerException
from docker.types import DriverConfig

from dockproof.lab import nat
from dockproof.lab.errors import LabError
from dockproof.lab.install import can_install, engine_programs, install, missing_engine_programs

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockproof.lab.state import State

_START_SECONDS = 60
_STOP_SECONDS = 20
_ANSWER_SECONDS = 10
_REQUEST_SECONDS = 300  # the longest silence of the engine, e.g. in a build step
_PLENTY_BYTES = 8 << 30
_DISK_BYTES = 4 << 30  # a page that floods its disk meets the end of it, not the host's memory's


class OuterEngine:
    """A connection to the outer engine.

    Attributes:
        client: The connection.
        private: Whether it is the engine that we start ourselves.
        later: Does what nobody needs to wait for.
    """

    client: docker.DockerClient
    private = False

    def __init__(self, client: docker.DockerClient) -> None:
        """Take over an open connection."""
        self.client = client
        self.later = ThreadPoolExecutor(1)

    def log_tail(self, lines: int = 40) -> str:
        """Give the last lines of the engine's log, where we can read it."""
        del lines
        return ""

    def disk(self) -> DriverConfig | None:
        """Say where a lab machine's engine keeps its data; None is a volume as any other."""
        return None

    def settle(self) -> None:
        """Wait until what was put off is done; nothing more may be."""
        self.later.shutdown()

    def close(self) -> None:
        """Give the engine up; what we started ends with its last user."""
        self.client.close()


class PrivateEngine(OuterEngine):
    """A dockerd of our own, shared by all runs of this user on this host.

    It has its own data, sockets, containerd and address range, so that another engine on the host
    stays as it is. Each user holds a shared lock; whoever gives up last stops the engine. After a
    kill the engine may be left running, for the next user to find.
    """

    private = True

    def __init__(self, state: State) -> None:
        """Start the engine, or join those who use it.

        Raises:
            LabError: It doesn't start; with the tail of its log.
        """
        self._state = state
        self._data = state.root / "engine"
        self._data.mkdir(mode=0o711, parents=True, exist_ok=True)
        # Socket paths are short of room, and after a boot nothing in here is true any more.
        place = hashlib.sha256(str(state.root).encode()).hexdigest()[:8]
        self._run = Path("/run") / f"dockproof-{place}"
        self._run.mkdir(mode=0o711, exist_ok=True)
        with state.lock("engine"):
            self._using = state.grab("engine-users", shared=True)
            try:
                super().__init__(self._start())
            except BaseException:
                self._give_up()
                raise

    def disk(self) -> DriverConfig | None:
        """Have a lab machine's engine keep its data in memory where there is plenty.

        A page unpacks images and throws them away within seconds; on a disk, the file system's
        book-keeping of that takes as long as everything else that the page does.
        """
        if _available_bytes() < _PLENTY_BYTES:
            return None
        options = {"type": "tmpfs", "device": "tmpfs", "o": f"mode=0711,size={_DISK_BYTES}"}
        return DriverConfig("local", options)

    @property
    def _socket(self) -> Path:
        return self._run / "docker.sock"

    def _connect(self) -> docker.DockerClient:
        return docker.DockerClient(base_url=f"unix://{self._socket}", timeout=_REQUEST_SECONDS)

    def _start(self) -> docker.DockerClient:
        nat.open_way(self._run.name)
        bridge = self._make_bridge()
        if not self._process("containerd"):
            self._clear("containerd")
            configuration = self._run / "containerd.toml"
            configuration.write_text(
                "version = 2\n"
                'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                f'root = "{self._data}/containerd"\n'
                f'state = "{self._run}/containerd"\n'
                f'[grpc]\n  address = "{self._run}/containerd.sock"\n'
            )
            self._spawn("containerd", ["containerd", "--config", str(configuration)])
        if not self._process("dockerd"):
            self._clear("docker")
            # The host's own daemon.json is for the host's engine.
            configuration = self._run / "daemon.json"
            configuration.write_text("{}\n")
            self._spawn(
                "dockerd",
                [
                    *("dockerd", "--config-file", str(configuration)),
                    *("--containerd", str(self._run / "containerd.sock")),
                    *("--data-root", str(self._data / "docker")),
                    *("--exec-root", str(self._run / "docker")),
                    *("--pidfile", str(self._run / "docker.pid")),
                    *("--host", f"unix://{self._socket}"),
                    *("--bridge", bridge, "--iptables=false", "--ip6tables=false"),
                ],
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process("dockerd"):
            # It asks the engine for its version, so that an engine that doesn't answer is an error.
            with suppress(DockerException, OSError):
                return self._connect()
            time.sleep(0.05)
        raise LabError(
            f"the lab's own dockerd did not come up within {_START_SECONDS} s "
            f"(its log: {self._data / 'dockerd.log'})",
            self.log_tail(),
        )

    @property
    def _bridge(self) -> str:
        return f"dp-{self._run.name.rpartition('-')[2]}"

    def _make_bridge(self) -> str:
        """Make the bridge of the engine's default network; returns its name.

        dockerd would use docker0, and with `--bridge none` it removes docker0: either way another
        engine's containers would lose their network.
        """
        if not Path(f"/sys/class/net/{self._bridge}").exists():
            for words in (
                ("link", "add", self._bridge, "type", "bridge"),
                ("address", "add", nat.BRIDGE, "dev", self._bridge),
                ("link", "set", self._bridge, "up"),
            ):
                done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
                if done.returncode:
                    raise LabError(
                        f"can't make the bridge {self._bridge} for the lab's own engine: "
                        f"`ip {' '.join(words)}`: {done.stderr.strip()}"
                    )
        return self._bridge

    def _spawn(self, name: str, command: list[str]) -> None:
        socket = self._run / ("docker.sock" if name == "dockerd" else f"{name}.sock")
        with (self._data / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # An engine of this age starts copies of itself for each container; most of their
                # time goes into collecting garbage of which there is hardly any.
                env={**os.environ, "GOGC": "400"},
            )
        (self._run / f"{name}.pid").write_text(str(child.pid))
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and child.poll() is None and not socket.exists():
            time.sleep(0.02)
        if child.poll() is not None or not socket.exists():
            raise LabError(
                f"the lab's own {name} did not start (its log: {self._data / name}.log)",
                self.log_tail(),
            )
        # It outlives this process; don't let Python warn that nobody waited for it.
        child.returncode = 0

    def _process(self, name: str) -> int:
        """Give the process id of our daemon `name` if it lives, else 0."""
        try:
            pid = int((self._run / f"{name}.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            status = Path(f"/proc/{pid}/stat").read_text()
        except (OSError, ValueError):
            return 0
        alive = status.rpartition(")")[2].split()[0] != "Z"
        return pid if alive and str(self._run).encode() in command else 0

    def _clear(self, prefix: str) -> None:
        """Remove the socket and process files of a daemon that died."""
        for name in (f"{prefix}.sock", f"{prefix}.sock.ttrpc", f"{prefix}.pid"):
            (self._run / name).unlink(missing_ok=True)

    def _stop(self) -> None:
        for name in ("dockerd", "containerd"):
            if pid := self._process(name):
                os.kill(pid, signal.SIGTERM)
                deadline = time.monotonic() + _STOP_SECONDS
                while self._process(name) and time.monotonic() < deadline:
                    with suppress(ChildProcessError):
                        os.waitpid(pid, os.WNOHANG)
                    time.sleep(0.02)
                if self._process(name):
                    os.kill(pid, signal.SIGKILL)
        self._clear("docker")
        self._clear("containerd")
        self._unmount()
        subprocess.run(["ip", "link", "delete", self._bridge], capture_output=True, check=False)
        nat.close_way(self._run.name)

    def _unmount(self) -> None:
        """Undo the mounts that a killed engine has left."""
        places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for place in reversed(places):
            if place.startswith((f"{self._data}/", f"{self._run}/")):
                subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)

    def _give_up(self) -> None:
        """Drop our claim; stop the engine if ours was the last. Call it under the engine lock."""
        if self._using is None:
            return
        os.close(self._using)
        self._using = None
        if os.environ.get("DOCKPROOF_KEEP_ENGINE"):
            return
        last = self._state.grab("engine-users", wait=False)
        if last is not None:
            self._stop()
            os.close(last)

    def log_tail(self, lines: int = 40) -> str:
        """Give the last lines of dockerd's log."""
        try:
            text = (self._data / "dockerd.log").read_text(errors="replace")
        except OSError:
            return ""
        told = [line for line in text.splitlines() if "module=grpc" not in line]
        return "\n".join(told[-lines:])

    def close(self) -> None:
        """Give the engine up; the last user stops it."""
        self.client.close()
        with self._state.lock("engine"):
            self._give_up()


def reachable_engine() -> docker.DockerClient | None:
    """Connect to the engine that the docker command would use; None if it doesn't answer."""
    environment = {key: value for key, value in os.environ.items() if key.startswith("DOCKER_")}
    options: dict[str, Any] = {"timeout": _ANSWER_SECONDS}
    try:
        if host := environment.get("DOCKER_HOST"):
            options["use_ssh_client"] = host.startswith("ssh:")
            client = docker.from_env(environment=environment, **options)
        else:
            context = ContextAPI.get_current_context()
            host = context.Host if context else None
            if host:
                options["use_ssh_client"] = host.startswith("ssh:")
            if context and context.TLSConfig:
                options["tls"] = context.TLSConfig
            client = docker.DockerClient(base_url=host, **options)
    except (DockerException, OSError, ValueError):
        return None
    try:
        client.ping()
    except (DockerException, OSError):
        client.close()
        return None
    client.api.timeout = _REQUEST_SECONDS
    return client


def outer_engine(state: State, say: Callable[[str], None]) -> OuterEngine:
    """Find the outer engine, start a private one, or install and start it.

    Args:
        state: The state directory.
        say: Takes a line of progress.

    Raises:
        LabError: There is none to be had here; or our own doesn't start.
    """
    if client := reachable_engine():
        return OuterEngine(client)
    if os.geteuid() == 0:
        why = ""
        if missing_engine_programs() and can_install():
            why = install(list(engine_programs().values()), say)
            if client := reachable_engine():
                return OuterEngine(client)
        if not missing_engine_programs():
            return PrivateEngine(state)
        if why:
            raise LabError("no Docker engine answers, and installing one failed", why)
    raise LabError(
        "no Docker engine answers: start Docker Desktop or your engine, or point DOCKER_HOST at "
        "one; on Debian or Ubuntu, as root, the lab installs and starts an engine of its own"
    )


def _available_bytes() -> int:
    """Memory that may be used without swapping; 0 where the system doesn't say (proc(5))."""
    with suppress(OSError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0
