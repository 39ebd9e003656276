"""The images that a lab is made of: the machines' and the registry's, with its base images."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from docker.errors import DockerException, ImageNotFound

from dockproof.lab.bootstrap import make_base, stop_bootstraps
from dockproof.lab.certificates import host_certificates
from dockproof.lab.errors import LabError
from dockproof.lab.machines import Lab, Plan, tar_of
from dockproof.lab.network import create_network
from dockproof.lab.ownership import remove_build_leftovers
from dockproof.lab.progress import Progress
from dockproof.lab.state import LABEL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from docker.models.containers import Container

    from dockproof.lab.definition import Definition, Recipe, Suite
    from dockproof.lab.engine import OuterEngine
    from dockproof.lab.machines import Node
    from dockproof.lab.state import Run

_STEP_SECONDS = 900
_MIRROR = "hub-mirror:5000"
_PROVENANCE = f"{LABEL}.images"
_HUB = "https://registry-1.docker.io/v2/"


@dataclass(frozen=True)
class Provenance:
    """Where a base image comes from.

    Attributes:
        official: It is Docker Hub's; else a stand-in that was built here.
        digest: The image's digest: at Docker Hub, or in the lab's registry.
        recipe: What the stand-in was built from, "lab/images/python", or "".
    """

    official: bool
    digest: str
    recipe: str


def _has(engine: OuterEngine, name: str) -> bool:
    try:
        engine.client.images.get(name)
    except ImageNotFound:
        return False
    return True


class Images:
    """Makes what is missing of the lab's images; what they are made of is in their names."""

    def __init__(
        self, engine: OuterEngine, definition: Definition, run: Run, say: Callable[[str], None]
    ) -> None:
        """Prepare for the work; nothing is made yet."""
        self._engine, self._definition, self._run, self._say = engine, definition, run, say
        self._stopping = threading.Event()

    def ensure(self, suite: Suite) -> None:
        """Make the images that are missing, while other processes wait for them.

        Args:
            suite: What the machines are to be made of.

        Raises:
            LabError: One can't be made.
        """
        if self._complete(suite):
            return
        state = self._run.state
        lock = state.grab("prepare", wait=False)
        if lock is None:
            self._say("lab: another process is making the lab's images; waiting for it")
            lock = state.grab("prepare")
        try:
            if not self._complete(suite):
                shutil.rmtree(state.root / "tmp", ignore_errors=True)
                remove_build_leftovers(self._engine)
                self._make(suite)
                remove_build_leftovers(self._engine)
        finally:
            state.release(lock)

    def _complete(self, suite: Suite) -> bool:
        return _has(self._engine, self._definition.node_image(suite)) and _has(
            self._engine, self._definition.mirror_image
        )

    def provenance(self) -> dict[str, Provenance]:
        """Read off the registry's image where each base image in it comes from."""
        image = self._engine.client.images.get(self._definition.mirror_image)
        found = json.loads(image.labels.get(_PROVENANCE, "{}"))
        return {reference: Provenance(**value) for reference, value in found.items()}

    def _make(self, suite: Suite) -> None:
        definition, image_suite = self._definition, self._definition.image_suite
        node_image = definition.node_image(suite)
        need_node = not _has(self._engine, node_image)
        need_mirror = not _has(self._engine, definition.mirror_image)
        need_registry = need_mirror and not _has(self._engine, definition.mirror_base)
        suites = {suite.name: suite} if need_node else {}
        if need_mirror:
            suites[image_suite.name] = image_suite
        suites = {
            name: each
            for name, each in suites.items()
            if not _has(self._engine, definition.base_image(each))
        }
        fill = len(definition.recipes) + 1 if need_mirror else 0
        progress = Progress(self._say, len(suites) + need_node + need_registry + fill)
        network, _, _ = create_network(
            self._engine, f"dockproof-{self._run.id}-build", self._run.labels
        )
        assert network.name  # noqa: S101 - just made
        try:
            with ThreadPoolExecutor(2) as pool:
                bases = {
                    name: pool.submit(self._base, each, progress) for name, each in suites.items()
                }

                def built(each: Suite, target: str, folder: str, what: str) -> None:
                    if each.name in bases:
                        bases[each.name].result()
                    with progress.step(what):
                        self._build(each, target, definition.directory / folder, network.name or "")

                jobs = []
                if need_node:
                    what = f"the machines' image (Debian {suite.name}, Docker {suite.engine})"
                    jobs.append(pool.submit(built, suite, node_image, "node", what))
                if need_registry:
                    what = "the registry that stands in for Docker Hub"
                    jobs.append(
                        pool.submit(built, image_suite, definition.mirror_base, "mirror", what)
                    )
                try:
                    for job in jobs:
                        job.result()
                except BaseException:
                    self._stopping.set()
                    stop_bootstraps()
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        finally:
            # A build that was broken off may still hold it; it goes with the rest of the run then.
            with suppress(DockerException):
                network.remove()
        if need_mirror:
            self._fill(suite, progress)

    def _base(self, suite: Suite, progress: Progress) -> None:
        with progress.step(f"Debian {suite.name} from its packages"):
            make_base(
                self._engine,
                suite,
                self._definition.base_image(suite),
                self._run.state.root / "tmp",
                self._say,
            )

    def _build(self, suite: Suite, name: str, folder: Path, network: str) -> None:
        """Build an image on the outer engine from `folder`, on the bootstrap of `suite`."""
        tail: list[str] = []
        arguments = {
            "BASE": self._definition.base_image(suite),
            "PACKAGES": " ".join((*suite.packages, *suite.extra)),
        }
        try:
            answers = self._engine.client.api.build(
                path=str(folder),
                tag=name,
                buildargs=arguments,
                network_mode=network,
                rm=True,
                forcerm=True,
                decode=True,
            )
            for answer in answers:
                if self._stopping.is_set():
                    raise LabError(f"{folder}: the build was interrupted")
                tail = [*tail, *str(answer.get("stream", "")).splitlines()][-40:]
                if "error" in answer:
                    raise LabError(
                        f"{folder}: the build failed: {answer['error']}", "\n".join(tail)
                    )
        except (DockerException, OSError) as error:
            raise LabError(f"{folder}: the build failed: {error}", "\n".join(tail)) from error

    def _fill(self, suite: Suite, progress: Progress) -> None:
        """Fill the registry, on a lab machine, and keep it as an image."""
        definition = self._definition
        mirror = start_mirror(
            self._engine, definition.mirror_base, f"dockproof-{self._run.id}-fill", self._run
        )
        try:
            plan = Plan(
                engine=self._engine,
                labels=self._run.labels,
                node_image=definition.node_image(suite),
                mirror=mirror,
                images={},
                suite=suite.name,
                files=host_certificates(),
            )
            lab = Lab(plan, f"dockproof-{self._run.id}-filler", 1)
            try:
                found = _Filler(self._engine, definition, lab.nodes["node1"]).fill(progress)
            finally:
                lab.close()
            with progress.step("keeping the registry as an image"):
                mirror.stop()
                repository, _, tag = definition.mirror_image.partition(":")
                label = json.dumps({reference: asdict(value) for reference, value in found.items()})
                mirror.commit(
                    repository=repository,
                    tag=tag,
                    changes=[f"LABEL {_PROVENANCE}={json.dumps(label)}"],
                )
        finally:
            mirror.remove(force=True, v=True)


