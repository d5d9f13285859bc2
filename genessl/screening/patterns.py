"""Patterns of residues along a protein, which evolution leaves and a generator may miss, as evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from genessl.data.dataset import GeneDataset
from genessl.features.composition import AMINO_ACIDS, encode_residues
from genessl.screening.decoys import draw_decoys

_GAPS = (1, 2, 3, 4)
_LAGS = (*range(1, 13), 14, 15, 18, 21, 22, 25)
_WINDOWS = (12, 25, 50)
_END = 30
_RESIDUES_AT_ONCE = 200_000
_LEAST = 1e-6
_FARTHEST, _LEAST_SPREAD = 5.0, 1e-3  # of standardised patterns
BASE = "base"
REASONS = {
    "composition": "unusual shares of residues",
    "pair": "unusual neighbours among residues",
    "period": "unusual periods of hydropathy, charge or volume",
    "window": "unusual segments",
    "end": "unusual ends",
}
# Hydropathy, charge at pH 7, propensity for helices and volume in cubic angstrom, in the order of AMINO_ACIDS.
_PROPERTIES = {
    "hydropathy": (
        1.8, 2.5, -3.5, -3.5, 2.8, -0.4, -3.2, 4.5, -3.9, 3.8, 1.9, -3.5, -1.6, -3.5, -4.5, -0.8, -0.7, 4.2, -0.9, -1.3,
    ),
    "charge": (0, 0, -1, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0),
    "helix": (
        1.42, 0.70, 1.01, 1.51, 1.13, 0.57, 1.00, 1.08, 1.16, 1.21, 1.45, 0.67, 0.57, 1.11, 0.98, 0.77, 0.83, 1.06,
        1.08, 0.69,
    ),
    "volume": (
        88.6, 108.5, 111.1, 138.4, 189.9, 60.1, 153.2, 166.7, 168.6, 166.7, 162.9, 114.1, 112.7, 143.8, 173.4, 89.0,
        116.1, 140.0, 227.8, 193.6,
    ),
}  # fmt: skip


def pattern_features(sequences: Sequence[str]) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Describe how residues follow each other, apart from how many there are.

    - ``composition``: the share of each residue, the only block that a shuffled sequence keeps.
    - ``pair``: how often two residues stand 1 to 4 places apart, in standard deviations from what the composition
      alone makes expected.
    - ``period``: the autocorrelation of hydropathy [1]_, charge, helix propensity [2]_ and volume [3]_ at lags up to
      25, times the root of the number of pairs: helices repeat after 3.6 residues, strands after 2.
    - ``window``: in windows of 12, 25 and 50 residues, how much more each residue and property varies than if the
      residues stood in random order, and the entropy of the windows: segments of low complexity, membrane helices.
    - ``end``: how the first and the last 30 residues differ from the whole, and whether the first is a methionine.

    Parameters
    ----------
    sequences : sequence of str
        In capitals; symbols other than the 20 residues are left out.

    Returns
    -------
    features : ndarray of float32, shape (n_sequences, 1838)
        Rows of zeros where a sequence is too short for a block.
    names : tuple of str
        Each begins with its block.

    References
    ----------
    .. [1] J. Kyte and R. F. Doolittle, A simple method for displaying the hydropathic character of a protein, Journal
       of Molecular Biology 157, 105-132, 1982, doi:10.1016/0022-2836(82)90515-0
    .. [2] P. Y. Chou and G. D. Fasman, Prediction of protein conformation, Biochemistry 13, 222-245, 1974,
       doi:10.1021/bi00699a002
    .. [3] A. A. Zamyatnin, Protein volume in solution, Progress in Biophysics and Molecular Biology 24, 107-123, 1972,
       doi:10.1016/0079-6107(72)90005-3
    """
    codes = [encode_residues(sequence) for sequence in sequences]
    rows = [_described([c[c >= 0] for c in codes[part]]) for part in _parts([len(c) for c in codes])]
    features = np.concatenate(rows) if rows else np.zeros((0, len(_names())), dtype=np.float32)
    return features, _names()


def _parts(lengths: list[int]) -> Iterator[slice]:
    start, residues = 0, 0
    for row, length in enumerate(lengths):
        if residues and residues + length > _RESIDUES_AT_ONCE:
            yield slice(start, row)
            start, residues = row, 0
        residues += length
    if start < len(lengths):
        yield slice(start, len(lengths))


