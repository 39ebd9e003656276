"""`make test`: every check of the project, one stage after another, and a table of how each went.

The lab is made ready in the background while the checks that need none go on. A stage that fails
doesn't stop the others; a lab that can't be made ready blocks those that need it. The run fails if
any stage failed or was blocked.

Pages that this checkout proved within a day, by the harness and on the lab that there are now, hold
and are not run again (decisions/0007); in CI, where CI is set, and with --pages all, every page is.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / ".cache" / "lab.log"
_BIN = Path(sys.executable).parent
_PYTHON = sys.executable

# Set for every stage, so that a test can tell the whole run from a part of it.
MARK = "DOCKPROOF_MAKE_TEST"


@dataclass(frozen=True)
class Stage:
    """One check.

    Attributes:
        name: What the table calls it.
        command: What does it.
        lint: It takes seconds, and belongs to `make lint`.
        lab: It needs the lab.
        pages: Behind its command come the pages that are to be run, or the folder of them all.
        alone: It bears no change of the machine's network, such as an engine's that starts
            containers: it is run in a network of its own where we may make one, beside the other
            stages, and elsewhere in its turn, when the lab's are over.
    """

    name: str
    command: tuple[str, ...]
    lint: bool = False
    lab: bool = False
    pages: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a stage went: `ok`, `failed` or `blocked`, and the seconds that it took."""

    name: str
    result: str
    seconds: float


LAB = Stage("lab", (_PYTHON, "-m", "dockproof.lab", "prepare"))

# The runs of pytest share the work out by file, a page together with its twins, since that is
# the unit that keeps a state (dockproof.plugin says so to pytest-xdist). Together they name all
# that pytest collects; a test holds them to that.
_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_PYTEST = (str(_BIN / "pytest"), "-n", str(max(2, _CORES)))
# What runs in the lab often waits: for engines, for registries, for a container to stop. Each may
# have two machines and their images in memory, so that there is an end to it.
_PYTEST_LAB = (str(_BIN / "pytest"), "-n", str(min(max(4, 2 * _CORES), 12)))
COMMANDS = "tests/project/test_commands.py"
PAGES = "docs"

STAGES = (
    Stage("ruff check", (str(_BIN / "ruff"), "check"), lint=True),
    Stage("ruff format", (str(_BIN / "ruff"), "format", "--check"), lint=True),
    Stage("mypy", (str(_BIN / "mypy"),), lint=True),
    Stage("actionlint", (str(_BIN / "actionlint"), "-color"), lint=True),
    Stage("hadolint", (_PYTHON, "-m", "tools.dockerfiles"), lint=True),
    Stage("twins", (str(_BIN / "dockproof"), "twins"), lint=True),
    Stage(
        "tests without a lab",
        (*_PYTEST, "tests/unit", "tests/project", "--ignore", COMMANDS),
    ),
    Stage(
        "tests with a lab, pages",
        (*_PYTEST_LAB, "tests/lab", "tests/proofs", COMMANDS),
        lab=True,
        pages=True,
    ),
    # A browser drops what it is loading whenever the machine's network changes. In one process, so
    # that the site is built and visited once: the lab's tests take longer than these in any case.
    Stage("tests in a browser", (str(_BIN / "pytest"), "-n", "0", "tests/site"), alone=True),
    # Last, so that the notes under the blocks tell of this very run: publish.yml deploys that.
    Stage("sites, strictly", (_PYTHON, "-m", "dockproof.site", "build")),
)


def run(
    stages: Sequence[Stage], preparation: Stage | None, *, every_page: bool = True
) -> list[Outcome]:
    """Run stages in their order, showing what each prints.

    Args:
        stages: What to run.
        preparation: What makes the lab ready, begun at once in the background and awaited before
            the first stage that needs it; None if no stage does.
        every_page: Run the pages that hold, too.

    Returns:
        How each went, the preparation included.
    """
    outcomes: list[Outcome] = []
    network = own_network()
    with contextlib.ExitStack() as stack:
        background = (
            stack.enter_context(_Background(preparation, preparation.command, LOG))
            if preparation
            else None
        )
        aside = {
            stage.name: stack.enter_context(
                _Background(stage, (*network, *stage.command), LOG.with_name(f"aside-{n}.log"))
            )
            for n, stage in enumerate(stages)
            if stage.alone and network
        }
        awaited: Outcome | None = None
        for number, stage in enumerate(stages, 1):
            waits = stage.lab or (stage.alone and not network)
            if waits and background and awaited is None:
                awaited = background.wait()
                outcomes.append(awaited)
            _say(f"[{number}/{len(stages)}] {stage.name}")
            if stage.lab and awaited and awaited.result != "ok":
                outcome = Outcome(stage.name, "blocked", 0.0)
            elif stage.name in aside:
                outcome = aside[stage.name].wait()
                aside[stage.name].show()
            else:
                started = time.monotonic()
                failed = _call((*stage.command, *(pages(every=every_page) if stage.pages else ())))
                outcome = Outcome(
                    stage.name, "failed" if failed else "ok", time.monotonic() - started
                )
            outcomes.append(outcome)
            print(f"  {stage.name}: {outcome.result}, {outcome.seconds:.1f} s", flush=True)
    return outcomes


