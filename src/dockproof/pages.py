"""Pages as Sybil documents: each block that is run, written or skipped is an example."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sybil import Document, Example, Region, Sybil
from sybil.example import SybilFailure
from sybil.integration.pytest import SybilFile, SybilItem

from dockproof import blocks, config, report
from dockproof.blocks import Block, Blocks, Kind
from dockproof.errors import PageError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable

    from dockproof.config import Config
    from dockproof.results import BlockResult
    from dockproof.runs import Runs

_LOG_WIDTH = 300
BLOCKED = "blocked by "
"""How the reason begins where an earlier step keeps a block from being run."""


@dataclass(slots=True)
class State:
    """What one pytest process knows of its pages; the plugin fills it.

    Attributes:
        runs: The page runs, or None outside a pytest session with a site.
        counts: What each collected page's fences are for.
        selected: The pages and indices of the blocks that this session runs.
    """

    runs: Runs | None = None
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    selected: set[tuple[str, int]] = field(default_factory=set)


STATE = State()


def _runs() -> Runs:
    if STATE.runs is None:
        raise RuntimeError(
            "no page can be run: name dockproof.plugin in conftest.py's pytest_plugins"
        )
    return STATE.runs


class Part:
    """What a Sybil region of a page holds: one block, or the page's comparison with its twins."""

    def __init__(self, page: Blocks, index: int | None) -> None:
        """Keep the page and the block's index; None for the comparison."""
        self.page = page
        self.index = index

    @property
    def block(self) -> Block | None:
        """The block, or None for the comparison."""
        return None if self.index is None else self.page.blocks[self.index]

    @property
    def runs(self) -> bool:
        """Whether the block needs the lab."""
        block = self.block
        return block is not None and block.directives.skip_reason(self.page.language) is None

    @property
    def name(self) -> str:
        """The item's name."""
        return self.block.name if self.block else "twins"


class PageSybil(Sybil):  # type: ignore[misc,unused-ignore]
    """A Sybil that reads pages into blocks, and names its examples after them.

    Args:
        root: The folder of the ``pyproject.toml`` with ``[tool.dockproof]``, or one below it.
    """

    def __init__(self, root: Path) -> None:
        """Read the site's configuration.

        Raises:
            ConfigError: See :func:`dockproof.config.load`.
        """
        # What Sybil's own would set; that looks through every module for its caller's file, which
        # takes longer than a thousand steps.
        self.name, self.path, self.parsers = "", root, [self._parse]
        self.setup = self.teardown = None
        self.fixtures: tuple[str, ...] = ()
        self.config = config.load(root)
        self.named: set[Path] = set()

    def should_parse(self, path: Path) -> bool:
        """Take the site's pages, and any Markdown file that is named on the command line."""
        return path.suffix == ".md" and (
            self.config.language_of(path) is not None or path.resolve() in self.named
        )

    def identify(self, example: Example) -> str:
        """Return the block's name, which stays when lines move."""
        part: Part = example.region.parsed
        return part.name

    def parse(self, path: Path) -> Document:
        """Read a page; what is wrong with it is one collection error that names the place."""
        try:
            page = load(path, self.config)
            text = path.read_text("utf-8-sig")
            document = Document(text, str(path))
            starts = [0]
            for line in text.split("\n"):
                starts.append(starts[-1] + len(line) + 1)
            used = -1
            for index, block in enumerate(page.blocks):
                if block.kind in {Kind.SESSION, Kind.FILE} or block.directives.skip:
                    # Several fences may come from one line's include; each has a place of its own.
                    used = max(used + 1, starts[block.fence.number - 1])
                    document.add(Region(used, used, Part(page, index), _evaluate))
            if (
                self.config.language_of(path) == self.config.source_language
                and len(self.config.languages) > 1
            ):
                document.add(Region(len(text), len(text), Part(page, None), self._twins))
        except PageError as error:
            raise pytest.Collector.CollectError(str(error)) from error
        STATE.counts.setdefault(str(page.path), page.counts())
        return document

    def pytest(self) -> Callable[[Path, pytest.Collector], pytest.Collector | None]:
        """Return a ``pytest_collect_file`` hook, as :meth:`sybil.Sybil.pytest` does."""

        def pytest_collect_file(
            file_path: Path, parent: pytest.Collector
        ) -> pytest.Collector | None:
            if not self.should_parse(file_path):
                return None
            return PageFile.from_parent(parent, path=file_path, sybils=[self])

        return pytest_collect_file

    def _parse(self, _document: Document) -> Iterable[Region]:
        raise NotImplementedError  # parse() makes the regions itself

    def _twins(self, example: Example) -> str | None:
        from dockproof import twins  # noqa: PLC0415 - not every run compares

        return "\n\n".join(twins.differences(Path(example.path), self.config)) or None


