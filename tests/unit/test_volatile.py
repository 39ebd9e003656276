"""Volatile values: what each rule takes, and that it takes nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dockproof import compare, volatile
from dockproof.bindings import Bindings
from dockproof.volatile import RULES, Rule, sizes


def _agree(page: str, run: str, *asked: Rule) -> bool:
    return compare.matches([page], [run], Bindings(), asked=asked)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_keeps_its_word(rule: Rule) -> None:
    """A rule has a name, a reason, a sample that matches by it, and a near miss that doesn't."""
    assert rule.name
    assert rule.reason
    asked = (rule,) if rule.command else ()
    page, run = rule.sample
    assert page != run
    assert rule in {found for _, _, found in volatile.find(page, asked)}
    assert _agree(page, run, *asked)
    page, run = rule.near_miss
    assert page != run
    assert not _agree(page, run, *asked)


@pytest.mark.parametrize(
    ("command", "page", "run", "agree"),
    [
        ("pidof dockerd", "812", "4077", True),
        ("sudo docker exec web pidof nginx", "8 7 1", "9 8 1", True),
        ("pidof nginx", "8 7 1", "9 8 2", False),
        ("pgrep -a nginx", "812 nginx: master", "77 nginx: master", True),
        ("pgrep -a nginx", "812 nginx: master", "77 nginx: worker", False),
        ("pgrep -c nginx", "8", "9", False),
        ("docker inspect -f '{{.State.Pid}}' web", "3312", "977", True),
        ("docker inspect -f '{{.State.Pid}} {{.State.ExitCode}}' web", "3312 1", "977 1", True),
        ("docker inspect -f '{{.State.Pid}} {{.State.ExitCode}}' web", "3312 1", "977 2", False),
        ("docker inspect -f '{{.State.Pid}}' web", "0", "977", False),
        ("docker inspect -f '{{.RestartCount}}' web", "3", "4", False),
        ("docker inspect -f '{{.RestartCount}} {{.State.Pid}}' web", "3 99", "4 99", False),
        ("echo $$", "4711", "12", True),
        ("echo $?", "4711", "12", False),
        ("cat /run/docker.pid", "812", "4077", True),
        ("cat numbers", "812", "4077", False),
        (
            "jobs -l",
            "[1]+  4711 Running       sleep 9 &",
            "[1]+    82 Running       sleep 9 &",
            True,
        ),
        (
            "jobs -l",
            "[1]+  4711 Running       sleep 9 &",
            "[2]+    82 Running       sleep 9 &",
            False,
        ),
        ("docker top web -o pid,comm", "4711   nginx", "82   nginx", True),
        ("grep Pid /proc/4711/status", "Pid:\t4711", "Pid:    82", True),
        ("grep Threads /proc/4711/status", "Threads:\t4711", "Threads:        82", False),
    ],
)
def test_what_was_asked_for_tells_a_process_number(
    command: str, page: str, run: str, *, agree: bool
) -> None:
    """A number that stands alone is a process's where the command prints such, and else a fact."""
    assert _agree(page, run, *volatile.asked(command)) is agree


