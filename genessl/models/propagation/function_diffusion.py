"""Function diffusion: scores by homology and domains, diffused over a network weighted by shared neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.sparse import csr_array, diags_array

from genessl.data.dataset import GeneDataset
from genessl.data.sparse import keep_columns
from genessl.features.domains import domain_columns
from genessl.features.graphs import joined_networks
from genessl.features.muting import Muting
from genessl.models.base import Arrays, check_range
from genessl.models.closed_form import ClosedForm, FittedLabels
from genessl.models.inputs import Preparation, ViewInputs
from genessl.models.neighbours import neighbour_shares
from genessl.models.propagation.iteration import iterate
from genessl.models.view import NETWORKS, SEQUENCE

_TERMS_AT_ONCE = 256
_GENES_AT_ONCE = 512
_TOLERANCE, _MOST_ITERATIONS = 1e-7, 10_000


@dataclass(frozen=True, eq=False, kw_only=True)
class DiffusionInputs(ViewInputs):
    """The homology and domains that give the seeds, and the graphs over which the seeds diffuse.

    Parameters
    ----------
    graphs : tuple of csr_array of float32, each of shape (n_genes, n_genes)
        The networks in order of their names, then the symmetrised bit scores. Weights are at most 1, and the columns
        of silent genes are empty.
    homology : csr_array of float32, shape (n_genes, n_genes)
        Bit scores.
    domains : csr_array of float32, shape (n_genes, n_domains)
        1 where a gene carries the domain.
    """

    graphs: tuple[csr_array, ...]
    homology: csr_array
    domains: csr_array


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedDiffusion(FittedLabels):
    """Labels, and the coefficient of each graph.

    Parameters
    ----------
    coefficients : ndarray of float64, shape (n_networks + 1,)
        The coefficients of the networks in order of their names, and then that of homology.
    """

    coefficients: NDArray[np.float64]


class FunctionDiffusion(ClosedForm[DiffusionInputs, FittedDiffusion]):
    """Diffuse seeds from homology and domains over the combined networks, as S2F does [1]_.

    It learns from the labels, the sequences and the networks. Unlabelled genes are used: labels diffuse through them.
    It is transductive: all genes that it was fitted with must be in the dataset to predict.

    F = (I + diffusion L)^-1 Y, with L the Laplacian of W' = 1/2 (1/d_i + 1/d_j) J_ij W_ij, where
    J_ij = sum_k W_ik W_jk / (sum_k W_ik + sum_k W_jk - sum_k W_ik W_jk) and d are the row sums of J_ij W_ij. The seeds
    are Y = domain_weight Y_domains + (1 - domain_weight) Y_homology; known labels score 1 before and after. W is the
    sum of the networks and of the symmetrised bit scores, each scaled to at most 1, by coefficients of a regression
    on how alike two genes' labels are (Jaccard).

    The differences from the original have these reasons. S2F predicts for an organism without annotations: its seeds
    come from other organisms, by InterPro2GO and by HMMER searches in UniProt, and its networks are transferred from
    STRING. Here the organism's own known labels are seeds as well. Y_homology is the bit-score-weighted share of the
    labelled homologs within the organism, and Y_domains is the largest share, over a gene's domains, of the domain's
    labelled carriers (plus one) that have the term. For the same reason the regression compares known labels and not
    seeds. Its coefficients are at least 0, because J need not be a similarity otherwise, and W is scaled to at most 1.
    The system is solved by iteration (see `iterate`); the original inverts a dense matrix.

    Parameters
    ----------
    diffusion : float, default=0.1
        Weight of the Laplacian, above 0. It is lambda in the paper, whose program uses 0.1.
    domain_weight : float, default=0.9
        Share of the domains in the seeds, in [0, 1]. The original uses 0.9.

    Attributes
    ----------
    fitted_ : FittedDiffusion

    References
    ----------
    .. [1] M. Torres, H. Yang, A. E. Romero and A. Paccanaro, Protein function prediction for newly sequenced organisms,
       Nature Machine Intelligence 3, 1050-1060, 2021, doi:10.1038/s42256-021-00419-7
    """

    def __init__(self, *, diffusion: float = 0.1, domain_weight: float = 0.9) -> None:
        self.diffusion = diffusion
        self.domain_weight = domain_weight

    def _check_parameters(self) -> None:
        check_range("diffusion", self.diffusion, 0.0, low_included=False)
        check_range("domain_weight", self.domain_weight, 0.0, 1.0)

    @property
    def reads(self) -> frozenset[str]:
        """The networks and the sequences."""
        return frozenset({NETWORKS, SEQUENCE})

    def needs_all_genes(self, inputs: DiffusionInputs) -> bool:
        """Return True, because seeds diffuse through all genes."""
        return True

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> DiffusionInputs:
        preparation = like or Preparation(
            genes=dataset.genes, feature_names=dataset.feature_names, networks=tuple(sorted(dataset.networks))
        )
        carried = dataset.sequence_features[:, domain_columns(dataset.feature_names)] > 0
        return DiffusionInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=preparation,
            muting=muting,
            graphs=_graphs(dataset, muting),
            homology=dataset.homology,
            domains=csr_array(carried.astype(np.float32)),
        )

    def _learned(self, labels: FittedLabels, inputs: DiffusionInputs) -> FittedDiffusion:
        """Return the labels and the graphs' coefficients, fitted to them."""
        coefficients = label_coefficients(list(inputs.graphs), labels.supervision.targets)
        return FittedDiffusion(
            preparation=labels.preparation, supervision=labels.supervision, coefficients=coefficients
        )

    def score(self, fitted: FittedDiffusion, inputs: DiffusionInputs) -> NDArray[np.float32]:
        """Return the diffused seeds; see `View.score`."""
        targets, labelled = fitted.supervision.labels_for(inputs.genes)
        weights = overlap_weights(_combined(inputs.graphs, fitted.coefficients, inputs.muting))
        known, aspects = targets.toarray(), fitted.supervision.aspect_of_term
        of_domains = domain_shares(inputs.domains, targets, labelled, aspects)
        seeds = np.maximum(of_domains, known) * np.float32(self.domain_weight)
        homology = neighbour_shares(inputs.homology, targets, labelled, aspects)
        seeds += np.maximum(homology, known) * np.float32(1.0 - self.domain_weight)
        return np.asarray(np.maximum(diffuse(weights, seeds, self.diffusion), known))

    def _state(self) -> Arrays:
        return {**super()._state(), "coefficients": self.fitted_.coefficients}

    def _restored(self, labels: FittedLabels, arrays: Arrays, facts: dict[str, Any]) -> FittedDiffusion:
        return FittedDiffusion(
            preparation=labels.preparation,
            supervision=labels.supervision,
            coefficients=arrays["coefficients"],
        )


