"""The simulated ontology: three small hierarchies that grow downwards, so that no cycle can arise."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from genessl.data.ontology import PROTEIN_BINDING

Integers = NDArray[np.int64]
BPO, MFO, CCO = 0, 1, 2
NAMESPACES = ("biological_process", "molecular_function", "cellular_component")
ROOTS = ("GO:0008150", "GO:0003674", "GO:0005575")
_NOUNS = ("process", "function", "component")
_SHARES = (0.5, 0.3, 0.2)
_DEEPEST = 7
_SECOND_PARENT = 0.15


@dataclass(frozen=True)
class SimulatedTerms:
    """The terms as parallel arrays; a parent comes before its children.

    Parameters
    ----------
    identifiers, names : list of str, length n_terms
    aspect : ndarray of int64, shape (n_terms,)
        0 BPO, 1 MFO, 2 CCO.
    parent : ndarray of int64, shape (n_terms,)
        The is_a parent; -1 for a root.
    depth : ndarray of int64, shape (n_terms,)
    second_parents : dict of child to (parent, relation)
        A second parent, 'is_a' or 'part_of', of the same aspect.
    across : list of (child, parent)
        Functions that are part_of a process.
    alternatives : dict of str to int
        alt_id to term.
    obsolete : dict of str to int or None
        Obsolete identifier to the term that replaces it.
    """

    identifiers: list[str]
    names: list[str]
    aspect: Integers
    parent: Integers
    depth: Integers
    second_parents: dict[int, tuple[int, str]]
    across: list[tuple[int, int]]
    alternatives: dict[str, int] = field(default_factory=dict)
    obsolete: dict[str, int | None] = field(default_factory=dict)

    @cached_property
    def protein_binding(self) -> int:
        """The term protein binding."""
        return self.identifiers.index(PROTEIN_BINDING)

    @cached_property
    def above(self) -> list[frozenset[int]]:
        """Each term's ancestors, the term itself included."""
        sets: list[frozenset[int]] = []
        for term, parent in enumerate(self.parent.tolist()):
            parents = [parent] if parent >= 0 else []
            if term in self.second_parents:
                parents.append(self.second_parents[term][0])
            sets.append(frozenset([term]).union(*(sets[each] for each in parents)))
        return sets

    @cached_property
    def _children(self) -> tuple[Integers, Integers]:
        order = np.argsort(self.parent, kind="stable")
        return order, np.searchsorted(self.parent[order], np.arange(len(self.parent) + 1))

    def specific(self, aspect: int) -> Integers:
        """Return the informative terms of an aspect: those below the top level, without protein binding.

        They come in the order of their identifiers, which has nothing to do with the hierarchy.
        """
        chosen = (self.aspect == aspect) & (self.depth >= 2)
        chosen[self.protein_binding] = False
        return np.array(sorted(np.flatnonzero(chosen).tolist(), key=self.identifiers.__getitem__), dtype=np.int64)

    def broader(self, terms: Integers) -> Integers:
        """Return each term's parent; a term below a root stays."""
        return np.where(self.depth[terms] > 1, self.parent[terms], terms)

    def narrower(self, terms: Integers, rng: np.random.Generator) -> Integers:
        """Return a random child of each term; a leaf stays."""
        order, start = self._children
        n_children = start[terms + 1] - start[terms]
        chosen = start[terms] + (rng.random(len(terms)) * n_children).astype(np.int64)
        return np.where(n_children > 0, order[np.minimum(chosen, len(order) - 1)], terms)


def simulate_terms(n_terms: int, rng: np.random.Generator) -> SimulatedTerms:
    """Grow an ontology of `n_terms` terms, roots included, with alt_ids and obsolete terms beside them."""
    sizes = [round(n_terms * share) for share in _SHARES[:2]]
    sizes.append(n_terms - sum(sizes))
    numbers = iter(rng.permutation(n_terms) + 9_000_001)
    identifiers: list[str] = []
    names: list[str] = []
    parents: list[int] = []
    depths: list[int] = []
    second: dict[int, tuple[int, str]] = {}
    for aspect, size in enumerate(sizes):
        first = len(parents)
        parent, depth = _grow_tree(size, aspect == MFO, rng)
        second.update(_second_parents(parent, depth, first, aspect, rng))
        parents += [above + first if above >= 0 else -1 for above in parent]
        depths += depth
        identifiers += [ROOTS[aspect], *(f"GO:{next(numbers)}" for _ in range(size - 1))]
        names += [NAMESPACES[aspect], *(f"simulated {_NOUNS[aspect]} {number}" for number in range(1, size))]
        if aspect == MFO:
            binding = first + 1 + _n_top(size)
            identifiers[binding], names[binding] = PROTEIN_BINDING, "protein binding"
            names[first + 1] = "simulated binding"
    aspects = np.repeat(np.arange(3), sizes)
    functions, processes = np.flatnonzero(aspects == MFO)[1:], np.flatnonzero(aspects == BPO)[1:]
    n_across = n_terms // 60
    across = zip(rng.choice(functions, n_across).tolist(), rng.choice(processes, n_across).tolist())
    alternatives, obsolete = _retired(n_terms, rng)
    return SimulatedTerms(
        identifiers, names, aspects, np.array(parents), np.array(depths), second, list(across), alternatives, obsolete
    )


def _n_top(size: int) -> int:
    return max(2, round(0.6 * math.sqrt(size)))


def _grow_tree(size: int, with_protein_binding: bool, rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """Return parent (-1 for the root) and depth of each term of one aspect.

    The first terms hang from the root, protein binding (if any) comes next under the first of them, and each later term
    hangs from a random earlier one.
    """
    n_top = _n_top(size)
    parent, depth = [-1] + [0] * n_top, [0] + [1] * n_top
    open_terms = list(range(1, n_top + 1))
    if with_protein_binding:
        parent.append(1)
        depth.append(2)
    for term in range(len(parent), size):
        above = open_terms[int(rng.integers(len(open_terms)))]
        parent.append(above)
        depth.append(depth[above] + 1)
        if depth[term] < _DEEPEST:
            open_terms.append(term)
    return parent, depth


def _second_parents(
    parent: list[int], depth: list[int], first: int, aspect: int, rng: np.random.Generator
) -> dict[int, tuple[int, str]]:
    protein_binding = 1 + _n_top(len(parent)) if aspect == MFO else -1
    second = {}
    for term in range(len(parent)):
        if depth[term] < 2 or term == protein_binding or rng.random() >= _SECOND_PARENT:
            continue
        other = int(rng.integers(1, term))
        line = {term}
        while parent[min(line)] >= 0:
            line.add(parent[min(line)])
        if other not in line and other != protein_binding:
            second[term + first] = (other + first, "part_of" if aspect != MFO and rng.random() < 0.6 else "is_a")
    return second


def _retired(n_terms: int, rng: np.random.Generator) -> tuple[dict[str, int], dict[str, int | None]]:
    count = max(2, n_terms // 60)
    targets = rng.choice(np.arange(1, n_terms), size=2 * count, replace=False).tolist()
    alternatives = {f"GO:98{number:05d}": target for number, target in enumerate(targets[:count], start=1)}
    replaced: dict[str, int | None] = {
        f"GO:97{number:05d}": target for number, target in enumerate(targets[count:], start=1)
    }
    return alternatives, {**replaced, "GO:9600001": None, "GO:9600002": None}
