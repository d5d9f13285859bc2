"""Copies of proteins with conservative substitutions, which change the sequence and seldom the function."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from Bio.Align import substitution_matrices
from numpy.typing import NDArray

from genessl.errors import InputError
from genessl.features.composition import AMINO_ACIDS, composition_features, encode_residues

MOST_COPIES = 8
SHARE = 0.05  # of the residues, in a copy


def check_copies(n_copies: int) -> None:
    """Raise InputError for a number of copies out of range."""
    if type(n_copies) is not int or not 0 <= n_copies <= MOST_COPIES:
        raise InputError(f"substituted_copies: found {n_copies!r}, expected a whole number from 0 to {MOST_COPIES}")


def substituted_composition(sequences: Mapping[str, str], n_copies: int, *, seed: int) -> NDArray[np.float32]:
    """Describe copies of each protein, in which a twentieth of the residues is substituted, by their composition.

    A gene's copies depend on the seed and on the genes, not on their order; further copies leave the first as they are.

    Parameters
    ----------
    sequences : mapping of str to str, length n_genes
        Gene to sequence, in capitals.
    n_copies : int
        From 1.
    seed : int

    Returns
    -------
    ndarray of float32, shape (n_copies, n_genes, 804)
        Columns as those of `composition_features`.
    """
    random = np.random.default_rng(seed)
    copies = []
    for _ in range(n_copies):
        copy = {gene: substitute_conservatively(sequences[gene], SHARE, random) for gene in sorted(sequences)}
        copies.append(composition_features(copy[gene] for gene in sequences)[0])
    return np.stack(copies)


def substitute_conservatively(sequence: str, share: float, random: np.random.Generator) -> str:
    """Exchange residues of a protein for similar ones, as evolution under an unchanged function does.

    Each residue is chosen with probability `share`, and becomes b instead of a with a probability in proportion to
    2^(s(a, b) / 2) over the b other than a of positive score s(a, b) in BLOSUM62 [1]_, whose scores are twice the log2
    odds. Residues without such a b (C, G, P and what is not standard) stay.

    Parameters
    ----------
    sequence : str
        In capitals.
    share : float
        In [0, 1].
    random : numpy.random.Generator

    Returns
    -------
    str
        Of the same length.

    References
    ----------
    .. [1] S. Henikoff and J. G. Henikoff, Amino acid substitution matrices from protein blocks, PNAS 89, 10915-10919,
       1992, doi:10.1073/pnas.89.22.10915
    """
    codes = encode_residues(sequence)
    cumulated = _conservative_exchanges()
    chosen = np.flatnonzero((codes >= 0) & (random.random(len(codes)) < share))
    chosen = chosen[cumulated[codes[chosen], -1] > 0]
    place = (cumulated[codes[chosen]] <= random.random((len(chosen), 1))).sum(axis=1)
    substituted = np.frombuffer(sequence.encode("ascii"), dtype=np.uint8).copy()
    substituted[chosen] = _LETTERS[place]
    return substituted.tobytes().decode("ascii")


_LETTERS = np.frombuffer(AMINO_ACIDS.encode("ascii"), dtype=np.uint8)


@cache
def _conservative_exchanges() -> NDArray[np.float64]:
    """Return the cumulated probability of each residue to replace another: (20, 20), 0 where none does."""
    matrix = substitution_matrices.load("BLOSUM62")  # type: ignore[no-untyped-call]
    scores = np.array(matrix.select(AMINO_ACIDS))
    odds = np.where((scores > 0) & ~np.eye(len(scores), dtype=bool), 2.0 ** (scores / 2), 0.0)
    cumulated: NDArray[np.float64] = odds.cumsum(axis=1)
    return cumulated / np.where(cumulated[:, -1:] > 0, cumulated[:, -1:], 1.0)