def _described(codes: list[NDArray[np.intp]]) -> NDArray[np.float32]:
    """Describe some sequences at once: one array holds their residues, and `owner` the sequence of each residue."""
    n_sequences, n_residues = len(codes), len(AMINO_ACIDS)
    residues = np.concatenate(codes)
    owner = np.repeat(np.arange(n_sequences), [len(c) for c in codes])
    length = np.bincount(owner, minlength=n_sequences)
    counts = np.bincount(owner * n_residues + residues, minlength=n_sequences * n_residues)
    share = counts.reshape(n_sequences, n_residues) / np.maximum(length, 1)[:, None]
    values = np.array(list(_PROPERTIES.values()), dtype=np.float64)
    values = ((values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, keepdims=True))[:, residues].T
    values -= _means(values, owner, n_sequences)[owner]
    variance = _means(values**2, owner, n_sequences) + _LEAST
    blocks = [share]
    for gap in _GAPS:
        first, second = _pairs(owner, gap)
        pair = residues[first] * n_residues + residues[second]
        found = np.bincount(owner[first] * n_residues**2 + pair, minlength=n_sequences * n_residues**2)
        by_chance = (share[:, :, None] * share[:, None, :]).reshape(n_sequences, -1)
        by_chance *= np.bincount(owner[first], minlength=n_sequences)[:, None]
        blocks.append((found.reshape(n_sequences, -1) - by_chance) / np.sqrt(by_chance + 0.5))
    for lag in _LAGS:
        first, second = _pairs(owner, lag)
        n_pairs = np.bincount(owner[first], minlength=n_sequences)[:, None]
        mean = _means(values[first] * values[second], owner[first], n_sequences)
        blocks.append(mean / variance * np.sqrt(n_pairs))
    marks = np.eye(n_residues, dtype=np.intp)[residues]
    totals = _totals(marks), _totals(values)
    for width in _WINDOWS:
        blocks += _windows(*totals, owner, n_sequences, width, share, variance)
    place = np.arange(len(residues)) - (np.cumsum(length) - length)[owner]
    for at_end in (place < _END, place >= length[owner] - _END):
        blocks.append(_means(marks[at_end], owner[at_end], n_sequences) - share)
    starts = (place == 0) & (residues == AMINO_ACIDS.index("M"))
    blocks.append(np.bincount(owner[starts], minlength=n_sequences)[:, None].astype(np.float64))
    return np.concatenate(blocks, axis=1).astype(np.float32)


