"""Pages in pytest: labs, reports, counts, and pytest-xdist.

``conftest.py`` composes a :class:`dockproof.pages.PageSybil` and names this module in
``pytest_plugins``.
"""

from __future__ import annotations

import math
import signal
import sys
import threading
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from dockproof import config as configuration
from dockproof import ledger
from dockproof.blocks import Kind
from dockproof.errors import ConfigError, LedgerError
from dockproof.pages import BLOCKED, STATE, PageItem, is_lab_error, lab_error
from dockproof.recording import Recording
from dockproof.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from dockproof.config import Config
    from dockproof.ledger import Record


def _site(root: Path) -> Config | None:
    try:
        return configuration.load(root)
    except ConfigError:
        return None


def pytest_configure(config: pytest.Config) -> None:
    """Begin without a lab; it is made when the first block needs it."""
    STATE.counts.clear()
    STATE.selected.clear()
    site = _site(config.rootpath)
    STATE.runs = Runs(site, _say(config)) if site else None
    if site:
        _hear_sigterm()
        config.pluginmanager.register(Recording(site), "dockproof-recording")


def pytest_unconfigure() -> None:
    """Close the labs."""
    if STATE.runs is not None:
        STATE.runs.close()
        STATE.runs = None


def _hear_sigterm() -> None:
    """Take the request to end for Ctrl-C, so that the labs are removed: CI's hosts send it."""
    if (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    ):
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _say(config: pytest.Config) -> Any:  # noqa: ANN401 - a callable
    def say(text: str) -> None:
        capture = config.pluginmanager.getplugin("capturemanager")
        if capture is None:
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress is for the terminal
            return
        with capture.global_and_fixture_disabled():
            print(f"\n{text}", file=sys.stderr, end="", flush=True)  # noqa: T201

    return say


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note how far each page has to be run, once `-k`, `--lf` and the like have chosen."""
    STATE.selected.clear()
    for item in session.items:
        if isinstance(item, PageItem) and item.part.index is not None and STATE.runs is not None:
            part = item.part
            STATE.selected.add((str(part.page.path), item.part.index))
            if part.runs and part.index is not None:
                STATE.runs.need(part.page, part.index)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count a lab that breaks under a page as an error, not as the page's failure."""
    outcome = yield
    if isinstance(item, PageItem) and call.excinfo and is_lab_error(call.excinfo.value):
        outcome.when = "setup"
        outcome.longrepr = lab_error(call.excinfo.value)
    return outcome


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Report what an earlier step has blocked as blocked."""
    if report.skipped and isinstance(report.longrepr, tuple) and BLOCKED in report.longrepr[2]:
        return "blocked", "b", "BLOCKED"
    return None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:  # noqa: ANN401 - pytest's own class is private
    """Print what became of every fence."""
    counts: dict[str, Counter[str]] = getattr(config, "_dockproof_counts", None) or STATE.counts
    if not counts:
        return
    total: Counter[str] = sum(counts.values(), Counter())
    done = _done(terminalreporter)
    terminalreporter.write_sep("-", "pages")
    terminalreporter.write_line(
        f"{len(counts)} pages, {sum(total[k] for k in (*Kind, 'skipped'))} fences: "
        f"{total['session']} sessions with {total['steps']} steps, {total['file']} files, "
        f"{total['display']} display-only, {total['text']} text, "
        f"{total['skipped']} skipped with a reason",
    )
    terminalreporter.write_line(
        f"in this run: {done['session']} sessions with {done['steps']} steps proved or failed, "
        f"{done['file']} files written",
    )
    for report_ in terminalreporter.stats.get("blocked", []):
        terminalreporter.write_line(
            f"BLOCKED {report_.nodeid}: {report_.longrepr[2].removeprefix('Skipped: ')}"
        )
    if why := _vacuous(total, done):
        terminalreporter.write_line(f"ERROR: {why}: nothing is proved", red=True)


def _vacuous(total: Counter[str], done: Counter[str]) -> str:
    """Say why a run proves nothing, from what its pages have and what was run; empty: it does."""
    if not total["steps"]:
        return "the pages have no step at all"
    if done["for a newer engine"] and not done["steps"]:
        return "what was chosen is for a newer engine alone"
    return ""


def _done(terminalreporter: Any) -> Counter[str]:  # noqa: ANN401 - as above
    """Count, from the reports of all workers, what was run: blocks by kind, and steps."""
    done = Counter[str]()
    for reports in terminalreporter.stats.values():
        for one in reports:
            properties = dict(getattr(one, "user_properties", ()))
            if "kind" not in properties or one.when != "call":
                continue
            if not one.skipped:
                done[properties["kind"]] += 1
                done["steps"] += int(properties["steps"])
            elif properties["newer"]:
                done["for a newer engine"] += 1
    return done


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run over pages that runs no step; hand the counts to xdist's controller."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["dockproof"] = {name: dict(counts) for name, counts in STATE.counts.items()}
        return
    counts = getattr(session.config, "_dockproof_counts", None) or STATE.counts
    if not counts or session.exitstatus != pytest.ExitCode.OK:
        return
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    done = _done(reporter) if reporter else Counter[str]()
    if _vacuous(sum(counts.values(), Counter()), done):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _seconds(site: Config) -> dict[str, float]:
    """Tell how long each page took when it was last proved: its path in its language, seconds."""
    try:
        records = ledger.load(site)
    except LedgerError:
        return {}
    newest: dict[tuple[str, str], Record] = {}
    for record in sorted(records, key=lambda record: record.date):
        newest[record.page, record.block] = record
    found: defaultdict[str, float] = defaultdict(float)
    for record in newest.values():
        found[f"{record.page}.md"] += record.seconds
    return dict(found)


class _Xdist:
    """What is needed only where pytest-xdist is installed."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - xdist has no types
        """Take over a worker's counts."""
        counts = getattr(node, "workeroutput", {}).get("dockproof", {})
        node.config._dockproof_counts = {name: Counter(c) for name, c in counts.items()}  # noqa: SLF001 - ours

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:  # noqa: ANN401
        """Keep a page and its twins on one worker, since one run proves them all.

        Pages are begun in the order of the time that they last took, the longest first.
        """
        if config.getoption("dist") != "load":
            return None
        from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - only where it is installed

        site = _site(config.rootpath)
        seconds = _seconds(site) if site else {}

        class PageScheduling(LoadScopeScheduling):  # type: ignore[misc]
            def _assign_work_unit(self, node: Any) -> None:  # noqa: ANN401 - xdist has no types
                # What takes longest first, so that no worker is left alone with it at the end;
                # before all, what nobody knows the time of.
                longest = max(self.workqueue, key=lambda scope: seconds.get(scope, math.inf))
                self.workqueue.move_to_end(longest, last=False)
                super()._assign_work_unit(node)

            def _split_scope(self, nodeid: str) -> str:
                path = nodeid.split("::", 1)[0]
                language = site.language_of(config.rootpath / path) if site else None
                if site is None or language is None:
                    return path
                return str((config.rootpath / path).relative_to(site.docs / language))

        return PageScheduling(config, log)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hooks for xdist."""
    pluginmanager.register(_Xdist(), "dockproof-xdist")
