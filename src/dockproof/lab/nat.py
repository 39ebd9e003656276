"""The way out for machines on the private engine, which leaves the host's firewall alone.

The engine runs with `--iptables=false`, so that it can't disturb another engine on the host. What
its networks need instead is a handful of rules that name our own address range only, each with a
comment that begins with `dockproof` and says which engine it is for, put in front and taken away
again.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from dockproof.lab.errors import LabError

POOL = "10.205.0.0/16"
BRIDGE = "10.205.0.1/24"  # the engine's default network, which nothing of ours uses

_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
_RULES = [
    ("nat", "POSTROUTING", ["-s", POOL, "!", "-d", POOL, "-j", "MASQUERADE"]),
    ("filter", "FORWARD", ["-s", POOL, "-j", "ACCEPT"]),
    (
        "filter",
        "FORWARD",
        ["-d", POOL, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"],
    ),
    (
        # Where the host's own link takes smaller packets than a container's.
        "mangle",
        "FORWARD",
        [
            *("-s", POOL, "-p", "tcp", "--tcp-flags", "SYN,RST", "SYN"),
            *("-j", "TCPMSS", "--clamp-mss-to-pmtu"),
        ],
    ),
]


def _iptables(table: str, verb: str, chain: str, rule: list[str], tag: str) -> bool:
    comment = ["-m", "comment", "--comment", tag]
    done = subprocess.run(
        ["iptables", "-w", "-t", table, verb, chain, *comment, *rule],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def open_way(tag: str) -> None:
    """Let our address range out; changes nothing where the rules are there already.

    Args:
        tag: The comment on the rules.

    Raises:
        LabError: The rules can't be set.
    """
    if _FORWARD.read_text().strip() != "1":
        _FORWARD.write_text("1")
    for table, chain, rule in _RULES:
        present = _iptables(table, "-C", chain, rule, tag)
        if not present and not _iptables(table, "-I", chain, rule, tag):
            raise LabError(
                f"iptables can't add a rule to {table}/{chain} for the lab's networks ({POOL}): "
                "is iptables installed, and may this process change the firewall?"
            )


def close_way(tag: str) -> None:
    """Take the rules with our comment away, and only those."""
    for table, chain, rule in _RULES:
        while _iptables(table, "-D", chain, rule, tag):
            pass
