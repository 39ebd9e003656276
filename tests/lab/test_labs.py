"""Labs beside one another, and what is left when they end, well or badly."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dockproof.lab import Lab, LabError, LabFactory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import docker

ADDRESS = "192.168.205.10"

# A run that opens a lab, says so, and waits to be killed.
VICTIM = """
import sys, time
from pathlib import Path
from dockproof.lab import LabFactory
with LabFactory(Path(sys.argv[1])) as factory:
    lab = factory.open(2)
    print(lab.nodes["node1"].container.labels["dockproof.run"], flush=True)
    time.sleep(600)
"""


def ours(client: docker.DockerClient, run: str) -> list[str]:
    """Name the containers, volumes and networks of a run."""
    filters = {"label": f"dockproof.run={run}"}
    return [
        *(found["Names"][0] for found in client.api.containers(all=True, filters=filters)),
        *(found["Name"] for found in client.api.volumes(filters=filters)["Volumes"] or []),
        *(found["Name"] for found in client.api.networks(filters=filters)),
    ]


@pytest.fixture
def canary(lab: Lab) -> Iterator[list[str]]:
    """A container, a volume and a network of somebody else's, by id or name."""
    client = lab.nodes["node1"].client
    image = lab.nodes["node1"].container.image
    assert image is not None
    name = f"canary-{secrets.token_hex(4)}"
    # The worst case: an image's labels of a run that died, on what is the user's.
    labels = lab.nodes["node1"].container.labels | {"dockproof.run": "dead"}
    network = client.networks.create(name, labels=labels)
    container = client.containers.run(
        image,
        name=name,
        entrypoint=["sleep"],
        command=["1000"],
        detach=True,
        network_mode="none",
        labels=labels,
    )
    volume = client.volumes.create(name)
    assert network.id is not None
    yield [container.id or "", volume.id or "", network.id]
    container.remove(force=True)
    volume.remove()
    network.remove()


def test_killed_run_is_cleaned_by_the_next(lab: Lab, lab_dir: Path, canary: list[str]) -> None:
    """What a run killed by SIGKILL left is removed by the next, and nothing of anybody else's."""
    client = lab.nodes["node1"].client
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(lab_dir)], stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    run = victim.stdout.readline().strip()
    victim.stdout.close()
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert len(ours(client, run)) == 6  # two machines with a volume each, registry, network
    with LabFactory(lab_dir) as factory:
        assert ours(client, run) == []
        assert factory.open().nodes["node1"].run(["docker", "ps"])[0] == 0
    container, volume, network = canary
    assert client.containers.get(container).status == "running"
    assert client.volumes.get(volume).name == volume
    assert client.networks.get(network).id == network
    assert lab.nodes["node1"].run(["docker", "ps"])[0] == 0


def test_living_run_is_left_alone(lab: Lab, lab_dir: Path) -> None:
    """A run that starts and ends beside another leaves it its machines."""
    with LabFactory(lab_dir) as factory:
        factory.open()
    assert lab.nodes["node1"].run(["docker", "run", "--rm", "hello-world"])[0] == 0


def test_labs_at_once_are_apart(factory: LabFactory) -> None:
    """Two labs have the same names and addresses, and neither sees the other."""
    one, two = factory.open(), factory.open()
    try:
        for lab in (one, two):
            node = lab.nodes["node1"]
            assert node.address == ADDRESS
            assert ADDRESS in node.run(["hostname", "-I"])[1]
        one.nodes["node1"].write_file("/home/you/mine", b"1\n")
        one.nodes["node1"].run(["docker", "pull", "--quiet", "busybox"])
        assert two.nodes["node1"].run(["ls", "/home/you"])[1] == ""
        assert two.nodes["node1"].run(["docker", "images", "-q"])[1] == ""
    finally:
        one.close()
        two.close()


def test_closed_lab_is_gone_at_once(factory: LabFactory) -> None:
    """Closing is quick, may be done twice, and leaves no machine."""
    lab = factory.open(2)
    node = lab.nodes["node1"]
    client, run = node.client, node.container.labels["dockproof.run"]
    machines = {f"/{each.container.name}" for each in lab.nodes.values()}
    assert machines < set(ours(client, run))
    began = time.monotonic()
    lab.close()
    lab.close()
    assert time.monotonic() - began < 5  # 0.3 on an idle host
    assert not machines & set(ours(client, run))


def test_two_machines_share_a_network_and_a_swarm(factory: LabFactory) -> None:
    """Machines reach each other by name, and an overlay network spans them with its names."""
    lab = factory.open(2)
    try:
        one, two = lab.nodes["node1"], lab.nodes["node2"]
        assert two.address == "192.168.205.11"
        for node, other in ((one, "node2"), (two, "node1")):
            assert node.run(["ping", "-c", "1", "-W", "5", other])[0] == 0
        # Larger than a packet on the machines' network, to be cut up on the way.
        assert one.run(["ping", "-c", "1", "-W", "5", "-s", "4000", "node2"])[0] == 0

        def do(node: object, command: str) -> str:
            assert isinstance(node, type(one))
            status, output = node.run(["bash", "-c", command], user="you", timeout=90)
            assert status == 0, (output, node.log_tail())
            return output

        told = do(one, "docker run --rm busybox ping -c 1 -W 5 node2")
        assert f"PING node2 ({two.address})" in told  # the same from inside a container
        do(one, f"docker swarm init --advertise-addr {one.address}")
        token = do(one, "docker swarm join-token -q worker").strip()
        do(two, f"docker swarm join --token {token} {one.address}:2377")
        do(one, "docker network create --driver overlay --attachable span")
        do(one, "docker run -d --name web --network span busybox sleep 600")
        do(
            two,
            "for try in 1 2 3 4 5; do"
            " docker run --rm --network span busybox ping -c 1 -W 2 web && exit; sleep 1; done;"
            " exit 1",
        )
    finally:
        lab.close()


def test_lab_of_another_engine(factory: LabFactory) -> None:
    """A lab runs the engine that is asked for, with what that one's machines have besides."""
    lab = factory.open(engine="trixie")
    try:
        assert lab.engine.suite == "trixie"
        assert lab.engine.engine.startswith("26.1.")
        node = lab.nodes["node1"]
        status, output = node.run(["docker", "version", "--format", "{{.Server.Version}}"])
        assert (status, output.partition("+")[0].strip()) == (0, lab.engine.engine)
        assert node.run(["vagrant", "--version"])[0] == 0
    finally:
        lab.close()


def test_machine_that_does_not_start_is_told_with_its_log(factory: LabFactory) -> None:
    """A broken lab is an error of its own, with the engine's last words, and leaves nothing."""
    plan = factory._plan  # noqa: SLF001 - no other way to break it
    broken = replace(
        plan, files={**plan.files, "/etc/docker/daemon.json": (b'{"debug": maybe}', 0o644)}
    )
    began = time.monotonic()
    with pytest.raises(LabError, match=r"^the lab machine node1 does not get ready") as caught:
        Lab(broken, "dockproof-broken", 1)
    assert time.monotonic() - began < 30
    assert "unable to configure the Docker daemon" in caught.value.log
    names = [found["Names"][0] for found in plan.engine.client.api.containers(all=True)]
    assert not [name for name in names if "dockproof-broken" in name]
