"""The engine that the lab machines are containers on."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockproof.lab import LabError, install
from dockproof.lab.engine import PrivateEngine, reachable_engine
from dockproof.lab.state import State

if TYPE_CHECKING:
    from dockproof.lab import LabFactory

PLENTY_BYTES = 8 << 30


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("dockerd"),
    reason="no engine of our own can be started here: it takes root and dockerd",
)
def test_an_engine_that_does_not_start_is_told_with_its_log(tmp_path: Path) -> None:
    """Our own dockerd dying at once is a broken lab, told with its reason, and leaves nothing."""
    (tmp_path / "engine" / "docker").mkdir(parents=True)
    (tmp_path / "engine" / "docker" / "containers").write_text("in the way of the directory")
    with pytest.raises(LabError) as raised:
        PrivateEngine(State(tmp_path))
    assert "the lab's own dockerd did not" in str(raised.value)
    assert "not a directory" in raised.value.log
    left = subprocess.run(["pgrep", "--full", str(tmp_path)], capture_output=True, check=False)
    assert left.stdout == b""


@pytest.mark.parametrize(("said", "needed"), [("Y\n", True), ("N\n", False), (None, False)])
def test_an_engine_on_a_kernel_with_apparmor_needs_its_parser(
    said: str | None, *, needed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel uses AppArmor, its parser is one of the engine's programs; elsewhere not."""
    parameter = tmp_path / "enabled"
    if said is not None:
        parameter.write_text(said)
    monkeypatch.setattr(install, "_APPARMOR", parameter)
    assert ("apparmor_parser" in install.engine_programs()) is needed


def test_data_of_a_machine_is_in_memory_where_there_is_plenty(factory: LabFactory) -> None:
    """On our own engine with gigabytes to spare a machine's images lie in memory, else on disk."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    (available,) = (int(line.split()[1]) * 1024 for line in lines if "MemAvailable" in line)
    lab = factory.open()
    try:
        status, kind = lab.nodes["node1"].run(
            ["findmnt", "--noheadings", "--output", "FSTYPE", "/var/lib/docker"]
        )
    finally:
        lab.close()
    assert status == 0
    other = reachable_engine()
    if other:
        other.close()
    memory = not other and available > PLENTY_BYTES
    near = abs(available - PLENTY_BYTES) < 1 << 30  # it may have been on the other side then
    assert (kind.strip() == "tmpfs") == memory or near
