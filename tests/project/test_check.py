"""The stages of make test: none hides another's failure, and nothing of them stays behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
import tomllib
from pathlib import Path

import pytest

from tools import check
from tools.check import Stage, run, table

ROOT = Path(check.__file__).resolve().parent.parent


def python(code: str) -> tuple[str, ...]:
    """A command that runs some Python."""
    return (sys.executable, "-c", textwrap.dedent(code))


def test_failed_stage_stops_no_other(capfd: pytest.CaptureFixture[str]) -> None:
    """Every stage is run and shown though an earlier one failed, and the table tells them apart."""
    outcomes = run([Stage("bad", python("exit(3)")), Stage("good", python("print('ran')"))], None)
    assert [(one.name, one.result) for one in outcomes] == [("bad", "failed"), ("good", "ok")]
    assert "\nran\n" in capfd.readouterr().out
    assert [line.split()[:2] for line in table(outcomes).splitlines()[1:]] == [
        ["bad", "failed"],
        ["good", "ok"],
    ]


def test_broken_lab_blocks_what_needs_it(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a lab what needs it is blocked, not failed; what waits for it to be over is run."""
    monkeypatch.setattr(check, "ROOT", tmp_path)
    monkeypatch.setattr(check, "LOG", tmp_path / ".cache" / "lab.log")
    monkeypatch.setattr(check, "own_network", tuple)  # as for someone who may not make one
    lab = Stage("lab", python("exit('no engine to be had')"))
    stages = [
        Stage("lint", python("print('linted')")),
        Stage("browser", python("print('browsed')"), alone=True),
        Stage("pages", python("print('proved')"), lab=True),
    ]
    outcomes = run(stages, lab)
    assert [(one.name, one.result) for one in outcomes] == [
        ("lint", "ok"),
        ("lab", "failed"),
        ("browser", "ok"),
        ("pages", "blocked"),
    ]
    shown = capfd.readouterr().out
    parts = ["linted", "no engine to be had", "browsed"]
    assert sorted(parts, key=shown.index) == parts
    assert "proved" not in shown


@pytest.mark.skipif(not check.own_network(), reason="no network of one's own without root")
def test_stage_that_is_alone_sees_no_other_network(capfd: pytest.CaptureFixture[str]) -> None:
    """A stage that is to be alone can reach itself, by a loopback interface, and nothing else."""
    code = """
    import socket
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    print([name for _, name in socket.if_nameindex()])
    """
    outcomes = run([Stage("alone", python(code), alone=True)], None)
    assert [one.result for one in outcomes] == ["ok"]
    assert "\n['lo']\n" in capfd.readouterr().out


def test_terminated_run_ends_its_stages(tmp_path: Path) -> None:
    """SIGTERM ends the stage under way and the preparation of the lab as well."""
    code = f"""
    import pathlib, sys
    from tools import check
    check.ROOT = pathlib.Path({str(tmp_path)!r})
    check.LOG = check.ROOT / ".cache" / "lab.log"
    sleep = lambda name: (sys.executable, "-c",
        f"import os,time; open({str(tmp_path)!r} + '/{{name}}', 'w').write(str(os.getpid()));"
        "time.sleep(60)")
    check.LAB = check.Stage("lab", sleep("lab"))
    check.STAGES = (check.Stage("slow", sleep("slow")), check.Stage("pages", (), lab=True))
    sys.exit(check.main([]))
    """
    pids = [tmp_path / "lab", tmp_path / "slow"]
    with subprocess.Popen(
        python(code), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 30
        while not all(path.exists() and path.read_text() for path in pids):
            assert time.monotonic() < deadline, "the stages were not begun"
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"interrupted" in said
    assert not [path.name for path in pids if Path(f"/proc/{path.read_text()}").exists()]


def test_stages_leave_no_test_out() -> None:
    """The runs of pytest together collect all that pytest alone would, and nothing twice."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ini = settings["tool"]["pytest"]["ini_options"]
    runs = [
        (*stage.command, *(check.pages(every=True) if stage.pages else ()))
        for stage in check.STAGES
        if stage.command[0].endswith("pytest")
    ]
    named = [word for words in runs for word in words[words.index("-n") + 2 :]]
    once = [word for word in named if named.count(word) == 1 and not word.startswith("-")]
    assert sorted(once) == sorted(ini["testpaths"])
    # What one run leaves out by --ignore the other names.
    assert [word for word in named if named.count(word) == 2] == [check.COMMANDS] * 2
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    tested = {Path(path).name for path in ini["testpaths"] if path.startswith("tests/")}
    assert folders - tested - {"__pycache__"} == {"samples"}


def test_the_site_that_is_deployed_is_built_last() -> None:
    """What publish.yml deploys tells of the run that tested it: nothing comes after its build."""
    workflow = (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    assert "path: site\n" in workflow
    assert check.STAGES[-1].command[-2:] == ("dockproof.site", "build")
