"""The page runs of one process: each page once, for all languages whose blocks are the same."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from dockproof import ledger
from dockproof.machines import LabMachines
from dockproof.runner import PageRunner

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockproof.blocks import Blocks
    from dockproof.config import Config
    from dockproof.lab import LabFactory
    from dockproof.ledger import Facts
    from dockproof.results import BlockResult


class Runs:
    """Opens a fresh lab for each page, keeps results, and closes a lab when nothing more needs it.

    Args:
        config: The site.
        progress: Is told, in words, what takes its time.
    """

    def __init__(self, config: Config, progress: Callable[[str], None]) -> None:
        """Begin without a lab."""
        self._config = config
        self._progress = progress
        self._factory: LabFactory | None = None
        self._runners: dict[str, PageRunner] = {}
        self._last: dict[str, int] = {}
        self._facts: dict[str, Facts] = {}

    def need(self, page: Blocks, index: int) -> None:
        """Say that the block at ``index`` will be asked for."""
        self._last[page.key] = max(index, self._last.get(page.key, -1))

    def runner(self, page: Blocks) -> PageRunner:
        """Return the runner of the page or of its twin with the same blocks."""
        if page.key not in self._runners:
            self._runners[page.key] = PageRunner(page, lambda: self._machines(page))
        return self._runners[page.key]

    def facts(self, page: Blocks) -> Facts | None:
        """Return what the page's lab is or was, or None before it has been opened."""
        return self._facts.get(page.key)

    def _machines(self, page: Blocks) -> LabMachines:
        lab = self.factory.open(page.page.nodes, page.page.engine)
        self._facts[page.key] = ledger.facts(lab)
        return LabMachines(lab)

    @property
    def factory(self) -> LabFactory:
        """The process's connection to the lab, made on first use.

        Raises:
            LabError: There can be none.
        """
        if self._factory is None:
            from dockproof.lab import LabFactory  # noqa: PLC0415 - the SDK's import takes its time

            self._factory = LabFactory(self._config.lab, self._progress).__enter__()
        return self._factory

    def prepare(self, page: Blocks, index: int) -> None:
        """Open the page's lab if the block at ``index`` is still to be run.

        Raises:
            LabError: The lab can't be had.
        """
        runner = self.runner(page)
        if len(runner.results) <= index:
            _ = runner.machines

    def result(self, page: Blocks, index: int) -> BlockResult:
        """Run the page up to the block at ``index``, if that hasn't happened; return its result.

        Raises:
            LabError: The lab can't be had, or broke; the next page begins with a new one.
        """
        runner = self.runner(page)
        try:
            result = runner.run_to(index)
        except BaseException:
            with suppress(Exception):
                runner.close()
            raise
        if len(runner.results) > self._last.get(page.key, -1):
            runner.close()
        return result

    def close(self) -> None:
        """Close all labs and the connection."""
        for runner in self._runners.values():
            runner.close()
        if self._factory is not None:
            self._factory.__exit__(None, None, None)
            self._factory = None
