"""Process numbers, and the tables that show them."""

from __future__ import annotations

from dockproof.volatile.rule import Rule


def _both_or_neither_first(page: str, run: str) -> bool:
    """Process 1 and parent 0 are facts about containers, not chance."""
    return page == run if page in {"0", "1"} or run in {"0", "1"} else True


RULES = (
    Rule(
        name="PID",
        reason="the kernel numbers processes as they come",
        page=(
            r"(?<=^\[\d\] )\d+(?=$)"
            r"|(?i:(?<=\bpid )|(?<=\bpid=)|(?<=\bpid: )|(?<=\"Pid\": )|(?<=\"Pid\":))\d+\b"
            r"|(?<=/proc/)\d+(?=/|$)"
            # /proc/N/status, its tabs as a terminal shows them.
            r"|(?:(?<=^Pid:    )|(?<=^PPid:   )|(?<=^Tgid:   ))\d+$"
            # Rows of `ps -ef` and `docker top`: UID PID PPID C STIME TTY TIME CMD.
            r"|(?<= )\b\d+\b(?= +\d+(?: +\d+)? +\d\d:\d\d +(?:\?|pts/\d+|tty\S*) )"
            # Rows of `ps aux`: USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND.
            r"|(?<= )\b\d+\b(?= +\d+\.\d +\d+\.\d +\d+ +\d+ +(?:\?|pts/\d+|tty\S*) )"
            # Rows of busybox's and procps' `ps`: PID USER [TIME] COMMAND, PID TTY TIME CMD.
            r"|^ *\d+(?= +\S+ +(?:\d+:\d\d|\d\d:\d\d:\d\d)(?: |$))"
            r"|^ +\d+(?= (?:(?:root|you|nobody|daemon|redis) {2,}|www-data +)\S)"
        ),
        sample=("[1] 4711", "[1] 82"),
        near_miss=("[1] 4711", "[2] 4711"),
        accept=lambda page, run: _both_or_neither_first(page.strip(), run.strip()),
        live="process",
    ),
    Rule(
        name="PID of a job",
        reason="the kernel numbers processes as they come; `jobs -l` pads it",
        page=r"(?:(?<=^\[\d\][+ -] )|(?<=^\[\d\][+ -]  )|(?<=^\[\d\][+ -]   ))\d+(?= +[A-Z])",
        run=r"\d+",
        sample=("[1]+  4711 Running    sleep 9 &", "[1]+    82 Running    sleep 9 &"),
        near_miss=("[1]+  4711 Running    sleep 9 &", "[2]+    82 Running    sleep 9 &"),
        live="process",
    ),
    Rule(
        name="PID asked for",
        reason="a command that prints process numbers alone; the kernel gives them as they come",
        page=r"^\d+(?: \d+)*(?=$| )",
        command=(
            r"\bpidof\b|\bpgrep\b(?!.* -\w*c)|['\"]\{\{ *\.State\.Pid *\}\}|\becho \$[!$]"
            r"|\bcat \S*(?:\.pid|/cgroup\.procs)\b|\bps .*-o '?pid=|\blsns .*-o '?PID\b"
            r"|\bjobs -p\b"
        ),
        sample=("4711 82", "12 4712"),
        near_miss=("4711 82", "4711"),
        accept=lambda page, run: (
            page.count(" ") == run.count(" ")
            and all(map(_both_or_neither_first, page.split(), run.split()))
        ),
        run=r"\d+(?: \d+)*",
        live="process",
    ),
    Rule(
        name="PID in a namespace",
        reason="the first process of a namespace, as lsns shows it in front of its user",
        page=r"(?<= )\d+(?= +[a-z_][\w-]* )",
        command=r"\blsns\b",
        sample=(
            "4026532338 net  1 33333 root  0 /run/docker/netns/default sleep 700",
            "4026532338 net  1 243 root  0 /run/docker/netns/default sleep 700",
        ),
        near_miss=(
            "4026532338 net  1 33333 root  0 /run/docker/netns/default sleep 700",
            "4026532338 net  2 33333 root  0 /run/docker/netns/default sleep 700",
        ),
        accept=_both_or_neither_first,
        live="process",
    ),
    Rule(
        name="namespace",
        reason="the kernel numbers namespaces as they come",
        page=(
            r"(?<=:\[)4026\d{6}(?=\])"
            r"|(?<![^ ])4026\d{6}(?= +(?:cgroup|ipc|mnt|net|pid|time|user|uts) )"
        ),
        sample=("net:[4026532338]", "net:[4026531840]"),
        near_miss=("net:[4026532338]", "uts:[4026532338]"),
        live="namespace",
    ),
    Rule(
        name="processor use",
        reason="what a process used of the processor in its short life",
        page=r"(?<= )\b\d+\b(?= +\d\d:\d\d +(?:\?|pts/\d+|tty\S*) +\d\d:\d\d:\d\d )",
        sample=("root  1  0  0 03:42 ?  00:00:00 sh", "root  1  0  3 03:42 ?  00:00:00 sh"),
        near_miss=("root  1  0  0 03:42 ?  00:00:00 sh", "root  1  0  x 03:42 ?  00:00:00 sh"),
    ),
    Rule(
        name="use in ps aux",
        reason="what a process has used of the processor and of memory until the moment of looking",
        # %CPU %MEM VSZ RSS, before TTY STAT START TIME.
        page=(
            r"(?<= )\b\d+\.\d +\d+\.\d +\d+ +\d+"
            r"(?= +(?:\?|pts/\d+|tty\S*) +\S+ +\S+ +\d+:\d\d )"
        ),
        sample=(
            "root  1  0.0  0.1  4332  3200 ?  Ss  03:42  0:00 sleep 100",
            "root  1  2.5  0.0  4340  3064 ?  Ss  03:42  0:00 sleep 100",
        ),
        near_miss=(
            "root  1  0.0  0.1  4332  3200 ?  Ss  03:42  0:00 sleep 100",
            "root  1  0.0  0.1  4332  3200 ?  Zs  03:42  0:00 sleep 100",
        ),
    ),
    Rule(
        name="use of a container",
        reason="what a container uses of the processor and of the host's memory at the moment",
        page=r"(?<![\w.])\d+\.\d\d%",
        command=r"\b(?:docker|compose|container) stats\b",
        sample=("web  0.02%  3.1MiB / 64MiB  4.84%", "web  12.40%  3.1MiB / 64MiB  5.01%"),
        near_miss=("web  0.02%  3.1MiB / 64MiB  4.84%", "web  0.02%  3.1MiB / 32MiB  4.84%"),
    ),
    Rule(
        name="traffic of a container",
        reason="what has gone over a container's network and disks until the moment of looking",
        page=r"(?<![\w.])\d+(?:\.\d+)?[kMGT]?B / \d+(?:\.\d+)?[kMGT]?B(?!\w)",
        command=r"\b(?:docker|compose|container) stats\b",
        first=True,
        sample=("3.1MiB / 64MiB  126B / 0B", "3.1MiB / 64MiB  1.2kB / 42B"),
        near_miss=("3.1MiB / 64MiB  126B / 0B", "3.1MiB / 32MiB  126B / 0B"),
    ),
    Rule(
        name="start time",
        reason="the time of the run, in a table of processes",
        page=(
            r"(?<= )\b(?:[01]\d|2[0-3]):[0-5]\d"
            r"(?= +(?:\?|pts/\d+|tty\S*) +\d\d:\d\d:\d\d | +\d+:\d\d \S)"
        ),
        sample=("root  1  0  0 03:42 ?  00:00:00 sh", "root  1  0  0 13:07 ?  00:00:00 sh"),
        near_miss=("root  1  0  0 03:42 ?  00:00:00 sh", "root  1  0  0 03:42 !  00:00:00 sh"),
    ),
)
