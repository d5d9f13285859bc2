"""Tables of edges in, symmetric sparse matrices over the genes out."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from genessl.data.coverage import HELD, JOINED, Coverage
from genessl.errors import InputError

_log = logging.getLogger(__name__)

FOREIGN = -2  # the row of a node that is known to be of another organism
_FEW = 0.01


def adjacency(
    edges: pd.DataFrame,
    index_of: Mapping[str, int],
    n_genes: int,
    *,
    source: str,
    coverage: Coverage,
    file: str | None = None,
) -> csr_array:
    """Turn edges into a symmetric network over the genes.

    Of repeated edges, in either direction, the largest weight counts; where any weight exceeds 1, all are divided by
    the largest.

    Parameters
    ----------
    edges : DataFrame
        As `read_network` returns it.
    index_of : mapping of str to int
        Gene row of each node that has one, in [0, n_genes), or -2 for a node of another organism.
    n_genes : int
    source : str
        Name under which `coverage` counts the rows read, the distinct undirected edges, and each loss.
    coverage : Coverage
    file : str, optional
        The file, for messages about a network of which nodes join, but no edge, or hardly any.

    Returns
    -------
    csr_array of float32, shape (n_genes, n_genes)
        Symmetric, with an empty diagonal and weights in (0, 1].

    Raises
    ------
    InputError
        If `file` is given and nodes are genes, but no edge joins two of them.
    """
    a, b = (_rows(edges[end], index_of) for end in "ab")
    weights = edges["weight"].to_numpy(dtype=np.float32)
    foreign = (a == FOREIGN) | (b == FOREIGN)
    unknown = ~foreign & ((a < 0) | (b < 0))
    own = ~foreign & ~unknown & (a == b)
    nothing = ~(foreign | unknown | own) & (weights == 0)
    kept = ~(foreign | unknown | own | nothing)
    low, high, largest = _distinct(np.minimum(a, b)[kept], np.maximum(a, b)[kept], weights[kept], n_genes)
    losses = {
        **edges.attrs.get("losses", {}),
        "unknown gene": int(unknown.sum()),
        **({"other organism": int(foreign.sum())} if foreign.any() else {}),
        "self-loop": int(own.sum()),
        "zero weight": int(nothing.sum()),
        "duplicate": int(kept.sum()) - len(largest),
    }
    coverage.add(source, "edges", HELD, len(largest) + sum(losses.values()))
    coverage.add(source, "edges", JOINED, len(largest))
    for reason, count in losses.items():
        coverage.add(source, "edges", reason, count)
    if file is not None:
        _check_joined(file, source, int(kept.sum()), len(edges), index_of, losses)
    scaled = largest / max(1.0, float(largest.max(initial=0.0)))
    both = (np.concatenate([low, high]), np.concatenate([high, low]))
    return csr_array(coo_array((np.tile(scaled.astype(np.float32), 2), both), shape=(n_genes, n_genes)))


def _check_joined(
    file: str, source: str, n_joined: int, n_edges: int, index_of: Mapping[str, int], losses: Mapping[str, int]
) -> None:
    n_nodes = sum(row >= 0 for row in index_of.values())
    if n_nodes and n_edges and not n_joined:
        lost = ", ".join(f"{count} {reason}" for reason, count in losses.items() if count)
        raise InputError(
            f"{file}: {n_nodes} nodes of the network '{source}' are genes, but none of its {n_edges} edges joins two of"
            f" them ({lost}); check `format` and `columns`: a column that is no name may be read as one"
        )
    if n_joined < _FEW * n_edges:
        _log.warning("%s: only %d of %d edges of the network '%s' join two genes", file, n_joined, n_edges, source)


def _rows(names: pd.Series[str], index_of: Mapping[str, int]) -> NDArray[np.int64]:
    codes, distinct = pd.factorize(names)
    return np.array([index_of.get(name, -1) for name in distinct], dtype=np.int64)[codes]


def _distinct(
    low: NDArray[np.int64], high: NDArray[np.int64], weights: NDArray[np.float32], n_genes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    edge = low * n_genes + high
    order = np.lexsort((weights, edge))
    last = np.append(np.diff(edge[order]) != 0, True)[: len(order)]
    chosen = order[last]
    return low[chosen], high[chosen], weights[chosen]
