"""Every command that README and CONTRIBUTING tell a reader to type is typed here.

Each is run as it stands, in a copy of the project that shares the environment of the run, so that
nothing is installed twice. One is not run again: `make test`, which is the run in progress.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from dockproof.terminal import hear_ctrl_c

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = ["README.md", "README.zh.md", "CONTRIBUTING.md"]
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPANNING = re.MULTILINE | re.DOTALL
SECONDS = 600


def commands() -> list[str]:
    """The commands of all documents, each once."""
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS)
    lines = [line for fence in FENCE.findall(text) for line in fence.splitlines()]
    return list(dict.fromkeys(lines))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project as it is, with a link to the environment that runs this."""
    place = tmp_path_factory.mktemp("checkout")
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    (place / ".venv").symlink_to(sys.prefix)
    # actionlint knows a project by this.
    subprocess.run(["git", "init", "--quiet"], cwd=place, check=True)
    return place


def environment(checkout: Path, **variables: str) -> dict[str, str]:
    """What a command finds set: make takes .venv as it is, and Python the copy's own code."""
    settings = {"VENV": ".venv"} | variables
    # What pytest tells its workers is none of the business of a pytest begun anew.
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
    }
    return inherited | {
        "MAKEFLAGS": " -- " + " ".join(f"{name}={value}" for name, value in settings.items()),
        "PYTHONPATH": str(checkout / "src"),
        # What mypy knows of these very files it need not find out again.
        "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache"),
    }


