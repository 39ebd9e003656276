"""What one lab machine can do, as a page would use it."""

from __future__ import annotations

import hashlib
import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from dockproof.lab import LabError

if TYPE_CHECKING:
    from pathlib import Path

    from dockproof.lab import Lab, LabFactory, Node

IDLE_MEBIBYTES = 150
HOG = 'x = b"a" * 200_000_000'


@pytest.fixture(scope="module")
def node(lab: Lab) -> Node:
    """The lab's first machine."""
    return lab.nodes["node1"]


def type_in(node: Node, command: str, *, timeout: float = 90) -> str:
    """Run a shell command as the page's user; it has to succeed."""
    status, output = node.run(["bash", "-c", command], user="you", timeout=timeout)
    assert status == 0, output
    return output


def test_idle_machine_is_small(factory: LabFactory) -> None:
    """A machine with its engine, before anything is done with it, stays below its budget."""
    lab = factory.open()
    try:
        status, output = lab.nodes["node1"].run(["ps", "-e", "-o", "rss=,comm="])
    finally:
        lab.close()
    assert status == 0
    assert "dockerd" in output
    sizes = [int(line.split()[0]) for line in output.splitlines() if " ps" not in line]
    assert sum(sizes) / 1024 < IDLE_MEBIBYTES, output


def test_hello_world_is_pulled_and_runs(node: Node, lab: Lab) -> None:
    """`docker pull hello-world` works word for word, and gives the image that the lab tells of."""
    pulled = type_in(node, "docker pull hello-world")
    assert lab.images["hello-world:latest"].digest in pulled
    assert "Status: Downloaded newer image for hello-world:latest" in pulled
    assert "\nHello from Docker!\n" in type_in(node, "docker run --rm hello-world")


def test_every_image_of_the_lab_says_where_it_comes_from(lab: Lab, lab_dir: Path) -> None:
    """Each tag that a recipe names is there, with its digest, official or a stand-in."""
    for file in lab_dir.glob("images/*/image.toml"):
        for tag in tomllib.loads(file.read_text())["tags"]:
            image = lab.images[f"{file.parent.name}:{tag}"]
            assert re.fullmatch(r"sha256:[0-9a-f]{64}", image.digest)
            assert image.official != (image.recipe == f"lab/images/{file.parent.name}")


def test_versions_are_the_expected_ones(lab: Lab, lab_dir: Path) -> None:
    """The engine, buildx and compose are those that engines.toml names."""
    engines = tomllib.loads((lab_dir / "engines.toml").read_text())
    expected = engines["suites"][lab.engine.suite]
    assert (lab.engine.engine, lab.engine.buildx, lab.engine.compose) == (
        expected["engine"],
        expected["buildx"],
        expected["compose"],
    )
    assert lab.engine.cgroup in {1, 2}
    assert lab.engine.kernel[0].isdigit()


def test_build_installs_from_the_package_index(node: Node) -> None:
    """A build step reaches the package index, also behind a proxy with a CA of its own."""
    node.write_file("/home/you/app/Dockerfile", b"FROM python:3.13-slim\nRUN pip install click\n")
    type_in(node, "docker build --quiet --tag app ~/app", timeout=180)
    assert "3." in type_in(
        node, "docker run --rm app python -c 'import click, sys; print(sys.version)'"
    )


def test_certificates_change_neither_image_nor_environment(node: Node) -> None:
    """What lets a container trust the host's CAs is neither in a layer nor in a variable."""
    type_in(node, "docker pull --quiet python:3.13-slim")
    told = type_in(node, "docker create --name bare python:3.13-slim && docker diff bare")
    assert len(told.splitlines()) == 1
    names = type_in(node, "docker run --rm python:3.13-slim env | cut -d= -f1 | sort").split()
    assert names == ["HOME", "HOSTNAME", "LANG", "PATH"]


def test_nothing_of_the_host_environment_reaches_the_machine(node: Node) -> None:
    """A page's shell starts with what the machine sets, whatever this process has."""
    names = set(type_in(node, "env | cut -d= -f1").split())
    assert names <= {"HOME", "HOSTNAME", "LANG", "PATH", "PWD", "SHLVL", "OLDPWD", "_"}