@pytest.mark.parametrize(
    ("command", "page", "run", "agree"),
    [
        (
            "sudo apt-get update",
            "Fetched 9,532 kB in 1s (8,123 kB/s)",
            "Fetched 9,840 kB in 12s (790 kB/s)",
            True,
        ),
        (
            "sudo apt-get update",
            "Fetched 9,532 kB in 1s (8,123 kB/s)",
            "Fetched 1,532 kB in 1s (8,123 kB/s)",
            False,
        ),
        ("docker build .", "#7 exporting layers 0.1s done", "#7 exporting layers done", True),
        ("docker build .", "#7 exporting layers 0.1s done", "#7 exporting manifest done", False),
        (
            "openssl x509 -enddate",
            "notAfter=Nov  4 03:42:02 2027 GMT",
            "notAfter=Dec 24 13:02:51 2028 GMT",
            True,
        ),
        (
            "openssl x509 -enddate",
            "notAfter=Nov  4 03:42:02 2027 GMT",
            "notBefore=Nov  4 03:42:02 2027 GMT",
            False,
        ),
        ("tar tvf a.tar", "you/you 6 2026-11-24 03:42 a", "you/you 6 2027-01-02 13:14 a", True),
        ("tar tvf a.tar", "you/you 6 2026-11-24 03:42 a", "you/you 7 2027-01-02 13:14 a", False),
        ("date +%s", "1795741322", "1801234567", True),
        ("echo 1795741322", "1795741322", "1801234567", False),
        ("docker build .", "#7 exporting layers 0.1s done", "#7 exporting layers 0.1s gone", False),
        ("./wait", "Waiting for db done", "Waiting for db 35.0s done", False),
        ("docker stats --no-stream", "0.02%", "31.40%", True),
        ("docker stats --no-stream", "1.2MiB / 8MiB  126B / 0B", "1.2MiB / 8MiB  42B / 9kB", True),
        ("docker stats --no-stream", "1.2MiB / 8MiB  126B / 0B", "1.2MiB / 9MiB  42B / 9kB", False),
        ("curl localhost/stats", "10.50%", "99.50%", False),
        (
            "dd if=a of=b",
            "8388608 bytes copied, 8.0 s, 1.0 MB/s",
            "8388608 bytes copied, 8.0 s, 99.0 MB/s",
            False,
        ),
        (
            "wget a",
            "2026-11-24 03:42:02 (1.23 MB/s) - 'a' saved",
            "2027-01-24 03:42:02 (99 KB/s) - 'a' saved",
            True,
        ),
        ("cat log", "listening on port 50051", "listening on port 50052", False),
        ("cat log", "from 172.17.0.1 port 50051", "from 172.17.0.1 port 50052", True),
        ("date -d 2024-02-29 +%s", "1709164800", "1709164801", False),
        ("date -Iseconds", "2026-11-27T10:46:02+08:00", "2027-01-02T03:04:05+08:00", True),
        ("date -Iseconds", "2026-11-27T10:46:02+08:00", "2026-11-27T10:46:02+09:30", False),
        ("awk -f pi", "9.999 pi", "3.142 pi", False),
        ("docker build .", "0.312 sh: gcc: not found", "12.087 sh: gcc: not found", True),
        (
            "ssh-keygen -lf k",
            "256 SHA256:0q8Zt1mJx0w1vG1jv9JkV7oGdYt0mXb4sF2xq1nC3dE a (RSA)",
            "256 SHA256:Zk2uX9bQ7w3hR5tY1pL8sD4fG6jK0cV2nM3aE5rT7yU a (RSA)",
            True,
        ),
        ("df", "0.02%", "31.40%", False),
        ("ls -i a", "917612 a", "23 a", True),
        ("ls a", "917612 a", "23 a", False),
        ("ls -i t | wc -l", "3", "9", False),
        ("docker exec web pgrep worker | wc -l", "4", "5", False),
        (
            "docker top work -o user,pid,cmd",
            "root   239   sleep 600",
            "root   4711   sleep 600",
            True,
        ),
        (
            "docker top work -o user,pid,cmd",
            "root   239   sleep 600",
            "root   239   sleep 60",
            False,
        ),
        (
            "ps -o pid,ppid,comm -C dockerd",
            "     36       1 dockerd",
            "   4711       1 dockerd",
            True,
        ),
        (
            "ps -o pid,ppid,comm -C dockerd",
            "     36       1 dockerd",
            "   4711       2 dockerd",
            False,
        ),
        ("docker inspect -f '{{.Name}} {{.State.Pid}}' work", "/work 239", "/work 4711", True),
        ("docker inspect -f '{{.Name}} {{.RestartCount}}' work", "/work 239", "/work 4711", False),
        ("stat -c '%n %i %h' f", "f 1902231 1", "f 23 1", True),
        ("stat -c '%n %i %h' f", "f 1902231 1", "f 23 2", False),
        ("stat -c %i f", "1902231", "23", True),
        ("docker inspect -f {{.State.Pid}} web", "239", "4711", True),
        ("stat -c '%h %i' f", "1 1902231", "2 23", False),
        ("ls -ld /proc/239/ns", "dr-x 2 root /proc/239/ns", "dr-x 2 root /proc/4711/ns", True),
        ("curl -sI a", "HTTP/1.1 200…", "HTTP/1.1 404 Not Found", False),
        ("docker ps -a", "Exited (137…", "Exited (255) now", False),
        ("docker exec -it 1165 sh", "root@1165…:/#", "root@4711c07b5d61:/#", True),
    ],
)
def test_values_that_strangers_pages_showed(
    command: str, page: str, run: str, *, agree: bool
) -> None:
    """What tools beside Docker's print of their own accord may differ, and the rest may not."""
    assert _agree(page, run, *volatile.asked(command)) is agree


