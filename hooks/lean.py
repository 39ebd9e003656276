# ruff: noqa: INP001 - MkDocs loads hooks by path
"""MkDocs hook: what the first view of a page loads stays below 80 KB.

Search is loaded with the first query, style rules for what no page has are dropped, and so are the
theme's source maps and stemmers for other languages. Each change looks for the theme's own text
and stops the build when a newer theme no longer has it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.exceptions import PluginError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from jinja2 import Environment
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

_WORKER = re.compile(r"(assets/javascripts/workers/)search\.[0-9a-f]+\.min\.js")
_FORM = ' name="search">'
_DIALOG = 'data-md-component="search" role="dialog"'
_LABEL = re.compile(r'class="md-search__input"[^>]* (aria-label="[^"]+")')
_LAZY = "lazy-search.js"
# Cutting a Chinese query into terms, the engine never looks at terms that end where the query ends,
# so that 数据卷 finds every 数据: `<` for `<=`.
_SEGMENTS = re.compile(r"(for\(let (\w)=\w\+1;\2)<(\w\.length;\2\+\+\)\w\.slice\(\w,\2\)in )")
_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
_VALUE = re.compile(r'\[data-md-color-[a-z]+="?([\w-]+)"?\]')
_NOT_CLASSES = re.compile(r"\[[^\]]*\]|\\.")
_SOURCE_MAP = re.compile(r"\s*/[/*]# sourceMappingURL=.*$", re.MULTILINE)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG001 - MkDocs passes all by name
    """Point the page at the lazy search; see :func:`_lazy`."""
    return _lazy(output)


def on_post_template(output_content: str, template_name: str, config: MkDocsConfig) -> str:  # noqa: ARG001 - as above
    """Do the same for 404.html."""
    return _lazy(output_content) if template_name.endswith(".html") else output_content


def on_env(env: Environment, config: MkDocsConfig, files: object) -> Environment:  # noqa: ARG001 - as above
    """Leave no blank lines where the theme's templates have statements."""
    env.trim_blocks = env.lstrip_blocks = True
    return env


def on_post_build(config: MkDocsConfig) -> None:
    """Slim the built site's assets."""
    site = Path(config.site_dir)
    assets = site / "assets"
    _install_lazy_search(assets)
    for unused in [*assets.rglob("*.map"), *_other_stemmers(assets, config)]:
        unused.unlink()
    pages = [path.read_text("utf-8") for path in sorted(site.rglob("*.html"))]
    scripts = [path.read_text("utf-8") for path in sorted(assets.glob("javascripts/*.js"))]
    used = _used(pages, scripts)
    for sheet in sorted(assets.glob("stylesheets/*.css")):
        sheet.write_text(prune(_SOURCE_MAP.sub("", sheet.read_text("utf-8")), used), "utf-8")
    for script in sorted(assets.rglob("*.js")):
        script.write_text(_SOURCE_MAP.sub("", script.read_text("utf-8")), "utf-8")


def _lazy(page: str) -> str:
    """Adapt a page's search.

    It names the lazy worker; the form loses its name, by which the bundle would load the index; and
    the dialog gets the name that screen readers want, which is the input's.
    """
    label = _LABEL.search(page)
    page, workers = _WORKER.subn(rf"\1{_LAZY}", page)
    if not label or workers != 1 or page.count(_FORM) != 1 or page.count(_DIALOG) != 1:
        raise PluginError("hooks/lean.py: the theme's search has changed: adapt _lazy to it")
    return page.replace(_FORM, ">").replace(_DIALOG, f"{_DIALOG} {label[1]}")


def _install_lazy_search(assets: Path) -> None:
    lazy = assets / "javascripts" / _LAZY
    engines = list(assets.glob("javascripts/workers/search.*.min.js"))
    if len(engines) != 1:
        raise PluginError(
            f"hooks/lean.py: one search engine of the theme expected, found {engines}",
        )
    engine, fixed = _SEGMENTS.subn(r"\1<=\3", engines[0].read_text("utf-8"))
    if fixed != 1:
        raise PluginError("hooks/lean.py: the theme's search has changed: see _SEGMENTS")
    engines[0].write_text(engine, "utf-8")
    text = lazy.read_text("utf-8").replace("ENGINE", engines[0].name)
    (engines[0].parent / _LAZY).write_text(text, "utf-8")
    lazy.unlink()


