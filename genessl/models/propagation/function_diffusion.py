"""Function diffusion: seeds from homology and domains, diffused over a network in which shared neighbours count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.sparse import csr_array, diags_array, eye_array

from genessl.data.dataset import GeneDataset
from genessl.data.sparse import keep_columns
from genessl.errors import InputError
from genessl.features.domains import domain_columns
from genessl.features.graphs import joined_networks, unheard_genes
from genessl.models.base import Arrays, check_range
from genessl.models.baselines import neighbour_shares
from genessl.models.instance_based import InstanceBased

_TERMS_AT_ONCE = 256
_GENES_AT_ONCE = 512
_MOST_ITERATIONS = 1000


class FunctionDiffusion(InstanceBased):
    """Diffuse seeds from homology and domains over the combined networks, as S2F does [1]_.

    F = (I + diffusion L)^-1 Y, with L the Laplacian of W' = 1/2 (1/d_i + 1/d_j) J_ij W_ij, where
    J_ij = sum_k W_ik W_jk / (sum_k W_ik + sum_k W_jk - sum_k W_ik W_jk) and d are the row sums of J_ij W_ij. The seeds
    are Y = domain_weight Y_domains + (1 - domain_weight) Y_homology; known labels score 1 before and after. W is the
    sum of the networks and of the symmetrised bit scores, each scaled to at most 1, by coefficients of a regression
    on how alike two genes' labels are (Jaccard).

    What differs from the original, and why. S2F predicts for an organism without annotations: its seeds come from
    other organisms, by InterPro2GO and by HMMER searches in UniProt, and its networks are carried over from STRING.
    Here the organism's own known labels are seeds as well; Y_homology is the bit-score-weighted share of the labelled
    homologs within the organism, and Y_domains the largest share, over a gene's domains, of the domain's labelled
    carriers (plus one) that have the term. For the same reason the regression compares known labels and not seeds. Its
    coefficients are kept at 0 or above, without which J need not be a similarity, and W is scaled to at most 1. The
    system is solved by conjugate gradients; the original inverts a dense matrix. Silent genes (see `RSMatch`) hear and
    are not heard.

    Parameters
    ----------
    diffusion : float, default=0.1
        Weight of the Laplacian, above 0; lambda in the paper, whose program uses 0.1.
    domain_weight : float, default=0.9
        Share of the domains in the seeds, in [0, 1]; the original's is 0.9.

    Attributes
    ----------
    supervision_ : Supervision
    coefficients_ : ndarray of float64, shape (n_networks + 1,)
        Of the networks in the order of their names, and of homology.
    networks_ : tuple of str
        The names of the networks.

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

    def _fit(self, dataset: GeneDataset) -> None:
        super()._fit(dataset)
        self.coefficients_ = label_coefficients(_graphs(dataset), self.supervision_.targets())
        self.networks_ = tuple(sorted(dataset.networks))

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        if tuple(sorted(dataset.networks)) != self.networks_:
            raise InputError(
                f"networks: found {', '.join(sorted(dataset.networks)) or 'none'}, expected"
                f" {', '.join(self.networks_) or 'none'}, whose coefficients were learnt; build both datasets with the"
                " same networks"
            )
        targets, labelled = self.supervision_.labels_for(dataset.genes)
        silent = unheard_genes(dataset, relaying=True)
        weights = overlap_weights(_combined(_graphs(dataset), self.coefficients_, silent))
        known, aspects = targets.toarray(), self.supervision_.aspect_of_term
        domains = csr_array(
            (dataset.sequence_features[:, domain_columns(dataset.feature_names)] > 0).astype(np.float32)
        )
        seeds = np.maximum(domain_shares(domains, targets, labelled, aspects), known) * np.float32(self.domain_weight)
        homology = neighbour_shares(dataset.homology, targets, labelled, aspects)
        seeds += np.maximum(homology, known) * np.float32(1.0 - self.domain_weight)
        return np.asarray(np.maximum(diffuse(weights, seeds, self.diffusion, silent), known))

    def _state(self) -> Arrays:
        return {**super()._state(), "coefficients": self.coefficients_}

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "networks": list(self.networks_)}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        super()._restore(arrays, facts, folder)
        self.coefficients_, self.networks_ = arrays["coefficients"], tuple(facts["networks"])


