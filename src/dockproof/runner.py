"""Fifth stage: run a page's blocks in order, in one lab, in the page's terminals."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

import pexpect

from dockproof import compare, screen, volatile
from dockproof.bindings import AmbiguousError, Bindings
from dockproof.blocks import Kind
from dockproof.interaction import MOST_OUTPUT, Interaction, Outcome, Shown
from dockproof.results import STOPPING, BlockResult, Status, StepResult
from dockproof.session import KEYS, prompt_of
from dockproof.terminal import EndedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockproof.bindings import Substitution
    from dockproof.blocks import Block, Blocks
    from dockproof.session import Step
    from dockproof.terminal import Terminal

_AHEAD = 16_384
"""Bytes of commands that a shell may have waiting; well below what a pipe holds."""
_RETRY_PAUSE = 0.25
_INTERRUPTED = 130


class Machines(Protocol):
    """What a page's blocks run on."""

    engine: tuple[int, ...]
    """The engine's version."""

    def open_terminal(self, node: str, number: int) -> Terminal:
        """Open terminal ``number`` on ``node``."""

    def write_file(self, node: str, path: str, data: bytes) -> None:
        """Write a file: below the home directory, or as root where ``path`` is absolute."""

    def check(self) -> None:
        """Raise the lab's own error if the lab is broken."""

    def close(self) -> None:
        """Remove it all."""


