"""Networks that show the modules, each through its own noise and with its own gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genessl.simulate.functions import GeneFunctions
from genessl.simulate.settings import SimulationSettings

Integers = NDArray[np.int64]
_RELATED = 0.2
_SPURIOUS_INTERACT = 0.3


@dataclass(frozen=True)
class Edges:
    """Undirected edges, each once, first < second.

    Parameters
    ----------
    first, second : ndarray of int64, shape (n_edges,)
    weight : ndarray of float64, shape (n_edges,), in (0, 1)
        Larger on average where the genes share a module.
    """

    first: Integers
    second: Integers
    weight: NDArray[np.float64]


@dataclass(frozen=True)
class Memberships:
    """Where genes interact: gene and module of each membership, and the genes' attraction.

    Parameters
    ----------
    gene, module : ndarray of int64, shape (n_memberships,)
    attraction : ndarray of float64, shape (n_genes,)
        Expected degree relative to other genes; heavy-tailed.
    n_modules : int
    """

    gene: Integers
    module: Integers
    attraction: NDArray[np.float64]
    n_modules: int


def interacting_modules(
    functions: GeneFunctions, settings: SimulationSettings, rng: np.random.Generator
) -> Memberships:
    """Place genes in the modules where they interact: most where they work, some elsewhere, isolated ones in none."""
    n_genes, n_modules = len(functions.module), len(functions.module_process)
    drawn = rng.integers(n_modules, size=n_genes)
    elsewhere = rng.random(n_genes) < settings.misplaced
    place = np.where(elsewhere, drawn, functions.module)
    spurious = functions.module < 0
    place = np.where(spurious, np.where(rng.random(n_genes) < _SPURIOUS_INTERACT, drawn, -1), place)
    place = np.where(rng.random(n_genes) < settings.isolated, -1, place)
    second = np.where((place >= 0) & ~elsewhere, functions.second_module, -1)
    gene = np.concatenate([np.flatnonzero(place >= 0), np.flatnonzero(second >= 0)])
    module = np.concatenate([place[place >= 0], second[second >= 0]])
    return Memberships(gene, module, rng.lognormal(0, 0.8, size=n_genes), n_modules)


def simulate_edges(
    memberships: Memberships,
    covered: NDArray[np.bool_],
    *,
    mean_degree: float,
    noise: float,
    rng: np.random.Generator,
) -> Edges:
    """Draw a network over the covered genes in time near-linear in its edges.

    Parameters
    ----------
    memberships : Memberships
    covered : ndarray of bool, shape (n_genes,)
        Genes that the experiment saw.
    mean_degree : float
        Edges per gene before double ones fall together.
    noise : float
        Share of the edges that join random genes; of the others a fifth join neighbouring modules.
    """
    kept = covered[memberships.gene]
    gene, module = memberships.gene[kept], memberships.module[kept]
    order = np.argsort(module, kind="stable")
    gene, module = gene[order], module[order]
    total = np.concatenate([[0.0], np.cumsum(memberships.attraction[gene])])
    bounds = np.searchsorted(module, np.arange(memberships.n_modules + 1))
    n_extra = int(len(gene) * max(0.0, mean_degree / 2 - 1))
    starts = np.concatenate([np.arange(len(gene)), _pick(total, np.zeros(n_extra), total[-1], rng)])

    random = rng.random(len(starts)) < noise
    related = np.where(rng.random(len(starts)) < _RELATED, rng.choice([-1, 1], size=len(starts)), 0)
    target = np.clip(module[starts] + related, 0, memberships.n_modules - 1)
    target = np.where(bounds[target + 1] > bounds[target], target, module[starts])
    low = np.where(random, 0.0, total[bounds[target]])
    high = np.where(random, total[-1], total[bounds[target + 1]])
    partners = _pick(total, low, high, rng)
    shared = ~random & (related == 0)
    weight = np.where(shared, rng.beta(3.0, 2.5, size=len(starts)), rng.beta(2.0, 3.5, size=len(starts)))
    return _distinct(gene[starts], gene[partners], weight)


def _pick(
    total: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64] | float, rng: np.random.Generator
) -> Integers:
    """Draw a membership by attraction from each range of the running total."""
    drawn = low + rng.random(len(low)) * (high - low)
    return np.clip(np.searchsorted(total, drawn, side="right") - 1, 0, len(total) - 2)


def _distinct(first: Integers, second: Integers, weight: NDArray[np.float64]) -> Edges:
    low, high = np.minimum(first, second), np.maximum(first, second)
    proper = low < high
    low, high, weight = low[proper], high[proper], weight[proper]
    order = np.lexsort((-weight, high, low))
    low, high, weight = low[order], high[order], weight[order]
    new = np.ones(len(low), dtype=bool)
    new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    return Edges(low[new], high[new], np.clip(weight[new], 0.001, 0.999))
