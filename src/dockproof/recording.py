"""A run's records in pytest: each made where its block was run, all written once at the end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dockproof import ledger
from dockproof.errors import LedgerError
from dockproof.pages import STATE, PageItem

if TYPE_CHECKING:
    from collections.abc import Generator

    from dockproof.config import Config


class Recording:
    """A pytest plugin; registered by :mod:`dockproof.plugin`.

    Args:
        site: The site that the records are of.
    """

    def __init__(self, site: Config) -> None:
        """Begin without records."""
        self._site = site
        self._recorder = ledger.Recorder(site)
        self._records: list[ledger.Record] = []
        self._failed: set[str] = set()
        self._problem = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Leave the record of a block that held to its report, which crosses processes."""
        yield
        if not isinstance(item, PageItem) or STATE.runs is None:
            return
        part = item.part
        if part.index is None or not part.runs:
            return
        lab = STATE.runs.facts(part.page)
        results = STATE.runs.runner(part.page).results[: part.index + 1]
        if lab is None or not all(result.passed or result.not_run for result in results):
            return
        record = self._recorder.record(part.page, part.index, results[-1].seconds, lab)
        if record is not None:
            item.user_properties.append((ledger.PROPERTY, json.dumps(record.as_json())))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a record from a report, wherever it was made, or that a page failed."""
        if report.failed:
            path = self._site.root / report.nodeid.partition("::")[0]
            self._failed.add(ledger.page_name(path, self._site) or "")
        if report.when == "call" and report.passed:
            for name, value in report.user_properties:
                if name == ledger.PROPERTY:
                    self._records.append(ledger.Record.from_json(json.loads(str(value))))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the records, in the one process that has them all."""
        if hasattr(session.config, "workeroutput") or not (self._records or self._failed):
            return
        try:
            ledger.keep(self._site, self._records, self._failed)
        except (OSError, LedgerError) as error:
            self._problem = f"the run's records are not kept: {error}"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 - pytest's own class is private
        """Say if the records could not be written."""
        if self._problem:
            terminalreporter.write_line(self._problem, yellow=True)