def test_names_of_rules_are_unique() -> None:
    """A message that names a rule names one."""
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rules_have_no_groups_of_their_own(rule: Rule) -> None:
    """A group of a rule's own would shift those of the others that it is joined with."""
    groups = re.compile(rule.page)
    assert groups.groups == (rule.command != "" and "value" in groups.groupindex)
    assert re.compile(rule.run_pattern(rule.sample[0])).groups == 0


@pytest.mark.parametrize(
    ("page", "run", "agree"),
    [
        ("100kB", "110kB", True),
        ("100kB", "90kB", True),
        ("100kB", "110.1kB", False),
        ("100kB", "89.9kB", False),
        ("1MB", "1000kB", True),
        ("1MB", "1MiB", False),
        ("1GB", "1MB", False),
        ("0B", "0B", True),
        ("0B", "1B", False),
        ("3B", "4B", False),
        ("2.02MB", "2.20MB", True),
        ("1.5G", "1.6G", True),
        ("1.5G", "1.5M", False),
        ("23.54GiB", "23.5GiB", True),
        ("512 bytes", "520 bytes", False),
        ("512 bytes", "600 bytes", False),
        ("4.096kB / 4.1MB", "4.2kB / 4.2MB", True),
        ("4.096kB / 4.1MB", "4.2kB / 5MB", False),
        ("40.42MiB / 64MiB", "41.1MiB / 64MiB", True),
        ("40.42MiB / 64MiB", "40.42MiB / 65MiB", False),
        ("747K", "747kB", False),
    ],
)
def test_sizes_are_within_a_tenth(page: str, run: str, agree: bool) -> None:  # noqa: FBT001 - a table
    """A size may differ by a tenth of the page's, the edge included."""
    assert _agree(f"size {page} end", f"size {run} end") is agree


@pytest.mark.parametrize(
    ("page", "run", "agree"),
    [
        ("2026-11-24T04:19:12.104039792Z", "2027-01-02T13:14:15.5Z", True),
        ("2026-11-24T04:19:12.104039792Z", "2027-01-02T13:14:15.5", False),
        ("Tue, 24 Nov 2026 04:19:23 GMT", "Wed, 02 Dec 2026 14:19:23 GMT", True),
        ("Tue, 24 Nov 2026 04:19:23 GMT", "Wed, 02 Dec 2026 14:19:23 CET", False),
        ("[2026-11-24 04:19:12 +0000]", "[2026-11-24 04:19:12+0000]", False),
        ("real 0m0.255s", "real 1m3.1s", True),
        ("real 0m0.255s", "real 0.255s", False),
        ("time=0.310 ms", "time=12.1 ms", True),
        ("time=0.310 ms", "time=0.310ms", False),
    ],
)
def test_times_keep_their_form(page: str, run: str, agree: bool) -> None:  # noqa: FBT001 - a table
    """A time may be another one, written in the same way."""
    assert _agree(f"{page} end", f"{run} end") is agree


def test_sizes_in_bytes() -> None:
    """Docker counts in thousands, coreutils in 1,024s."""
    assert sizes.in_bytes("857kB") == 857_000
    assert sizes.in_bytes("1.5 GB") == 1.5e9
    assert sizes.in_bytes("12K") == 12_288
    assert sizes.in_bytes("2MiB") == 2_097_152
    assert sizes.in_bytes("512 bytes") == 512
    with pytest.raises(ValueError, match="many"):
        sizes.in_bytes("many")


