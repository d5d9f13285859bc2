"""Kernel regression: each term regressed on the similarity of genes in sequence and in each network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.sparse import csc_array

from genessl.data.dataset import GeneDataset
from genessl.features.graphs import joined_networks, network_embeddings
from genessl.features.muting import Muting
from genessl.features.scaling import FeatureScaling
from genessl.models.base import check_count, check_range
from genessl.models.closed_form import ClosedForm, FittedLabels
from genessl.models.inputs import Preparation, ViewInputs
from genessl.models.reasons import Reason, known_reason, labelled_reasons
from genessl.models.resources import Resources, table_mb
from genessl.models.view import NETWORKS, SEQUENCE

_LEAST_SHARE = 0.3
_LEAST_RIDGE = 0.01  # with a smaller ridge, rounding may make the matrix singular
_TERMS_AT_ONCE = 512


@dataclass(frozen=True, eq=False, kw_only=True)
class KernelInputs(ViewInputs):
    """The features by which genes are compared.

    Parameters
    ----------
    sequence : ndarray of float32, shape (n_genes, n_features)
        Standardised features of the sequence view.
    places : tuple of ndarray of float32, each of shape (n_genes, n_components)
        The embedding of each network; zero for a gene without an edge in it.
    edges : tuple of ndarray of bool, each of shape (n_genes,)
        Which genes have an edge in each network.
    """

    sequence: NDArray[np.float32]
    places: tuple[NDArray[np.float32], ...]
    edges: tuple[NDArray[np.bool_], ...]

    @cached_property
    def kernel(self) -> NDArray[np.float32]:
        """The kernel between all genes, shape (n_genes, n_genes); it knows no label, so that several fits share it."""
        return self.kernel_to(np.arange(self.n_genes))

    def kernel_to(self, known: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the kernel between all genes and the known ones, float32, shape (n_genes, n_known)."""
        total = gaussian_kernel(self.sequence, known)
        if not self.sequence.shape[1]:  # no feature tells two genes apart, which does not make them similar
            total[:] = 0.0
        for place, edges in zip(self.places, self.edges):
            kernel = gaussian_kernel(place, known)
            kernel[~edges] = 0.0
            kernel[:, ~edges[known]] = 0.0
            total += np.divide(kernel, np.float32(len(self.places)), out=kernel)
        return total