class PageRunner:
    """Runs one page's blocks, each once and in order.

    Args:
        page: The page.
        machines: Opens the page's fresh lab; called before the first block.
    """

    def __init__(self, page: Blocks, machines: Callable[[], Machines]) -> None:
        """Begin before the first block, without a lab."""
        self.page = page
        self.results: list[BlockResult] = []
        self._open = machines
        self._machines: Machines | None = None
        self._terminals: dict[tuple[str, int], Terminal] = {}
        self._running: dict[tuple[str, int], Interaction] = {}
        self._bindings = Bindings()
        self._stopped: StepResult | None = None
        self._live = _live_values(page)

    @property
    def machines(self) -> Machines:
        """The page's lab, opened on first use."""
        if self._machines is None:
            self._machines = self._open()
        return self._machines

    def run_to(self, index: int) -> BlockResult:
        """Run all blocks up to ``index`` that haven't been run; return the last one's result.

        Raises:
            LabError: The lab can't be had, or broke.
        """
        while len(self.results) <= index:
            self.results.append(self._run(self.page.blocks[len(self.results)]))
        return self.results[index]

    def close(self) -> None:
        """End the terminals and remove the lab."""
        for terminal in self._terminals.values():
            terminal.close()
        self._terminals.clear()
        if self._machines is not None:
            self._machines.close()
            self._machines = None

    def _run(self, block: Block) -> BlockResult:
        result = BlockResult(block)
        if block.kind in {Kind.DISPLAY, Kind.TEXT} or block.directives.skip_reason(self.page.language) is not None:
            return result
        if self._stopped is not None:
            result.blocked_by = self._stopped
            return result
        start = time.monotonic()
        if block.kind is Kind.FILE:
            self.machines.write_file("node1", block.fence.title or "", block.content.encode())
        elif block.directives.engine and self.machines.engine < block.directives.engine:
            wanted = ".".join(str(part) for part in block.directives.engine)
            result.not_run = f"needs engine {wanted} or newer"
        else:
            self._session(block, result)
        result.seconds = time.monotonic() - start
        return result

    def _session(self, block: Block, result: BlockResult) -> None:
        number = block.directives.terminal
        steps = deque(block.steps)
        last = block.steps[-1]
        sent: deque[tuple[Step, Interaction | None, list[Substitution]]] = deque()
        waiting = 0
        where: tuple[str, int] | None = None
        while steps or sent:
            # Give the shell commands ahead, as long as they don't depend on what is still to come.
            while steps and (not sent or ((steps[0].node, number) == where and waiting < _AHEAD
                                          and not self._depends(steps[0]))):
                step = steps.popleft()
                where = (step.node, number)
                try:
                    sent.append(self._begin(step, where, block))
                except AmbiguousError as error:
                    result.steps.append(StepResult(step, Status.AMBIGUOUS, detail=str(error)))
                    if not sent:
                        break
                except _StuckError as error:
                    self._stop(result, StepResult(step, Status.INPUT, detail=str(error)), [*steps])
                    return
                waiting += len(step.shown)
            if not sent:
                continue
            step, resumed, substitutions = sent.popleft()
            waiting -= len(step.shown)
            assert where is not None  # noqa: S101 - a step was sent there
            outcome = self._follow(step, where, resumed, substitutions, block, stays=block.directives.running and step is last)
            judged = self._judge(step, block, outcome, substitutions)
            result.steps.append(judged)
            if judged.status in STOPPING:
                self._stop(result, judged, [*(s for s, _, _ in sent), *steps])
                return
        result.steps.sort(key=lambda r: r.step.number)

    def _stop(self, result: BlockResult, why: StepResult, rest: list[Step]) -> None:
        """Report what stopped the page, and the block's later steps as blocked by it."""
        if why not in result.steps:
            result.steps.append(why)
        result.steps += [StepResult(step, Status.BLOCKED) for step in rest]
        self._stopped = why
        self.machines.check()
        for terminal in self._terminals.values():
            terminal.close()
        self._terminals.clear()

    def _depends(self, step: Step) -> bool:
        """Tell whether the step's command may hold a value that an earlier step prints."""
        if step.command is None or not self._live.pairs:
            return step.command is None
        try:
            return bool(self._live.to_run(step.command)[1])
        except AmbiguousError:
            return True

    def _begin(self, step: Step, where: tuple[str, int], block: Block) -> tuple[Step, Interaction | None, list[Substitution]]:
        """Give the step's command to its shell, or find the program that it goes on in."""
        running = self._running.pop(where, None)
        if step.command is None:
            if running is None:
                raise _StuckError("no program is running in this terminal")
            return step, running, running.substitutions
        terminal = self._terminal(where)
        if running is not None:
            printed = running.finish(block.directives.timeout)
            if printed is None:
                raise _StuckError("the program that an earlier block left running in this terminal hasn't ended: "
                                  "end it with `^C`, or use `terminal=2`")
            if printed.strip():
                raise _StuckError("the program that an earlier block left running in this terminal printed "
                                  f"more before it ended: show it at this block's start:\n{printed.rstrip()}")
        command, substitutions = self._bindings.to_run(step.command)
        self._bindings.note_typed(step.command)
        terminal.send(command)
        return step, None, substitutions

    def _terminal(self, where: tuple[str, int]) -> Terminal:
        if where not in self._terminals:
            self._terminals[where] = self.machines.open_terminal(*where)
        return self._terminals[where]

    def _follow(self, step: Step, where: tuple[str, int], resumed: Interaction | None,  # noqa: PLR0913 - one call
                substitutions: list[Substitution], block: Block, *, stays: bool) -> Outcome:
        terminal = self._terminal(where)
        lines = [line.text for line in step.expected]
        directives = block.directives
        last = step is block.steps[-1]
        deadline = time.monotonic() + directives.retry if last and directives.retry else 0.0
        while True:
            interaction = resumed
            try:
                if interaction is None:
                    if not stays and not deadline and not any(_typable(text) for text in lines):
                        return _plain(terminal, lines, directives.timeout)
                    interaction = Interaction(terminal, self._bindings, self._translator(substitutions), substitutions)
                outcome = interaction.run(lines, directives.timeout, stays=stays)
            except EndedError:
                self.machines.check()
                return Outcome(Status.SHELL, None, [Shown(t, t) for t in lines], [], interrupted=False,
                               detail="use `bash -c` for what ends a shell")
            if stays and outcome.status is Status.PASSED:
                self._running[where] = interaction
            if not deadline or outcome.status is not Status.PASSED or self._holds(outcome, directives.exit, substitutions):
                return outcome
            if time.monotonic() >= deadline or step.command is None:
                return outcome
            time.sleep(_RETRY_PAUSE)
            terminal.send(self._bindings.to_run(step.command)[0])

    def _translator(self, substitutions: list[Substitution]) -> Callable[[str], str]:
        def translate(typed: str) -> str:
            text, made = self._bindings.to_run(typed)
            substitutions.extend(s for s in made if s not in substitutions)
            return text

        return translate

    def _holds(self, outcome: Outcome, wanted: int, substitutions: list[Substitution]) -> bool:
        mark = self._bindings.mark()
        agrees = compare.matches([s.terminal for s in outcome.expected], outcome.actual, self._bindings, tuple(substitutions))
        self._bindings.rollback(mark)
        return agrees and outcome.exit == wanted

    def _judge(self, step: Step, block: Block, outcome: Outcome, substitutions: list[Substitution]) -> StepResult:
        """Compare what the step printed and how it ended with what the page says."""
        wanted = block.directives.exit if step is block.steps[-1] else 0
        expected = [shown.terminal for shown in outcome.expected]
        made = tuple(substitutions)
        agrees = compare.matches(expected, outcome.actual, self._bindings, made)
        status = outcome.status
        if status is Status.PASSED:
            fine = outcome.exit in {None, wanted} or (
                outcome.interrupted and outcome.exit == _INTERRUPTED and "exit" not in block.directives.given
            )
            status = Status.PASSED if agrees and fine else Status.OUTPUT if not agrees else Status.EXIT
        merged: list[int | str] = []
        if status is not Status.PASSED:
            self.machines.check()
            merged = compare.merge(expected, outcome.actual, self._bindings, made)
        return StepResult(
            step, status, tuple(shown.page for shown in outcome.expected), tuple(outcome.actual), tuple(merged),
            outcome.exit, wanted, 0.0, outcome.detail, made,
        )


