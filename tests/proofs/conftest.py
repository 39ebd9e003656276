"""Sample pages, proved by real pytest processes on real labs."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Done:
    """A pytest process that has ended.

    Attributes:
        status: Its exit status.
        output: What it printed.
        outcomes: What became of each item, by the item's id: passed, failed, error, skipped.
        messages: Each item's message, by its id.
    """

    status: int
    output: str
    outcomes: dict[str, str]
    messages: dict[str, str]

    def of(self, page: str) -> dict[str, str]:
        """Return the outcomes of one page's items, by the part of their ids behind `::`."""
        return {
            item.rpartition("::")[2]: outcome
            for item, outcome in self.outcomes.items()
            if item.partition("::")[0].endswith(f"{page}.md")
        }

    def message(self, page: str, item: str) -> str:
        """Return one item's message."""
        (message,) = (
            text
            for name, text in self.messages.items()
            if name.partition("::")[0].endswith(f"{page}.md") and name.endswith(f"::{item}")
        )
        return message


def environment() -> dict[str, str]:
    """Return the environment for a pytest process of its own, free of this one's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}


def command(*arguments: str) -> list[str]:
    """Return the command that runs pytest with these arguments."""
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", *arguments]


def run(folder: Path, *arguments: str, cache: Path | None = None) -> Done:
    """Run pytest in ``folder`` and read what became of its items."""
    report = folder / f".{os.getpid()}.xml"
    line = command(*arguments, f"--junitxml={report}")
    if cache is not None:
        line = [word for word in line if word not in {"-p", "no:cacheprovider"}]
        line += ["-o", f"cache_dir={cache}"]
    try:
        done = subprocess.run(
            line,
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        cases = list(ET.parse(report).getroot().iter("testcase")) if report.exists() else []  # noqa: S314 - our own pytest wrote it
    finally:
        report.unlink(missing_ok=True)
    outcomes: dict[str, str] = {}
    messages: dict[str, str] = {}
    for case in cases:
        name = f"{case.get('classname', '').replace('.', '/').removesuffix('/md')}.md"
        item = f"{name}::{case.get('name')}"
        results = [child for child in case if child.tag in {"failure", "error", "skipped"}]
        kinds = {"failure": "failed"}
        outcomes[item] = kinds.get(results[0].tag, results[0].tag) if results else "passed"
        messages[item] = (results[0].text or results[0].get("message") or "") if results else ""
    return Done(done.returncode, done.stdout + done.stderr, outcomes, messages)


@pytest.fixture(scope="session")
def pages() -> Callable[..., Done]:
    """Run pytest on samples, named below `tests/samples`, and with further arguments."""

    def prove(*arguments: str, cache: Path | None = None) -> Done:
        words = [
            str(Path("tests/samples") / word) if not word.startswith("-") and "/" in word else word
            for word in arguments
        ]
        return run(ROOT, *words, cache=cache)

    return prove


class Site:
    """A site of its own in a temporary folder, with the project's lab."""

    def __init__(self, root: Path) -> None:
        """Make it, without pages."""
        self.root = root
        (root / "pyproject.toml").write_text(
            '[tool.dockproof]\nlanguages = ["zh", "en"]\n'
            f'lab = "{ROOT / "lab"}"\n\n'
            "[tool.pytest.ini_options]\n"
            'testpaths = ["docs"]\n'
            'addopts = ["--import-mode=importlib", "--continue-on-collection-errors"]\n',
            "utf-8",
        )
        (root / "conftest.py").write_text((ROOT / "conftest.py").read_text("utf-8"), "utf-8")

    def page(self, name: str, text: str, twin: str | None = "") -> None:
        """Write a page and its twin: the same text, another, or none."""
        for language, content in (("zh", text), ("en", text if twin == "" else twin)):
            if content is not None:
                path = self.root / "docs" / language / f"{name}.md"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, "utf-8")

    def prove(self, *arguments: str, cache: Path | None = None) -> Done:
        """Run pytest in the site."""
        return run(self.root, *arguments, cache=cache)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An empty site with the project's lab."""
    return Site(tmp_path)
