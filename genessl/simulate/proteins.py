"""Protein families: duplication along trees, substitution along branches, domains shared among families."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from Bio.Align import substitution_matrices
from numpy.typing import NDArray

from genessl.simulate.settings import SimulationSettings

Integers = NDArray[np.int64]
Residues = NDArray[np.uint8]
AMINO_ACIDS = "ARNDCQEGHILKMFPSTWYV"
# Shares of the residues in the order of AMINO_ACIDS, as in known proteins, rounded.
BACKGROUND = np.array(
    [
        82.5,
        55.3,
        40.6,
        54.6,
        13.8,
        39.3,
        67.2,
        70.7,
        22.7,
        59.1,
        96.5,
        58.0,
        24.1,
        38.6,
        47.4,
        66.5,
        53.6,
        11.0,
        29.2,
        68.6,
    ]
)
BACKGROUND = BACKGROUND / BACKGROUND.sum()
SIGNAL_LENGTH = 18
_GENES_AT_ONCE = 20_000
_LONGEST_INDEL = 6
_DOMAIN_DIVERGENCE = (0.4, 1.3)
_BRANCH = 0.3
_TERMINAL = 0.4
_LETTERS = np.frombuffer(AMINO_ACIDS.encode("ascii"), dtype=np.uint8)


@dataclass(frozen=True)
class FamilyTree:
    """The descent of genes: those of families in order, then orphans, then spurious records.

    Parameters
    ----------
    family : ndarray of int64, shape (n_genes,)
        An orphan and a spurious record are families of their own.
    source : ndarray of int64, shape (n_genes,)
        The gene that this one is a duplicate of, itself for a founder.
    level : ndarray of int64, shape (n_genes,)
        Duplications since the founder.
    n_real, n_in_families : int
        Genes before the first spurious record, and before the first orphan.
    domain_family, domain_type : ndarray of int64, shape (n_domains,)
        The architecture: families in ascending order, each with its domains in order.
    n_types : int
    """

    family: Integers
    source: Integers
    level: Integers
    n_real: int
    n_in_families: int
    domain_family: Integers
    domain_type: Integers
    n_types: int

    def duplications(self) -> Iterator[tuple[Integers, Integers]]:
        """Yield the duplicates of each level and the genes they come from, founders' duplicates first."""
        order = np.argsort(self.level, kind="stable")
        bounds = np.searchsorted(self.level[order], np.arange(1, self.level.max(initial=0) + 2))
        for start, stop in pairwise(bounds.tolist()):
            yield order[start:stop], self.source[order[start:stop]]


def simulate_families(settings: SimulationSettings, rng: np.random.Generator) -> FamilyTree:
    """Draw heavy-tailed family sizes, a duplication tree for each family, and its domain architecture."""
    n_spurious = round(settings.spurious * settings.n_genes)
    n_real = settings.n_genes - n_spurious
    n_orphans = min(n_real, round(settings.orphans * settings.n_genes))
    sizes = _family_sizes(n_real - n_orphans, rng)
    n_families = len(sizes)
    sizes = np.concatenate([sizes, np.ones(n_orphans + n_spurious, dtype=np.int64)])
    family = np.repeat(np.arange(len(sizes)), sizes)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    rank = np.arange(settings.n_genes) - first
    source = first + (rng.random(settings.n_genes) * rank).astype(np.int64)
    level = _levels(source, rank)
    n_types = max(4, round(n_families / 2.5))
    n_domains = rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15], size=n_families)
    popularity = 1 / np.arange(1, n_types + 1) ** 0.6
    types = rng.choice(n_types, p=popularity / popularity.sum(), size=int(n_domains.sum()))
    architecture = np.repeat(np.arange(n_families), n_domains)
    return FamilyTree(family, source, level, n_real, n_real - n_orphans, architecture, types, n_types)


