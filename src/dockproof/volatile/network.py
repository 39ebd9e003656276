"""Addresses on Docker's networks, ports that the engine chose, interface numbers."""

from __future__ import annotations

from dockproof.volatile.rule import Rule

_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
# 172.17.0.0/16 to 172.31.0.0/16 are the engine's default pools, 10.0.0.0/16 starts a swarm's
# (moby/moby, libnetwork/ipamutils), and 10.205.0.0/16 is what the lab's machines reach the outside
# through (dockproof.lab.nat). A node's own 192.168.205.x is fixed and not among them.
_IPV4 = rf"(?:172\.(?:1[7-9]|2\d|3[01])|10\.0|10\.205)\.{_OCTET}\.{_OCTET}"
# Linux's default net.ipv4.ip_local_port_range, from which the engine takes a port for `-p 80`.
_PORT = r"(?:3276[89]|327[7-9]\d|32[89]\d\d|3[3-9]\d{3}|[45]\d{4}|60\d{3})"

RULES = (
    Rule(
        name="address",
        reason="the engine gives a container the next free address of its network",
        page=rf"(?<![\d.]){_IPV4}(?![\d.]*\d)",
        sample=("inet 172.17.0.2/16", "inet 172.19.0.5/16"),
        near_miss=("inet 172.17.0.2/16", "inet 192.168.205.10/16"),
        live="address",
    ),
    Rule(
        name="IPv6 link-local address",
        reason="made from the interface's random hardware address",
        page=r"(?<![0-9a-f:])fe80::[0-9a-f:]{2,}[0-9a-f]",
        sample=("inet6 fe80::42:acff:fe11:2/64", "inet6 fe80::6c4d:9aff:fe0b:1c7e/64"),
        near_miss=("inet6 fe80::42:acff:fe11:2/64", "inet6 fd00::42:acff:fe11:2/64"),
        live="address",
    ),
    Rule(
        name="MAC",
        reason="the kernel or the engine draws hardware addresses",
        page=(
            r"(?<![0-9a-f:])(?!00:00:00:00:00:00|ff:ff:ff:ff:ff:ff)"
            r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?![0-9a-f:])"
            r"|(?<=HWaddr )(?:[0-9A-F]{2}:){5}[0-9A-F]{2}\b"  # busybox's ifconfig
        ),
        sample=("link/ether 02:42:ac:11:00:02", "link/ether 6e:4d:9a:0b:1c:7e"),
        near_miss=("link/ether 02:42:ac:11:00:02", "link/ether 00:00:00:00:00:00"),
        live="mac",
    ),
    Rule(
        name="chosen port",
        reason="the engine or the system takes a free port where the reader named none",
        # Behind an address or a host's name that ends as they do, not behind any word.
        page=(
            rf"(?:(?<=[\d\]*:]:)|(?<=localhost:)|(?<=^:)|(?<= :)|(?<=\d port )"
            rf"|(?<=-sport )|(?<=-dport )){_PORT}(?!\d)"
        ),
        sample=("0.0.0.0:32768->5000/tcp", "0.0.0.0:49154->5000/tcp"),
        near_miss=("0.0.0.0:32768->5000/tcp", "0.0.0.0:8080->5000/tcp"),
        live="port",
    ),
    Rule(
        name="client port",
        reason="the kernel takes a free port for the near end of a connection",
        # As tcpdump writes it, behind the address.
        page=rf"(?<=\d\.){_PORT}(?=:? )",
        sample=(
            "IP 192.168.205.10.35668 > 192.168.205.11.8080:",
            "IP 192.168.205.10.57734 > 192.168.205.11.8080:",
        ),
        near_miss=(
            "IP 192.168.205.10.35668 > 192.168.205.11.8080:",
            "IP 192.168.205.10.8081 > 192.168.205.11.8080:",
        ),
        live="port",
    ),
    Rule(
        name="ICMP id",
        reason="the one who pings puts its process number there, or the kernel a free one",
        page=r"(?<=, id )\d{1,5}(?=, seq \d)",
        sample=(
            "ICMP echo request, id 12, seq 0, length 64",
            "ICMP echo request, id 7, seq 0, length 64",
        ),
        near_miss=(
            "ICMP echo request, id 12, seq 0, length 64",
            "ICMP echo request, id 12, seq 1, length 64",
        ),
        live="icmp id",
    ),
    Rule(
        name="TCP sequence number",
        reason="each side of a connection draws the number that it begins at",
        page=r"(?<=\bseq |\back )\d{5,10}(?=, )",
        sample=("Flags [S], seq 1256135773, win 64240", "Flags [S], seq 41520744, win 64240"),
        near_miss=("Flags [S], seq 1256135773, win 64240", "Flags [S], seq 1, win 64240"),
        live="sequence number",
    ),
    Rule(
        name="interface",
        reason="the kernel numbers interfaces as they come, and the engine draws their names",
        page=r"^\d+(?=: (?:\S+@|eth\d|docker0|br-|veth))|(?<=@if)\d+\b|\bveth[0-9a-f]{7}\b",
        sample=("5: eth0@if6: <BROADCAST,UP>", "12: eth0@if13: <BROADCAST,UP>"),
        near_miss=("5: eth0@if6: <BROADCAST,UP>", "5: eth1@if6: <BROADCAST,UP>"),
        live="interface",
    ),
)
