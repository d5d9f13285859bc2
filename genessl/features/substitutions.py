"""Copies of proteins with conservative substitutions, which rarely change the function."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from Bio.Align import substitution_matrices
from numpy.typing import NDArray

from genessl.errors import InputError
from genessl.features.composition import AMINO_ACIDS, composition_features, encode_residues

MOST_COPIES = 8
SHARE = 0.05  # of the residues of a copy that are chosen for substitution


def check_copies(n_copies: int) -> None:
    """Raise InputError for a number of copies out of range."""
    if type(n_copies) is not int or not 0 <= n_copies <= MOST_COPIES:
        raise InputError(f"substituted_copies: found {n_copies!r}, expected a whole number from 0 to {MOST_COPIES}")


def substituted_composition(sequences: Mapping[str, str], n_copies: int, *, seed: int) -> NDArray[np.float32]:
    """Return the composition features of copies of each protein in which about a twentieth of residues is substituted.

    The copies depend on the seed and on the genes, but not on the order of the genes. Asking for more copies does not
    change the first ones.

    Parameters
    ----------
    sequences : mapping of str to str, length n_genes
        Gene to sequence, in capitals.
    n_copies : int
        Number of copies, from 1.
    seed : int

    Returns
    -------
    ndarray of float32, shape (n_copies, n_genes, 804)
        The columns are those of `composition_features`.
    """
    random = np.random.default_rng(seed)
    copies = []
    for _ in range(n_copies):
        copy = {gene: substitute_conservatively(sequences[gene], SHARE, random) for gene in sorted(sequences)}
        copies.append(composition_features(copy[gene] for gene in sequences)[0])
    return np.stack(copies)


def substitute_conservatively(sequence: str, share: float, random: np.random.Generator) -> str:
    """Replace residues of a protein by similar ones, as evolution does when the function is conserved.

    Each residue a is chosen with probability `share`. A chosen residue is replaced by another residue b that has a
    positive score s(a, b) in BLOSUM62 [1]_, with a probability proportional to 2^(s(a, b) / 2), because the scores are
    twice the log2 odds. Residues without such a b (C, G, P and non-standard ones) are kept.

    Parameters
    ----------
    sequence : str
        Residues in capitals.
    share : float
        In [0, 1].
    random : numpy.random.Generator

    Returns
    -------
    str
        A sequence of the same length.

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
    """Return cumulative probabilities of the replacements (column) of each residue (row): (20, 20), 0 if none."""
    matrix = substitution_matrices.load("BLOSUM62")  # type: ignore[no-untyped-call]
    scores = np.array(matrix.select(AMINO_ACIDS))
    odds = np.where((scores > 0) & ~np.eye(len(scores), dtype=bool), 2.0 ** (scores / 2), 0.0)
    cumulated: NDArray[np.float64] = odds.cumsum(axis=1)
    return cumulated / np.where(cumulated[:, -1:] > 0, cumulated[:, -1:], 1.0)
