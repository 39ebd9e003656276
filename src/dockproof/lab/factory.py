"""One process's way to labs: the outer engine, the images, and fresh machines for each page."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from docker.errors import DockerException

from dockproof.lab.certificates import host_certificates
from dockproof.lab.definition import load_definition
from dockproof.lab.engine import outer_engine
from dockproof.lab.errors import LabError
from dockproof.lab.identity import identity
from dockproof.lab.images import Images, start_mirror
from dockproof.lab.machines import Lab, Plan
from dockproof.lab.ownership import remove_leftovers, remove_run
from dockproof.lab.state import Run, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from dockproof.lab.definition import Suite


class LabFactory:
    """Makes labs; a context manager, outside of which nothing of it is left running.

    On entering, the outer engine is found or started, what dead runs left is removed, and images
    that are missing are made, which takes minutes once.
    """

    def __init__(self, lab_dir: Path, progress: Callable[[str], None] | None = None) -> None:
        """Read the lab's definition.

        Args:
            lab_dir: The `lab/` folder.
            progress: Takes lines that tell how far a long preparation is.

        Raises:
            LabError: The definition is wrong.
        """
        self._definition = load_definition(lab_dir)
        self._say = progress or (lambda _line: None)
        self._numbers = itertools.count(1)
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        """Get ready.

        Raises:
            LabError: There is no engine to be had, or an image can't be made.
        """
        self._state = State()
        self._engine = outer_engine(self._state, self._say)
        self._run = Run(self._state)
        try:
            remove_leftovers(self._engine.client, self._state)
            self._images = Images(self._engine, self._definition, self._run, self._say)
            suite = self._definition.suite
            self._images.ensure(suite)
            mirror = start_mirror(
                self._engine,
                self._definition.mirror_image,
                f"dockproof-{self._run.id}-mirror",
                self._run,
                read_only=True,
            )
            self._plan = Plan(
                engine=self._engine,
                labels=self._run.labels,
                node_image=self._definition.node_image(suite),
                mirror=mirror,
                images=self._images.provenance(),
                suite=suite.name,
                files=host_certificates(),
                identity=identity(self._engine, self._definition, suite),
            )
        except (DockerException, OSError) as error:
            tail = self._engine.log_tail()
            self._leave()
            raise LabError(f"the outer engine fails: {error}", tail) from error
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove everything that this process made, and stop the engine if nobody else uses it."""
        self._leave()

    def _leave(self) -> None:
        try:
            self._engine.settle()
            remove_run(self._engine.client, self._run.id)
        finally:
            self._run.close()
            self._engine.close()

    def _plan_of(self, suite: Suite) -> Plan:
        """The plan of labs of another release; makes its machines' image if it is missing."""
        try:
            self._images.ensure(suite)
        except (DockerException, OSError) as error:
            raise LabError(f"the outer engine fails: {error}", self._engine.log_tail()) from error
        return replace(
            self._plan,
            node_image=self._definition.node_image(suite),
            suite=suite.name,
            identity=identity(self._engine, self._definition, suite),
        )

    def open(self, nodes: int = 1, engine: str = "") -> Lab:
        """Give a fresh lab.

        Args:
            nodes: How many machines.
            engine: The row of `engines.toml` that they are to be, whatever is the default; the
                machines' image is made the first time that somebody asks.

        Raises:
            LabError: A machine doesn't come up, or its image can't be made.
        """
        suite = self._definition.suite_of(engine)
        plan = self._plan if suite == self._definition.suite else self._plan_of(suite)
        lab = Lab(plan, f"dockproof-{self._run.id}-{next(self._numbers)}", nodes)
        if suite.name not in self._told:
            self._told.add(suite.name)
            self._compare(lab, suite)
        return lab

    def _compare(self, lab: Lab, suite: Suite) -> None:
        """Tell where the machines run other versions than `engines.toml` expects."""
        for what in ("engine", "buildx", "compose"):
            expected, found = getattr(suite, what), getattr(lab.engine, what)
            if expected != found:
                self._say(
                    f"lab: warning: {what} {found or 'missing'} in Debian {suite.name}, "
                    f"{self._definition.directory / 'engines.toml'} expects {expected or 'none'}"
                )
