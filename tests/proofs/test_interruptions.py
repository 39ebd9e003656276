"""What breaks from outside: machines that are killed, runs that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockproof.lab.engine import outer_engine
from dockproof.lab.state import LABEL, State
from tests.proofs.conftest import Done, command, environment, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.containers import Container

    from tests.proofs.conftest import Site

PAGE = """\
# Long { #long }

```console
$ touch started
```

```console
$ sleep 3
$ ls
started
```

## Later { #later }

```console
$ ls
started
```
"""


class _Proving:
    """A pytest process that is proving, and the machine that it proves on."""

    def __init__(self, site: Site) -> None:
        """Start it."""
        self.site = site
        self.output = site.root / "output"
        with self.output.open("w") as file:
            self.process = subprocess.Popen(
                command("-q", "docs"),
                cwd=site.root,
                env=environment(),
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.engine = outer_engine(State(), print)

    def run_id(self) -> str:
        """Return the id of the process's run, which holds the run's lock file open."""
        for link in Path(f"/proc/{self.process.pid}/fd").glob("*"):
            try:
                target = str(link.readlink())
            except OSError:
                continue
            if "/runs/" in target:
                return Path(target).stem
        return ""

    def machine(self) -> Container:
        """Return the machine, once the page's first block has been run on it."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.output.read_text()
            run_id = self.run_id()
            found = (
                self.engine.client.containers.list(filters={"label": f"{LABEL}.run={run_id}"})
                if run_id
                else []
            )
            for container in found:
                if (
                    "node1" in (container.name or "")
                    and not container.exec_run(["test", "-e", "/home/you/started"]).exit_code
                ):
                    return container
            time.sleep(0.1)
        raise AssertionError(self.output.read_text())

    def end(self) -> None:
        """See that nothing of it is left running."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.engine.close()


@pytest.fixture
def proving(site: Site) -> Iterator[_Proving]:
    """A run over one page, begun."""
    site.page("a/long", PAGE)
    one = _Proving(site)
    yield one
    one.end()


def test_a_machine_that_is_killed_is_a_broken_lab(proving: _Proving) -> None:
    """It is said to be the lab, at once, and no later block of the page is run on another one."""
    machine = proving.machine()
    machine.kill()
    proving.process.wait(60)
    output = proving.output.read_text()
    assert proving.process.returncode == 1
    assert "the lab is broken: node1: " in output
    assert "the end of the engine's log:\n" in output
    assert "docs/zh/a/long.md::long-1" not in output
    assert "ERROR docs/zh/a/long.md::long-2 - the lab is broken" in output
    assert "ERROR docs/zh/a/long.md::later-1 - the lab is broken" in output
    assert "the output differs" not in output


def test_a_run_that_is_told_to_end_takes_its_machines_along(proving: _Proving) -> None:
    """SIGTERM, which a CI host sends, is heard as Ctrl-C is: the run ends, and nothing is left."""
    proving.machine()
    run_id = proving.run_id()
    proving.process.send_signal(signal.SIGTERM)
    assert proving.process.wait(30) == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in proving.output.read_text()
    left = proving.engine.client.containers.list(
        all=True, filters={"label": f"{LABEL}.run={run_id}"}
    )
    assert left == []


def test_after_a_kill_the_next_run_cleans_up_and_passes(proving: _Proving) -> None:
    """A run that died leaves nothing that the next one trips over, or leaves lying."""
    machine = proving.machine()
    run_id = proving.run_id()
    proving.process.send_signal(signal.SIGKILL)
    proving.process.wait(10)
    done: Done = run(proving.site.root, "docs")
    assert done.status == 0, done.output
    assert done.of("zh/a/long") == {
        "long-1": "passed",
        "long-2": "passed",
        "later-1": "passed",
        "twins": "passed",
    }
    left = proving.engine.client.containers.list(
        all=True, filters={"label": f"{LABEL}.run={run_id}"}
    )
    assert machine.name not in {container.name for container in left}
    assert left == []
