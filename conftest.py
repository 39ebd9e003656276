"""Pages as tests: Sybil reads them, and the harness runs what it finds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dockproof.pages import PageSybil

if TYPE_CHECKING:
    import pytest

pytest_plugins = ["dockproof.plugin"]

_pages = PageSybil(Path(__file__).parent)
pytest_collect_file = _pages.pytest()


def pytest_configure(config: pytest.Config) -> None:
    """Let a Markdown file named on the command line be read as a page, wherever it lies."""
    for argument in config.args:
        path = Path(str(argument).split("::", 1)[0])
        _pages.named.add((config.invocation_params.dir / path).resolve())
