"""Fifth stage: run a page's blocks in order, in one lab, in the page's terminals."""

from __future__ import annotations

import re
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pexpect

from dockproof import compare, screen, volatile
from dockproof.bindings import AmbiguousError, Bindings
from dockproof.blocks import Kind
from dockproof.errors import SaveError
from dockproof.interaction import MOST_OUTPUT, Interaction, Outcome, Shown
from dockproof.results import STOPPING, BlockResult, Status, StepResult
from dockproof.session import Step, is_key, prompt_of
from dockproof.terminal import EndedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockproof.bindings import Substitution
    from dockproof.blocks import Block, Blocks
    from dockproof.terminal import Terminal

# What a shell may have waiting stays well below what a pipe holds (64 KiB, pipe(7)).
_MOST_AHEAD = 100
_LONGEST_AHEAD = 300
# After such a command an engine that doesn't answer is the page's doing, not a broken lab.
_ENGINE = re.compile(
    r"\b(?:service|systemctl|init\.d)\b.*\bdocker\b|\bdockerd\b"
    r"|(?<!docker )(?<!container )\bp?kill(?:all)?\b"
    r"|docker\.sock\b|\b(?:shutdown|reboot|poweroff|halt)\b"
    r"|\bsudo (?:\S+ )*?(?:rm|mv|chmod|chown|umount|truncate|dd) .*\s/(?!home/|tmp/)"
)
_RETRY_PAUSE = 0.25
_LONGEST_MARK = 80
_INTERRUPTED = 130


