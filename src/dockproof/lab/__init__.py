"""The lab: disposable machines with Docker engines of their own, for proving pages on."""

from dockproof.lab.errors import LabError
from dockproof.lab.factory import LabFactory
from dockproof.lab.identity import identities
from dockproof.lab.images import Provenance
from dockproof.lab.machines import EngineVersions, Lab, Node

__all__ = ["EngineVersions", "Lab", "LabError", "LabFactory", "Node", "Provenance", "identities"]
