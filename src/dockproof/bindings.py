"""Live ids: which of the run's values stands for which of the page's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dockproof import references, volatile

_WORD = re.compile(r"[0-9A-Za-z_.:]+")
# Of ids of a swarm's objects, which any short word could begin, a little more.
_PREFIXES = {
    "id": re.compile(r"[0-9a-f]{2,63}"),
    "swarm id": re.compile(r"[0-9a-z]{3,24}"),
}
_ID = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{12,64}(?![0-9A-Za-z])")
# What the reader calls an object; the engine takes it for that, whatever id begins alike.
_NAME = re.compile(
    r"(?:--name[= ]|\bbuild (?:.* )?(?:-t|--tag)[= ]|\bcontainer_name: +|\b(?:rename|tag) \S+ "
    r"|\b(?:network|volume|context) create (?:.* )?)['\"]?([\w.-]+)"
)
# What each time and duration that a reader can choose has; most commands have none.
_TIME = re.compile(r"\d:\d|\d ?[mµ]?s\b")
_SHORTEST = 12
_LONGEST = 64
_CHOSEN = {"address", "mac", "name", "port"}
"""Spaces whose values a reader may also choose: what was typed is no chance, on either side."""
_PROCESS = "process"
"""The space of process numbers: one that the page shows may be another process's a line later."""
_PREFIXED = set(_PREFIXES)
"""Spaces whose values are shown at several lengths."""


def _alike(one: str, other: str) -> bool:
    """Tell whether one of two ids begins with the other."""
    return one.startswith(other) or other.startswith(one)


def _is_word(space: str, page: str) -> bool:
    """Tell whether a value says by itself what it is: the `4` in `eth0@if4` is also an `ip -4`."""
    return not (space in {"interface", "icmp id", "inode", _PROCESS} and page.isdigit())


@dataclass(frozen=True, slots=True)
class Substitution:
    """A word of the page's command and the word that was run in its stead."""

    page: str
    run: str


class AmbiguousError(Exception):
    """A prefix in a command fits several of the page's ids."""


