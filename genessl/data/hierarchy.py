"""The levels and ancestors of a graph of parents, in numbers and without recursion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.errors import InputError

_MOST_ANCESTORS = 100_000_000


def levels_below_roots(parents: csr_array) -> list[NDArray[np.intp]]:
    """Group the nodes by the length of their longest path from a root.

    Within a level, nodes are ordered by the last of their parents, and then by their number. A node that is its own
    ancestor, or has an ancestor that is, belongs to no level.

    Parameters
    ----------
    parents : csr_array of bool, shape (n_nodes, n_nodes)
        True at (child, parent).
    """
    children = csr_array(parents.T)
    n_children = np.diff(children.indptr)
    waiting = np.diff(parents.indptr)
    nodes = np.flatnonzero(waiting == 0)
    levels = []
    while len(nodes):
        levels.append(nodes)
        below = children.indices[_runs(children.indptr[nodes], n_children[nodes])]
        np.subtract.at(waiting, below, 1)
        below = below[waiting[below] == 0]
        last = len(below) - 1 - np.unique(below[::-1], return_index=True)[1]
        nodes = below[np.sort(last)]
    return levels


def with_ancestors(parents: csr_array, levels: list[NDArray[np.intp]]) -> csr_array:
    """Return True at (node, ancestor), each node being its own ancestor: csr_array of bool, (n_nodes, n_nodes).

    Raises
    ------
    InputError
        If there are more than 100 million such pairs.
    """
    n_nodes = parents.shape[0]
    starts, counts = np.zeros(n_nodes, dtype=np.intp), np.zeros(n_nodes, dtype=np.intp)
    reached = np.zeros(4 * n_nodes, dtype=np.int32)  # the ancestors of each node, where `starts` and `counts` tell
    size = 0
    n_parents = np.diff(parents.indptr)
    for nodes in levels:
        above = parents.indices[_runs(parents.indptr[nodes], n_parents[nodes])]
        owners = np.repeat(np.arange(len(nodes)), n_parents[nodes])
        if size + counts[above].sum() > _MOST_ANCESTORS:
            raise InputError(
                f"the ontology has more than {_MOST_ANCESTORS // 10**6} million pairs of a term and its ancestor,"
                " expected some ten for each term; check the file"
            )
        inherited = reached[_runs(starts[above], counts[above])]
        keys = np.concatenate([np.repeat(owners, counts[above]), np.arange(len(nodes))]) * n_nodes
        keys = np.sort(keys + np.concatenate([inherited, nodes]))
        keys = keys[np.diff(keys, prepend=-1) > 0]
        if size + len(keys) > len(reached):
            reached = np.concatenate([reached, np.zeros(len(reached) + len(keys), dtype=np.int32)])
        reached[size : size + len(keys)] = keys % n_nodes
        counts[nodes] = np.bincount(keys // n_nodes, minlength=len(nodes))
        starts[nodes] = size + np.cumsum(counts[nodes]) - counts[nodes]
        size += len(keys)
    pointers = np.concatenate([[0], np.cumsum(counts)])
    return csr_array((np.ones(size, dtype=bool), reached[_runs(starts, counts)], pointers), shape=(n_nodes, n_nodes))


def _runs(starts: NDArray[np.intp], counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the whole numbers of runs that begin at `starts`, run after run."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + counts, counts)
