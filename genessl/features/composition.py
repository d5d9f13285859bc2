"""Composition and k-mers: features that are computed from a sequence alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
_CLASSES = ("AGV", "ILFP", "YMTS", "HNQW", "RK", "DE", "C")
_TERMINUS = 30


def encode_residues(sequence: str) -> NDArray[np.intp]:
    """Return the position of each residue in `AMINO_ACIDS`, -1 for other symbols; shape (n_residues,)."""
    return _RESIDUE[np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)]


def composition_features(sequences: Iterable[str]) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Describe each sequence by its length, its termini and its k-mers.

    The features of a sequence are its log length; the share of each amino acid in the whole sequence and in its first
    and last 30 residues, where targeting signals lie; the share of each dipeptide; and the share of each triplet over
    the seven residue classes of the conjoint triad [1]_. The square root of each share is taken, which makes their
    variances more even. Residues other than the twenty standard ones count towards the length only.

    Returns
    -------
    features : ndarray of float32, shape (n_sequences, 804)
    names : tuple of str, length 804

    References
    ----------
    .. [1] J. Shen et al., Predicting protein-protein interactions based only on sequences information,
       PNAS 104, 4337-4341, 2007, doi:10.1073/pnas.0607879104
    """
    triad = _codes({letter: code for code, letters in enumerate(_CLASSES) for letter in letters})
    rows = []
    for sequence in sequences:
        letters = np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)
        residues = encode_residues(sequence)
        blocks = [
            _kmer_shares(residues, 1, 20),
            _kmer_shares(residues[:_TERMINUS], 1, 20),
            _kmer_shares(residues[-_TERMINUS:], 1, 20),
            _kmer_shares(residues, 2, 20),
            _kmer_shares(triad[letters], 3, 7),
        ]
        rows.append(np.concatenate([[np.log(max(1, len(letters)))], *blocks]))
    features = np.array(rows, dtype=np.float32).reshape(len(rows), len(_names()))
    return features, _names()


def _codes(code_of: dict[str, int]) -> NDArray[np.int64]:
    codes = np.full(256, -1, dtype=np.int64)
    for letter, code in code_of.items():
        codes[ord(letter)] = code
    return codes


_RESIDUE = _codes({letter: code for code, letter in enumerate(AMINO_ACIDS)})


def _kmer_shares(codes: NDArray[np.int64], k: int, n_codes: int) -> NDArray[np.float64]:
    windows = len(codes) - k + 1
    if windows < 1:
        return np.zeros(n_codes**k)
    number = np.zeros(windows, dtype=np.int64)
    standard = np.ones(windows, dtype=bool)
    for offset in range(k):
        part = codes[offset : offset + windows]
        number = number * n_codes + part
        standard &= part >= 0
    counts = np.bincount(number[standard], minlength=n_codes**k)
    return np.asarray(np.sqrt(counts / max(1, counts.sum())))


def _names() -> tuple[str, ...]:
    whole = [f"composition:{a}" for a in AMINO_ACIDS]
    start = [f"first_{_TERMINUS}:{a}" for a in AMINO_ACIDS]
    end = [f"last_{_TERMINUS}:{a}" for a in AMINO_ACIDS]
    pairs = [f"dipeptide:{a}{b}" for a in AMINO_ACIDS for b in AMINO_ACIDS]
    triads = [f"triad:{a}{b}{c}" for a in range(1, 8) for b in range(1, 8) for c in range(1, 8)]
    return ("log_length", *whole, *start, *end, *pairs, *triads)
