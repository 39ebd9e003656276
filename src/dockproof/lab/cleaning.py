"""Taking the lab away: what runs have left, and on request images, engine and state as well."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from docker.errors import APIError

from dockproof.lab.engine import OuterEngine, PrivateEngine, reachable_engine
from dockproof.lab.ownership import remove_leftovers
from dockproof.lab.state import LABEL, State

if TYPE_CHECKING:
    from collections.abc import Callable


def _remove_images(engine: OuterEngine, say: Callable[[str], None]) -> None:
    for image in engine.client.images.list(filters={"label": f"{LABEL}=1"}):
        try:
            engine.client.images.remove(image.id or "", force=True)
        except APIError as error:
            say(f"lab: image {image.short_id} stays: {error.explanation}")


def clean(say: Callable[[str], None], *, everything: bool = False) -> None:
    """Remove what runs of this host that are over have left; runs that live stay.

    Args:
        say: Takes a line about what was done.
        everything: Remove the lab's images and the private engine with its data as well.

    Raises:
        LabError: The private engine can't be started to be cleaned.
    """
    state = State()
    if everything and (living := state.living_runs()):
        say(f"lab: {len(living)} run(s) are using the lab: its images and its engine stay")
        everything = False
    engines = []
    if client := reachable_engine():
        engines.append(OuterEngine(client))
    if os.geteuid() == 0 and (state.root / "engine").exists() and shutil.which("dockerd"):
        engines.append(PrivateEngine(state))
    for engine in engines:
        try:
            count = remove_leftovers(engine.client, state)
            say(f"lab: removed {count} containers, volumes and networks of runs that are over")
            if everything:
                _remove_images(engine, say)
        finally:
            engine.settle()
            engine.close()
    if everything:
        with state.lock("engine"):
            users = state.grab("engine-users", wait=False)
            if users is not None:
                for folder in ("engine", "tmp", "runs"):
                    shutil.rmtree(state.root / folder, ignore_errors=True)
                os.close(users)
                say(f"lab: removed the lab's own engine and its images from {state.root}")
