"""The predictors that `combined` may combine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.features.domains import domain_columns
from genessl.models.base import GenePredictor
from genessl.models.kernel_regression import KernelRegression
from genessl.models.neighbours import DomainNeighbours, Homology, NetworkNeighbours
from genessl.models.neural.electronic_trust import ElectronicTrust, usable_sources
from genessl.models.neural.evidence_network import EvidenceNetwork
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.propagation.label_propagation import LabelPropagation

MEMBERS = (
    "label_propagation",
    "kernel_regression",
    "electronic_trust",
    "evidence_network",
    "sequence_network",
    "graph_network",
)
MORE_MEMBERS = ("homology", "domain_neighbours", "network_neighbours")
_HIDDEN = 256  # half of the views' default, because there are eighteen fits


def usual_members(dataset: GeneDataset) -> tuple[str, ...]:
    """Return the members if none are named: with references also the two that read these."""
    return MEMBERS if dataset.references is None else (*MEMBERS, "homology", "domain_neighbours")


def make_member(name: str, *, device: str, seed: int) -> GenePredictor:
    """Return an unfitted member by its name."""
    makers: dict[str, Callable[[], GenePredictor]] = {
        "label_propagation": lambda: LabelPropagation(weights="learnt", similarity=True),
        "kernel_regression": lambda: KernelRegression(seed=seed),
        "electronic_trust": ElectronicTrust,
        "evidence_network": lambda: EvidenceNetwork(device=device, seed=seed),
        "sequence_network": lambda: SequenceNetwork(hidden=_HIDDEN, device=device, seed=seed),
        "graph_network": lambda: GraphNetwork(hidden=_HIDDEN, device=device, seed=seed),
        "homology": Homology,
        "domain_neighbours": DomainNeighbours,
        "network_neighbours": NetworkNeighbours,
    }
    return makers[name]()


def with_usable_evidence(dataset: GeneDataset) -> GeneDataset:
    """Return the dataset without electronic sources that annotate labelled genes only.

    This must happen before labels are hidden from the members, because it depends on which genes are labelled.
    """
    none = {"none": csr_array(dataset.electronic.shape, dtype=bool)}
    return replace(dataset, electronic_sources=usable_sources(dataset) or none)


def has_data(name: str, dataset: GeneDataset) -> bool:
    """Return whether the dataset has what a member reads."""
    references = dataset.references
    if name == "homology":
        return bool(dataset.homology.nnz or (references is not None and references.homology.nnz))
    if name == "domain_neighbours":
        return len(domain_columns(dataset.feature_names)) > 0
    if name in ("network_neighbours", "label_propagation", "graph_network"):
        return any(bool(network.nnz) for network in dataset.networks.values())
    if name in ("sequence_network", "kernel_regression"):
        return bool(dataset.feature_names)
    return any(bool(labels.nnz) for labels in dataset.electronic_sources.values())
