"""Lint every Dockerfile of the examples, but for those that a page shows broken on purpose.

Those are listed in `.hadolint-exceptions`, a line each: the path, a colon, and the reason. An
entry is an error as soon as its file is gone, or has nothing left to object to.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ".hadolint-exceptions"


def exceptions(root: Path) -> dict[str, str]:
    """The exceptions of a project: each path with its reason.

    Args:
        root: The project's root, which paths are relative to.

    Raises:
        ValueError: For a line without a reason; the text begins with its `path:line`.
    """
    found: dict[str, str] = {}
    for number, line in enumerate((root / LIST).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        path, _, reason = line.partition(":")
        if not reason.strip():
            raise ValueError(f"{LIST}:{number}: no reason; write it after a colon: {line}: …")
        found[path.strip()] = reason.strip()
    return found


def lint(root: Path, hadolint: str) -> list[str]:
    """Lint the Dockerfiles under a project's examples.

    Args:
        root: The project's root.
        hadolint: The program.

    Returns:
        What is wrong, a finding each; none if all is well.
    """
    excepted = exceptions(root)
    files = sorted((root / "examples").rglob("*Dockerfile*"))
    paths = [path.relative_to(root).as_posix() for path in files if path.is_file()]
    if not paths:
        return ["examples/: no Dockerfile found, so nothing was linted"]
    gone = sorted(set(excepted) - set(paths))
    wrong = [f"{LIST}: {path} is not there; take its line out" for path in gone]
    for path in paths:
        done = subprocess.run(
            [hadolint, "--no-color", path], cwd=root, capture_output=True, text=True, check=False
        )
        said = (done.stdout + done.stderr).strip()
        if path in excepted and not done.returncode:
            wrong.append(f"{LIST}: {path} has nothing to except any more; take its line out")
        elif path not in excepted and done.returncode:
            wrong.append(said)
    print(f"{len(paths)} Dockerfiles linted, {len(excepted)} of them excepted for a reason")
    return wrong


def main() -> int:
    """Lint this project's Dockerfiles.

    Returns:
        The exit status: 1 if something is wrong, which standard error then says.
    """
    try:
        wrong = lint(ROOT, str(Path(sys.executable).parent / "hadolint"))
    except ValueError as error:
        wrong = [str(error)]
    for finding in wrong:
        print(finding, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
