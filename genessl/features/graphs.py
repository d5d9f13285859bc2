"""A dataset's networks as models read them: muted, added up, normalised, or as embeddings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from genessl.data.dataset import GeneDataset
from genessl.data.sparse import keep_columns
from genessl.errors import InputError
from genessl.features.homology import similarity_network
from genessl.features.muting import Muting
from genessl.features.topology import diffusion_embedding

SIMILARITY = "similarity"


def joined_networks(
    dataset: GeneDataset, *, similarity: bool = False, relaying: bool = False, muting: Muting | None = None
) -> dict[str, csr_array]:
    """Return the networks in order of their names, optionally with the similarity of the sequences as one more network.

    Parameters
    ----------
    dataset : GeneDataset
    similarity : bool, default=False
        Whether to add the `similarity_network` of the sequences.
    relaying : bool, default=False
        Whether the caller passes labels, known or predicted, along the edges.
    muting : Muting, optional
        The columns of muted genes are empty: a muted gene receives from its neighbours but sends nothing.

    Raises
    ------
    InputError
        If a network of the dataset is itself called 'similarity'.
    """
    networks = dict(dataset.networks)
    muted = None if muting is None else muting.muted(relaying=relaying)
    sending = None if muted is None else ~muted
    if similarity:
        if SIMILARITY in networks:
            raise InputError(
                f"similarity: found a network called '{SIMILARITY}', which is the name of the one made from homology;"
                " rename it under `networks`"
            )
        networks[SIMILARITY] = similarity_network(dataset.homology, sending)
    if sending is not None:
        networks = {name: keep_columns(network, sending) for name, network in networks.items()}
    return {name: networks[name] for name in sorted(networks)}


def network_embeddings(
    dataset: GeneDataset,
    networks: dict[str, csr_array],
    *,
    n_components: int,
    seed: int,
    muted: NDArray[np.bool_] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Return the diffusion embedding of each network, computed once per dataset and stored with it.

    Parameters
    ----------
    dataset : GeneDataset
        New embeddings are stored in its `embeddings`.
    networks : dict of str to csr_array
        As `joined_networks` returned them for this dataset.
    n_components, seed : int
        As in `diffusion_embedding`.
    muted : ndarray of bool, shape (n_genes,), optional
        The genes whose columns are empty in these networks.

    Returns
    -------
    dict of str to ndarray of float32, shape (n_genes, n_components)
    """
    silence = b"" if muted is None else np.packbits(muted).tobytes()
    found = {}
    for name, network in networks.items():
        source = dataset.networks.get(name, dataset.homology)
        key = (name, n_components, seed, silence)
        kept = dataset.embeddings.get(key)
        if kept is None or kept[0] is not source:  # the network was replaced since
            kept = (source, diffusion_embedding(network, n_components=n_components, seed=seed))
            dataset.embeddings[key] = kept
        found[name] = kept[1]
    return found


def joined_graph(dataset: GeneDataset, *, similarity: bool = False, muting: Muting | None = None) -> csr_array:
    """Return the sum of the networks over which labels spread, with the similarity of the sequences if asked for.

    Returns
    -------
    csr_array of float32, shape (n_genes, n_genes)
        W: at least 0, with an empty diagonal; symmetric except for silent genes, whose columns are empty.
    """
    networks = joined_networks(dataset, similarity=similarity, relaying=True, muting=muting)
    return summed(networks.values(), dataset.n_genes)


def summed(networks: Iterable[csr_array], n_genes: int) -> csr_array:
    """Return the sum of networks: csr_array of float32, shape (n_genes, n_genes), empty if there are none."""
    total = csr_array((n_genes, n_genes), dtype=np.float32)
    for network in networks:
        total = csr_array(total + network)
    return total


def with_edges(networks: Iterable[csr_array], n_genes: int) -> NDArray[np.bool_]:
    """Return which genes have an edge in any of the networks, shape (n_genes,)."""
    edges = np.zeros(n_genes, dtype=bool)
    for network in networks:
        edges |= np.diff(network.indptr) > 0
    return edges


def degree_normalised(network: csr_array) -> csr_array:
    """Return D^-1/2 A D^-1/2, D the row sums: float32, shape (n_genes, n_genes); rows of isolated genes are empty."""
    degree = np.asarray(network.sum(axis=1)).ravel()
    degree = np.where(degree > 0, degree, np.asarray(network.sum(axis=0)).ravel())  # no outgoing row: use the column
    scale = diags_array(np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0))
    return csr_array((scale @ network @ scale).astype(np.float32))


def neighbour_average(graph: csr_array) -> csr_array:
    """Return D^-1 W, which takes the weighted mean over each gene's neighbours: csr_array of float32.

    Each row sums to 1, but the row of a gene without an edge is empty.
    """
    degree = np.asarray(graph.sum(axis=1), dtype=np.float64).ravel()
    inverse = np.divide(1.0, degree, out=np.zeros_like(degree), where=degree > 0)
    return csr_array((diags_array(inverse) @ graph).astype(np.float32))