def start_mirror(
    engine: OuterEngine, image: str, name: str, run: Run, *, read_only: bool = False
) -> Container:
    """Start a container of the registry; labs connect it to their networks.

    Args:
        engine: The outer engine.
        image: The empty registry's image or the filled one's.
        name: The container's name.
        run: Whose it is.
        read_only: Refuse pushes.
    """
    environment = {"REGISTRY_STORAGE_MAINTENANCE_READONLY": "{enabled: true}"} if read_only else {}
    container = engine.client.containers.create(
        image, name=name, labels=run.labels, environment=environment, network_mode="none"
    )
    # A container of the network "none" can't join others; one without any can.
    engine.client.api.disconnect_container_from_network(container.id or "", "none")
    container.start()
    return container


class _Filler:
    """Fills the lab's registry from a lab machine."""

    def __init__(self, engine: OuterEngine, definition: Definition, node: Node) -> None:
        self._engine, self._definition, self._node = engine, definition, node

    def _do(self, *argv: str) -> str:
        status, output = self._node.run(argv, timeout=_STEP_SECONDS)
        if status:
            tail = "\n".join(output.splitlines()[-40:])
            raise LabError(f"filling the lab's registry: `{' '.join(argv)}` failed", tail)
        return output

    def fill(self, progress: Progress) -> dict[str, Provenance]:
        """Put the base images into the registry; returns where each comes from."""
        recipes = self._definition.recipes.values()
        found: dict[str, Provenance] = {}
        hub = self._hub_answers()
        first = [recipe for recipe in recipes if recipe.bootstrap]
        rest = [recipe for recipe in recipes if not recipe.bootstrap]
        for recipe in first:
            with progress.step(f"base image {recipe.name}"):
                found |= self._recipe(recipe, hub=hub)
        with ThreadPoolExecutor(2) as pool:

            def one(recipe: Recipe) -> dict[str, Provenance]:
                with progress.step(f"base image {recipe.name}"):
                    return self._recipe(recipe, hub=hub)

            for some in pool.map(one, rest):
                found |= some
        if hub:
            for reference in self._definition.lock:
                if reference not in found:
                    found |= self._official(reference)
        return found

    def _hub_answers(self) -> bool:
        if not self._definition.lock:
            return False
        status, _ = self._node.run(
            ["curl", "-s", "--output", "/dev/null", "--max-time", "5", _HUB], timeout=10
        )
        return status == 0

    def _official(self, reference: str) -> dict[str, Provenance]:
        """Take an image from Docker Hub by its digest."""
        digest = self._definition.lock[reference]
        repository = reference.partition(":")[0]
        place = repository if "/" in repository else f"library/{repository}"
        self._do("docker", "pull", "--quiet", f"{repository}@{digest}")
        self._do("docker", "tag", f"{repository}@{digest}", reference)
        target = f"{_MIRROR}/{place}:{reference.partition(':')[2]}"
        self._do("docker", "tag", reference, target)
        self._do("docker", "push", "--quiet", target)
        return {reference: Provenance(official=True, digest=digest, recipe="")}

    def _recipe(self, recipe: Recipe, *, hub: bool) -> dict[str, Provenance]:
        """Serve a repository: official tags where there are some, else the stand-in."""
        found: dict[str, Provenance] = {}
        references = [f"{recipe.name}:{tag}" for tag in recipe.tags]
        if hub:
            for reference in references:
                if reference in self._definition.lock:
                    found |= self._official(reference)
        missing = [reference for reference in references if reference not in found]
        if missing:
            found |= self._stand_in(recipe, missing)
        return found

    def _stand_in(self, recipe: Recipe, references: list[str]) -> dict[str, Provenance]:
        folder = f"/var/tmp/{recipe.name}"  # noqa: S108 - the machine's own
        inside = {
            f"{folder}/{file.relative_to(recipe.directory)}": (
                file.read_bytes(),
                file.stat().st_mode & 0o777,
            )
            for file in recipe.directory.rglob("*")
            if file.is_file()
        }
        self._do("mkdir", "-p", folder)
        self._node.container.put_archive("/", tar_of(inside))
        if recipe.bootstrap:
            self._put_bootstrap(folder)
        own = [f"{_MIRROR}/library/{reference}" for reference in references]
        tags = [word for name in [*references, *own] for word in ("--tag", name)]
        # By variables, because flags for the same are too new for the older engines.
        plain = ("env", "DOCKER_BUILDKIT=1", "BUILDX_NO_DEFAULT_ATTESTATIONS=1")
        self._do(*plain, "docker", "build", "--progress=plain", *tags, folder)
        self._do("docker", "push", "--quiet", "--all-tags", f"{_MIRROR}/library/{recipe.name}")
        about: list[dict[str, Any]] = json.loads(self._do("docker", "inspect", own[0]))
        digests: Mapping[str, str] = dict(
            entry.split("@", 1) for entry in about[0]["RepoDigests"] or []
        )
        digest = digests.get(own[0].rpartition(":")[0], "")
        where = f"{self._definition.directory.name}/images/{recipe.name}"
        return {
            reference: Provenance(official=False, digest=digest, recipe=where)
            for reference in references
        }

    def _put_bootstrap(self, folder: str) -> None:
        """Put the bootstrap's root file system beside a recipe's Dockerfile."""
        base = self._definition.base_image(self._definition.image_suite)
        # A saved image is a tar archive, so that it may be unpacked straight into the machine.
        self._do("mkdir", "-p", f"{folder}.saved")
        saved = self._engine.client.api.get_image(base)
        self._node.container.put_archive(f"{folder}.saved", saved)
        manifest = json.loads(self._do("cat", f"{folder}.saved/manifest.json"))
        self._do("mv", f"{folder}.saved/{manifest[0]['Layers'][0]}", f"{folder}/root.tar")
