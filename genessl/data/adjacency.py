"""Tables of edges in, symmetric sparse matrices over the genes out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from genessl.data.coverage import HELD, JOINED, Coverage


def adjacency(
    edges: pd.DataFrame, index_of: Mapping[str, int], n_genes: int, *, source: str, coverage: Coverage
) -> csr_array:
    """Turn edges into a symmetric network over the genes.

    Of repeated edges, in either direction, the largest weight counts; where any weight exceeds 1, all are divided by
    the largest.

    Parameters
    ----------
    edges : DataFrame
        As `read_network` returns it.
    index_of : mapping of str to int
        Gene row of each node that has one, in [0, n_genes).
    n_genes : int
    source : str
        Name under which `coverage` counts the rows read, the distinct undirected edges, and each loss.
    coverage : Coverage

    Returns
    -------
    csr_array of float32, shape (n_genes, n_genes)
        Symmetric, with an empty diagonal and weights in (0, 1].
    """
    a, b = (_rows(edges[end], index_of) for end in "ab")
    weights = edges["weight"].to_numpy(dtype=np.float32)
    unknown = (a < 0) | (b < 0)
    own = ~unknown & (a == b)
    nothing = ~unknown & ~own & (weights == 0)
    kept = ~(unknown | own | nothing)
    low, high, largest = _distinct(np.minimum(a, b)[kept], np.maximum(a, b)[kept], weights[kept], n_genes)
    losses = {
        **edges.attrs.get("losses", {}),
        "unknown gene": int(unknown.sum()),
        "self-loop": int(own.sum()),
        "zero weight": int(nothing.sum()),
        "duplicate": int(kept.sum()) - len(largest),
    }
    coverage.add(source, "edges", HELD, len(largest) + sum(losses.values()))
    coverage.add(source, "edges", JOINED, len(largest))
    for reason, count in losses.items():
        coverage.add(source, "edges", reason, count)
    scaled = largest / max(1.0, float(largest.max(initial=0.0)))
    both = (np.concatenate([low, high]), np.concatenate([high, low]))
    return csr_array(coo_array((np.tile(scaled.astype(np.float32), 2), both), shape=(n_genes, n_genes)))


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
