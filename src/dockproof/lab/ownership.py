"""Removing what is ours: objects that carry our label and whose run is over, and nothing else."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from docker.errors import APIError, NotFound

from dockproof.lab.state import LABEL

if TYPE_CHECKING:
    from collections.abc import Callable

    import docker

    from dockproof.lab.engine import OuterEngine
    from dockproof.lab.state import State

_PATIENCE_SECONDS = 3600
_NAME = "dockproof-"


def _remove(action: Callable[[], object]) -> None:
    """Remove an object that another process may be removing, or a container still using."""
    deadline = time.monotonic() + 10
    while True:
        try:
            action()
        except NotFound:
            return
        except APIError as error:
            if time.monotonic() > deadline:
                raise
            if "already in progress" in str(error):
                return
            time.sleep(0.1)
        else:
            return


def remove_objects(client: docker.DockerClient, doomed: Callable[[dict[str, str]], bool]) -> int:
    """Remove the labelled containers, then volumes and networks, that `doomed` picks.

    The label alone doesn't make an object ours: a container that the user makes of one of our
    images has the image's labels. Ours are also named for us.

    Args:
        client: The outer engine.
        doomed: Takes an object's labels, says whether it goes.

    Returns:
        How many were removed.
    """
    ours = {"label": f"{LABEL}=1"}
    containers = [
        found
        for found in client.api.containers(all=True, filters=ours)
        if any(name.startswith(f"/{_NAME}") for name in found["Names"] or [])
        and doomed(found["Labels"] or {})
    ]
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda found: _remove(
                    partial(client.api.remove_container, found["Id"], force=True, v=True)
                ),
                containers,
            )
        )
    volumes = [
        found
        for found in client.api.volumes(filters=ours)["Volumes"] or []
        if found["Name"].startswith(_NAME) and doomed(found["Labels"] or {})
    ]
    for found in volumes:
        _remove(partial(client.api.remove_volume, found["Name"], force=True))
    networks = [
        found
        for found in client.api.networks(filters=ours)
        if found["Name"].startswith(_NAME) and doomed(found["Labels"] or {})
    ]
    for found in networks:
        with suppress(NotFound):
            attached = client.api.inspect_network(found["Id"])["Containers"] or {}
            for container in attached:
                with suppress(APIError):
                    client.api.disconnect_container_from_network(container, found["Id"], force=True)
        _remove(partial(client.api.remove_network, found["Id"]))
    return len(containers) + len(volumes) + len(networks)


def remove_leftovers(client: docker.DockerClient, state: State) -> int:
    """Remove what runs of this host that died have left; returns how many objects."""

    def dead(labels: dict[str, str]) -> bool:
        return labels.get(f"{LABEL}.host") == state.host and not state.is_running(
            labels.get(f"{LABEL}.run", "")
        )

    count = remove_objects(client, dead)
    state.forget_dead_runs()
    return count


def remove_build_leftovers(engine: OuterEngine) -> None:
    """Remove what interrupted preparations left; to be called when no other can be preparing.

    The engine's builder makes containers and untagged images of its own, which carry the label that
    our Dockerfiles begin with and no run. On a shared engine another host may be building, so that
    only old ones go there.
    """
    client = engine.client
    patience = 0 if engine.private else _PATIENCE_SECONDS
    for found in client.api.containers(all=True, filters={"label": f"{LABEL}=1"}):
        # The builder runs its containers from images without a name, a user hardly ever.
        owned = f"{LABEL}.run" in (found["Labels"] or {}) or ":" in found["Image"].removeprefix(
            "sha256:"
        )
        if not owned and found["Created"] <= time.time() - patience:
            _remove(partial(client.api.remove_container, found["Id"], force=True, v=True))
    client.images.prune({"dangling": True, "label": [f"{LABEL}=1"], "until": f"{patience}s"})


def remove_run(client: docker.DockerClient, run: str) -> int:
    """Remove what is left of one run; returns how many objects."""
    return remove_objects(client, lambda labels: labels.get(f"{LABEL}.run") == run)
