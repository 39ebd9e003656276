"""Ages, durations and timestamps."""

from __future__ import annotations

import re

from dockproof.volatile.rule import Rule

_AGE = (
    r"(?:[Ll]ess than a second|[Aa]bout a minute|[Aa]bout an hour|\d+ seconds?|\d+ minutes?"
    r"|\d+ hours?|\d+ days?|\d+ weeks?|\d+ months?|\d+ years?)"
)
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"


def _form(text: str) -> str:
    """Return a date's form: its numbers, and the names of days and months, each made the same."""
    text = re.sub(rf"\b{_MONTH}\b +", "M ", re.sub(rf"\b{_DAY}\b", "D", text))
    text = re.sub(rf"\b{_MONTH}\b", "M", text)
    # Which time zone it is in is no chance.
    zone = re.search(r"[+-]\d\d:?\d\d(?= |$)(?<!^.{5})(?<!^.{6})", text)
    text = re.sub(r"\d+", "0", text) + (zone[0] if zone else "")
    return "M 0 0:0" if text == "M 0  0" else text  # `ls -l`, of what is older than half a year


def _kind(text: str) -> str:
    """Return a duration's form; where Go prints it, the unit goes by the number."""
    text = re.sub(r"\d+(?:\.\d+)?", "0", text)
    return "0s" if text in {"0ms", "0µs"} else text


RULES = (
    Rule(
        name="part that is done",
        reason="BuildKit leaves out the time that a part took where it was next to nothing",
        page=r"^#\d+ .*? (?P<value>(?:\d+\.\d+s )?done)$",
        run=r"(?:\d+\.\d+s )?done",
        command=r"\b(?:build|bake|up)\b",
        first=True,
        sample=("#7 exporting layers done", "#7 exporting layers 0.1s done"),
        near_miss=("#7 exporting layers done", "#7 exporting layers 0.1s gone"),
    ),
    Rule(
        name="age",
        reason="it grows with the time between two steps",
        page=rf"(?<![\w.]){_AGE}(?= ago\b)|(?<=\bUp ){_AGE}",
        sample=("Exited (0) 2 minutes ago", "Exited (0) About an hour ago"),
        near_miss=("Exited (0) 2 minutes ago", "Exited (1) 2 minutes ago"),
    ),
    Rule(
        name="timestamp",
        reason="the time of the run",
        page=(
            rf"\b\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?:[.,]\d+)?"
            r"(?:Z| ?[+-]\d\d:?\d\d)?(?: [A-Z]{3,4}\b)?"
            rf"|\b\d{{4}}/\d\d/\d\d {_CLOCK}\b"
            # `tar -tv`, `ls --time-style=long-iso`.
            rf"|\b\d{{4}}-\d\d-\d\d (?:[01]\d|2[0-3]):[0-5]\d(?![\d:])"
            # openssl's, of a certificate.
            rf"|\b{_MONTH} [ \d]\d {_CLOCK} \d{{4}}(?: [A-Z]{{3,4}}\b)?"
            rf"|\b{_DAY},? (?:\d\d {_MONTH}|{_MONTH} [ \d]\d) (?:\d{{4}} )?{_CLOCK}"
            r"(?:\.\d+)?(?: [A-Z]{3,4}\b)?(?: \d{4}\b)?"
            rf"|\b\d\d/{_MONTH}/\d{{4}}[: ]{_CLOCK}(?: [+-]\d{{4}})?"
            rf"|\b{_MONTH} [ \d]\d (?:(?:[01]\d|2[0-3]):[0-5]\d| \d{{4}})(?![\d:])"
        ),
        chosen=True,
        sample=("2026-11-24T03:42:02.123Z", "2027-01-02T13:14:15.5Z"),
        near_miss=("2026-11-24T03:42:02.123Z", "2027-01-02T13:14:15.5"),
        accept=lambda page, run: _form(page) == _form(run),
    ),
    Rule(
        name="timestamp, day first",
        reason="the time of the run, as Redis writes it in its log",
        page=rf"(?<![\w:.])\d\d {_MONTH} \d{{4}} {_CLOCK}(?:\.\d+)?(?![\d:])",
        chosen=True,
        sample=("1:M 24 Nov 2026 08:12:39.392 * Ready", "1:M 02 Jan 2027 13:14:15.007 * Ready"),
        near_miss=("1:M 24 Nov 2026 08:12:39.392 * Ready", "1:M 24 Nov 2026 * Ready"),
    ),
    Rule(
        name="Unix time",
        reason="the time of the run, in seconds or less since 1970",
        page=r"(?<![\w.])1\d{9}(?:\d{9}|\.\d+)?(?![\w.])",
        command=r"\bdate (?!.*(?:-\w*d|--date)).*\+\S*%s|\bstat .*%[WXYZ]",
        sample=("1795741322", "1801234567"),
        near_miss=("1795741322", "17957413220"),
        accept=lambda page, run: _form(page) == _form(run) and len(page) == len(run),
    ),
    Rule(
        name="clock",
        reason="the time of the run, or the processor time used",
        page=rf"(?<![\d:.]){_CLOCK}(?:\.\d{{6}})?(?![\d:])",
        chosen=True,
        sample=("?  00:00:00 python", "?  00:00:07 python"),
        near_miss=("?  00:00:00 python", "?  00:00 python"),
    ),
    Rule(
        name="set duration",
        reason="no two runs take equally long; one that a file sets is told by its being typed",
        page=r"(?<=\w: )(?:\d+\.\d+ ?m?s|\d+(?:\.\d+)? ?(?:ms|µs))(?!\w)",
        sample=("took: 3.4s", "took: 0.2s"),
        near_miss=("took: 3.4s", "took: 200s"),
        accept=lambda page, run: _kind(page) == _kind(run),
        chosen=True,
    ),
    Rule(
        name="time in a failed step",
        reason="BuildKit's seconds before what a step printed, where it tells of its failure",
        page=r"^\d+\.\d{3}(?= \S)",
        command=r"\b(?:build|bake|up)\b",
        first=True,
        sample=("0.312 sh: 1: gcc: not found", "12.087 sh: 1: gcc: not found"),
        near_miss=("0.312 sh: 1: gcc: not found", "0.312 sh: 1: cc: not found"),
    ),
    Rule(
        name="time of a command",
        reason="what the shell's time says; bash 5.3 writes .:00 where it has rounded up to .1000",
        page=r"(?<![\w.:-])\d+m\d+\.\d+s(?!\w)",
        run=r"(?<![\w.:-])\d+m\d+\.(?:\d+|:0+)s(?!\w)",
        sample=("real 0m0.444s", "real 0m1.:00s"),
        near_miss=("real 0m0.012s", "real 0.012s"),
    ),
    Rule(
        name="duration",
        reason="no two runs take equally long",
        page=(
            r"(?<![\w.:/-])(?:\d+m ?)?\d+\.\d+ ?m?s(?!\w)"
            r"|(?<![\w.:-])\d+(?:\.\d+)? ?(?:ms|µs)(?!\w)"
            r"|(?<![\w.:/-])(?:\d+\.\d+/){2,3}\d+\.\d+ ms(?!\w)"  # the end of ping
            # BuildKit's seconds before what a step prints, in plain progress.
            r"|(?:(?<=^#\d )|(?<=^#\d\d ))\d{1,4}\.\d{1,3}(?= |$)"
        ),
        sample=("completed in 0.3s", "completed in 11.2s"),
        near_miss=("completed in 0.3s", "completed in 3s"),
        accept=lambda page, run: _kind(page) == _kind(run),
    ),
)
