"""A term's weighted share of a gene's homologs, domain sharers, nearest embeddings or neighbours in networks."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

from genessl.data.dataset import GeneDataset
from genessl.data.references import References, labelled_aspects
from genessl.features.domains import domain_columns, domain_similarity
from genessl.features.graphs import joined_graph, joined_networks
from genessl.features.muting import Muting
from genessl.features.nearest import embedding_places, nearest_places
from genessl.models.base import check_count
from genessl.models.closed_form import ClosedForm, FittedLabels
from genessl.models.inputs import Preparation, ViewInputs
from genessl.models.reasons import Reason, share_reasons
from genessl.models.supervision import Supervision
from genessl.models.view import NETWORKS, SEQUENCE

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, kw_only=True)
class NeighbourInputs(ViewInputs):
    """The weighted neighbours of each gene.

    Parameters
    ----------
    graph : csr_array of float32, shape (n_genes, n_genes + n_references)
        Row i holds the weights of the neighbours of gene i: first the genes, then the references.
    networks : mapping of str to csr_array of float32, shape (n_genes, n_genes)
        The networks of which the graph is the sum; without any, the graph is one by itself.
    references : Supervision, optional
        The labels of the references. They are read from the dataset together with the similarities.
    """

    graph: csr_array
    networks: Mapping[str, csr_array] = field(default_factory=dict)
    references: Supervision | None = None


class _Neighbours(ClosedForm[NeighbourInputs, FittedLabels]):
    """Score a term by the weighted share of a gene's neighbours that have it."""

    _kind: str  # of its reasons
    _source: str

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
        return neighbour_shares(inputs.graph, *self._labels(fitted, inputs), fitted.supervision.aspect_of_term)

    def _labels(self, fitted: FittedLabels, inputs: NeighbourInputs) -> tuple[csr_array, NDArray[np.bool_]]:
        """Return the labels of genes and references, and in which aspects each is labelled."""
        targets, labelled = fitted.supervision.labels_for(inputs.genes)
        others = inputs.references
        if others is None:
            return targets, labelled
        return csr_array(vstack([targets, others.targets])), np.concatenate([labelled, others.labelled])

    def reasons(
        self, fitted: FittedLabels, inputs: NeighbourInputs, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> list[list[Reason]]:
        """Return the neighbours with each term, and what the labelled ones without it take; see `View.reasons`."""
        names = inputs.genes if inputs.references is None else np.concatenate([inputs.genes, inputs.references.genes])
        targets, labelled = self._labels(fitted, inputs)
        aspect_of_term, prior = fitted.supervision.aspect_of_term, fitted.supervision.frequency
        graphs = inputs.networks or {self._source: inputs.graph}
        found = []
        for row, column in zip(rows, columns):
            parts = {name: graph[[row]] for name, graph in graphs.items()}
            near = np.concatenate([part.indices for part in parts.values()])
            weights = np.concatenate([part.data for part in parts.values()]).astype(np.float64)
            sources = np.repeat(list(parts), [part.nnz for part in parts.values()])
            sources = np.where(near < inputs.n_genes, sources, "references")
            told = labelled[near, aspect_of_term[column]] & (weights > 0)
            near, weights, sources = near[told], weights[told], sources[told]
            has = targets[near][:, [column]].toarray().ravel() > 0
            found.append(share_reasons(self._kind, sources, names[near], weights, has=has, prior=float(prior[column])))
        return found

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

    _kind, _source = "homolog", "homology"

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

    _kind, _source = "shared domains", "domains"

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


@dataclass(frozen=True, eq=False, kw_only=True)
class EmbeddingInputs(ViewInputs):
    """The embeddings of the proteins.

    Parameters
    ----------
    places : ndarray of float32, shape (n_genes, n_dimensions)
        As `embedding_places` returns them.
    """

    places: NDArray[np.float32]


class EmbeddingNeighbours(ClosedForm[EmbeddingInputs, FittedLabels]):
    """Score a term by the weighted share of the nearest labelled proteins, by their embeddings, that have it [1]_.

    It learns from the labels and reads the embeddings of a protein language model. Unlabelled genes only enter the mean
    from which embeddings are counted. It is transductive: all genes that it was fitted with must be in the dataset to
    predict.

    score(g, t) = sum_h c(g, h)^3 y(h, t) / sum_h c(g, h)^3, over the `n_neighbours` proteins h that are labelled in t's
    aspect and nearest to g, where c is the cosine of the embeddings (see `embedding_places`) if it is positive, else 0.
    Proteins as near as the last of these count, too. A gene without an embedding scores 0. The gene itself is left out.

    Parameters
    ----------
    n_neighbours : int, default=20

    References
    ----------
    .. [1] M. Littmann et al., Embeddings from deep learning transfer GO annotations beyond homology, Scientific Reports
       11, 1160, 2021, doi:10.1038/s41598-020-80786-0
    """

    def __init__(self, *, n_neighbours: int = 20) -> None:
        self.n_neighbours = n_neighbours

    def _check_parameters(self) -> None:
        check_count("n_neighbours", self.n_neighbours)

    @property
    def reads(self) -> frozenset[str]:
        """The sequences, of which the embeddings are made."""
        return frozenset({SEQUENCE})

    def needs_all_genes(self, inputs: EmbeddingInputs) -> bool:
        """Return True: embeddings are counted from the mean of all genes."""
        return True

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> EmbeddingInputs:
        places = embedding_places(dataset.sequence_features, dataset.feature_names)
        if not places.any():
            _log.warning("embedding_neighbours: the dataset has no embeddings, so that every score is 0")
        return EmbeddingInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=like or Preparation(genes=dataset.genes, feature_names=dataset.feature_names),
            muting=muting,
            places=places,
        )

    def score(self, fitted: FittedLabels, inputs: EmbeddingInputs) -> NDArray[np.float32]:
        """Return the weighted share of the nearest proteins with each term; see `View.score`."""
        targets, labelled = fitted.supervision.labels_for(inputs.genes)
        scores = np.zeros((inputs.n_genes, inputs.n_terms), dtype=np.float32)
        for aspect in range(labelled.shape[1]):
            columns = np.flatnonzero(fitted.supervision.aspect_of_term == aspect)
            near = nearest_places(inputs.places, labelled[:, aspect], n_neighbours=self.n_neighbours)
            known, own = csr_array(targets[:, columns]), fitted.supervision.aspect_of_term[columns]
            scores[:, columns] = neighbour_shares(near, known, labelled, own)
        return scores

    def reasons(
        self, fitted: FittedLabels, inputs: EmbeddingInputs, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> list[list[Reason]]:
        """Return the nearest proteins with each term, and what those without it take; see `View.reasons`."""
        targets, labelled = fitted.supervision.labels_for(inputs.genes)
        aspects, prior, found = fitted.supervision.aspect_of_term[columns], fitted.supervision.frequency, []
        near = {a: nearest_places(inputs.places, labelled[:, a], n_neighbours=self.n_neighbours) for a in set(aspects)}
        for row, column, aspect in zip(rows, columns, aspects):
            weights = near[aspect][[row]]
            has = targets[weights.indices][:, [column]].toarray().ravel() > 0
            names, told = inputs.genes[weights.indices], weights.data.astype(np.float64)
            sources = ["embeddings"] * len(names)
            found.append(share_reasons("similar embedding", sources, names, told, has=has, prior=float(prior[column])))
        return found

    def speaks_of(self, inputs: EmbeddingInputs) -> NDArray[np.bool_]:
        """Return the genes with an embedding."""
        return np.asarray(inputs.places.any(axis=1))


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

    _kind, _source = "neighbour", "networks"

    @property
    def reads(self) -> frozenset[str]:
        """The networks."""
        return frozenset({NETWORKS})

    def _preparation(self, dataset: GeneDataset) -> Preparation:
        return Preparation(genes=dataset.genes, networks=tuple(sorted(dataset.networks)))

    def _graph(self, dataset: GeneDataset, muting: Muting | None) -> csr_array:
        return joined_graph(dataset, muting=muting)

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> NeighbourInputs:
        return replace(super()._read(dataset, muting, like), networks=joined_networks(dataset, muting=muting))


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
