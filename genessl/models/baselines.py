"""Baselines: what anyone would try before learning anything."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

from genessl.data.dataset import GeneDataset
from genessl.data.references import References, labelled_aspects
from genessl.features.domains import domain_columns, domain_similarity
from genessl.features.graphs import joined_graph
from genessl.models.base import Arrays, GenePredictor, check_count
from genessl.models.instance_based import InstanceBased
from genessl.models.supervision import Supervision


class TermFrequency(GenePredictor):
    """Score every gene by how many of the labelled genes have the term (CAFA's naive baseline).

    Attributes
    ----------
    frequency_ : ndarray of float32, shape (n_terms,)
    """

    def _fit(self, dataset: GeneDataset) -> None:
        self.frequency_ = Supervision.of(dataset).frequency()

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        return np.tile(self.frequency_, (dataset.n_genes, 1))

    def _state(self) -> Arrays:
        return {"frequency": self.frequency_}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        self.frequency_ = arrays["frequency"]


class ElectronicAnnotation(GenePredictor):
    """Score 1 for each term that the gene has by electronic or other non-experimental evidence, else 0."""

    def _fit(self, dataset: GeneDataset) -> None:
        pass

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        return np.asarray(dataset.electronic.toarray(), dtype=np.float32)

    def _state(self) -> Arrays:
        return {}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        pass


class _Neighbours(InstanceBased):
    """Score a term by the weighted share of a gene's neighbours that have it.

    Attributes
    ----------
    supervision_ : Supervision
    """

    @abstractmethod
    def _graph(self, dataset: GeneDataset) -> csr_array:
        """Return whose labels count for whom, and how much."""

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        targets, labelled = self.supervision_.labels_for(dataset.genes)
        return neighbour_shares(self._graph(dataset), targets, labelled, self.supervision_.aspect_of_term)


class _Relatives(_Neighbours):
    """Score a term by the weighted share of a gene's relatives that have it, references of other organisms included.

    The labels of the genes are those of the fitted dataset. The references' labels belong to the input as their
    similarities do: both are read from the dataset to predict, and neither is stored.
    """

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        references = dataset.references
        if references is None:
            return super()._predict(dataset)
        targets, labelled = self.supervision_.labels_for(dataset.genes)
        aspect_of_term = self.supervision_.aspect_of_term
        others = _supervision_of_references(dataset, references, aspect_of_term)
        return neighbour_shares(
            csr_array(hstack([self._graph(dataset), self._to_references(references)])),
            csr_array(vstack([targets, others.targets()])),
            np.concatenate([labelled, others.labelled]),
            aspect_of_term,
        )

    @abstractmethod
    def _to_references(self, references: References) -> csr_array:
        """Return which references' labels count for whom, and how much."""


def _supervision_of_references(
    dataset: GeneDataset, references: References, aspect_of_term: NDArray[np.intp]
) -> Supervision:
    empty = csr_array(references.positive.shape, dtype=bool)
    labelled = labelled_aspects(references.positive, dataset.ontology, dataset.aspects)
    return Supervision(references.names, references.positive, labelled, aspect_of_term, empty, empty, empty)


class Homology(_Relatives):
    """Score a term by the bit-score-weighted share of the homologs that have it.

    score(g, t) = sum_h b(g, h) y(h, t) / sum_h b(g, h), over the homologs h of g that are labelled in t's aspect, genes
    and references alike, where b is the bit score of the best local alignment; a gene without such homologs scores 0.
    The gene itself is left out.
    """

    def _graph(self, dataset: GeneDataset) -> csr_array:
        return dataset.homology

    def _to_references(self, references: References) -> csr_array:
        return references.homology


class DomainNeighbours(_Relatives):
    """Score a term by the share of the proteins with the same domains that have it, weighted by how much they share.

    score(g, t) = sum_h s(g, h) y(h, t) / sum_h s(g, h), over the genes and references h that are labelled in t's
    aspect, where s is the cosine of the domains, each weighted by its inverse document frequency (see
    `domain_similarity`); a gene that shares no domain with any of them scores 0. The gene itself is left out. Among the
    genes count the domains in the sequence view, which at least two of them carry; to a reference also those that one
    gene carries.
    """

    def _graph(self, dataset: GeneDataset) -> csr_array:
        carried = dataset.sequence_features[:, domain_columns(dataset.feature_names)]
        return domain_similarity(csr_array(carried))

    def _to_references(self, references: References) -> csr_array:
        return references.domains


class NetworkNeighbours(_Neighbours):
    """Score a term by the weighted share of the neighbours in the networks that have it [1]_.

    score(g, t) = sum_h w(g, h) y(h, t) / sum_h w(g, h), over neighbours h labelled in t's aspect, w summed over
    networks; a gene without such neighbours scores 0.

    References
    ----------
    .. [1] B. Schwikowski, P. Uetz and S. Fields, A network of protein-protein interactions in yeast,
       Nature Biotechnology 18, 1257-1261, 2000, doi:10.1038/82360
    """

    def _graph(self, dataset: GeneDataset) -> csr_array:
        return joined_graph(dataset)


class PermutedLabels(NetworkNeighbours):
    """Negative control: network neighbours fitted on labels whose rows are shuffled among the labelled genes.

    Whatever this control gains over the term frequency is no knowledge about genes.

    Parameters
    ----------
    shuffle : int, default=1
        Number of the shuffle, from 1.
    seed : int, default=0
    """

    def __init__(self, *, shuffle: int = 1, seed: int = 0) -> None:
        self.shuffle = shuffle
        self.seed = seed

    def _check_parameters(self) -> None:
        check_count("shuffle", self.shuffle)
        check_count("seed", self.seed, 0)

    def _fit(self, dataset: GeneDataset) -> None:
        supervision = Supervision.of(dataset)
        rows = np.arange(dataset.n_genes)
        labelled = np.flatnonzero(np.diff(supervision.positive.indptr))
        rows[labelled] = np.random.default_rng((self.seed, self.shuffle)).permutation(labelled)
        self.supervision_ = replace(
            supervision, positive=csr_array(supervision.positive[rows]), labelled=supervision.labelled[rows]
        )


def neighbour_shares(
    graph: csr_array, targets: csr_array, labelled: NDArray[np.bool_], aspect_of_term: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return the weighted share of each gene's labelled neighbours that have each term.

    Parameters
    ----------
    graph : csr_array of float32, shape (n_genes, n_genes)
        Weights of the columns' genes for the rows' genes.
    targets : csr_array of float32, shape (n_genes, n_terms)
        1 where a labelled gene has the term.
    labelled : ndarray of bool, shape (n_genes, n_aspects)
    aspect_of_term : ndarray of int, shape (n_terms,)

    Returns
    -------
    ndarray of float32, shape (n_genes, n_terms)
        0 for a gene without a labelled neighbour.
    """
    shares = (graph @ targets).toarray().astype(np.float32)
    weight = np.asarray(graph @ labelled.astype(np.float32))
    inverse = np.divide(1.0, weight, out=np.zeros_like(weight), where=weight > 0)
    for aspect in range(labelled.shape[1]):
        shares[:, aspect_of_term == aspect] *= inverse[:, [aspect]]
    return np.asarray(shares, dtype=np.float32)
