"""The lab by hand: `python -m dockproof.lab shell|enter|prepare|clean|lock`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dockproof.lab.cleaning import clean
from dockproof.lab.definition import load_definition
from dockproof.lab.engine import outer_engine
from dockproof.lab.errors import LabError
from dockproof.lab.factory import LabFactory
from dockproof.lab.hub import write_lock
from dockproof.lab.machines import Node, tar_of
from dockproof.lab.state import LABEL, State
from dockproof.lab.terminal import open_shell
from dockproof.markdown import MOST_NODES

if TYPE_CHECKING:
    from collections.abc import Sequence

_YOU = 1000  # the user's id, see lab/node/Dockerfile


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - a command's progress


def _shell(lab_dir: Path, nodes: int, examples: Path | None) -> int:
    with LabFactory(lab_dir, _say) as factory:
        lab = factory.open(nodes)
        node = lab.nodes["node1"]
        if examples is not None:
            files = {
                str(file.relative_to(examples)): (file.read_bytes(), file.stat().st_mode & 0o777)
                for file in sorted(examples.rglob("*"))
                if file.is_file()
            }
            node.container.put_archive("/home/you", tar_of(files, uid=_YOU))
            node.run(["chown", "-R", "you:", "/home/you"])
        others = [name for name in lab.nodes if name != "node1"]
        _say(
            f"lab: Docker {lab.engine.engine} on node1 ({node.address}); "
            "`exit` leaves it and removes the lab"
        )
        for name in others:
            _say(f"lab: {name} in another terminal: {sys.executable} -m dockproof.lab enter {name}")
        try:
            return open_shell(node)
        finally:
            lab.close()


def _count(text: str) -> int:
    """Read how many machines are wanted."""
    if not text.strip().isdecimal() or not 1 <= int(text) <= MOST_NODES:
        raise argparse.ArgumentTypeError(f"`{text}`: say 1 to {MOST_NODES} machines, as in NODES=2")
    return int(text)


def _enter(name: str) -> int:
    engine = outer_engine(state := State(), _say)
    try:
        found = engine.client.containers.list(
            filters={"label": [f"{LABEL}=1", f"{LABEL}.host={state.host}"], "name": f"-{name}$"}
        )
        if not found:
            raise LabError(f"no lab machine {name} is running: open one with `make lab`")
        return open_shell(Node(name, "", found[0]))
    finally:
        engine.settle()
        engine.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command of the lab's.

    Args:
        arguments: The command line; by default the process's own.

    Returns:
        The exit status: 2 when the lab is broken.
    """
    parser = argparse.ArgumentParser(prog="dockproof.lab", description=__doc__)
    parser.add_argument("--lab", type=Path, default=Path("lab"), help="the lab's definition")
    commands = parser.add_subparsers(dest="command", required=True)
    shell = commands.add_parser("shell", help="open a shell on node1 of a fresh lab")
    shell.add_argument("--nodes", type=_count, default=1, help=f"machines, 1 to {MOST_NODES}")
    shell.add_argument("--examples", type=Path, help="a folder to copy into the home directory")
    enter = commands.add_parser("enter", help="open another shell on a running lab's machine")
    enter.add_argument("node")
    commands.add_parser("prepare", help="find or start the engine and make the images")
    cleaner = commands.add_parser("clean", help="remove what runs that are over have left")
    cleaner.add_argument("--all", action="store_true", help="and images, engine and its data")
    lock = commands.add_parser("lock", help="write the base images' digests at Docker Hub")
    lock.add_argument("reference", nargs="*", help="an image without a stand-in, alpine:3.22")
    options = parser.parse_args(arguments)
    try:
        match options.command:
            case "shell":
                return _shell(options.lab, options.nodes, options.examples)
            case "enter":
                return _enter(options.node)
            case "prepare":
                with LabFactory(options.lab, _say):
                    _say("lab: ready")
            case "clean":
                clean(_say, everything=options.all)
            case "lock":
                definition = load_definition(options.lab)
                known = [
                    f"{recipe.name}:{tag}"
                    for recipe in definition.recipes.values()
                    for tag in recipe.tags
                ]
                found = write_lock(
                    options.lab / "images.lock", [*known, *definition.lock, *options.reference]
                )
                _say(f"lab: {len(found)} digests written to {options.lab / 'images.lock'}")
    except LabError as error:
        _say(f"lab: {error}")
        if error.log:
            _say(error.log)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
