"""The strategies that are compared, each with the supervised fit of the same architecture as its counterpart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.same_inputs import without_electronic
from benchmarks.semi_supervised.without_pool import scores_without_pool
from genessl.data.dataset import GeneDataset
from genessl.models.base import GenePredictor
from genessl.predictors import make_predictor

FRACTIONS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0)


@dataclass(frozen=True)
class Entry:
    """A model of the registry with its parameters, and the name of the entry that it is compared with.

    `counterpart` is None for an entry that is itself supervised or has no supervised form. Without `pool` the model
    learns from the labelled genes alone, without `electronic` it sees no electronic annotation.
    """

    model: str
    parameters: Mapping[str, Any]
    counterpart: str | None = None
    pool: bool = True
    electronic: bool = True

    def make(self, seed: int) -> GenePredictor:
        """Make the predictor."""
        return make_predictor(self.model, self.parameters, seed=seed)

    def score(self, visible: GeneDataset, tested: NDArray[np.bool_], seed: int) -> NDArray[np.float32]:
        """Fit the predictor on the visible labels, and return scores, (n_genes, n_terms); only those tested count."""
        seen, strategy = visible if self.electronic else without_electronic(visible), self.make(seed)
        if not self.pool:
            return scores_without_pool(strategy, seen, tested)
        return strategy.fit(seen).predict_proba(seen)


STRATEGIES: dict[str, Entry] = {
    "term_frequency": Entry("term_frequency", {}),
    "network_neighbours": Entry("network_neighbours", {}),
    "sequence_network": Entry("sequence_network", {}),
    "graph_network": Entry("graph_network", {}),
    "views_averaged": Entry("co_training", {"rounds": 0, "teacher": "other"}),
    "co_training": Entry("co_training", {}, "views_averaged"),
    "co_training (four views, untaught)": Entry("co_training", {"rounds": 0}, "views_averaged"),
    "co_training (each other)": Entry("co_training", {"teacher": "other"}, "views_averaged"),
    "tri_training": Entry("co_training", {"teacher": "agreement"}, "views_averaged"),
    "self_training": Entry("self_training", {}, "sequence_network"),
    "self_training (network)": Entry("self_training", {"predictor": "graph_network"}, "graph_network"),
    "mean_teacher": Entry("mean_teacher", {}, "sequence_network"),
    "fixmatch": Entry("fixmatch", {}, "sequence_network"),
    "variational_autoencoder": Entry("variational_autoencoder", {}, "sequence_network"),
    "feature_matching": Entry("feature_matching", {}, "sequence_network"),
    "positive_unlabelled": Entry("positive_unlabelled", {}, "sequence_network"),
    "pretrained": Entry("pretrained", {}, "sequence_network"),
    "pretrained (network)": Entry("pretrained", {"view": "graph_network"}, "graph_network"),
    "correct_and_smooth": Entry("correct_and_smooth", {}, "sequence_network"),
    "kernel_regression": Entry("kernel_regression", {}),
    "label_propagation": Entry("label_propagation", {}, "network_neighbours"),
    "label_spreading": Entry("label_spreading", {}, "network_neighbours"),
    "function_diffusion": Entry("function_diffusion", {}, "network_neighbours"),
    "combined": Entry("combined", {}, "combined (pool dropped)"),
    "combined (pool dropped)": Entry("combined", {}, pool=False),
    "combined (unread)": Entry("combined", {}, "combined (unread, pool dropped)", electronic=False),
    "combined (unread, pool dropped)": Entry("combined", {}, pool=False, electronic=False),
}