class PageFile(SybilFile):  # type: ignore[misc,unused-ignore]
    """A page, collected; its items report in the harness's own words."""

    def collect(self) -> Iterable[PageItem]:
        """Yield an item for each example."""
        for sybil in self.sybils:
            document = sybil.parse(self.path)
            self.documents.append(document)
            for example in document.examples():
                yield PageItem.from_parent(self, sybil=sybil, example=example)


class PageItem(SybilItem):  # type: ignore[misc,unused-ignore]
    """A block, or a page's comparison with its twins."""

    @property
    def part(self) -> Part:
        """What the item is for."""
        part: Part = self.example.region.parsed
        return part

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the page, the block's line from 0, and what heads the item's report."""
        # pytest writes `::` for each `.` of what ends like the id: it takes it for a class's name.
        line = self.example.line
        return self.path, line - 1, f"{self.nodeid} (line {line})"

    def setup(self) -> None:
        """Have the page's lab ready, so that a lab that can't be had is an error, not a failure."""
        super().setup()
        part = self.part
        if part.index is not None and part.runs:
            _runs().prepare(part.page, part.index)

    def runtest(self) -> None:
        """Run the block, and leave what was run to the reports."""
        block = self.part.block
        if block is not None:
            skipped = block.directives.skip_reason(self.part.page.language) is not None
            newer = "" if skipped or not block.directives.engine else "newer"
            self.user_properties += [
                ("kind", str(block.kind)),
                ("steps", str(len(block.steps))),
                ("newer", newer),
            ]
        super().runtest()

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 - as in pytest
        """Return the text of a page's failure, or pytest's own for the rest."""
        error = excinfo.value
        if isinstance(error, SybilFailure):
            return str(error.result)
        return pytest.Item.repr_failure(self, excinfo, style)

    def _traceback_filter(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # noqa: ANN401 - as in pytest
        return excinfo.traceback


def is_lab_error(error: BaseException | None) -> bool:
    """Tell whether an exception is the lab's, without importing the lab where it isn't used."""
    return type(error).__name__ == "LabError"


def lab_error(error: BaseException) -> str:
    """Return the text for a broken lab, with the end of the engine's log."""
    lines = str(getattr(error, "log", "")).strip().split("\n")
    log = "\n".join(f"{x[:_LOG_WIDTH]}…" if len(x) > _LOG_WIDTH else x for x in lines)
    return f"the lab is broken: {error}" + (
        f"\n\nthe end of the engine's log:\n{log}" if log else ""
    )


def load(path: Path, site: Config) -> Blocks:
    """Read the page at ``path`` and see that it has its twins.

    Raises:
        PageError: It can't be read as it stands, or a twin is missing.
    """
    page = blocks.load(path, site)
    for language, twin in site.twins_of(path).items():
        if not twin.is_file():
            raise PageError(
                page.place(1),
                f"the page has no twin in {language}",
                f"write {site.shown(twin)}, with the same blocks",
            )
    return page


def _evaluate(example: Example) -> str | None:
    """Run a block; return the text of its failure, or None."""
    part: Part = example.region.parsed
    page, block, index = part.page, part.block, part.index
    assert block is not None  # noqa: S101 - parse() gives the comparison another evaluator
    assert index is not None  # noqa: S101
    reason = block.directives.skip_reason(page.language)
    if reason is not None:
        pytest.skip(reason)
    result = _runs().result(page, index)
    if result.not_run:
        pytest.skip(result.not_run)
    if result.blocked_by is not None:
        return _blocked(result, page)
    if result.failures:
        return report.failure(result, page, block)
    if len(result.steps) != len(block.steps):
        return (
            f"{page.place(block.fence.number)}: ran {len(result.steps)} of {len(block.steps)} steps"
        )
    return None


def _blocked(result: BlockResult, page: Blocks) -> str:
    """Return why the block couldn't be run; skip it where the culprit fails under its own name."""
    runner = _runs().runner(page)
    culprit = result.blocked_by
    assert culprit is not None  # noqa: S101 - asked for blocked blocks only
    for index, earlier in enumerate(runner.results):
        if culprit in earlier.steps:
            block = page.blocks[index]
            step = report.own_step(culprit, earlier, block)
            reason = f"{BLOCKED}{page.place(step.number)}: {culprit.status}"
            if (str(page.path), index) in STATE.selected:
                pytest.skip(reason)
            return f"{reason}\n\n{report.failure(earlier, page, block)}"
    raise AssertionError(culprit)
