"""Baselines: term frequency, electronic annotation, and the shares of neighbours, homologs or domain sharers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

from genessl.data.dataset import GeneDataset
from genessl.data.references import References, labelled_aspects
from genessl.features.domains import domain_columns, domain_similarity
from genessl.features.graphs import joined_graph
from genessl.features.muting import Muting
from genessl.models.base import Arrays, check_count
from genessl.models.closed_form import ClosedForm, FittedLabels
from genessl.models.inputs import Fitted, Preparation, ViewInputs
from genessl.models.supervision import Supervision
from genessl.models.view import ELECTRONIC, NETWORKS, SEQUENCE, View


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedFrequency(Fitted):
    """The frequency of each term.

    Parameters
    ----------
    frequency : ndarray of float32, shape (n_terms,)
        Share of the labelled genes that have the term.
    """

    frequency: NDArray[np.float32]


class TermFrequency(View[ViewInputs, FittedFrequency]):
    """Score every gene alike by the share of the labelled genes that have the term (CAFA's naive baseline).

    It learns from the labels alone. It does not use unlabelled genes and is not transductive.

    Attributes
    ----------
    fitted_ : FittedFrequency
    """

    @property
    def reads(self) -> frozenset[str]:
        """Nothing: every gene gets the same scores."""
        return frozenset()

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> ViewInputs:
        preparation = like or Preparation(genes=dataset.genes)
        return ViewInputs(genes=dataset.genes, n_terms=dataset.n_terms, preparation=preparation, muting=muting)

    def learn(
        self,
        inputs: ViewInputs,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: Callable[..., Any] | None = None,
    ) -> FittedFrequency:
        """Count the labelled genes that have each term; see `View.learn`."""
        return FittedFrequency(preparation=inputs.preparation, frequency=supervision.as_experimental().frequency)

    def score(self, fitted: FittedFrequency, inputs: ViewInputs) -> NDArray[np.float32]:
        """Return the frequencies for every gene; see `View.score`."""
        return np.tile(fitted.frequency, (inputs.n_genes, 1))

    def _state(self) -> Arrays:
        return {**super()._state(), "frequency": self.fitted_.frequency}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        preparation = Preparation.unpack(arrays, facts["preparation"])
        self.fitted_ = FittedFrequency(preparation=preparation, frequency=arrays["frequency"])


@dataclass(frozen=True, eq=False, kw_only=True)
class ElectronicInputs(ViewInputs):
    """The electronic annotations.

    Parameters
    ----------
    electronic : csr_array of bool, shape (n_genes, n_terms)
    """

    electronic: csr_array


class ElectronicAnnotation(View[ElectronicInputs, Fitted]):
    """Score 1 for each term that the gene has by electronic or other non-experimental evidence, else 0.

    It learns nothing: it reads a gene's electronic annotations. It does not use unlabelled genes and is not
    transductive.
    """

    @property
    def reads(self) -> frozenset[str]:
        """The electronic annotations."""
        return frozenset({ELECTRONIC})

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> ElectronicInputs:
        return ElectronicInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=like or Preparation(genes=dataset.genes),
            muting=muting,
            electronic=dataset.electronic,
        )

    def learn(
        self,
        inputs: ElectronicInputs,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: Callable[..., Any] | None = None,
    ) -> Fitted:
        """Learn nothing; see `View.learn`."""
        return Fitted(preparation=inputs.preparation)

    def score(self, fitted: Fitted, inputs: ElectronicInputs) -> NDArray[np.float32]:
        """Return the electronic annotations as scores; see `View.score`."""
        return np.asarray(inputs.electronic.toarray(), dtype=np.float32)

    def speaks_of(self, inputs: ElectronicInputs) -> NDArray[np.bool_]:
        """Return the genes with an electronic annotation."""
        return np.asarray(np.diff(inputs.electronic.indptr) > 0)

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        self.fitted_ = Fitted(preparation=Preparation.unpack(arrays, facts["preparation"]))


@dataclass(frozen=True, eq=False, kw_only=True)
class NeighbourInputs(ViewInputs):
    """The weighted neighbours of each gene.

    Parameters
    ----------
    graph : csr_array of float32, shape (n_genes, n_genes + n_references)
        Row i holds the weights of the neighbours of gene i: first the genes, then the references.
    references : Supervision, optional
        The labels of the references. They are read from the dataset together with the similarities.
    """

    graph: csr_array
    references: Supervision | None = None


class _Neighbours(ClosedForm[NeighbourInputs, FittedLabels]):
    """Score a term by the weighted share of a gene's neighbours that have it."""

    @abstractmethod
    def _graph(self, dataset: GeneDataset, muting: Muting | None) -> csr_array:
        """Return the weight of each gene (column) as a neighbour of each gene (row)."""

    def _preparation(self, dataset: GeneDataset) -> Preparation:
        return Preparation(genes=dataset.genes)

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> NeighbourInputs:
        return NeighbourInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=like or self._preparation(dataset),
            muting=muting,
            graph=self._graph(dataset, muting),
        )

    def score(self, fitted: FittedLabels, inputs: NeighbourInputs) -> NDArray[np.float32]:
        """Return the weighted share of neighbours with each term; see `View.score`."""
        targets, labelled = fitted.supervision.labels_for(inputs.genes)
        others = inputs.references
        if others is not None:
            targets = csr_array(vstack([targets, others.targets]))
            labelled = np.concatenate([labelled, others.labelled])
        return neighbour_shares(inputs.graph, targets, labelled, fitted.supervision.aspect_of_term)

    def speaks_of(self, inputs: NeighbourInputs) -> NDArray[np.bool_]:
        """Return the genes that have a neighbour."""
        return np.asarray(np.diff(inputs.graph.indptr) > 0)


