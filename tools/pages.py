"""`make prove` and `make accept`: a page however its reader names it, handed to what does the work.

A page may be given as its path (`docs/zh/images/base-image.md`), or as `images/base-image`, which
means the page and its twin to prove and the source language's page to accept.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent


def pages(name: str) -> list[str]:
    """The paths of the pages that a name means, the source language's first.

    Args:
        name: A page's path from the project's root, or its section and stem.

    Raises:
        ValueError: If there is no such page.
    """
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ours = settings["tool"]["dockproof"]
    docs, source = ours["docs"], ours["source-language"]
    if (ROOT / name).is_file():
        return [name]
    languages = [source, *(one for one in ours["languages"] if one != source)]
    paths = [f"{docs}/{language}/{name.removesuffix('.md')}.md" for language in languages]
    found = [path for path in paths if (ROOT / path).is_file()]
    if not found:
        raise ValueError(
            f"PAGE={name}: no such page; give its path, as docs/zh/images/base-image.md, "
            "or its section and stem, as images/base-image"
        )
    return found


def main(arguments: Sequence[str]) -> int:
    """Prove or accept the page named.

    Args:
        arguments: "prove" or "accept", and the page's name, which may be empty to prove all.

    Returns:
        The exit status of what was run, or 2 for a page that isn't there.
    """
    verb, name = arguments
    if verb == "accept" and not name:
        print("make accept: say which page, as PAGE=docs/zh/images/base-image.md", file=sys.stderr)
        return 2
    try:
        found = pages(name) if name else ["docs"]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    bin_folder = Path(sys.executable).parent
    if verb == "prove":
        command = [str(bin_folder / "pytest"), *found]
    else:
        command = [str(bin_folder / "dockproof"), "accept", found[0]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