def test_memory_limit_kills(node: Node) -> None:
    """A container that needs more memory than it may have is killed, with status 137."""
    status, output = node.run(
        ["sh", "-c", f"docker run --name hog --memory 50m python:3.13-slim python -c '{HOG}'"],
        user="you",
    )
    assert status == 137, output
    assert type_in(node, "docker inspect -f '{{.State.OOMKilled}}' hog") == "true\n"


def test_engine_restarts(node: Node) -> None:
    """`sudo service docker restart` comes back when the engine answers again."""
    before = type_in(node, "sudo cat /run/docker.pid")
    assert type_in(node, "sudo service docker restart && docker ps --quiet") == (
        "Stopping Docker: docker.\nStarting Docker: docker.\n"
    )
    assert type_in(node, "sudo cat /run/docker.pid") != before


def test_hello_world_links_statically(node: Node) -> None:
    """The machine's compiler makes a static program."""
    node.write_file("/home/you/c/hello.c", b'#include <stdio.h>\nint main(void) { puts("hi"); }\n')
    assert type_in(node, "cd ~/c && gcc -static -o hello hello.c && ./hello") == "hi\n"
    assert "statically linked" in type_in(node, "file ~/c/hello")


def test_packages_can_be_installed(node: Node) -> None:
    """A package can be installed, though testing's release file may be out of date."""
    type_in(node, "sudo apt-get update && sudo apt-get install -y tree && tree --version")


def test_page_can_not_write_to_the_registry(node: Node) -> None:
    """The registry that stands in for Docker Hub takes nothing from a page."""
    status, output = node.run(
        ["curl", "-s", "-X", "POST", "http://hub-mirror:5000/v2/library/x/blobs/uploads/"]
    )
    assert status == 0
    assert output == "Method not allowed\n"


def test_removing_all_containers_stays_inside(node: Node, factory: LabFactory) -> None:
    """A page that removes all containers reaches those of its machine, and the machine lives."""
    del factory
    type_in(node, "docker run -d busybox sleep 100 && docker rm -f $(docker ps -aq)")
    assert type_in(node, "docker ps -aq") == ""
    node.container.reload()
    assert node.container.status == "running"


@pytest.mark.parametrize("size", [0, 300, 200_000, 3_000_000])
def test_files_are_written(node: Node, size: int) -> None:
    """A file arrives byte for byte, its new directories belong to its owner, its mode holds."""
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    path = f"/home/you/deep/{size}/file"
    node.write_file(path, data, mode=0o750)
    assert type_in(node, f"stat -c '%s %U %G %a' {path}") == f"{size} you you 750\n"
    assert type_in(node, f"stat -c '%U %a' ~/deep ~/deep/{size}") == "you 755\nyou 755\n"
    reference = type_in(node, f"sha256sum < {path}").split()[0]
    assert reference == hashlib.sha256(data).hexdigest()


def test_files_of_root_leave_directories_alone(node: Node) -> None:
    """Writing into a directory that exists changes neither its owner nor its mode."""
    node.write_file("/tmp/by-root", b"1\n", owner="root")  # noqa: S108 - the machine's own
    assert type_in(node, "stat -c '%U %a' /tmp /tmp/by-root") == "root 1777\nroot 644\n"


def test_endless_program_is_ended(node: Node) -> None:
    """A program of the harness that never ends is killed in time, and the error says which."""
    with pytest.raises(LabError, match=r"node1: `sleep 1000` did not end within 0\.5 s"):
        node.run(["sleep", "1000"], timeout=0.5)
    assert node.run(["pgrep", "-f", "^sleep 1000"])[0] == 1


def test_log_tail_is_the_engine_log(node: Node) -> None:
    """The tail is of the machine's own engine, and as long as asked."""
    tail = node.log_tail(5)
    assert "level=" in tail
    assert len(tail.splitlines()) == 5
