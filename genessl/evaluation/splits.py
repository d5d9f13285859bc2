"""The choice of held-out genes: folds of sequence clusters, and validation genes."""

from __future__ import annotations

import heapq
import logging

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from genessl.errors import InputError

_log = logging.getLogger(__name__)
_MOST_FOLDS = 255


def sequence_clusters(
    n_genes: int, pairs: pd.DataFrame, *, sequence_identity: float = 0.3, coverage: float = 0.5
) -> NDArray[np.intp]:
    """Put genes with similar sequences, directly or through other genes, into one cluster (single linkage).

    Parameters
    ----------
    n_genes : int
    pairs : DataFrame
        query, target : int, rows of genes; identity : share of identical residues in the alignment, in [0, 1];
        coverage : aligned share of the shorter sequence, in [0, 1].
    sequence_identity : float, default=0.3
        Pairs of at least this identity are linked, in [0, 1]. Two proteins with an identity above 0.3 over a long
        alignment are almost surely homologous.
    coverage : float, default=0.5
        Pairs of at least this coverage are linked, in [0, 1]. A shared domain of less than half the shorter sequence
        thus does not join two families.

    Returns
    -------
    ndarray of int, shape (n_genes,)
        Number of each gene's cluster, from 0, in the order of their first genes.
    """
    linked = pairs[(pairs["identity"] >= sequence_identity) & (pairs["coverage"] >= coverage)]
    edges = (linked["query"].to_numpy(dtype=np.intp), linked["target"].to_numpy(dtype=np.intp))
    graph = coo_array((np.ones(len(linked), dtype=bool), edges), shape=(n_genes, n_genes))
    _, found = connected_components(graph, directed=False)
    _, first = np.unique(found, return_index=True)
    number = np.empty(len(first), dtype=np.intp)
    number[np.argsort(first)] = np.arange(len(first))
    return np.asarray(number[found])


def assign_folds(clusters: NDArray[np.intp], *, n_folds: int, seed: int) -> NDArray[np.uint8]:
    """Deal whole clusters to folds of nearly equal size.

    Clusters are dealt from the largest to the smallest, clusters of equal size in random order. Each is given to the
    fold that is smallest so far.

    Parameters
    ----------
    clusters : ndarray of int, shape (n_genes,)
        As from `sequence_clusters`.
    n_folds : int
        From 2 to 255.
    seed : int

    Returns
    -------
    ndarray of uint8, shape (n_genes,)

    Raises
    ------
    InputError
        If there are fewer clusters than folds, or `n_folds` is out of range.
    """
    if not 2 <= n_folds <= _MOST_FOLDS:
        raise InputError(f"folds: found {n_folds}, expected from 2 to {_MOST_FOLDS}")
    sizes = np.bincount(clusters)
    if len(sizes) < n_folds:
        raise InputError(
            f"folds: found {n_folds}, expected at most {len(sizes)}, the number of sequence clusters;"
            " ask for fewer folds or a higher sequence_identity"
        )
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    fold_of = np.zeros(len(sizes), dtype=np.uint8)
    smallest = [(0, fold) for fold in range(n_folds)]
    for cluster in order.tolist():
        size, fold = heapq.heappop(smallest)
        fold_of[cluster] = fold
        heapq.heappush(smallest, (size + int(sizes[cluster]), fold))
    _log.info("%d genes in %d sequence clusters, the largest of %d", len(clusters), len(sizes), sizes.max())
    if sizes.max() * n_folds > 2 * len(clusters):
        _log.warning("folds differ in size: one sequence cluster holds %d of %d genes", sizes.max(), len(clusters))
    return fold_of[clusters]


def cluster_folds(
    n_genes: int,
    pairs: pd.DataFrame,
    *,
    sequence_identity: float = 0.3,
    coverage: float = 0.5,
    n_folds: int = 5,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """Split genes into folds such that similar sequences share a fold.

    Parameters and errors are those of `sequence_clusters` and `assign_folds`.

    Returns
    -------
    ndarray of uint8, shape (n_genes,)
        Number of the fold, from 0.
    """
    clusters = sequence_clusters(n_genes, pairs, sequence_identity=sequence_identity, coverage=coverage)
    return assign_folds(clusters, n_folds=n_folds, seed=seed)


def validation_genes(
    clusters: NDArray[np.intp], labelled: NDArray[np.bool_], *, fraction: float = 0.1, seed: int = 0
) -> NDArray[np.bool_]:
    """Choose whole clusters that together hold about a fraction of the labelled genes.

    Clusters are considered in random order. A cluster that would exceed the fraction is skipped. If every cluster would
    exceed it, the cluster with the fewest labelled genes is chosen, if a labelled gene remains for training.

    Parameters
    ----------
    clusters : ndarray of int, shape (n_genes,)
        As from `sequence_clusters`.
    labelled : ndarray of bool, shape (n_genes,)
    fraction : float, default=0.1
        In (0, 1).
    seed : int, default=0

    Returns
    -------
    ndarray of bool, shape (n_genes,)
        All genes of the chosen clusters, labelled or not, so that no cluster is divided.
    """
    held = np.bincount(clusters[labelled], minlength=int(clusters.max(initial=-1)) + 1)
    n_labelled = int(labelled.sum())
    wanted = max(1, round(fraction * n_labelled))
    candidates = np.flatnonzero((held > 0) & (held < n_labelled))
    if candidates.size == 0:
        _log.warning("no validation genes: all %d labelled genes are in one sequence cluster", n_labelled)
        return np.zeros(len(clusters), dtype=bool)
    chosen: list[int] = []
    for cluster in np.random.default_rng(seed).permutation(candidates).tolist():
        if held[cluster] <= wanted:
            chosen.append(cluster)
            wanted -= int(held[cluster])
    if not chosen:
        chosen = [int(candidates[np.argmin(held[candidates])])]
    return np.isin(clusters, chosen)