def typed(command: str, checkout: Path) -> str:
    """What a command prints; it has to succeed."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=checkout,
        env=environment(checkout),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("command", commands())
def test_command_does_what_is_said_of_it(command: str, checkout: Path) -> None:
    """A command that a document gives works as it stands, and does what the text says."""
    check = next(check for form, check in CHECKS.items() if re.fullmatch(form, command))
    check(command, checkout)


def test_make_help_says_what_can_be_made(checkout: Path) -> None:
    """`make help`, and make alone, list every target that README and CONTRIBUTING speak of."""
    shown = typed("make", checkout)
    assert shown == typed("make help", checkout)
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS)
    targets = set(re.findall(r"^make ([a-z]+)|`make ([a-z]+)", text, re.MULTILINE))
    named = {first or second for first, second in targets}
    assert named
    assert named <= set(re.findall(r"^  make ([a-z]+) ", shown, re.MULTILINE))


def test_make_clean_removes_what_was_made(checkout: Path, tmp_path: Path) -> None:
    """`make clean` removes the sites and caches, and leaves an environment of one's own alone."""
    (checkout / "site").mkdir(exist_ok=True)
    (checkout / ".cache").mkdir(exist_ok=True)
    # A lab state of its own, so that the labs of the run in progress are none of its business.
    state = {"DOCKPROOF_STATE": str(tmp_path / "state")}
    done = subprocess.run(
        ["make", "clean"],
        cwd=checkout,
        env=environment(checkout) | state,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (checkout / "site").exists()
    assert not (checkout / ".cache").exists()
    assert (checkout / ".venv/bin/python").exists()


def test_missing_page_is_named(checkout: Path) -> None:
    """`make prove` and `make accept` say which page they were not given or did not find."""
    for target, said in {
        "prove PAGE=images/no-such": "PAGE=images/no-such: no such page",
        "prove PAGE=it's": "PAGE=it's: no such page",
        "accept": "make accept: say which page",
    }.items():
        done = subprocess.run(
            ["make", *target.split()],
            cwd=checkout,
            env=environment(checkout),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode != 0
        assert said in done.stderr


def whole_run(command: str, checkout: Path) -> None:
    """This is the run in progress: whoever runs this file alone hasn't typed it, CI has to have."""
    if os.environ.get("CI"):
        assert os.environ.get("DOCKPROOF_MAKE_TEST") == "1"
    every = " --pages 'all'" if "PAGES=all" in command else ""
    assert f"-m tools.check{every}\n" in typed(f"{command} --dry-run", checkout)


def site(command: str, checkout: Path) -> None:
    """The sites and the page that offers them are there."""
    typed(command, checkout)
    for page in ("index.html", "zh/index.html", "en/index.html"):
        assert "<html" in (checkout / "site" / page).read_text(encoding="utf-8")


def prove(command: str, checkout: Path) -> None:
    """Blocks were proved, not merely none failed."""
    assert re.search(r"\b[1-9]\d* passed", typed(command, checkout))


def accept(command: str, checkout: Path) -> None:
    """Nothing has changed, so accepting changes neither the page nor its twin."""
    typed(command, checkout)
    for language in ("zh", "en"):
        name = re.sub("docs/[a-z]+/", f"docs/{language}/", command.partition("PAGE=")[2])
        assert (checkout / name).read_bytes() == (ROOT / name).read_bytes()


def unproved(command: str, checkout: Path) -> None:
    """The page that the documents' earlier commands have proved is not named, others are."""
    named = typed(command, checkout)
    assert "docs/zh/start/lab.md\n" in named
    assert "engine/architecture.md" not in named


def lock(command: str, checkout: Path) -> None:
    """The lock is written, and names no index and no folder."""
    before = (checkout / "requirements.lock").read_text(encoding="utf-8")
    (checkout / "requirements.lock").write_text("", encoding="utf-8")
    typed(command, checkout)
    after = (checkout / "requirements.lock").read_text(encoding="utf-8")
    assert "pytest==" in after
    assert not re.search(r"https?:|file:|--index|--find", after)
    (checkout / "requirements.lock").write_text(before, encoding="utf-8")


def test_failure_looks_as_shown(checkout: Path) -> None:
    """What the READMEs show of a failure is what that change to that page gives, word for word."""
    blocks = [
        re.findall(r"^```text\n(.*?)^```", (ROOT / name).read_text(encoding="utf-8"), SPANNING)
        for name in ("README.md", "README.zh.md")
    ]
    assert blocks[0] == blocks[1]
    (shown,) = blocks[0]
    name = shown.partition(":")[0]
    before = (checkout / name).read_text(encoding="utf-8")
    ((wrong, right),) = re.findall(r"^  -([^-].*)\n  \+(.*)\n", shown, re.MULTILINE)
    assert before.count(f"\n{right}\n") == 1
    (checkout / name).write_text(before.replace(f"\n{right}\n", f"\n{wrong}\n"), encoding="utf-8")
    done = subprocess.run(
        ["make", "prove", f"PAGE={name}"],
        cwd=checkout,
        env=environment(checkout),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    (checkout / name).write_text(before, encoding="utf-8")
    assert done.returncode != 0
    # Where on the page it is may change without the READMEs having to.
    assert unnumbered(shown) in unnumbered(done.stdout)


def unnumbered(text: str) -> str:
    """Text with its numbers of lines taken out."""
    return re.sub(r":\d+:|@@.*@@", "", text)


def serve(command: str, checkout: Path) -> None:
    """Serve the sites until both answer, then leave as a reader does, by Ctrl-C."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = checkout / "serve.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["bash", "-c", command],
            cwd=checkout,
            env=environment(checkout, PORT=str(port)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=hear_ctrl_c,  # noqa: PLW1509 - it sets one signal, with no lock
        ) as process,
    ):
        try:
            for language in ("zh", "en"):
                assert b"<html" in fetched(f"http://127.0.0.1:{port}/{language}/", process, log)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise


def fetched(url: str, process: subprocess.Popen[bytes], log: Path) -> bytes:
    """What an address answers, as soon as it does."""
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
                body: bytes = answer.read()
                return body
        except OSError:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.2)


def lab(command: str, checkout: Path) -> None:
    """Open the lab's shell, find an engine, the examples and the second machine, and leave."""
    with pexpect.spawn(
        "bash",
        ["-c", command],
        cwd=str(checkout),
        env=environment(checkout),
        timeout=SECONDS,
        encoding="utf-8",
        dimensions=(40, 200),
    ) as shell:
        shell.expect(r"\$ $")
        shell.sendline("docker run --rm hello-world && echo ran-$((6 * 7))")
        shell.expect("ran-42")
        shell.sendline("ls && echo listed-$((6 * 7))")
        shell.expect("listed-42")
        assert "images" in (shell.before or "")
        if "NODES=2" in command:
            shell.sendline("ping -c 1 192.168.205.11 && echo seen-$((6 * 7))")
            shell.expect("seen-42", timeout=30)
        shell.sendline("exit")
        shell.expect(pexpect.EOF)
        shell.close()
        assert shell.exitstatus == 0


CHECKS: dict[str, Callable[[str, Path], object]] = {
    "make test.*": whole_run,
    "make site": site,
    "make serve": serve,
    "make lab.*": lab,
    "make accept PAGE=docs/.+": accept,
    "make lock": lock,
    ".*dockproof unproved": unproved,
    "make prove .*|.*pytest .*": prove,
    ".*": typed,
}
