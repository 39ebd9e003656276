"""Which words of a command name the engine's objects, by the beginning of an id, or processes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMAND = re.compile(
    r"(?:'[^']*'|\"(?:\\.|[^\"\\$`])*\"|\\\n"  # quotes hide what parts commands
    r"|[^;&|()`\n])+"
)
_WORD = re.compile(r"(?:\"[^\"]*\"|'[^']*'|[^\s\"'])+")
_GROUPS = {"container", "image", "network", "node", "service", "volume"}
# Options that take no value, by command, docker's own under ""; of every other option the next word
# is the value.
_BOOLEAN = {
    "": "-D --debug --tls --tlsverify",
    "run": "-d -i -t -P --detach --init --interactive --no-healthcheck --oom-kill-disable "
    "--privileged --publish-all --quiet -q --read-only --rm --tty",
    "exec": "-d -i -t --detach --interactive --privileged --tty",
    "logs": "-f -t --details --follow --timestamps",
    "inspect": "-s --size",
    "start": "-a -i --attach --interactive",
    "cp": "-a -L -q --archive --follow-link --quiet",
    "rm": "-f -v -l --force --volumes --link",
    "rmi": "-f --force --no-prune",
    "history": "-H -q --human --no-trunc --quiet",
    "stats": "-a --all --no-stream --no-trunc",
    "commit": "-p --pause",
    "disconnect": "-f --force",
    "ps": "-a -l -q -s --all --latest --no-resolve --no-trunc --quiet --size",
    "attach": "--no-stdin",
    "connect": "",
    "demote": "",
    "diff": "",
    "export": "",
    "kill": "",
    "pause": "",
    "port": "",
    "promote": "",
    "push": "",
    "rename": "",
    "restart": "",
    "save": "",
    "stop": "",
    "tag": "",
    "top": "",
    "unpause": "",
    "update": "",
    "wait": "",
}
_BOOLEAN["create"] = _BOOLEAN["run"]
# Commands whose first argument alone is a reference; the rest are names or words of a program.
_FIRST_ONLY = {"run", "create", "exec", "top", "port", "rename", "tag", "commit", "push"}
# A word of this length that begins an id isn't there by chance, wherever it stands.
_CERTAIN = re.compile(
    r"(?<![\w.:/@-])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{4,63}(?![\w./@-])"
    r"|(?<=['\"]/)[0-9a-f]{6,63}(?=/)"  # awk '/3f2a91/ …'
)
# `--filter id=3f`, `--network container:3f`, `--volumes-from 3f`
_NAMED = re.compile(
    r"(?:(?<=\bid=)|(?<=\bcontainer[:=])|(?<=\bsince=)|(?<=\bbefore=)|(?<=\bancestor=)"
    r"|(?<=--volumes-from[ =])|(?<=--link[ =]))[0-9a-f]{2,63}(?![\w./-])"
)
# Commands that take numbers of processes, and options of theirs whose value is another number.
_TAKE_PROCESSES = re.compile(
    r"(?<![\w./-])(?:kill|lsns|lsof|nsenter|pmap|prlimit|ps|pstree|renice|strace|taskset|wait)(?=\s)"
)
_OTHER_NUMBER = re.compile(r"-[nosSGUu]|--(?:signal|sort|format|priority)")
_IN_PROC = re.compile(r"(?<=/proc/)\d+(?![\w.])")
_NUMBER = re.compile(r"(?<![\w.:/@-])\d+(?![\w.:/@-])|(?<=-[pt])\d+(?![\w.])")


def find(command: str) -> list[tuple[int, int]]:
    """Return where the words stand that may be the beginning of an object's id.

    Args:
        command: A shell's command line, or what is typed into a program.

    Returns:
        Each word's start and end, in order, without quotes and without what follows the ``:`` in
        ``docker cp``.
    """
    spans = {m.span() for form in (_CERTAIN, _NAMED) for m in form.finditer(command)}
    for part in _COMMAND.finditer(command):
        spans |= set(_references(command, part.start(), part.end()))
    return sorted(spans)


def processes(command: str) -> list[tuple[int, int]]:
    """Return where the words stand that may be the number of a process.

    Args:
        command: A shell's command line, or what is typed into a program.

    Returns:
        Each number's start and end, in order.
    """
    spans = {match.span() for match in _IN_PROC.finditer(command)}
    for part in _COMMAND.finditer(command):
        takes = _TAKE_PROCESSES.search(command, part.start(), part.end())
        value = False
        for word in _WORD.finditer(command, takes.end(), part.end()) if takes else ():
            if not value:
                spans |= {m.span() for m in _NUMBER.finditer(command, word.start(), word.end())}
            value = _OTHER_NUMBER.fullmatch(word[0]) is not None
    return sorted(spans)


def _references(command: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    words = [m for m in _WORD.finditer(command, start, end) if m[0] != "\\"]
    texts = [m[0] for m in words]
    if "docker" not in texts:
        return
    at = texts.index("docker") + 1
    while at < len(texts) and texts[at].startswith("-"):
        at += 2 if _takes_value("", texts[at]) else 1
    at += at < len(texts) and texts[at] in _GROUPS
    if at >= len(texts) or texts[at] not in _BOOLEAN:
        return
    name = texts[at]
    value = False
    for match in words[at + 1 :]:
        text = match[0]
        if value:
            value = False
        elif text.startswith("-") and text != "-":
            value = _takes_value(name, text)
        else:
            quoted = text[0] in "\"'" and text[-1] == text[0]
            stop = match.start() + text.index(":") if name == "cp" and ":" in text else match.end()
            yield match.start() + quoted, stop - (quoted and stop == match.end())
            if name in _FIRST_ONLY:
                return


def _takes_value(name: str, option: str) -> bool:
    if "=" in option:
        return False
    boolean = _BOOLEAN[name].split()
    if option.startswith("--"):
        return option not in boolean
    taking = [n for n, letter in enumerate(option) if n and f"-{letter}" not in boolean]
    # What follows such a letter is its value: `-t0`.
    return bool(taking) and taking[0] == len(option) - 1