def _other_stemmers(assets: Path, config: MkDocsConfig) -> Iterator[Path]:
    languages = {"stemmer.support", "multi", str(config.theme["language"])}
    lunr = assets / "javascripts" / "lunr"
    yield from (lunr / name for name in ("tinyseg.js", "wordcut.js") if (lunr / name).exists())
    for path in lunr.glob("min/lunr.*.min.js"):
        if path.name.removeprefix("lunr.").removesuffix(".min.js") not in languages:
            yield path


def _used(pages: Collection[str], scripts: Collection[str]) -> frozenset[str]:
    """Return every word that a page has in a tag or a script has anywhere."""
    words: set[str] = set()
    for page in pages:
        for tag in re.findall(r"<[a-z][^>]*>", page):
            words.update(re.findall(r"[\w-]+", tag))
        for script in re.findall(r"<script>.*?</script>", page, re.DOTALL):
            words.update(re.findall(r"[\w-]+", script))
    for script in scripts:
        words.update(re.findall(r"[\w-]+", script))
    return frozenset(words)


def prune(css: str, used: Collection[str]) -> str:
    """Drop the rules that can't apply.

    Args:
        css: A style sheet, minified or not.
        used: The words that count as class names and color schemes in use.

    Returns:
        The style sheet without the selectors that need a class (or a color scheme, ``:not`` apart)
        which isn't in ``used``, and without rules and media queries that are empty then. Other
        rules stay as they are and where they are.
    """
    out: list[str] = []
    for prelude, body in _rules(css):
        if body is None:
            out.append(prelude)
        elif prelude.startswith(("@media", "@supports", "@layer")):
            inside = prune(body, used)
            if inside.strip():
                out.append(f"{prelude}{{{inside}}}")
        elif prelude.startswith("@"):
            out.append(f"{prelude}{{{body}}}")
        else:
            selectors = [s for s in _split(prelude) if _applies(s, used)]
            if selectors:
                out.append(f"{','.join(selectors)}{{{body}}}")
    return "".join(out)


def _applies(selector: str, used: Collection[str]) -> bool:
    needed = _without_functions(selector)
    values = _VALUE.findall(needed)
    classes = _CLASS.findall(_NOT_CLASSES.sub("", needed))
    return all(word in used for word in (*values, *classes))


def _without_functions(selector: str) -> str:
    """Cut ``:is(…)``, ``:not(…)`` and the like out: an argument is no condition by itself."""
    while True:
        shorter = re.sub(r"\([^()]*\)", "", selector)
        if shorter == selector:
            return selector
        selector = shorter


def _rules(css: str) -> Iterator[tuple[str, str | None]]:
    """Yield (prelude, body) of each rule, (text, None) for statements such as ``@charset``."""
    start = 0
    while start < len(css):
        end = _find(css, start, "{;")
        if end == len(css):
            return
        prelude = re.sub(r"/\*.*?\*/", "", css[start:end], flags=re.DOTALL).strip()
        if css[end] == ";":
            yield f"{prelude};", None
            start = end + 1
            continue
        close = _find(css, end + 1, "}")
        yield prelude, css[end + 1 : close].strip()
        start = close + 1


def _split(prelude: str) -> Iterator[str]:
    start = 0
    while start <= len(prelude):
        end = _find(prelude, start, ",")
        yield prelude[start:end].strip()
        start = end + 1


def _find(css: str, start: int, wanted: str) -> int:
    """Return where one of ``wanted`` stands first outside strings, comments and brackets."""
    depth = 0
    position = start
    while position < len(css):
        char = css[position]
        if depth == 0 and char in wanted:
            return position
        if char == "\\":
            position += 1
        elif char in "\"'":
            position = _string_end(css, position)
        elif css.startswith("/*", position):
            position = css.index("*/", position) + 1
        elif css.startswith("url(", position) and css[position + 4] not in "\"'":
            position = css.index(")", position)
        elif char in "({[":
            depth += 1
        elif char in ")}]":
            depth -= 1
        position += 1
    return len(css)


def _string_end(css: str, start: int) -> int:
    position = start + 1
    while css[position] != css[start]:
        position += 2 if css[position] == "\\" else 1
    return position
