"""Which base images a block names: in its commands, its Dockerfiles, its compose files."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockproof.blocks import Block

# https://docs.docker.com/reference/dockerfile/ and .../compose-file/services/#image
_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE | re.MULTILINE)
_FROM_OPTION = re.compile(r"(?:--|,)from=([^,\s]+)")
_ARG = re.compile(r"^\s*ARG\s+\w+=(\S+)", re.IGNORECASE | re.MULTILINE)
_IMAGE = re.compile(r"^\s*(?:-\s+)?image:\s*(\S+)", re.MULTILINE)
_BETWEEN = re.compile(r"&&|\|\|?|;|\$\(|[()`\n]")
_BEFORE = frozenset(
    {"sudo", "time", "exec", "nohup", "if", "then", "else", "while", "until", "do", "!", "{"}
)
_VERBS = frozenset({"run", "create", "pull"})
_MANAGED = frozenset({"container", "image", "service"})
# Options of `docker run`, `create`, `pull` and `service create` that take no value; all others do,
# in the next word unless behind `=`.
_FLAGS = frozenset(
    {
        "--all-tags",
        "--detach",
        "--disable-content-trust",
        "--init",
        "--interactive",
        "--no-healthcheck",
        "--no-resolve-image",
        "--oom-kill-disable",
        "--privileged",
        "--publish-all",
        "--quiet",
        "--read-only",
        "--rm",
        "--sig-proxy",
        "--tty",
        "--use-api-socket",
        "--with-registry-auth",
    }
)
_SHORT_FLAGS = re.compile(r"-[aditqP]+$")
_HUB = re.compile(r"(?:(?:index\.)?docker\.io/)?(?:library/)?")


def named(block: Block) -> set[str]:
    """Return the images that a block names, base images or not.

    Args:
        block: The block; what is only shown names nothing.

    Returns:
        References with a tag, as Docker Hub's are written in short: ``debian:trixie-slim``,
        ``hello-world:latest``. A name that is a build's stage or an image of the page's own is
        among them; the caller keeps the ones that it knows.
    """
    found: set[str] = set()
    if block.steps:
        for step in block.steps:
            command = step.command or ""
            found |= set(_typed(command.replace("\\\n", " ")))
            if "\n" in command:
                found |= set(_written(command))
    elif block.fence.title is not None:
        found |= set(_written(block.content))
    return {_full(reference) for reference in found}


def _written(text: str) -> Iterator[str]:
    for pattern in (_FROM, _FROM_OPTION, _ARG, _IMAGE):
        yield from pattern.findall(text)


def _typed(command: str) -> Iterator[str]:
    for simple in _BETWEEN.split(command):
        try:
            words = shlex.split(simple)
        except ValueError:  # a quote that ends elsewhere
            words = simple.split()
        while words and (words[0] in _BEFORE or re.match(r"\w+=", words[0])):
            words.pop(0)
        if words[:1] != ["docker"]:
            continue
        words = words[2:] if words[1:2] and words[1] in _MANAGED else words[1:]
        if words and words[0] in _VERBS:
            yield from _first_argument(words[1:])


def _first_argument(words: list[str]) -> list[str]:
    position = 0
    while position < len(words):
        word = words[position]
        if not word.startswith("-"):
            return [word]
        valueless = "=" in word or word in _FLAGS or _SHORT_FLAGS.match(word)
        position += 1 if valueless else 2
    return []


def _full(reference: str) -> str:
    name = _HUB.sub("", reference.strip("\"'"), count=1).partition("@")[0]
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
