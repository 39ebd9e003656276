"""Records that a run of pages leaves, made on a real lab."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from dockproof import ledger
from dockproof.config import load

ROOT = Path(__file__).parents[2]
PAGE = """# Page { #page }

## First { #first }

```dockerfile title="app/Dockerfile"
FROM busybox:1.37
```

```console
$ docker build --quiet --tag app app  # COMMENT
sha256:8dcb2f0275780371d0169d7ce5ff91e21fe637c9a8425725efd35740ae591ddf
```

## Skipped { #skipped }

<!-- prove: skip="needs macOS" -->
```console
$ open -a Docker
```

## Wrong { #wrong }

```console
$ docker run --rm app echo right
WRONG
```

## After { #after }

```console
$ echo after
after
```
"""


def test_a_run_leaves_a_record_of_each_block_that_held(tmp_path: Path) -> None:
    """Blocks that held, up to the first that didn't, leave a record each, twins one together."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.dockproof]\nlanguages = ["zh", "en"]\nlab = "{ROOT / "lab"}"\n'
        '[tool.pytest.ini_options]\naddopts = "--import-mode=importlib"\n'
    )
    for language, wrong in (("zh", "right"), ("en", "wrong")):
        page = tmp_path / "docs" / language / "x" / "page.md"
        page.parent.mkdir(parents=True)
        text = PAGE.replace("WRONG", wrong).replace("COMMENT", f"words in {language}")
        page.write_text(text, "utf-8")
    site = load(tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "docs"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stdout + run.stderr
    records = list(ledger.load(site))
    # The twins differ from the wrong block on; what stands before it they have in common.
    assert [(record.page, record.block) for record in records] == [
        ("x/page", "after-1"),
        ("x/page", "first-1"),
        ("x/page", "first-app/Dockerfile"),
        ("x/page", "wrong-1"),
    ], run.stdout
    assert not site.ledger.exists()
    # A page that failed has to be run again, whatever of it held.
    assert '"identity"' not in ledger.local(site).read_text("utf-8")
    for record in records:
        assert list(record.lab.images) == ["busybox:1.37"]
        assert record.lab.images["busybox:1.37"].digest.startswith("sha256:")
        assert record.lab.engine
        assert record.lab.cgroup in {1, 2}
    assert next(r for r in records if r.block == "first-1").seconds > 0.1