def label_coefficients(graphs: list[csr_array], targets: csr_array) -> NDArray[np.float64]:
    """Regress the similarity of two genes' labels on their edges, over all pairs of labelled genes.

    The least-squares fit has an intercept and coefficients of at least 0. It is solved from the normal equations, so
    that the pairs need not be listed. If no coefficient is above 0, all are set to 1.

    Parameters
    ----------
    graphs : list of csr_array of float32, shape (n_genes, n_genes)
        Symmetric among the labelled genes, with empty diagonals.
    targets : csr_array of float32, shape (n_genes, n_terms)
        1 where a gene has a term.

    Returns
    -------
    ndarray of float64, shape (n_graphs,)
    """
    rows = np.flatnonzero(np.diff(targets.indptr))
    inner = [csr_array(graph[rows][:, rows].astype(np.float64)) for graph in graphs]
    labels, n = csr_array(targets[rows].astype(np.float64)), len(inner)
    gram, moment = np.zeros((n + 1, n + 1)), np.zeros(n + 1)
    gram[n, n] = len(rows) * (len(rows) - 1)
    for k, graph in enumerate(inner):
        gram[k, n] = gram[n, k] = graph.sum()
        gram[k, :n] = [graph.multiply(other).sum() for other in inner]
    for start in range(0, len(rows), _GENES_AT_ONCE):
        likeness = _likeness(labels, start)
        moment[n] += likeness.sum()
        for k, graph in enumerate(inner):
            moment[k] += graph[start : start + _GENES_AT_ONCE].multiply(likeness).sum()
    factor = np.linalg.cholesky(gram + np.diag(1e-9 * gram.diagonal() + 1e-9))
    found = nnls(factor.T, np.linalg.solve(factor, moment))[0][:n]
    return found if found.any() else np.ones(n)


def overlap_weights(network: csr_array) -> csr_array:
    """Return W', in which an edge weighs more the more neighbours its two genes share: csr_array of float64.

    It is symmetric except for silent genes, whose columns are empty as in the network given.
    """
    weights = csr_array(network.astype(np.float64))
    degree = np.asarray(weights.sum(axis=1)).ravel()
    pattern = csr_array((np.ones_like(weights.data), weights.indices, weights.indptr), shape=weights.shape)
    rows, columns, values = [], [], []
    for start in range(0, weights.shape[0], _GENES_AT_ONCE):  # the product of whole networks would be a dense matrix
        block = slice(start, start + _GENES_AT_ONCE)
        shared = (weights[block] @ weights).multiply(pattern[block]).tocoo()
        own = shared.coords[0] + start
        rows.append(own)
        columns.append(shared.coords[1])
        values.append(shared.data / (degree[own] + degree[columns[-1]] - shared.data))
    overlap = csr_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=weights.shape)
    joint = csr_array(overlap.multiply(weights))
    total = np.asarray(joint.sum(axis=1)).ravel()
    scale = diags_array(np.divide(0.5, total, out=np.zeros_like(total), where=total > 0))
    return csr_array(scale @ joint + joint @ scale)


