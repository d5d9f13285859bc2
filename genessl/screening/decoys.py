"""Decoys: artificial sequences drawn from real ones, as counterexamples for a detector to learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from Bio.Data import CodonTable
from numpy.typing import NDArray

from genessl.errors import InputError
from genessl.features.composition import AMINO_ACIDS, encode_residues

KINDS = ("shuffled", "chained", "rewritten", "misread")
_LETTERS = np.frombuffer(AMINO_ACIDS.encode("ascii"), dtype=np.uint8)
_CUT = [AMINO_ACIDS.index(residue) for residue in "KR"]  # behind which trypsin cuts
_NEIGHBOURS = (1, 2, 3, 4)
_SHARES = (0.05, 0.5)
_SHARPNESS = (1.0, 2.0)
_RESIDUES: dict[str, str] = CodonTable.unambiguous_dna_by_id[1].forward_table  # of the standard code, without stops
_CODONS = {letter: [codon for codon, residue in _RESIDUES.items() if residue == letter] for letter in AMINO_ACIDS}
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_Draw = Callable[[NDArray[np.intp], np.random.Generator], NDArray[np.intp]]


def draw_decoys(sequences: Sequence[str], kind: str, *, seed: int, examples: Sequence[str] | None = None) -> list[str]:
    """Draw a decoy for each sequence, of about its length.

    - ``shuffled``: its residues in random order, the first kept, as in all kinds but the last; in half of the decoys
      only those between two lysines or arginines change places, as in decoy databases of proteomics [1]_.
    - ``chained``: a Markov chain of second order that begins as it does, with the examples' transitions.
    - ``rewritten``: 5 to 50 % of its residues drawn anew, each from its neighbours up to four places away on both
      sides, as if these were independent given the residue. A small language model that fills in masked residues does
      much the same. Half of the decoys square the probabilities, as generators do that prefer likely residues.
    - ``misread``: translated back with codons drawn evenly, and read in one of the five other frames, three of them of
      the opposite strand, like a spurious open reading frame over a gene. Stops are left out, and the first
      residue is a methionine.

    Parameters
    ----------
    sequences : sequence of str
        In capitals; symbols other than the 20 residues are left out.
    kind : {'shuffled', 'chained', 'rewritten', 'misread'}
    seed : int
    examples : sequence of str, optional
        Sequences from which the contexts of residues are learned, by default `sequences`.

    Returns
    -------
    list of str
        In the order of `sequences`; a misread one is up to two residues and the stops shorter.

    Raises
    ------
    InputError
        For a kind that does not exist.

    References
    ----------
    .. [1] J. E. Elias and S. P. Gygi, Target-decoy search strategy for increased confidence in large-scale protein
       identifications by mass spectrometry, Nature Methods 4, 207-214, 2007, doi:10.1038/nmeth1019
    """
    if kind not in KINDS:
        raise InputError(f"kind: found {kind!r}, expected one of {', '.join(KINDS)}")
    learned = [_standard_residues(sequence) for sequence in (sequences if examples is None else examples)]
    draw: _Draw = _shuffled if kind == "shuffled" else _misread
    if kind in ("chained", "rewritten"):
        draw = _chain(learned) if kind == "chained" else _rewriting(learned)
    random = np.random.default_rng((seed, KINDS.index(kind)))
    return [_LETTERS[draw(_standard_residues(sequence), random)].tobytes().decode("ascii") for sequence in sequences]


def _standard_residues(sequence: str) -> NDArray[np.intp]:
    codes = encode_residues(sequence)
    return codes[codes >= 0]


def _shuffled(codes: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.intp]:
    if random.random() < 0.5:
        return np.concatenate([codes[:1], random.permutation(codes[1:])])
    cut = np.isin(codes, _CUT)
    free = np.flatnonzero(~cut)
    free = free[free > 0]
    shuffled = codes.copy()
    between = np.cumsum(cut)[free]  # which lysine or arginine came last
    shuffled[free] = codes[free[np.lexsort((random.random(len(free)), between))]]
    return shuffled


def _chain(examples: list[NDArray[np.intp]]) -> _Draw:
    n = len(_LETTERS)
    counts = np.full((n, n, n), 0.5)
    for codes in examples:
        np.add.at(counts, (codes[:-2], codes[1:-1], codes[2:]), 1.0)
    cumulated = (counts / counts.sum(axis=2, keepdims=True)).cumsum(axis=2)

    def draw(codes: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.intp]:
        drawn, chance = codes.copy(), random.random(len(codes))
        for place in range(2, len(drawn)):
            drawn[place] = min(n - 1, np.searchsorted(cumulated[drawn[place - 2], drawn[place - 1]], chance[place]))
        return drawn

    return draw


def _rewriting(examples: list[NDArray[np.intp]]) -> _Draw:
    n = len(_LETTERS)
    after = {gap: np.ones((n, n)) for gap in _NEIGHBOURS}  # [first, second], the second so many places later
    for codes in examples:
        for gap, counts in after.items():
            np.add.at(counts, (codes[:-gap], codes[gap:]), 1.0)
    share = after[1].sum(axis=0) / after[1].sum()
    evidence = {}
    for gap, counts in after.items():
        ratio = np.log(counts / counts.sum() / (counts.sum(axis=1, keepdims=True) / counts.sum() * share))
        evidence[-gap], evidence[gap] = ratio, ratio.T  # a row for each neighbour, a column for each residue

    def draw(codes: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.intp]:
        chosen = random.random(len(codes)) < random.uniform(*_SHARES)
        places = 1 + np.flatnonzero(chosen[1:])
        scores = np.tile(np.log(share), (len(places), 1))
        for offset, table in evidence.items():
            inside = (places + offset >= 0) & (places + offset < len(codes))
            scores[inside] += table[codes[places[inside] + offset]]
        scores *= random.choice(_SHARPNESS)
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        cumulated = (chances / chances.sum(axis=1, keepdims=True)).cumsum(axis=1)
        drawn = codes.copy()
        drawn[places] = np.minimum((cumulated < random.random((len(places), 1))).sum(axis=1), n - 1)
        return drawn

    return draw


def _misread(codes: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.intp]:
    choices = [_CODONS[AMINO_ACIDS[code]] for code in codes.tolist()]
    chosen = (random.random(len(choices)) * [len(choice) for choice in choices]).astype(int)
    bases = "".join(choice[number] for choice, number in zip(choices, chosen.tolist()))
    frame = int(random.integers(5))
    if frame >= 2:
        bases = bases.translate(_COMPLEMENT)[::-1]
    start = frame + 1 if frame < 2 else frame - 2
    read = (_RESIDUES.get(bases[place : place + 3]) for place in range(start, len(bases) - 2, 3))
    residues = [AMINO_ACIDS.index(residue) for residue in read if residue is not None]
    return np.array([AMINO_ACIDS.index("M"), *residues[1:]], dtype=np.intp)