def label_coefficients(graphs: list[csr_array], targets: csr_array) -> NDArray[np.float64]:
    """Regress the likeness of two genes' labels on their edges, over all pairs of labelled genes.

    Least squares with an intercept and coefficients of at least 0, from the normal equations, so that the pairs need
    not be listed. Without any coefficient above 0 each is 1.

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
    """Return W', in which an edge counts as much as its ends share neighbours: csr_array of float64.

    It is symmetric but for silent genes, whose columns are empty as in the network given.
    """
    weights = csr_array(network.astype(np.float64))
    degree = np.asarray(weights.sum(axis=1)).ravel()
    pattern = csr_array((np.ones_like(weights.data), weights.indices, weights.indptr), shape=weights.shape)
    rows, columns, values = [], [], []
    for start in range(0, weights.shape[0], _GENES_AT_ONCE):  # a product of whole networks would be a dense matrix
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


def diffuse(
    weights: csr_array, seeds: NDArray[np.float32], diffusion: float, silent: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Solve (I + diffusion L) F = Y for many terms, among all but silent genes; what these get comes from the others.

    Parameters
    ----------
    weights : csr_array of float64, shape (n_genes, n_genes)
        At least 0, symmetric but for the columns of silent genes, which are empty.
    seeds : ndarray of float32, shape (n_genes, n_terms)
    diffusion : float
    silent : ndarray of bool, shape (n_genes,), optional

    Returns
    -------
    ndarray of float32, shape (n_genes, n_terms)
        Between the smallest and the largest seed of the term.
    """
    if silent is not None:
        spread, heard = seeds.copy(), np.flatnonzero(~silent)
        spread[heard] = diffuse(csr_array(weights[heard][:, heard]), seeds[heard], diffusion)
        listening = csr_array(weights[silent][:, heard])
        total = 1.0 + diffusion * np.asarray(listening.sum(axis=1)).reshape(-1, 1)
        spread[silent] = (seeds[silent] + diffusion * (listening @ spread[heard])) / total
        return spread
    degree = np.asarray(weights.sum(axis=1)).ravel()
    system = csr_array(eye_array(len(degree)) + diffusion * (diags_array(degree) - weights))
    spread = np.empty_like(seeds)
    for start in range(0, seeds.shape[1], _TERMS_AT_ONCE):
        block = slice(start, start + _TERMS_AT_ONCE)
        spread[:, block] = conjugate_gradients(system, seeds[:, block].astype(np.float64))
    return spread


def conjugate_gradients(
    system: csr_array, right: NDArray[np.float64], *, tolerance: float = 1e-7
) -> NDArray[np.float64]:
    """Solve A X = B for a symmetric positive definite A, all columns of B side by side, scaled by A's diagonal.

    It ends when each column's residual is below `tolerance` times the column's norm.
    """
    diagonal = system.diagonal()[:, None]
    solution = right / diagonal
    residual = right - system @ solution
    scaled = residual / diagonal
    direction, energy = scaled, np.sum(residual * scaled, axis=0)
    small = tolerance * np.linalg.norm(right, axis=0)
    for _ in range(_MOST_ITERATIONS):
        if (np.linalg.norm(residual, axis=0) <= small).all():
            return np.asarray(solution)
        image = system @ direction
        curvature = np.sum(direction * image, axis=0)
        step = np.divide(energy, curvature, out=np.zeros_like(energy), where=curvature > 0)
        solution, residual = solution + step * direction, residual - step * image
        scaled = residual / diagonal
        following = np.sum(residual * scaled, axis=0)
        direction = scaled + np.divide(following, energy, out=np.zeros_like(energy), where=energy > 0) * direction
        energy = following
    raise ArithmeticError(f"conjugate gradients did not converge in {_MOST_ITERATIONS} iterations")


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


def _graphs(dataset: GeneDataset) -> list[csr_array]:
    """Networks by name, then homology, each of at most 1, and symmetric but for silent genes, who are not heard."""
    homology = csr_array((dataset.homology + dataset.homology.T) / 2)
    silent = unheard_genes(dataset, relaying=True)
    if silent is not None:
        homology = keep_columns(homology, ~silent)
    return [_scaled(graph, silent) for graph in (*joined_networks(dataset, relaying=True).values(), homology)]


def _combined(
    graphs: list[csr_array], coefficients: NDArray[np.float64], silent: NDArray[np.bool_] | None
) -> csr_array:
    total = csr_array(graphs[0].shape, dtype=np.float64)
    for graph, coefficient in zip(graphs, coefficients.tolist()):
        if coefficient:
            total = csr_array(total + coefficient * graph)
    return _scaled(total, silent)


def _scaled(graph: csr_array, silent: NDArray[np.bool_] | None) -> csr_array:
    """Divide a graph by its largest weight among the genes that are not silent, and cut off what is above 1."""
    heard = graph if silent is None else csr_array(graph[~silent])
    largest = float((heard if heard.nnz else graph).max()) if graph.nnz else 0.0
    scaled = csr_array(graph / max(largest, 1e-12))
    scaled.data = np.minimum(scaled.data, 1.0)
    return scaled


def _likeness(labels: csr_array, start: int) -> NDArray[np.float64]:
    """Jaccard index of some genes' labels with those of all, 0 with its own: (n_rows, n_labelled)."""
    block = labels[start : start + _GENES_AT_ONCE]
    shared = (block @ labels.T).toarray()
    size = np.diff(labels.indptr)
    likeness = shared / (np.diff(block.indptr)[:, None] + size[None, :] - shared)
    own = np.arange(block.shape[0])
    likeness[own, own + start] = 0.0
    return np.asarray(likeness)
