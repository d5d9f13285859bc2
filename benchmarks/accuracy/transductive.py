"""TransductivePredictor, the base of most recipes: it scores the genes that it was fitted with, aspect by aspect."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genessl.data.dataset import GeneDataset
from genessl.models.base import Arrays, GenePredictor
from genessl.models.supervision import Supervision


class TransductivePredictor(GenePredictor):
    """Base of the recipes that compute the scores of all genes in the fit.

    A gene is scored by its place in a graph, or in an embedding of that graph. A gene that was not in the graph has no
    such place and scores the term frequency.

    Attributes
    ----------
    genes_ : ndarray of str, shape (n_genes,)
        The genes of the fit.
    scores_ : ndarray of float32, shape (n_genes, n_terms)
    frequency_ : ndarray of float32, shape (n_terms,)
    """

    @abstractmethod
    def _learn(self, dataset: GeneDataset, supervision: Supervision) -> NDArray[np.float32]:
        """Return finite scores, shape (n_genes, n_terms), in [0, 1]; genes are sorted by identifier."""

    def _fit(self, dataset: GeneDataset) -> None:
        supervision = Supervision.of(dataset)
        self.genes_, self.frequency_ = dataset.genes, supervision.frequency
        self.scores_ = np.asarray(self._learn(dataset, supervision), dtype=np.float32)

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        row_of = {gene: row for row, gene in enumerate(self.genes_.tolist())}
        rows = np.array([row_of.get(gene, -1) for gene in dataset.genes.tolist()], dtype=np.intp)
        scores = np.tile(self.frequency_, (dataset.n_genes, 1))
        scores[rows >= 0] = self.scores_[rows[rows >= 0]]
        return scores

    def _state(self) -> Arrays:
        return {"scores": self.scores_, "frequency": self.frequency_}

    def _facts(self) -> dict[str, Any]:
        return {"genes": self.genes_.tolist()}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        self.scores_, self.frequency_ = arrays["scores"], arrays["frequency"]
        self.genes_ = np.array(facts["genes"], dtype=np.str_)


def lessons_by_aspect(
    supervision: Supervision, min_genes: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]]:
    """Yield for each aspect the labelled genes, the terms to learn, and which genes have which terms.

    Terms that all labelled genes have and terms of fewer than `min_genes` genes are left out.

    Yields
    ------
    rows : ndarray of int, shape (n_labelled,)
    columns : ndarray of int, shape (n_learned,)
    targets : ndarray of float32, shape (n_labelled, n_learned)
        1 or 0.
    """
    targets = supervision.targets.tocsc()
    n_positive, n_labelled = supervision.n_positive, supervision.n_labelled
    learned = (n_positive >= min_genes) & (n_positive < n_labelled)
    for aspect in range(supervision.labelled.shape[1]):
        rows = np.flatnonzero(supervision.labelled[:, aspect])
        columns = np.flatnonzero(learned & (supervision.aspect_of_term == aspect))
        if len(columns):
            yield rows, columns, targets[:, columns].toarray()[rows]