@pytest.mark.parametrize(
    "text",
    [
        "version 28.5.2 of 3",
        "127.0.0.1 - 192.168.205.10 10.1.2.3 8.8.8.8",
        "0.0.0.0:5000->5000/tcp, [::]:8080->80/tcp",
        "PATH=/usr/local/sbin:/usr/local/bin",
        "bad cafe decade 0 1 10 100 4711",
        "000000000000 123456789012",
        "abcdefabcdef",
        "deadbeef",
        "my_volume data_1 hello_world",
        "10 minutes",
        "exit 137",
        "seconds ago",
        "1.51 (minimum version 1.24)",
        "link/loopback 00:00:00:00:00:00 brd ff:ff:ff:ff:ff:ff",
        "Python 3.13.5 (main)",
        "cpu 50% of 2",
        "HTTP/1.1 200 OK",
        "5432/tcp",
        "2 packets transmitted, 2 received, 0% packet loss",
        "a-0.5s",
        "debian:trixie-slim registry:3",
    ],
)
def test_what_is_not_volatile(text: str) -> None:
    """Versions, fixed addresses, ports of the reader's, words and plain numbers all matter."""
    assert volatile.find(text) == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a1b2c3d4e5f6", ["short object id"]),
        ("sha256:8f0abbee919081ac697d", ["digest"]),
        ("Up 2 minutes", ["age"]),
        ("Exited (137) About a minute ago", ["age"]),
        ("Up 3 weeks (healthy)", ["age"]),
        ("Up Less than a second", ["age"]),
        ("zen_hopper, epic_lamport2", ["generated name", "generated name"]),
        ("0.0.0.0:32768->80/tcp, [::]:32768->80/tcp", ["chosen port", "chosen port"]),
        ("172.17.0.2 172.31.255.254", ["address", "address"]),
        ("Tue Nov 24 04:19:23 UTC 2026", ["timestamp"]),
        ("Date: Tue, 24 Nov 2026 04:19:23 GMT", ["timestamp"]),
        ('172.17.0.1 - - [24/Nov/2026 04:19:23] "GET / HTTP/1.1" 200 -', ["address", "timestamp"]),
        ("2026-11-24T04:19:12.104039792Z hello", ["timestamp"]),
        ("[2026-11-24 04:19:12 +0000] [1] [INFO] x", ["timestamp"]),
        ("real\t0m0.002s", ["time of a command"]),
        (" => [2/3] RUN echo hi > /hi                       1.2s", ["duration"]),
        ("64 bytes from x: seq=0 ttl=64 time=0.463 ms", ["duration"]),
        ("round-trip min/avg/max = 0.084/0.273/0.463 ms", ["duration"]),
        ("rtt min/avg/max/mdev = 0.045/0.050/0.055/0.005 ms", ["duration"]),
        ("[1] 1430", ["PID"]),
        ('            "Pid": 429,', ["PID"]),
        ("578: eth0@if579: <UP>", ["interface", "interface"]),
        ("6: vethe5ad7cf@if2: <UP>", ["interface", "interface", "interface"]),
    ],
)
def test_what_is_volatile(text: str, names: list[str]) -> None:
    """Values that engines, kernels and clocks choose are taken by their rule."""
    assert [rule.name for _, _, rule in volatile.find(text)] == names


def test_processes_one_and_zero_are_facts() -> None:
    """Process 1 and parent 0 say something about containers; they must stand as shown."""
    row = "root  {}  {}  0 03:42 ?  00:00:00 sh"
    assert _agree(row.format("400", "300"), row.format("82", "4711"))
    assert not _agree(row.format("1", "0"), row.format("82", "0"))
    assert not _agree(row.format("1", "0"), row.format("1", "300"))
    assert not _agree(row.format("400", "300"), row.format("1", "300"))