def _family_sizes(n_genes: int, rng: np.random.Generator) -> Integers:
    largest = max(3, min(n_genes // 12, 2_000))
    sizes = np.minimum(largest, (2 * (1 - rng.random(n_genes // 2 + 1)) ** (-1 / 1.5)).astype(np.int64))
    ends = np.cumsum(sizes)
    sizes = sizes[: int(np.searchsorted(ends, n_genes)) + 1]
    sizes[-1:] -= sizes.sum() - n_genes
    return sizes[sizes > 0]


def _levels(source: Integers, rank: Integers) -> Integers:
    level = np.zeros(len(source), dtype=np.int64)
    at = np.arange(len(source))
    above = rank > 0
    while above.any():
        level += above
        at = source[at]
        above = rank[at] > 0
    return level


def evolve_sequences(
    tree: FamilyTree, compartment: Integers, settings: SimulationSettings, rng: np.random.Generator
) -> list[str]:
    """Evolve the protein sequences.

    A family begins as its domains, each diverged from the domain's own ancestor, between linkers. Sequences change
    along the branches by a reversible process whose exchange rates come from BLOSUM62 [1]_, with rates that vary over
    sites (gamma distributed, slow in domains), families and branches; then residues are inserted and deleted. Spurious
    records are shuffled copies of other genes or random residues.

    Parameters
    ----------
    tree : FamilyTree
    compartment : ndarray of int64, shape (n_genes,)
        Number of the targeting signal at the N-terminus; -1 for none.

    Returns
    -------
    list of str, length n_genes

    References
    ----------
    .. [1] S. Henikoff and J. G. Henikoff, Amino acid substitution matrices from protein blocks,
       PNAS 89, 10915-10919, 1992, doi:10.1073/pnas.89.22.10915
    """
    scale = settings.mean_length / 220
    domains = _Domains(tree.n_types, scale, rng)
    signals = rng.choice(20, p=BACKGROUND, size=(int(compartment.max(initial=0)) + 1, SIGNAL_LENGTH)).astype(np.uint8)
    sequences: list[str] = []
    while len(sequences) < tree.n_real:
        start = len(sequences)
        stop = min(tree.n_real, start + _GENES_AT_ONCE)
        while stop < tree.n_real and tree.family[stop] == tree.family[stop - 1]:
            stop += 1
        sequences += _evolve_block(tree, start, stop, domains, compartment, signals, rng)
    sequences += _spurious_sequences(sequences, settings.n_genes - tree.n_real, rng)
    return sequences


class _Domains:
    """Ancestral sequences of the domain types, one after the other."""

    def __init__(self, n_types: int, scale: float, rng: np.random.Generator) -> None:
        self.scale = scale
        self.lengths = np.maximum(15, rng.integers(35, 110, size=n_types) * scale).astype(np.int64)
        self.starts = np.cumsum(self.lengths) - self.lengths
        self.residues = rng.choice(20, p=BACKGROUND, size=int(self.lengths.sum())).astype(np.uint8)
        self.conservation = rng.gamma(0.7, 1 / 0.7, size=len(self.residues)).astype(np.float32)


def _evolve_block(
    tree: FamilyTree,
    start: int,
    stop: int,
    domains: _Domains,
    compartment: Integers,
    signals: Residues,
    rng: np.random.Generator,
) -> list[str]:
    """Evolve the genes from `start` to `stop`, which are whole families."""
    ancestors, rates, family_lengths = _found_families(
        tree, tree.family[start], tree.family[stop - 1] + 1, domains, rng
    )
    family = tree.family[start:stop] - tree.family[start]
    family_starts = np.cumsum(family_lengths) - family_lengths
    lengths = family_lengths[family]
    starts = np.cumsum(lengths) - lengths
    sites = _runs(family_starts[family], lengths)
    residues = ancestors[sites]
    speed = rates[sites] * np.repeat(
        rng.lognormal(0, 0.5, size=len(family_lengths)).astype(np.float32)[family], lengths
    )
    level = tree.level[start:stop]
    for depth in range(1, int(level.max(initial=0)) + 1):
        children = np.flatnonzero(level == depth)
        into = _runs(starts[children], lengths[children])
        origin = _runs(starts[tree.source[start:stop][children] - start], lengths[children])
        branch = np.repeat(rng.exponential(_BRANCH, size=len(children)).astype(np.float32), lengths[children])
        residues[into] = substitute(residues[origin], speed[into] * branch, rng)
    terminal = np.repeat(rng.exponential(_TERMINAL, size=len(lengths)).astype(np.float32), lengths)
    residues = substitute(residues, speed * terminal, rng)
    letters = _LETTERS[residues].tobytes().decode("ascii")
    proteins = [letters[at : at + length] for at, length in zip(starts.tolist(), lengths.tolist())]
    return _insert_and_delete(_add_signals(proteins, compartment[start:stop], signals, rng), rng)


def _found_families(
    tree: FamilyTree, first: int, last: int, domains: _Domains, rng: np.random.Generator
) -> tuple[Residues, NDArray[np.float32], Integers]:
    """Return residues and site rates of the families' ancestors, one after the other, and their lengths."""
    chosen = slice(*np.searchsorted(tree.domain_family, [first, last]))
    types = tree.domain_type[chosen]
    owner = np.concatenate([tree.domain_family[chosen], tree.domain_family[chosen], np.arange(first, last)]) - first
    has_domain = np.isin(np.arange(first, last), tree.domain_family[chosen])
    linkers = np.maximum(2, rng.gamma(2, 15, size=len(types)) * domains.scale)
    leaders = np.maximum(
        5,
        np.where(has_domain, rng.gamma(2, 10, has_domain.size), 120 + rng.gamma(3, 30, has_domain.size))
        * domains.scale,
    )
    lengths = np.concatenate([domains.lengths[types], linkers, leaders]).astype(np.int64)
    pieces = rng.choice(20, p=BACKGROUND, size=int(lengths.sum())).astype(np.uint8)
    rates = (2 * rng.gamma(1.0, 1.0, size=len(pieces))).astype(np.float32)
    copied = _runs(domains.starts[types], domains.lengths[types])
    divergence = rng.uniform(*_DOMAIN_DIVERGENCE, size=len(types)).astype(np.float32)
    rates[: len(copied)] = 0.6 * domains.conservation[copied]
    expected = domains.conservation[copied] * np.repeat(divergence, domains.lengths[types])
    pieces[: len(copied)] = substitute(domains.residues[copied], expected, rng)
    position = np.concatenate(
        [2 * np.arange(len(types)) + 1, 2 * np.arange(len(types)) + 2, np.zeros(last - first, int)]
    )
    order = np.lexsort((position, owner))
    into_order = _runs((np.cumsum(lengths) - lengths)[order], lengths[order])
    return (
        pieces[into_order],
        rates[into_order],
        np.bincount(owner, weights=lengths, minlength=last - first).astype(np.int64),
    )


def substitute(residues: Residues, expected: NDArray[np.float32], rng: np.random.Generator) -> Residues:
    """Change residues along a branch.

    Parameters
    ----------
    residues : ndarray of uint8, shape (n_sites,)
        Codes in the order of `AMINO_ACIDS`.
    expected : ndarray of float32, shape (n_sites,)
        Expected substitutions per site; at most one change is drawn per site and branch.

    Returns
    -------
    ndarray of uint8, shape (n_sites,)
    """
    chance = -np.expm1(-expected * _MUTABILITY[residues])
    hit = np.flatnonzero(rng.random(len(residues), dtype=np.float32) < chance)
    drawn = rng.random(len(hit), dtype=np.float32)
    changed = residues.copy()
    changed[hit] = (_CUMULATIVE[residues[hit]] < drawn[:, None]).sum(axis=1).astype(np.uint8)
    return changed


def _exchange_rates() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mutability of each residue (mean 1) and the cumulative distribution of what it becomes."""
    matrix = substitution_matrices.load("BLOSUM62")  # type: ignore[no-untyped-call]
    scores = np.array([[matrix[a, b] for b in AMINO_ACIDS] for a in AMINO_ACIDS])
    rates = BACKGROUND[None, :] * 2.0 ** (scores / 2)
    np.fill_diagonal(rates, 0)
    leaving = rates.sum(axis=1)
    cumulative = np.cumsum(rates / leaving[:, None], axis=1)
    cumulative[:, -1] = 1
    return (leaving / (BACKGROUND @ leaving)).astype(np.float32), cumulative.astype(np.float32)


_MUTABILITY, _CUMULATIVE = _exchange_rates()


def _add_signals(proteins: list[str], compartment: Integers, signals: Residues, rng: np.random.Generator) -> list[str]:
    chosen = np.flatnonzero(compartment >= 0)
    codes = signals[compartment[chosen]].ravel()
    worn = substitute(codes, rng.gamma(2.0, 0.35, size=len(codes)).astype(np.float32), rng).reshape(-1, SIGNAL_LENGTH)
    with_signal = list(proteins)
    for gene, signal in zip(chosen.tolist(), worn):
        with_signal[gene] = _LETTERS[signal].tobytes().decode("ascii") + proteins[gene]
    return with_signal


def _insert_and_delete(proteins: list[str], rng: np.random.Generator) -> list[str]:
    """Delete one short run and insert another, each in half of the proteins; put a methionine first."""
    place = rng.random((2, len(proteins)))
    length = rng.integers(1, _LONGEST_INDEL + 1, size=(2, len(proteins))) * rng.integers(0, 2, size=(2, len(proteins)))
    random = _random_letters(_LONGEST_INDEL * len(proteins), rng)
    changed = []
    for number, protein in enumerate(proteins):
        cut = int(place[0, number] * len(protein))
        shorter = protein[:cut] + protein[cut + length[0, number] :]
        into = int(place[1, number] * len(shorter))
        at = number * _LONGEST_INDEL
        added = random[at : at + length[1, number]]
        changed.append("M" + shorter[:into] + added + shorter[into:])
    return changed


def _spurious_sequences(real: list[str], count: int, rng: np.random.Generator) -> list[str]:
    """Return reading frames without a function: half are shuffled genes, half random residues."""
    made = []
    for number, template in enumerate(rng.integers(0, len(real), size=count).tolist()):
        if number % 2:
            letters = np.frombuffer(real[template][1:].encode("ascii"), dtype=np.uint8)
            made.append("M" + rng.permutation(letters).tobytes().decode("ascii"))
        else:
            made.append("M" + _random_letters(30 + int(rng.gamma(2, 30)), rng))
    return made


def _random_letters(count: int, rng: np.random.Generator) -> str:
    return _LETTERS[rng.choice(20, p=BACKGROUND, size=count)].tobytes().decode("ascii")


def _runs(starts: Integers, lengths: Integers) -> Integers:
    """Concatenate the ranges start, start + 1, ..., start + length - 1."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.asarray(np.arange(total) + np.repeat(starts - (ends - lengths), lengths))