def diffuse(weights: csr_array, seeds: NDArray[np.float32], diffusion: float) -> NDArray[np.float32]:
    """Solve (I + diffusion L) F = Y for many terms by iteration.

    F = diffusion (I + diffusion D)^-1 W F + (I + diffusion D)^-1 Y, repeated until nothing changes.

    Parameters
    ----------
    weights : csr_array of float64, shape (n_genes, n_genes)
        W: at least 0, and symmetric except for the columns of silent genes, which are empty. D holds its row sums.
    seeds : ndarray of float32, shape (n_genes, n_terms)
        Y.
    diffusion : float

    Returns
    -------
    ndarray of float32, shape (n_genes, n_terms)
        Between the smallest and the largest seed of the term.
    """
    inverse = 1.0 / (1.0 + diffusion * np.asarray(weights.sum(axis=1)).ravel())
    operator = csr_array(diags_array(diffusion * inverse) @ weights)
    spread = np.empty_like(seeds)
    for start in range(0, seeds.shape[1], _TERMS_AT_ONCE):
        block = slice(start, start + _TERMS_AT_ONCE)
        returned = seeds[:, block] * inverse[:, None]
        spread[:, block] = iterate(
            operator, returned, returned, alpha=1.0, tolerance=_TOLERANCE, max_iterations=_MOST_ITERATIONS
        )[0]
    return spread


def domain_shares(
    domains: csr_array, targets: csr_array, labelled: NDArray[np.bool_], aspect_of_term: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Score a term by the largest share of labelled carriers that have it, over a gene's domains.

    Parameters
    ----------
    domains : csr_array of float32, shape (n_genes, n_domains)
        1 where a gene carries the domain.
    targets : csr_array of float32, shape (n_genes, n_terms)
        1 where a labelled gene has the term.
    labelled : ndarray of bool, shape (n_genes, n_aspects)
    aspect_of_term : ndarray of int, shape (n_terms,)

    Returns
    -------
    ndarray of float32, shape (n_genes, n_terms)
        0 for a gene without a domain that a labelled gene carries.
    """
    having = (domains.T @ targets).toarray()  # (n_domains, n_terms)
    carriers = domains.T @ labelled.astype(np.float32)  # (n_domains, n_aspects)
    shares = having / (carriers[:, aspect_of_term] + np.float32(1.0))
    scores = np.zeros((domains.shape[0], having.shape[1]), dtype=np.float32)
    for gene in np.flatnonzero(np.diff(domains.indptr)).tolist():
        scores[gene] = shares[domains.indices[domains.indptr[gene] : domains.indptr[gene + 1]]].max(axis=0)
    return scores


def _graphs(dataset: GeneDataset, muting: Muting | None) -> tuple[csr_array, ...]:
    """Return the networks in order of their names, then homology, each at most 1 and symmetric but for silent genes."""
    homology = csr_array((dataset.homology + dataset.homology.T) / 2)
    silent = None if muting is None else muting.muted(relaying=True)
    if silent is not None:
        homology = keep_columns(homology, ~silent)
    networks = joined_networks(dataset, relaying=True, muting=muting)
    return tuple(_scaled(graph, silent) for graph in (*networks.values(), homology))


def _combined(graphs: Sequence[csr_array], coefficients: NDArray[np.float64], muting: Muting | None) -> csr_array:
    total = csr_array(graphs[0].shape, dtype=np.float64)
    for graph, coefficient in zip(graphs, coefficients.tolist()):
        if coefficient:
            total = csr_array(total + coefficient * graph)
    return _scaled(total, None if muting is None else muting.muted(relaying=True))


def _scaled(graph: csr_array, silent: NDArray[np.bool_] | None) -> csr_array:
    """Divide a graph by its largest weight among the genes that are not silent, and cut weights above 1 to 1."""
    sending = graph if silent is None else csr_array(graph[~silent])
    largest = float((sending if sending.nnz else graph).max()) if graph.nnz else 0.0
    scaled = csr_array(graph / max(largest, 1e-12))
    scaled.data = np.minimum(scaled.data, 1.0)
    return scaled


def _likeness(labels: csr_array, start: int) -> NDArray[np.float64]:
    """Return the Jaccard index of some genes' labels with those of all labelled genes, shape (n_rows, n_labelled).

    The index of a gene with itself is set to 0.
    """
    block = labels[start : start + _GENES_AT_ONCE]
    shared = (block @ labels.T).toarray()
    size = np.diff(labels.indptr)
    likeness = shared / (np.diff(block.indptr)[:, None] + size[None, :] - shared)
    own = np.arange(block.shape[0])
    likeness[own, own + start] = 0.0
    return np.asarray(likeness)
