"""The builds: strict, whole or not at all, and lean without losing anything."""

from __future__ import annotations

import contextlib
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from dockproof import blocks, ledger, site
from dockproof.config import load
from dockproof.site import SiteError, build
from dockproof.terminal import hear_ctrl_c
from tests.site.conftest import ROOT, sample_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one page in each language, built once."""
    for language in ("zh", "en"):
        (tmp_path / "docs" / language).mkdir(parents=True)
        page(tmp_path, language).write_text("# Page\n\nThe first version.\n")
    build(load(sample_project(tmp_path, tmp_path / "docs")), tmp_path / "site")
    return tmp_path


def page(project: Path, language: str) -> Path:
    """Return the project's page in ``language``."""
    return project / "docs" / language / "index.md"


def test_failed_build_says_why_and_keeps_the_earlier_site(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Broken links, anchors and includes fail a build, and the site built before stays."""
    page(project, "en").write_text(
        "# Page\n\nThe second version.\n\n[a](missing.md) [b](#no-such-section) [c](/absolute/)\n"
    )
    page(project, "zh").write_text('# Page\n\n--8<-- "no/such/file"\n')
    with pytest.raises(SiteError) as failure:
        build(load(project), project / "site")
    assert "en: mkdocs.en.yml: Aborted with 3 warnings in strict mode" in str(failure.value)
    assert "zh: mkdocs.yml: " in str(failure.value)
    said = capfd.readouterr().err + str(failure.value)
    for mistake in ("missing.md", "#no-such-section", "/absolute/", "no/such/file"):
        assert mistake in said
    assert "The first version." in (project / "site" / "en" / "index.html").read_text("utf-8")
    assert list((project / ".cache").iterdir()) == []


def test_interrupted_build_leaves_nothing_in_the_way(project: Path) -> None:
    """A build succeeds over what a killed one left half done."""
    for left in ("site.partial", "site.previous"):
        (project / ".cache" / left / "zh").mkdir(parents=True)
    build(load(project), project / "site")
    assert list((project / ".cache").iterdir()) == []


def test_build_that_is_interrupted_says_so_in_a_line(project: Path) -> None:
    """Ctrl-C ends a build at once and every process of it, and the site built before stays."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dockproof.site", "build"],
        cwd=project,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hear_ctrl_c,  # noqa: PLW1509 - it sets one signal, with no lock
    )
    deadline = time.monotonic() + 30
    while not list((project / ".cache").glob("site.partial/*")):
        assert time.monotonic() < deadline, "no build was begun"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    # What else holds standard error open has ended when it can be read to its end.
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "interrupted; the site stays as it was\n")
    assert "The first version." in (project / "site" / "en" / "index.html").read_text("utf-8")


def test_served_site_follows_edits(project: Path) -> None:
    """`serve` shows an edit by itself, outlives a mistake in one, and tells of a proof."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dockproof.site", "serve", "--port", str(port)]
    server = subprocess.Popen(command, cwd=project)
    address = f"http://127.0.0.1:{port}/en/"
    try:
        served(address, "The first version.")
        page(project, "en").write_text("# Page\n\n[a](missing.md)\n")
        time.sleep(1)  # the time that a reload takes at least
        served(address, "The first version.")
        text = "# Page\n\nThe second version.\n\n```console\n$ true\n```\n"
        page(project, "en").write_text(text)
        served(address, "Not proved since it changed")
        prove(project)
        served(address, ">2026-11-24<")
        served(address, "The second version.")
        with pytest.raises(HTTPError) as missing:
            urlopen(f"{address}nothing", timeout=30)  # noqa: S310 - our own address
        assert "There is no such page" in missing.value.read().decode()
        missing.value.close()
    finally:
        server.terminate()
        server.wait()


def prove(project: Path) -> None:
    """Leave the records that a run of pytest leaves when the English page has been proved."""
    config = load(project)
    facts = ledger.Facts("forky", "28.5.2", "0.29.1", "2.40.3", "6.18.0", 2)
    (key,) = ledger.keys(blocks.load(page(project, "en"), config))
    assert key is not None
    proved = ledger.Record(key, "index", "page", "2026-11-24T04:05:06Z", 0.5, facts)
    ledger.keep(config, [proved])


def served(address: str, words: str) -> None:
    """Wait until ``address`` shows ``words``, for a minute at most."""
    deadline = time.monotonic() + 60
    shown = ""
    while words not in shown:
        assert time.monotonic() < deadline, shown or f"{address} doesn't answer"
        time.sleep(0.2)
        with (
            contextlib.suppress(URLError),
            urlopen(address, timeout=30) as response,  # noqa: S310 - our own address
        ):
            shown = response.read().decode()


def test_pruning_keeps_what_can_apply() -> None:
    """Rules go only when a class they need is on no page; all else stays in order."""
    prune = runpy.run_path(str(ROOT / "hooks" / "lean.py"))["prune"]
    css = (
        '@charset "utf-8";a{b:c}.used,.unused{x:y}.unused>p{x:y}'
        ".used:not(.unused){x:y}:is(.unused,.used) p{x:y}"
        "@media print{.unused{x:y}.used{x:y}}@media screen{.unused{x:y}}"
        '@keyframes k{0%{x:y}}[data-md-color-primary=used]{x:y}[data-md-color-primary="gone"]{x:y}'
        '.used::after{content:"},.unused{";background:url(\'data:image/svg+xml,<a b="{"/>\')}'
    )
    assert prune(css, {"used"}) == (
        '@charset "utf-8";a{b:c}.used{x:y}'
        ".used:not(.unused){x:y}:is(.unused,.used) p{x:y}"
        "@media print{.used{x:y}}"
        "@keyframes k{0%{x:y}}[data-md-color-primary=used]{x:y}"
        '.used::after{content:"},.unused{";background:url(\'data:image/svg+xml,<a b="{"/>\')}'
    )


@pytest.mark.parametrize("port", ["-1", "70000", "taken"])
def test_a_port_that_cant_be_had_is_said_before_anything_is_built(
    project: Path, port: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line names the port and what to write."""
    monkeypatch.chdir(project)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = port.replace("taken", str(taken.getsockname()[1]))
        assert site.main(["serve", f"--port={number}"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"port {number} can't be had (")
    assert "make serve PORT=8001" in said
    assert not (project / ".cache" / "serve").exists()
