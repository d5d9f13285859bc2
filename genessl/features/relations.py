"""Relations between genes, along which labels are read: networks and walks on them, homology, domains, embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.sparse import csr_array, eye_array

from genessl.data.dataset import GeneDataset
from genessl.data.sparse import keep_columns
from genessl.features.domains import domain_columns, domain_similarity
from genessl.features.graphs import degree_normalised, neighbour_average, summed
from genessl.features.homology import similarity_network
from genessl.features.muting import Muting
from genessl.features.nearest import embedding_columns, embedding_places, nearest_places

WALK = "random walk"
_RESTART = 0.3
_LEAST_VISITS = 1e-3
_NEAREST = 20
_STEPS, _LEAST_STEP = 8, 3e-4  # after eight steps 6 % of a walk goes on


def network_relations(networks: Mapping[str, csr_array]) -> dict[str, csr_array]:
    """Return the networks, and the genes that a random walk over all of them meets.

    Parameters
    ----------
    networks : mapping of str to csr_array, each of shape (n_genes, n_genes)
        As `joined_networks` returns them, so that the columns of silent genes are empty.

    Returns
    -------
    dict of str to csr_array of float32, each of shape (n_genes, n_genes)
        At least 0, with an empty diagonal: no gene is related to itself. Without networks there is no relation.
    """
    return {**networks, WALK: random_walk(list(networks.values()))} if networks else {}


def enough_neighbours(dataset: GeneDataset) -> int:
    """Return how many neighbours of a gene hold twenty labelled genes on average."""
    return round(_NEAREST / max(float(dataset.labelled.any(axis=1).mean()), 1.0 / dataset.n_genes))


def sequence_relations(
    dataset: GeneDataset, muting: Muting | None = None, *, n_neighbours: int = _NEAREST
) -> dict[str, csr_array]:
    """Return the relations of the sequences: homology, shared domains if any are known, and nearest embeddings if any.

    Parameters
    ----------
    dataset : GeneDataset
    muting : Muting, optional
    n_neighbours : int, default=20
        The nearest embeddings of a gene (see `nearest_places`).

    Returns
    -------
    dict of str to csr_array of float32, each of shape (n_genes, n_genes)
        In [0, 1], with an empty diagonal; the columns of silent genes are empty.
    """
    silent = None if muting is None else muting.muted(relaying=True)
    sending = np.ones(dataset.n_genes, dtype=bool) if silent is None else ~silent
    relations = {"homology": similarity_network(dataset.homology, sending)}
    domains = domain_columns(dataset.feature_names)
    if len(domains):
        carried = csr_array(dataset.sequence_features[:, domains])
        relations["domains"] = keep_columns(domain_similarity(carried), sending)
    if embedding_columns(dataset.feature_names):
        places = embedding_places(dataset.sequence_features, dataset.feature_names)
        relations["embeddings"] = nearest_places(places, sending, n_neighbours=n_neighbours)
    return relations


def random_walk(networks: Sequence[csr_array]) -> csr_array:
    """Return how often a random walk with restart from each gene is at each other gene.

    The walk is on the sum of the networks, each normalised by its degrees: M = r sum_k (1 - r)^k P^k, with a restart r
    of 0.3 and the transition matrix P. After eight steps, or where fewer than three walks in ten thousand are, a walk
    is not followed. Only visits above a thousandth are kept, and none of a gene to itself: what a walk brings back to
    its start would be the gene's own label.

    Parameters
    ----------
    networks : sequence of csr_array, each of shape (n_genes, n_genes)
        At least one.

    Returns
    -------
    csr_array of float32, shape (n_genes, n_genes)
    """
    n_genes = networks[0].shape[0]
    step = neighbour_average(summed([degree_normalised(network) for network in networks], n_genes))
    here = csr_array(eye_array(n_genes, dtype=np.float32, format="csr"))
    visits = csr_array((n_genes, n_genes), dtype=np.float32)
    for _ in range(_STEPS):
        here = _above(csr_array((1.0 - _RESTART) * (here @ step)), _LEAST_STEP)
        visits = csr_array(visits + here)
    visits = visits.tocoo()
    kept = (_RESTART * visits.data > _LEAST_VISITS) & (visits.row != visits.col)
    entries = (np.float32(_RESTART) * visits.data[kept], (visits.row[kept], visits.col[kept]))
    return csr_array(entries, shape=(n_genes, n_genes))


def _above(matrix: csr_array, least: float) -> csr_array:
    matrix.data[matrix.data < least] = 0.0
    matrix.eliminate_zeros()
    return matrix
