"""Pin every Python package that pyproject.toml asks for, with the hashes of its files.

The lock files name no index and no folder of this machine: pip takes the packages from whatever
index it is set up for, and the hashes say whether they are the right ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_OPTIONS = (
    *("--quiet", "--upgrade", "--generate-hashes", "--universal", "--python-version", "3.11"),
    # A company's own certificate authority is known to the system, not to uv.
    "--system-certs",
    *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
)


def lock() -> None:
    """Write requirements.lock, then requirements-build.lock to agree with it.

    Raises:
        subprocess.CalledProcessError: If no set of versions fits, or the index can't be reached.
    """
    uv = [str(Path(sys.executable).parent / "uv"), "pip", "compile", *_OPTIONS]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = [f"--extra={name}" for name in project["project"]["optional-dependencies"]]
    whole = [*uv, *extras, "--output-file", "requirements.lock", "pyproject.toml"]
    backend = [*uv, "--constraint", "requirements.lock", "--output-file", "requirements-build.lock"]
    subprocess.run(whole, cwd=ROOT, check=True)
    subprocess.run(
        [*backend, "-"],
        cwd=ROOT,
        input="\n".join(project["build-system"]["requires"]),
        text=True,
        check=True,
        env=os.environ | {"UV_NO_PROGRESS": "1"},
    )


if __name__ == "__main__":
    lock()