@dataclass(slots=True)
class Bindings:
    """What one page's run has bound so far, one to one, by space.

    Ids of one space are also compared by their prefixes: if two of the page's ids begin alike
    (the short and the long form of one id), so must the run's.
    """

    pairs: dict[str, dict[str, str]] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)
    _names: set[str] = field(default_factory=set)
    _set: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _log: list[tuple[str, str, str | None]] = field(default_factory=list)

    def mark(self) -> int:
        """Return a mark to go back to with :meth:`rollback`."""
        return len(self._log)

    def rollback(self, mark: int) -> None:
        """Forget what was bound since ``mark``."""
        while len(self._log) > mark:
            space, page, before = self._log.pop()
            if before is None:
                del self.pairs[space][page]
            else:
                self.pairs[space][page] = before

    def bind(self, space: str, page: str, run: str) -> bool:
        """Bind ``page`` to ``run``; return False where that contradicts what is bound.

        A value that the reader typed before any output showed it stands for itself; an address, a
        name or a port so typed stands for no other value either.
        """
        known = self.pairs.setdefault(space, {})
        if space == _PROCESS:
            for one, other in zip(page.split(), run.split(), strict=True):
                self._log.append((space, one, known.get(one)))
                known[one] = other
            return True
        if page in known:
            return known[page] == run
        chosen = page in self.typed or (run in self.typed and space in _CHOSEN)
        if chosen and _is_word(space, page):
            return page == run
        if space == "id" and len(page) != len(run):
            # A display that is cut at the terminal's edge may leave a digit more or less.
            shorter, longer = sorted((len(page), len(run)))
            cut = shorter > _SHORTEST and longer < _LONGEST
            return cut and self.bind(space, page[:shorter], run[:shorter])
        if space in _PREFIXED:
            fits = all(_alike(page, other) == _alike(run, known[other]) for other in known)
        else:
            fits = run not in known.values()
        if fits:
            known[page] = run
            self._log.append((space, page, None))
        return fits

    def free(self, page: str) -> bool:
        """Tell whether a value that stands alone may differ: one that was typed first may not."""
        if page in self._set:
            return False
        self._seen.add(page)
        return True

    def to_page(self, text: str) -> str:
        """Return ``text`` of a run with the page's values in place of the run's."""
        pages = {
            run: page
            for space, known in self.pairs.items()
            for page, run in known.items()
            if space != "id" and run in text and _is_word(space, page)
        }
        if pages:
            # All at once: one value's page may be another's run.
            runs = "|".join(re.escape(run) for run in sorted(pages, key=len, reverse=True))
            form = rf"(?<![0-9A-Za-z])(?:{runs})(?![0-9A-Za-z])"
            text = re.sub(form, lambda match: pages[match[0]], text)
        return self.ids_to_page(text)

    def ids_to_page(self, text: str) -> str:
        """Return ``text`` with the page's ids in place of the run's; what else it has stays."""
        return _ID.sub(lambda match: self._id_of_page(match[0]), text)

    def _id_of_page(self, run: str) -> str:
        """Return the page's id, or as much of it, for an id that a run printed in any length."""
        known = self.pairs.get("id", {})
        # The long form of an id tells more than the short one.
        for page, bound in sorted(known.items(), key=lambda pair: len(pair[0]), reverse=True):
            if bound.startswith(run) and len(page) >= len(run):
                return page[: len(run)]
            if run.startswith(bound) and len(page) == len(bound):
                return page + run[len(bound) :]
        return run

    def note_typed(self, command: str) -> None:
        """Remember the words of a command or a file, before what is printed then is bound."""
        self._names.update(_NAME.findall(command))
        if _TIME.search(command):
            self._set.update(
                command[start:end]
                for start, end, rule in volatile.find(command)
                if rule.chosen and command[start:end] not in self._seen
            )
        for found in _WORD.findall(command):
            for word in {found, *found.split(":")}:
                if not any(word in known for known in self.pairs.values()) and not any(
                    known.startswith(word) for known in self.pairs.get("id", ())
                ):
                    self.typed.add(word)

    def to_run(self, command: str) -> tuple[str, list[Substitution]]:
        """Put the run's values into a command of the page.

        Args:
            command: As the page shows it.

        Returns:
            The command to run, and the words that were put in.

        Raises:
            AmbiguousError: A prefix fits several of the page's ids.
        """
        done: list[Substitution] = []
        bound = {
            page: run
            for space, known in self.pairs.items()
            for page, run in known.items()
            if _is_word(space, page)
        }
        if not any(self.pairs.values()):
            return command, done

        out: list[str] = []
        end = 0
        # Nothing else stands for what there is none of.
        values = (
            "|".join(re.escape(page) for page in sorted(bound, key=len, reverse=True)) or r"\b\B"
        )
        found = [
            (match.start(), match.end(), bound[match[0]])
            for match in re.finditer(rf"(?<![0-9A-Za-z_])(?:{values})(?![0-9A-Za-z_])", command)
        ]
        for start, stop in references.find(command):
            run = self._by_prefix(command[start:stop])
            if run is not None:
                found.append((start, stop, run))
        processes = self.pairs.get(_PROCESS, {})
        for start, stop in references.processes(command) if processes else ():
            if command[start:stop] in processes:
                found.append((start, stop, processes[command[start:stop]]))
        for start, stop, run in sorted(found):
            if start >= end:
                out += [command[end:start], run]
                done.append(Substitution(command[start:stop], run))
                end = stop
        return "".join([*out, command[end:]]), done

    def _by_prefix(self, word: str) -> str | None:
        if word in self._names:
            return None
        for space, form in _PREFIXES.items():
            ids = self.pairs.get(space, {})
            fits = [page for page in ids if page.startswith(word)] if form.fullmatch(word) else []
            if word in ids or not fits:
                continue
            distinct = {page[:_SHORTEST] for page in fits}
            distinct -= {
                one
                for one in distinct
                for other in distinct
                if other.startswith(one) and other != one
            }
            if len(distinct) > 1:
                raise AmbiguousError(
                    f"`{word}` begins {len(distinct)} of the page's ids: "
                    f"{', '.join(sorted(distinct))}",
                )
            # What is shorter than the engine's own short form is run as longer than that, where as
            # much is known, so that what the engine repeats can be told from what it prints itself.
            length = len(word) if len(word) >= _SHORTEST else _SHORTEST + 1
            return ids[max(fits, key=len)][:length]
        return None
