"""A dataset's networks as models read them: by name or added up, and their two usual normalisations."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from genessl.data.dataset import GeneDataset
from genessl.data.sparse import keep_columns
from genessl.errors import InputError
from genessl.features.homology import similarity_network

SIMILARITY = "similarity"


def joined_networks(dataset: GeneDataset, *, similarity: bool = False, relaying: bool = False) -> dict[str, csr_array]:
    """Return the networks by sorted name, with the sequences' similarity as one more where it is asked for.

    Where labels are relayed along the edges, silent genes (see `RSMatch`) hear and are not heard: their rows hold the
    edges to other genes, their columns are empty, so that what other genes get from their neighbours is as if these
    were not there. So it is everywhere with suspects, if the dataset's are not to be heard at all.

    Parameters
    ----------
    dataset : GeneDataset
    similarity : bool, default=False
    relaying : bool, default=False
        Whether labels, known or predicted, are to be relayed along the edges.

    Raises
    ------
    InputError
        If a network of the dataset is itself called 'similarity'.
    """
    networks = dict(dataset.networks)
    unheard = unheard_genes(dataset, relaying=relaying)
    heard = None if unheard is None else ~unheard
    if similarity:
        if SIMILARITY in networks:
            raise InputError(
                f"similarity: found a network called '{SIMILARITY}', which is the name of the one made from homology;"
                " rename it under `networks`"
            )
        networks[SIMILARITY] = similarity_network(dataset.homology, heard)
    if heard is not None:
        networks = {name: keep_columns(network, heard) for name, network in networks.items()}
    return {name: networks[name] for name in sorted(networks)}


def unheard_genes(dataset: GeneDataset, *, relaying: bool) -> NDArray[np.bool_] | None:
    """Return who is not heard in the networks, shape (n_genes,), or None if all are (see `joined_networks`)."""
    if relaying:
        return dataset.suspects if dataset.silent is None else dataset.silent
    return None if dataset.suspects_heard else dataset.suspects


def joined_graph(dataset: GeneDataset, *, similarity: bool = False) -> csr_array:
    """Add up the networks, and the sequences' similarity where it is asked for, for labels to be relayed.

    Returns
    -------
    csr_array of float32, shape (n_genes, n_genes)
        W: at least 0, empty diagonal; symmetric but for silent genes, whose columns are empty.
    """
    return summed(joined_networks(dataset, similarity=similarity, relaying=True).values(), dataset.n_genes)


def summed(networks: Iterable[csr_array], n_genes: int) -> csr_array:
    """Add up networks: csr_array of float32, shape (n_genes, n_genes), empty where there are none."""
    total = csr_array((n_genes, n_genes), dtype=np.float32)
    for network in networks:
        total = csr_array(total + network)
    return total


def degree_normalised(network: csr_array) -> csr_array:
    """Return D^-1/2 A D^-1/2, D the sums of rows: float32, shape (n_genes, n_genes); isolated genes have empty rows."""
    degree = np.asarray(network.sum(axis=1)).ravel()
    degree = np.where(degree > 0, degree, np.asarray(network.sum(axis=0)).ravel())  # who hears none may yet be heard
    scale = diags_array(np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0))
    return csr_array((scale @ network @ scale).astype(np.float32))


def neighbour_average(graph: csr_array) -> csr_array:
    """Return D^-1 W, by which a gene gets the weighted mean of its neighbours: csr_array of float32.

    Rows sum to 1; those of genes without an edge are empty.
    """
    degree = np.asarray(graph.sum(axis=1), dtype=np.float64).ravel()
    inverse = np.divide(1.0, degree, out=np.zeros_like(degree), where=degree > 0)
    return csr_array((diags_array(inverse) @ graph).astype(np.float32))
