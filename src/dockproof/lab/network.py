"""A network of the lab's own on the outer engine, in the lab's address range."""

from __future__ import annotations

import ipaddress
import random
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool

from dockproof.lab import nat
from dockproof.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker.models.networks import Network

    from dockproof.lab.engine import OuterEngine

_TRIES = 20


def _host_mtu() -> int:
    """Give the largest packet in bytes that the host's default route takes."""
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        interface, destination = line.split()[:2]
        if destination == "00000000":
            return int(Path(f"/sys/class/net/{interface}/mtu").read_text())
    return 1500


def _host_subnets() -> set[str]:
    """Give the /24 networks of our range to which the host has a route already."""
    found = set()
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        number = int.from_bytes(bytes.fromhex(line.split()[1]), "little")
        found.add(f"{ipaddress.IPv4Address(number)}/24")
    return found


def create_network(
    engine: OuterEngine, name: str, labels: Mapping[str, str]
) -> tuple[Network, str, int]:
    """Create a bridge network with a free /24 of the lab's range.

    Args:
        engine: The outer engine.
        name: The network's name.
        labels: The network's labels.

    Returns:
        The network, the first three bytes of its addresses ("10.205.7"), and the third of them.

    Raises:
        LabError: No free range was found, or the engine refuses for another reason.
    """
    taken = {
        pool.get("Subnet")
        for network in engine.client.api.networks()
        for pool in (network.get("IPAM") or {}).get("Config") or []
    }
    options = {}
    if engine.private:
        taken |= _host_subnets()
        options["com.docker.network.driver.mtu"] = str(min(_host_mtu(), 1500))
    pool = ipaddress.ip_network(nat.POOL)
    free = [net for net in pool.subnets(new_prefix=24) if str(net) not in taken][1:]
    random.shuffle(free)
    for subnet in free[:_TRIES]:
        try:
            network = engine.client.networks.create(
                name,
                driver="bridge",
                ipam=IPAMConfig(
                    pool_configs=[IPAMPool(subnet=str(subnet), gateway=str(subnet[1]))]
                ),
                labels=dict(labels),
                options=options,
            )
        except APIError as error:
            # Another process was quicker.
            if "overlap" not in str(error):
                raise LabError(
                    f"the outer engine can't create the network {subnet}: {error}",
                    engine.log_tail(),
                ) from error
        else:
            prefix = str(subnet[0]).rpartition(".")[0]
            return network, prefix, int(prefix.rpartition(".")[2])
    raise LabError(f"no free network in {nat.POOL}: remove leftovers with `dockproof lab clean`")