def pages(*, every: bool) -> tuple[str, ...]:
    """Tell pytest's arguments for the pages that are to be run.

    Args:
        every: All pages; otherwise those that don't hold any more, which it prints a line about.
    """
    if every:
        return (PAGES,)
    command = (str(_BIN / "dockproof"), "unproved")
    found = subprocess.run(
        command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True, check=False
    )
    if found.returncode:
        return (PAGES,)  # what is wrong fails there, too
    print("run them all by: make test PAGES=all\n", flush=True)
    return tuple(found.stdout.splitlines())


def own_network() -> tuple[str, ...]:
    """What to put before a command to run it in a network that has the loopback interface alone.

    Returns:
        Words of a command line; none where we may not make such a network.
    """
    words = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
    try:
        done = subprocess.run([*words, "true"], capture_output=True, check=False)
    except OSError:
        return ()
    return () if done.returncode else words


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as a table for the end of the run."""
    width = max(len(outcome.name) for outcome in outcomes)
    rows = [f"  {'stage':{width}}  {'result':7}  seconds"]
    rows += [f"  {one.name:{width}}  {one.result:7}  {one.seconds:7.1f}" for one in outcomes]
    return "\n".join(rows)


class _Background:
    """A stage that runs while others do, its output kept in a file until it is asked for."""

    def __init__(self, stage: Stage, command: Sequence[str], log: Path) -> None:
        self._stage = stage
        self._command = command
        self._path = log
        self._started = time.monotonic()
        self._seconds = 0.0
        self._log: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(exist_ok=True)
        self._log = self._path.open("wb")
        _say(f"{self._stage.name}: begun in the background, output in {_shown(self._path)}")
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return self

    def wait(self) -> Outcome:
        """Wait until the stage is done, showing the last thing that it said.

        Returns:
            How it went; its seconds count from when it was begun.
        """
        assert self._process is not None  # noqa: S101 - entered before it is waited for
        _say(f"{self._stage.name}: waiting until it is ready")
        with Progress(self._stage.name) as progress:
            while self._process.poll() is None:
                progress.detail = _last_line(self._path)
                time.sleep(0.2)
        self._seconds = self._seconds or time.monotonic() - self._started
        result = "failed" if self._process.returncode else "ok"
        if result == "failed" and not self._stage.alone:
            self.show()
        return Outcome(self._stage.name, result, self._seconds)

    def show(self) -> None:
        """Print what the stage has said."""
        print(self._path.read_text(encoding="utf-8", errors="replace"), flush=True)

    def __exit__(self, *_: object) -> None:
        assert self._process is not None  # noqa: S101 - see __enter__
        assert self._log is not None  # noqa: S101 - see __enter__
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=30)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._log.close()


def _call(command: Sequence[str]) -> int:
    with subprocess.Popen(
        command, cwd=ROOT, env=_environment(), stdin=subprocess.DEVNULL
    ) as process:
        try:
            return process.wait()
        except BaseException:
            # A terminal's Ctrl-C reaches the stage as well; a plain SIGTERM to us does not.
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=60)
            process.kill()
            raise


def _environment() -> dict[str, str]:
    # Tools that lie in the environment are found by those that call them by name.
    path = f"{_BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = os.environ | {MARK: "1", "PATH": path, "PYTHONUNBUFFERED": "1"}
    # The stages start Python some hundred times; compiling our modules each time costs most.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _say(words: str) -> None:
    print(f"\n== {words}", flush=True)


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Make SIGTERM end the run as Ctrl-C does, so that what it began ends with it."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `make test` or a part of it.

    Args:
        arguments: The command line, without the program's name.

    Returns:
        0 if every stage passed, 1 if one didn't, 130 if it was interrupted.
    """
    parser = argparse.ArgumentParser(prog="tools.check", description=__doc__)
    parser.add_argument("--only", choices=["lint"], help="the stages that need seconds")
    parser.add_argument(
        "--pages",
        choices=["all", "unproved"],
        default="all" if os.environ.get("CI") else "unproved",
        help="which pages to run: all, or those that don't hold any more",
    )
    options = parser.parse_args(arguments)
    stages = [stage for stage in STAGES if stage.lint or not options.only]
    preparation = LAB if any(stage.lab for stage in stages) else None
    started = time.monotonic()
    try:
        with _terminated_like_interrupted():
            outcomes = run(stages, preparation, every_page=options.pages == "all")
    except KeyboardInterrupt:
        print("\ninterrupted; the next run cleans up what this one left", file=sys.stderr)
        return 130
    _say(f"all stages, {time.monotonic() - started:.0f} s")
    print(table(outcomes), flush=True)
    bad = [outcome.name for outcome in outcomes if outcome.result != "ok"]
    if bad:
        print(f"\nnot passed: {', '.join(bad)}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