class Machines(Protocol):
    """What a page's blocks run on."""

    engine: tuple[int, ...]
    """The engine's version."""

    def open_terminal(self, node: str, number: int) -> Terminal:
        """Open terminal ``number`` on ``node``."""

    def write_file(self, node: str, path: str, data: bytes) -> None:
        """Write a file: below the home directory, or as root where ``path`` is absolute."""

    def check(self, *, engine: bool) -> None:
        """Raise the lab's own error if a machine, or an engine, is gone."""

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
        self._broken: Exception | None = None
        self._terminals: dict[tuple[str, int], Terminal] = {}
        self._running: dict[tuple[str, int], Interaction] = {}
        self._bindings = Bindings()
        self._stopped: StepResult | None = None
        self._live = _live_values(page)
        self._engine_touched = False

    @property
    def machines(self) -> Machines:
        """The page's lab, opened on first use.

        Raises:
            LabError: It can't be had, or has broken; a new one would lack what the page has done.
        """
        if self._broken is not None:
            raise self._broken
        if self._machines is None:
            try:
                self._machines = self._open()
            except Exception as error:
                self._broken = error
                raise
        return self._machines

    def run_to(self, index: int) -> BlockResult:
        """Run all blocks up to ``index`` that haven't been run; return the last one's result.

        Raises:
            LabError: The lab can't be had, or broke.
        """
        while len(self.results) <= index:
            try:
                self.results.append(self._run(self.page.blocks[len(self.results)]))
            except Exception as error:
                self._broken = error
                raise
        return self.results[index]

    def ids_to_page(self, text: str) -> str:
        """Return ``text`` of the run with the page's ids, as far as the run has told of them."""
        return self._bindings.ids_to_page(text)

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
        if (
            block.kind in {Kind.DISPLAY, Kind.TEXT}
            or block.directives.skip_reason(self.page.language) is not None
        ):
            return result
        if self._stopped is not None:
            result.blocked_by = self._stopped
            return result
        start = time.monotonic()
        if block.kind is Kind.FILE:
            self._save(block, result)
        elif block.directives.engine and self.machines.engine < block.directives.engine:
            wanted = ".".join(str(part) for part in block.directives.engine)
            result.not_run = f"needs engine {wanted} or newer"
        else:
            self._session(block, result)
        result.seconds = time.monotonic() - start
        return result

    def _save(self, block: Block, result: BlockResult) -> None:
        title, number = block.fence.title or "", block.fence.number
        self._bindings.note_typed(block.content)
        try:
            self.machines.write_file("node1", title, block.content.encode())
        except SaveError as error:
            step = Step("node1", "", number, number, f"(saving {title})", ())
            result.steps.append(StepResult(step, Status.FILE, detail=str(error)))
            self._stop(result.steps[-1])

    def _session(self, block: Block, result: BlockResult) -> None:
        steps = deque(block.steps)
        sent: deque[_Sent] = deque()
        while steps or sent:
            start = time.monotonic()
            try:
                self._send_ahead(steps, sent, block)
                one = sent.popleft()
                stays = block.directives.running and one.step is block.steps[-1]
                judged = self._judge(one, block, self._follow(one, block, stays=stays), start)
            except _NotBegunError as error:
                judged = StepResult(error.step, error.status, detail=str(error))
            result.steps.append(judged)
            if judged.status in STOPPING:
                self._stop(judged)
                rest = [*(one.step for one in sent), *steps]
                result.steps += [StepResult(step, Status.BLOCKED) for step in rest]
                return

    def _send_ahead(self, steps: deque[Step], sent: deque[_Sent], block: Block) -> None:
        """Give the shell the next commands, as long as they don't depend on what is to come.

        Raises:
            _NotBegunError: The next step can't be begun.
        """
        if len(sent) > _MOST_AHEAD // 2:
            return  # so that many commands go in one write
        while steps:
            where = (steps[0].node, block.directives.terminal)
            if sent and (
                len(sent) >= _MOST_AHEAD
                or len(steps[0].shown) > _LONGEST_AHEAD
                or where != sent[0].where
                or self._depends(steps[0])
            ):
                break
            try:
                sent.append(self._begin(steps[0], where, block))
            except _NotBegunError:
                if sent:
                    break  # what the shell has been given comes first
                steps.popleft()
                raise
            steps.popleft()
        if sent:
            self._terminal(sent[0].where).flush()

    def _stop(self, why: StepResult) -> None:
        """Run no more of the page, unless it is the lab that is broken."""
        self._stopped = why
        self.machines.check(engine=not self._engine_touched)
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

    def _begin(self, step: Step, where: tuple[str, int], block: Block) -> _Sent:
        """Give the step's command to its shell, or find the program that it goes on in."""
        running = self._running.pop(where, None)
        if step.command is None:
            if running is None:
                raise _NotBegunError(
                    step, Status.INPUT, "no program is running in this terminal any more"
                )
            return _Sent(step, where, running, running.substitutions)
        terminal = self._terminal(where)
        if running is not None:
            self._finish(running, step, block)
        try:
            command, substitutions = self._bindings.to_run(step.command)
        except AmbiguousError as error:
            raise _NotBegunError(step, Status.AMBIGUOUS, str(error)) from error
        self._bindings.note_typed(step.command)
        self._engine_touched = self._engine_touched or bool(_ENGINE.search(step.command))
        terminal.queue(command)
        return _Sent(step, where, None, substitutions)

    @staticmethod
    def _finish(running: Interaction, step: Step, block: Block) -> None:
        """See the end of a program that an earlier block left running in this terminal."""
        try:
            printed = running.finish(block.directives.timeout)
        except EndedError as error:
            raise _NotBegunError(step, Status.SHELL, "the shell had ended before") from error
        if printed is None:
            raise _NotBegunError(
                step,
                Status.INPUT,
                "the program that an earlier block left running in this terminal hasn't ended: "
                "end it with `^C`, or use `terminal=2`",
            )
        if printed.strip():
            raise _NotBegunError(
                step,
                Status.INPUT,
                "the program that an earlier block left running in this terminal printed more "
                f"before it ended: show that at this block's start:\n{printed.rstrip()}",
            )

    def _terminal(self, where: tuple[str, int]) -> Terminal:
        if where not in self._terminals:
            self._terminals[where] = self.machines.open_terminal(*where)
        return self._terminals[where]

    def _follow(self, sent: _Sent, block: Block, *, stays: bool) -> Outcome:
        """See what comes of a step; repeat it where the page says so."""
        directives = block.directives
        step, terminal = sent.step, self._terminal(sent.where)
        lines = [line.text for line in step.expected]
        last = step is block.steps[-1]
        deadline = time.monotonic() + directives.retry if last and directives.retry else 0.0
        again = False
        while True:
            try:
                if again:
                    terminal.send(self._bindings.to_run(step.command or "")[0])
                if stays or sent.resumed or any(_typable(text) for text in lines):
                    outcome = self._interact(sent, terminal, lines, directives.timeout, stays=stays)
                else:
                    outcome = _plain(terminal, lines, directives.timeout)
            except EndedError:
                self.machines.check(engine=not self._engine_touched)
                detail = "run what ends a shell in one of its own, as in `bash -c '…'`"
                return Outcome(Status.SHELL, None, _as_shown(lines), [], detail)
            if (
                time.monotonic() >= deadline
                or step.command is None
                or outcome.status is not Status.PASSED
                or self._holds(sent, outcome, directives.exit)
            ):
                return outcome
            time.sleep(_RETRY_PAUSE)
            again = True

    def _interact(
        self, sent: _Sent, terminal: Terminal, lines: list[str], timeout: float, *, stays: bool
    ) -> Outcome:
        interaction = sent.resumed or Interaction(
            terminal,
            self._bindings,
            self._translator(sent.substitutions),
            sent.substitutions,
            volatile.asked(sent.step.command or ""),
        )
        outcome = interaction.run(lines, timeout, stays=stays)
        if stays and outcome.status is Status.PASSED:
            self._running[sent.where] = interaction
        return outcome

    def _translator(self, substitutions: list[Substitution]) -> Callable[[str], str]:
        def translate(typed: str) -> str:
            text, made = self._bindings.to_run(typed)
            substitutions.extend(s for s in made if s not in substitutions)
            return text

        return translate

    def _holds(self, sent: _Sent, outcome: Outcome, wanted: int) -> bool:
        mark = self._bindings.mark()
        agrees = compare.matches(
            [s.terminal for s in outcome.expected],
            outcome.actual,
            self._bindings,
            tuple(sent.substitutions),
            volatile.asked(sent.step.command or ""),
        )
        self._bindings.rollback(mark)
        return agrees and outcome.exit == wanted

    def _judge(self, sent: _Sent, block: Block, outcome: Outcome, start: float) -> StepResult:
        """Compare what the step printed and how it ended with what the page says."""
        wanted = block.directives.exit if sent.step is block.steps[-1] else 0
        expected = [shown.terminal for shown in outcome.expected]
        made = tuple(sent.substitutions)
        asked = volatile.asked(sent.step.command or "")
        agrees = compare.matches(expected, outcome.actual, self._bindings, made, asked)
        status = outcome.status
        # A program that the page itself interrupts ends with 130, unless the page says more.
        by_key = outcome.interrupted and "exit" not in block.directives.given
        if by_key and outcome.exit == _INTERRUPTED:
            wanted = _INTERRUPTED
        if status is Status.PASSED:
            if not agrees:
                status = Status.OUTPUT
            elif outcome.exit not in {None, wanted}:
                status = Status.EXIT
        merged: list[int | str] = []
        if status is not Status.PASSED:
            self.machines.check(engine=not self._engine_touched)
            merged = compare.merge(expected, outcome.actual, self._bindings, made, asked)
        return StepResult(
            sent.step,
            status,
            tuple(shown.page for shown in outcome.expected),
            tuple(outcome.actual),
            tuple(merged),
            outcome.exit,
            wanted,
            time.monotonic() - start,
            outcome.detail,
            made,
        )


