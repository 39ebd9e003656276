"""The workflows for a real host: sound, pinned, and asking for no more than they need."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONLINT = Path(sys.executable).parent / "actionlint"


def jobs(workflow: Path) -> dict[str, dict[str, Any]]:
    """A workflow's jobs by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    assert found
    return found


def test_actionlint_can_fail(tmp_path: Path) -> None:
    """The linter that make test runs finds a job that waits for one that isn't there."""
    broken = tmp_path / "broken.yml"
    broken.write_text(
        "on: push\njobs:\n  a:\n    needs: [b]\n    runs-on: ubuntu-24.04\n"
        "    steps:\n      - run: echo ${{ github.no_such }}\n"
    )
    done = subprocess.run(
        [ACTIONLINT, "-no-color", broken], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert re.search(r'"a" needs job "b"', done.stdout)
    assert re.search(r'broken\.yml:7:\d+: property "no_such" is not defined', done.stdout)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned(workflow: Path) -> None:
    """Every action of someone else's is named by a whole commit, its version beside it."""
    used = re.findall(r"uses: (.+)", workflow.read_text(encoding="utf-8"))
    foreign = [name for name in used if not name.startswith("./")]
    assert foreign
    pinned = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [name for name in foreign if not pinned.fullmatch(name)] == []


def test_one_action_has_one_pin() -> None:
    """The same action is the same commit in every workflow."""
    text = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    used = set(re.findall(r"uses: ([\w-]+/[\w-]+)@(.+)", text))
    assert len({name for name, _ in used}) == len(used)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_permissions_and_time_are_limited(workflow: Path) -> None:
    """A workflow starts with no permission; each job names what it needs and ends by itself."""
    whole = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert whole["permissions"] == {}
    assert "concurrency" in whole
    for name, job in jobs(workflow).items():
        assert "permissions" in job, name
        assert "timeout-minutes" in job or "uses" in job, name


def test_one_check_stands_for_all() -> None:
    """The required check waits for every other job of the tests, however it ended."""
    found = jobs(ROOT / ".github/workflows/test.yml")
    required = found.pop("required")
    assert sorted(required["needs"]) == sorted(found)
    assert required["if"] == "always()"


def test_a_host_runs_what_ci_runs() -> None:
    """The workflow runs .ci/run, and that runs make test and nothing else."""
    steps = jobs(ROOT / ".github/workflows/test.yml")["make-test"]["steps"]
    assert sum("bash .ci/run" in step.get("run", "") for step in steps) == 1
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    code = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert code == ["set -eu", 'cd "$(dirname "$0")/.."', "exec make test"]