class KernelRegression(ClosedForm[KernelInputs, FittedLabels]):
    """Ridge regression of each term on kernels of the sequence and of the networks [1]_, [2]_.

    It learns from the labels, the sequences and the networks. Unlabelled genes are used: they shape the embedding of
    each network. It is transductive: the labelled genes must be in the dataset to predict, and where there are
    networks, all genes that it was fitted with.

    For a gene x, in an aspect whose labelled genes are L with labels Y and term frequencies pi,

        F(x) = pi + K(x, L) (K(L, L) + ridge k I)^-1 (Y - pi),    K = K_sequence + mean_r K_r,

    with k the mean of K's diagonal over L. Each kernel is exp(-||x - y||^2) of vectors of unit length: the standardised
    features of the sequence view, and the diffusion embedding of each network. All genes, labelled or not, determine
    the embedding. Two genes that share no neighbour are therefore similar if paths through other genes connect them. A
    network's kernel is 0 for a gene without an edge in it.

    A labelled gene is scored without its own label, by the closed form of leave-one-out, and scores 1 for the terms
    that it is known to have. Scores are cut to the range from 0.3 pi to 1, because a regression may fall below 0.

    Parameters
    ----------
    ridge : float, default=0.1
        Penalty, as a multiple of the kernel's mean diagonal, at least 0.01.
    n_components : int, default=64
        Length of the diffusion embedding of each network.
    seed : int, default=0
        Seed of the embedding's start vector.

    References
    ----------
    .. [1] C. Saunders, A. Gammerman and V. Vovk, Ridge regression learning algorithm in dual variables, ICML 1998
    .. [2] G. R. G. Lanckriet et al., A statistical framework for genomic data fusion, Bioinformatics 20, 2626-2635,
       2004, doi:10.1093/bioinformatics/bth294
    """

    def __init__(self, *, ridge: float = 0.1, n_components: int = 64, seed: int = 0) -> None:
        self.ridge = ridge
        self.n_components = n_components
        self.seed = seed

    def _check_parameters(self) -> None:
        check_range("ridge", self.ridge, _LEAST_RIDGE)
        check_count("n_components", self.n_components)
        check_count("seed", self.seed, 0)

    @property
    def reads(self) -> frozenset[str]:
        """The sequences and the networks."""
        return frozenset({SEQUENCE, NETWORKS})

    def resources(self, n_genes: int, n_terms: int) -> Resources:
        """Return what a fit needs: three kernels between all genes in addition to the scores."""
        kernels = 3 * table_mb(n_genes, n_genes)
        return Resources.of_tables(8, n_genes, n_terms, base_mb=round(1500 + kernels), threads=2)

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> KernelInputs:
        preparation = like or Preparation(
            genes=dataset.genes,
            feature_names=dataset.feature_names,
            networks=tuple(sorted(dataset.networks)),
            scaling=FeatureScaling.learn(dataset.sequence_features, None if muting is None else muting.suspects),
        )
        assert preparation.scaling is not None
        networks = joined_networks(dataset, muting=muting)
        places = network_embeddings(
            dataset,
            networks,
            n_components=self.n_components,
            seed=self.seed,
            muted=None if muting is None else muting.muted(relaying=False),
        )
        return KernelInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=preparation,
            muting=muting,
            sequence=preparation.scaling.standardise(dataset.sequence_features),
            places=tuple(places.values()),
            edges=tuple(np.diff(network.indptr) > 0 for network in networks.values()),
        )

    def needs_all_genes(self, inputs: KernelInputs) -> bool:
        """Return whether there are networks: every gene contributes to the embeddings of the others."""
        return bool(inputs.places)

    def score(self, fitted: FittedLabels, inputs: KernelInputs) -> NDArray[np.float32]:
        """Return F, and for a labelled gene the regression that leaves it out; see `View.score`."""
        targets, labelled = fitted.supervision.labels_for(inputs.genes)
        frequency = fitted.supervision.frequency
        scores = np.tile(frequency, (inputs.n_genes, 1))
        known = np.flatnonzero(labelled.any(axis=1))
        if 2 * len(known) < inputs.n_genes:  # of few labelled genes the whole kernel would be too much to ask
            kernel, place_of = inputs.kernel_to(known), np.cumsum(labelled.any(axis=1)) - 1
        else:
            kernel, place_of = inputs.kernel, np.arange(inputs.n_genes)
        for aspect in range(labelled.shape[1]):
            rows, place = np.flatnonzero(labelled[:, aspect]), place_of[labelled[:, aspect]]
            columns = np.flatnonzero((fitted.supervision.aspect_of_term == aspect) & (frequency > 0))
            if not len(rows) or not len(columns):
                continue
            others = np.flatnonzero(~labelled[:, aspect])
            factor, variance = _factored(kernel[np.ix_(rows, place)], self.ridge)
            beside = kernel[np.ix_(others, place)]
            by_term = targets[rows].tocsc()
            first, like = _alike(by_term, columns, frequency)
            for start in range(0, len(first), _TERMS_AT_ONCE):
                chosen = columns[first[start : start + _TERMS_AT_ONCE]]
                truth = by_term[:, chosen].toarray()
                weights = cho_solve((factor, True), truth - frequency[chosen])
                block = np.empty((inputs.n_genes, len(chosen)), dtype=np.float32)
                block[others] = beside @ weights + frequency[chosen]
                block[rows] = np.maximum(truth - weights * variance[:, None], truth)
                scores[:, chosen] = np.clip(block, _LEAST_SHARE * frequency[chosen], 1.0, out=block)
            scores[:, columns] = scores[:, columns[first[like]]]
        return scores

    def reasons(
        self, fitted: FittedLabels, inputs: KernelInputs, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> list[list[Reason]]:
        """Return what each labelled gene with the term adds, and what the others take; see `View.reasons`.

        F(x) - pi is a sum over labelled genes of their labels less pi, each times a number that depends on the kernel
        alone. For a labelled gene the numbers are those of the regression that leaves it out.
        """
        targets, labelled = fitted.supervision.labels_for(inputs.genes)
        aspects, frequency = fitted.supervision.aspect_of_term, fitted.supervision.frequency
        found: list[list[Reason]] = [[] for _ in rows]
        for aspect in np.unique(aspects[columns]).tolist():
            known = np.flatnonzero(labelled[:, aspect])
            if not len(known):
                continue
            kernel = inputs.kernel_to(known)
            between = kernel[known]
            factor, _ = _factored(between, self.ridge)
            for row in np.unique(rows[aspects[columns] == aspect]).tolist():
                numbers = _influence(kernel, known, row, factor)
                for pair in np.flatnonzero((rows == row) & (aspects[columns] == aspect)).tolist():
                    column, prior = int(columns[pair]), float(frequency[columns[pair]])
                    has = targets[known][:, [column]].toarray().ravel() > 0
                    if labelled[row, aspect] and targets[row, column]:
                        found[pair] = [known_reason()]
                    elif prior > 0:
                        found[pair] = labelled_reasons(
                            "kernel", inputs.genes[known], numbers, has=has, prior=prior, least=_LEAST_SHARE * prior
                        )
        return found


def _influence(
    kernel: NDArray[np.float32], known: NDArray[np.intp], row: int, factor: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return by how much the score of a gene changes with each label, float64, (n_known,); not with its own."""
    place = np.flatnonzero(known == row)
    if not len(place):
        return np.asarray(cho_solve((factor, True), kernel[row]), dtype=np.float64)
    inverse = cho_solve((factor, True), np.eye(1, len(known), int(place[0]), dtype=np.float32)[0]).astype(np.float64)
    numbers = -inverse / inverse[place]
    numbers[place] = 0.0
    return np.asarray(numbers)


def _alike(
    by_term: csc_array, columns: NDArray[np.intp], frequency: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the places in `columns` of terms with different labels, and for each term which of these is like it.

    The same genes often have several terms of a branch, above all rare ones, so that a third need not be calculated.
    """
    numbers: dict[tuple[bytes, bytes, np.float32], int] = {}
    first: list[int] = []
    like = np.empty(len(columns), dtype=np.intp)
    for place, column in enumerate(columns.tolist()):
        part = slice(by_term.indptr[column], by_term.indptr[column + 1])
        key = by_term.indices[part].tobytes(), by_term.data[part].tobytes(), frequency[column]
        like[place] = numbers.setdefault(key, len(numbers))
        if like[place] == len(first):
            first.append(place)
    return np.array(first, dtype=np.intp), like


def gaussian_kernel(features: NDArray[np.float32], columns: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return exp(-||x - y||^2) between all rows x and the chosen rows y, each scaled to unit length.

    A row of zeros stays zero. The result is float32, shape (n_rows, n_columns).
    """
    length = np.linalg.norm(features, axis=1, keepdims=True)
    unit = np.divide(features, length, out=np.zeros(features.shape, dtype=np.float32), where=length > 0)
    squared = np.square(unit).sum(axis=1)
    kernel: NDArray[np.float32] = 2.0 * unit @ unit[columns].T  # changed in place below, as it may be the largest array
    kernel -= squared[:, None]
    kernel -= squared[columns]
    return np.exp(np.minimum(kernel, 0.0, out=kernel), out=kernel)


def _factored(between: NDArray[np.float32], ridge: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the lower Cholesky factor of C = K + ridge k I, and 1 / (C^-1)_ii; K is overwritten.

    With the weights a = C^-1 r, the leave-one-out error of gene i is a_i / (C^-1)_ii.
    """
    n = len(between)
    between[np.diag_indices(n)] += np.float32(ridge * np.trace(between) / n)
    factor = cholesky(between, lower=True, overwrite_a=True)
    inverse = solve_triangular(factor, np.eye(n, dtype=np.float32), lower=True)
    return factor, np.asarray(1.0 / np.square(inverse, out=inverse).sum(axis=0), dtype=np.float32)