@dataclass(frozen=True, slots=True)
class _Sent:
    """A step whose command its shell has.

    Attributes:
        step: The step.
        where: The node and the terminal's number.
        resumed: The program that it goes on in, or None.
        substitutions: The words of the command that were run as other words.
    """

    step: Step
    where: tuple[str, int]
    resumed: Interaction | None
    substitutions: list[Substitution]


class _NotBegunError(Exception):
    """A step can't be begun."""

    def __init__(self, step: Step, status: Status, detail: str) -> None:
        super().__init__(detail)
        self.step = step
        self.status = status


def _plain(terminal: Terminal, lines: list[str], timeout: float) -> Outcome:
    """Follow a command that the page types nothing into: wait for its mark."""
    deadline = time.monotonic() + timeout
    searched = 0
    while not (match := terminal.mark.search(terminal.buffer, searched)):
        searched = max(0, len(terminal.buffer) - _LONGEST_MARK)
        if searched > MOST_OUTPUT:
            detail = f"more than {MOST_OUTPUT >> 20} MiB"
            return Outcome(Status.FLOOD, None, [], [], detail)
        try:
            terminal.read(max(deadline - time.monotonic(), 0.001))
        except pexpect.TIMEOUT:
            if time.monotonic() < deadline:
                continue
            text = screen.render(bytes(terminal.buffer))
            cursor = text.rpartition("\n")[2].strip()
            waiting = f"; it may be waiting for input at `{cursor}`" if cursor else ""
            detail = f"after {timeout:g} s{waiting}"
            return Outcome(Status.TIMEOUT, None, _as_shown(lines), text.splitlines(), detail)
    text = screen.render(bytes(terminal.buffer[: match.start()]))
    status = int(match[1])
    del terminal.buffer[: match.end()]
    actual = text.removesuffix("\n").split("\n") if text else []
    return Outcome(Status.PASSED, status, _as_shown(lines), actual)


def _as_shown(lines: list[str]) -> list[Shown]:
    return [Shown(text, text) for text in lines]


def _typable(text: str) -> bool:
    return is_key(text) or prompt_of(text) is not None


def _live_values(page: Blocks) -> Bindings:
    """Return the page's live values, each bound to itself."""
    bindings = Bindings()
    for block in page.blocks:
        for step in block.steps:
            asked = volatile.asked(step.command or "")
            for line in step.expected:
                for start, end, rule in volatile.find(line.text, asked):
                    if rule.live:
                        # Of numbers of processes there may be several.
                        values = {value: value for value in line.text[start:end].split()}
                        bindings.pairs.setdefault(rule.live, {}).update(values)
    return bindings