def _pairs(owner: NDArray[np.intp], gap: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first = np.flatnonzero(owner[:-gap] == owner[gap:]) if len(owner) > gap else np.zeros(0, dtype=np.intp)
    return first, first + gap


def _totals(columns: NDArray[Any]) -> NDArray[Any]:
    """Return the sum of all rows before each row, and of all."""
    return np.concatenate([np.zeros((1, columns.shape[1]), columns.dtype), np.cumsum(columns, axis=0)])


def _windows(
    marks: NDArray[np.intp],
    values: NDArray[np.float64],
    owner: NDArray[np.intp],
    n_sequences: int,
    width: int,
    share: NDArray[np.float64],
    variance: NDArray[np.float64],
) -> list[NDArray[np.float64]]:
    """Describe all windows of a width, by totals of marks and values before each residue."""
    first, _ = _pairs(owner, width - 1)
    whose = owner[first]
    counts = marks[first + width] - marks[first]
    levels = (values[first + width] - values[first]) / width
    inside = counts / width
    number = np.arange(width + 1) / width
    spread = _means((inside - share[whose]) ** 2, whose, n_sequences)
    entropy = -(number * np.log(np.maximum(number, 1e-9)))[counts].sum(axis=1)
    present = np.bincount(whose, minlength=n_sequences)[:, None] > 0
    blocks = [
        np.log((spread + _LEAST) / (share * (1 - share) / width + _LEAST)),
        np.log(_means(levels**2, whose, n_sequences) * width / variance + 1e-3),
        *(_extremes(levels[:, column], whose, n_sequences) for column in range(levels.shape[1])),
        _extremes(entropy, whose, n_sequences),
        _means(entropy[:, None], whose, n_sequences),
    ]
    return [np.where(present, block, 0.0) for block in blocks]


def _means(values: NDArray[Any], owner: NDArray[np.intp], n_sequences: int) -> NDArray[np.float64]:
    """Return the mean over each sequence's rows, which follow each other: (n_sequences, n_columns), 0 without any."""
    number = np.bincount(owner, minlength=n_sequences)
    return _reduced(np.add, values, number) / np.maximum(number, 1)[:, None]


def _extremes(values: NDArray[np.float64], owner: NDArray[np.intp], n_sequences: int) -> NDArray[np.float64]:
    """Return the lowest and the highest value of each sequence, which follow each other: (n_sequences, 2)."""
    number = np.bincount(owner, minlength=n_sequences)
    return np.concatenate([_reduced(f, values[:, None], number) for f in (np.minimum, np.maximum)], axis=1)


def _reduced(function: np.ufunc, values: NDArray[Any], number: NDArray[np.intp]) -> NDArray[np.float64]:
    """Reduce runs of rows, each of so many: (n_runs, n_columns), 0 without any."""
    reduced = np.zeros((len(number), values.shape[1]))
    if len(values):
        reduced[number > 0] = function.reduceat(values, (np.cumsum(number) - number)[number > 0], axis=0)
    return reduced


def _names() -> tuple[str, ...]:
    letters, properties = AMINO_ACIDS, list(_PROPERTIES)
    names = [f"composition:{a}" for a in letters]
    names += [f"pair:{a}{b}+{gap}" for gap in _GAPS for a in letters for b in letters]
    names += [f"period:{name}+{lag}" for lag in _LAGS for name in properties]
    for width in _WINDOWS:
        names += [f"window:{a} in {width}" for a in letters] + [f"window:{name} in {width}" for name in properties]
        names += [f"window:{end} {name} in {width}" for name in properties for end in ("lowest", "highest")]
        names += [f"window:{end} entropy in {width}" for end in ("lowest", "highest", "mean")]
    return (*names, *(f"end:first {a}" for a in letters), *(f"end:last {a}" for a in letters), "end:methionine")


@dataclass(frozen=True)
class PatternEvidence:
    """Standardised patterns of genes and decoys, and the fold of each.

    The regression that scores the genes and decoys of a fold learns from those of the other folds.

    Parameters
    ----------
    genes : Index of str, length n_genes
    rows : ndarray of float32, shape (n_genes, n_patterns)
    labelled : ndarray of bool, shape (n_genes,)
    fold : ndarray of int, shape (n_genes,)
    decoys : ndarray of float32, shape (n_decoys, n_patterns)
    decoy_fold : ndarray of int, shape (n_decoys,)
    block : ndarray of str, shape (n_patterns,)
        The block of each pattern: a key of `REASONS`.
    """

    genes: pd.Index
    rows: NDArray[np.float32]
    labelled: NDArray[np.bool_]
    fold: NDArray[np.intp]
    decoys: NDArray[np.float32]
    decoy_fold: NDArray[np.intp]
    block: NDArray[np.str_]

    @classmethod
    def of(
        cls,
        dataset: GeneDataset,
        labelled: NDArray[np.bool_],
        fold: NDArray[np.intp],
        kinds: tuple[str, ...],
        n_decoys: int,
        seed: int,
    ) -> Self:
        """Describe the genes, and decoys drawn from the labelled ones; a decoy is in the fold of its gene."""
        real, names = pattern_features(dataset.sequences)
        known = np.flatnonzero(labelled)
        examples = [dataset.sequences[row] for row in known.tolist()]
        random, drawn, folds = np.random.default_rng(seed), [], []
        for kind in kinds:
            parents = random.permutation(len(known))[:n_decoys]
            decoys = draw_decoys([examples[parent] for parent in parents.tolist()], kind, seed=seed, examples=examples)
            drawn.append(pattern_features(decoys)[0])
            folds.append(fold[known[parents]])
        return cls(
            pd.Index(dataset.genes),
            standardised(real, real[known]),
            labelled,
            fold,
            standardised(np.concatenate(drawn), real[known]),
            np.concatenate(folds),
            np.array([name.partition(":")[0] for name in names]),
        )

    def judge(self, suspects: NDArray[np.bool_], penalty: float) -> pd.DataFrame:
        """Return what each block of patterns adds to the log-odds of a gene, by regressions that have not seen it.

        A real gene weighs 1. A suspect weighs 1, too, or less where suspects outnumber the real genes, so that they
        weigh no more than these. All decoys together weigh half as much as the real genes. The penalty makes log-odds
        too small: they are stretched by the factor that suits labelled genes and decoys which the regression has not
        seen.
        """
        blocks = list(REASONS)
        evidence, of_decoys = np.zeros((len(self.rows), len(blocks) + 1)), np.zeros(len(self.decoys))
        for number in range(self.fold.max() + 1):
            own, other = self.fold == number, self.fold != number
            real, suspected = self.rows[other & self.labelled], self.rows[other & suspects]
            decoys = self.decoys[self.decoy_fold != number]
            weights = (1.0, 0.5 * len(real) / len(decoys), min(1.0, len(real) / max(1, len(suspected))))
            parts = (real, decoys, suspected)
            weight = np.repeat(weights, [len(part) for part in parts])
            truth = np.repeat([0, 1, 1], [len(part) for part in parts])
            model = LogisticRegression(C=1.0 / penalty, max_iter=500)
            model.fit(np.concatenate(parts), truth, sample_weight=weight)
            coefficients = model.coef_[0].astype(np.float32)
            for column, block in enumerate(blocks):
                inside = self.block == block
                evidence[own, column] = self.rows[np.ix_(own, inside)] @ coefficients[inside]
            base = model.intercept_[0] - np.log(weight[truth == 1].sum() / len(real))
            evidence[own, -1] = base
            of_decoys[self.decoy_fold == number] = self.decoys[self.decoy_fold == number] @ coefficients + base
        known = np.concatenate([evidence[self.labelled].sum(axis=1), of_decoys])[:, None]
        truth = np.repeat([0, 1], [self.labelled.sum(), len(of_decoys)])
        stretch = LogisticRegression(class_weight="balanced").fit(known, truth).coef_[0, 0]
        evidence *= max(1.0, float(stretch))
        return pd.DataFrame(evidence, self.genes, [*REASONS.values(), BASE])


def standardised(rows: NDArray[np.float32], examples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows in standard deviations from the mean of examples, at most 5 on either side; shapes (n, n_columns)."""
    middle, spread = examples.mean(axis=0), np.maximum(examples.std(axis=0), _LEAST_SPREAD)
    return np.asarray(np.clip((rows - middle) / spread, -_FARTHEST, _FARTHEST), dtype=np.float32)