# Outputs as engines print them, one a file. Between « and » stands what is volatile: what the page
# shows, and what another run printed.
OUTPUTS = {
    path.stem: path.read_text("utf-8")
    for path in sorted((Path(__file__).parents[1] / "samples/outputs").glob("*.txt"))
}
_MARK = re.compile(r"«([^|»]*)\|([^»]*)»")


# Sizes that are the same in both runs: their numbers may differ by a tenth.
_SIZES = re.compile(r"\d+(?:\(\d+\))? bytes|\b4096\b|\b0B")


def _sides(marked: str) -> tuple[list[str], list[str]]:
    page = _MARK.sub(lambda m: m[1], marked)
    run = _MARK.sub(lambda m: m[2], marked)
    return page.splitlines(), run.splitlines()


@pytest.mark.parametrize("name", OUTPUTS)
def test_another_run_agrees(name: str) -> None:
    """Where only volatile values differ, the outputs agree, and so does the page with itself."""
    page, run = _sides(OUTPUTS[name])
    assert compare.matches(page, run, Bindings())
    assert compare.matches(page, page, Bindings())
    assert compare.merge(page, run, Bindings()) == list(range(len(page)))


def _mutants(line: str) -> list[tuple[str, str]]:
    """Return what is wrong with each mutant of a marked line, and its page's side."""
    fixed = [m.span() for m in _MARK.finditer(line)] + [m.span() for m in _SIZES.finditer(line)]
    mutants = []
    for word in re.finditer(r"[A-Za-z_]+|\d+", line):
        if any(start <= word.start() < end for start, end in fixed):
            continue
        for other in _others(word[0]):
            text = f"{line[: word.start()]}{other}{line[word.end() :]}"
            mutants.append((f"{word[0]} -> {other}", _MARK.sub(lambda m: m[1], text)))
    return mutants


def _others(word: str) -> set[str]:
    if word.isdigit():
        return {str(int(word) + 1), f"{word}0", ""}
    return {f"{word[:-1]}{'q' if word[-1] != 'q' else 'w'}", word.swapcase(), f"{word}s"}


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_other_word_and_number_matters(name: str) -> None:
    """Change any word or number that isn't volatile, and the output differs."""
    page, run = _sides(OUTPUTS[name])
    survivors = []
    for number, line in enumerate(OUTPUTS[name].splitlines()):
        for what, mutant in _mutants(line):
            lines = [*page[:number], mutant, *page[number + 1 :]]
            if compare.matches(lines, run, Bindings()):
                survivors.append((number, what, mutant))
    assert survivors == []


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_line_matters(name: str) -> None:
    """Leave out a line, say one twice, or add one, and the output differs."""
    page, run = _sides(OUTPUTS[name])
    for number, line in enumerate(page):
        if not line:
            continue
        assert not compare.matches([*page[:number], *page[number + 1 :]], run, Bindings())
        assert not compare.matches([*page[:number], line, *page[number:]], run, Bindings())
    assert not compare.matches([*page, "more"], run, Bindings())
    assert not compare.matches(["more", *page], run, Bindings())


@pytest.mark.parametrize(
    ("page", "run", "agree"),
    [
        ("Running 39 seconds ago", "Running about a minute ago", True),
        ("#8 0.312 Unpacking a", "#8 10.49 Unpacking a", True),
        ("#8 2.944", "#8 3.1", True),
        ("#8 5.703   binutils", "#8 1.237   binutils", True),
        ("02:09:13.248348 IP a > b", "12:21:46.108772 IP a > b", True),
        ("HWaddr AE:46:E7:16:4D:CD", "HWaddr CA:9E:90:BA:A0:62", True),
        ("--sport 42277 -j SNAT", "--sport 33913 -j SNAT", True),
        ("used_memory:45600", "used_memory:35111", False),
        ("hd8dfc0b0d11   busybox", "ad8dfc0b0d11   busybox", False),
    ],
)
def test_values_found_on_pages_of_others(page: str, run: str, *, agree: bool) -> None:
    """Lines that pages show, and what another run printed instead."""
    assert _agree(page, run) is agree