class _Relatives(_Neighbours):
    """Score a term by the weighted share of a gene's relatives that have it; proteins of other organisms count too.

    The labels of the genes are those of the fitted dataset. The labels and the similarities of the references, which
    are the proteins of other organisms, are read from the dataset to predict.
    """

    @property
    def reads(self) -> frozenset[str]:
        """The sequences."""
        return frozenset({SEQUENCE})

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> NeighbourInputs:
        inputs, references = super()._read(dataset, muting, like), dataset.references
        if references is None:
            return inputs
        graph = csr_array(hstack([inputs.graph, self._to_references(references)]))
        return replace(inputs, graph=graph, references=_supervision_of_references(dataset, references))

    @abstractmethod
    def _to_references(self, references: References) -> csr_array:
        """Return the weight of each reference (column) as a relative of each gene (row)."""


def _supervision_of_references(dataset: GeneDataset, references: References) -> Supervision:
    labelled = labelled_aspects(references.positive, dataset.ontology, dataset.aspects)
    aspect_of_term = np.array([dataset.aspects.index(a) for a in dataset.ontology.aspects.tolist()], dtype=np.intp)
    return Supervision.from_labels(references.names, references.positive, labelled, aspect_of_term)


class Homology(_Relatives):
    """Score a term by the bit-score-weighted share of the homologs that have it.

    It learns from the labels and reads the alignments of the sequences. It does not use unlabelled genes. It is
    transductive: the labelled genes must be in the dataset to predict.

    score(g, t) = sum_h b(g, h) y(h, t) / sum_h b(g, h), over the homologs h of g that are labelled in t's aspect, genes
    and references alike, where b is the bit score of the best local alignment. A gene without such homologs scores 0.
    The gene itself is left out.
    """

    def _graph(self, dataset: GeneDataset, muting: Muting | None) -> csr_array:
        return dataset.homology

    def _to_references(self, references: References) -> csr_array:
        return references.homology


class DomainNeighbours(_Relatives):
    """Score a term by the share of the proteins with common domains that have it, weighted by the domain similarity.

    It learns from the labels and reads the domains of the sequences. Unlabelled genes only enter the counts that weight
    the domains. It is transductive: the labelled genes must be in the dataset to predict.

    score(g, t) = sum_h s(g, h) y(h, t) / sum_h s(g, h), over the genes and references h that are labelled in t's
    aspect, where s is the cosine of the domains, each weighted by its inverse document frequency (see
    `domain_similarity`). A gene that shares no domain with any of them scores 0. The gene itself is left out. The
    similarity of two genes counts the domains in the sequence view, which at least two genes carry. The similarity of a
    gene and a reference also counts the domains that a single gene carries.
    """

    def needs_all_genes(self, inputs: NeighbourInputs) -> bool:
        """Return True: how rare a domain is depends on every gene."""
        return True

    def _preparation(self, dataset: GeneDataset) -> Preparation:
        return Preparation(genes=dataset.genes, feature_names=dataset.feature_names)

    def _graph(self, dataset: GeneDataset, muting: Muting | None) -> csr_array:
        carried = dataset.sequence_features[:, domain_columns(dataset.feature_names)]
        return domain_similarity(csr_array(carried))

    def _to_references(self, references: References) -> csr_array:
        return references.domains


class NetworkNeighbours(_Neighbours):
    """Score a term by the weighted share of the neighbours in the networks that have it [1]_.

    It learns from the labels and reads the networks. It does not use unlabelled genes. It is transductive: the labelled
    genes must be in the dataset to predict.

    score(g, t) = sum_h w(g, h) y(h, t) / sum_h w(g, h), over the neighbours h that are labelled in t's aspect, where w
    is the weight of the edge, summed over the networks. A gene without such neighbours scores 0.

    References
    ----------
    .. [1] B. Schwikowski, P. Uetz and S. Fields, A network of protein-protein interactions in yeast,
       Nature Biotechnology 18, 1257-1261, 2000, doi:10.1038/82360
    """

    @property
    def reads(self) -> frozenset[str]:
        """The networks."""
        return frozenset({NETWORKS})

    def _preparation(self, dataset: GeneDataset) -> Preparation:
        return Preparation(genes=dataset.genes, networks=tuple(sorted(dataset.networks)))

    def _graph(self, dataset: GeneDataset, muting: Muting | None) -> csr_array:
        return joined_graph(dataset, muting=muting)


class PermutedLabels(NetworkNeighbours):
    """Negative control: network neighbours fitted on labels whose rows are shuffled among the labelled genes.

    What this control gains over the term frequency comes from chance and not from knowledge about the genes.

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

    def learn(
        self,
        inputs: NeighbourInputs,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: Callable[..., Any] | None = None,
    ) -> FittedLabels:
        """Keep the labels with their rows shuffled; see `View.learn`."""
        rows = np.arange(inputs.n_genes)
        labelled = np.flatnonzero(np.diff(supervision.positive.indptr))
        rows[labelled] = np.random.default_rng((self.seed, self.shuffle)).permutation(labelled)
        shuffled = replace(
            supervision, positive=csr_array(supervision.positive[rows]), labelled=supervision.labelled[rows]
        )
        return super().learn(inputs, shuffled)


def neighbour_shares(
    graph: csr_array, targets: csr_array, labelled: NDArray[np.bool_], aspect_of_term: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return the weighted share of each gene's labelled neighbours that have each term.

    Parameters
    ----------
    graph : csr_array of float32, shape (n_genes, n_genes)
        Weight of the column's gene as a neighbour of the row's gene.
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