class _StuckError(Exception):
    """A step can't be begun."""


def _plain(terminal: Terminal, lines: list[str], timeout: float) -> Outcome:
    """Follow a command that the page types nothing into: wait for its mark."""
    deadline = time.monotonic() + timeout
    searched = 0
    while not (match := terminal.mark.search(terminal.buffer, searched)):
        searched = max(0, len(terminal.buffer) - 80)
        if searched > MOST_OUTPUT:
            return Outcome(Status.FLOOD, None, [], [], interrupted=False, detail=f"more than {MOST_OUTPUT >> 20} MiB")
        left = deadline - time.monotonic()
        try:
            if left <= 0:
                raise pexpect.TIMEOUT("")
            terminal.read(left)
        except pexpect.TIMEOUT:
            text = screen.render(bytes(terminal.buffer))
            cursor = text.rpartition("\n")[2].strip()
            waiting = f"; it may be waiting for input at `{cursor}`" if cursor else ""
            return Outcome(Status.TIMEOUT, None, [Shown(t, t) for t in lines], text.splitlines(), interrupted=False,
                           detail=f"after {timeout:g} s{waiting}")
    text = screen.render(bytes(terminal.buffer[: match.start()]))
    status = int(match[1])
    del terminal.buffer[: match.end()]
    return Outcome(Status.PASSED, status, [Shown(t, t) for t in lines],
                   text.removesuffix("\n").split("\n") if text else [], interrupted=False)


def _typable(text: str) -> bool:
    return text.strip() in KEYS or prompt_of(text) is not None


def _live_values(page: Blocks) -> Bindings:
    """Return the page's live values, each bound to itself."""
    bindings = Bindings()
    for block in page.blocks:
        for step in block.steps:
            for line in step.expected:
                for start, end, rule in volatile.find(line.text):
                    if rule.live:
                        value = line.text[start:end]
                        bindings.pairs.setdefault(rule.live, {})[value] = value
    return bindings
