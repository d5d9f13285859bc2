"""Likelihood ratio of a sequence and a place as a pair against chance, by canonical correlations between genes' own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, eigh, svd
from sklearn.decomposition import PCA

Profile = NDArray[np.float32]
_Factor = tuple[Profile, NDArray[np.bool_], tuple[NDArray[np.float32], bool]]  # mean, genes learned from, Cholesky's
_PENALTY = 1e4  # of the ridge regressions
_N_COMPONENTS = 30  # of a place
_N_HOMOLOG_COMPONENTS = 40
_GENES_PER_COMPONENT = 10
_LEAST_VARIANCE = 1e-6  # of a component, as a share of all
_ROUNDING = 1e-10  # variance that is none, as a share of the mean square
_FARTHEST = 6.0  # standard deviations at which a place's component is cut off
_SHRINKAGE = 0.02  # of the correlations among what a sequence makes expected
_LARGEST_CORRELATION = 0.95
_LARGEST = 8.0  # log-odds


@dataclass(frozen=True, eq=False)
class FoldedRidge:
    """Ridge regressions on the same rows that leave out one fold or more, each factorised once.

    Every set of folds left out keeps a matrix of n_columns squared.

    Parameters
    ----------
    rows : ndarray of float32, shape (n_genes, n_columns)
    learned : ndarray of bool, shape (n_genes,)
        Genes to learn from.
    fold : ndarray of int, shape (n_genes,)
    """

    rows: Profile
    learned: NDArray[np.bool_]
    fold: NDArray[np.intp]
    _factors: dict[frozenset[int], _Factor] = field(default_factory=dict, repr=False)

    @property
    def n_folds(self) -> int:
        """Return the number of folds."""
        return int(self.fold.max()) + 1

    def expected(self, targets: Profile, *left_out: int) -> Profile:
        """Return what genes of the fold named last are expected to have, learned from those of no fold named."""
        middle, others, factor = self._factor(frozenset(left_out))
        weights = cho_solve(factor, (self.rows[others] - middle).T @ targets[others])
        return np.asarray((self.rows[self.fold == left_out[-1]] - middle) @ weights, dtype=np.float32)

    def _factor(self, left_out: frozenset[int]) -> _Factor:
        if left_out not in self._factors:
            others = self.learned & ~np.isin(self.fold, list(left_out))
            middle = self.rows[others].mean(axis=0)
            known = self.rows[others] - middle
            penalised = known.T @ known
            penalised[np.diag_indices_from(penalised)] += _PENALTY
            self._factors[left_out] = middle, others, cho_factor(penalised)
        return self._factors[left_out]


@dataclass(frozen=True, eq=False)
class Pairing:
    """Two normal variables for each canonical correlation [1]_ between what a sequence makes expected and a place.

    A sequence makes two things expected: the components of the place, by ridge regression, and the components of the
    terms of its homologs. Each fold has canonical variables of its own, learned from the places of labelled genes of
    the other folds. The correlations are measured on genes of folds from which the variables were not learned.

    Parameters
    ----------
    reason : str
        Sentence for the user where sequence and place do not belong together.
    fold : ndarray of int, shape (n_genes,)
    known : ndarray of bool, shape (n_genes,)
        Whether anything is at the gene's place.
    by_sequence : ndarray of float32, shape (n_genes, n_variables)
        In the variables of the gene's own fold, which have mean 0 and variance 1 over the labelled genes of the others.
    by_place : ndarray of float32, shape (n_folds, n_genes, n_variables)
        In the variables of each fold.
    correlation : ndarray of float64, shape (n_folds, n_variables)

    References
    ----------
    .. [1] H. Hotelling, Relations between two sets of variates, Biometrika 28, 321-377, 1936,
       doi:10.1093/biomet/28.3-4.321
    """

    reason: str
    fold: NDArray[np.intp]
    known: NDArray[np.bool_]
    by_sequence: Profile
    by_place: Profile
    correlation: NDArray[np.float64]

    def agreement(self, places: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Return the logarithm of the likelihood ratio, pair against chance, from -8 to 8; 0 for an empty place.

        Parameters
        ----------
        places : ndarray of int, shape (n_genes,), optional
            The gene in whose place each gene is put; its own by default.
        """
        where = np.arange(len(self.fold)) if places is None else places
        own, there = self.by_sequence.astype(np.float64), self.by_place[self.fold, where].astype(np.float64)
        correlation = self.correlation[self.fold]
        left = 1.0 - correlation**2
        ratio = (correlation * own * there - correlation**2 * (own**2 + there**2) / 2) / left - np.log(left) / 2
        return np.where(self.known[where], np.clip(ratio.sum(axis=1), -_LARGEST, _LARGEST), 0.0)

    @classmethod
    def learn(cls, reason: str, ridge: FoldedRidge, by_homologs: Profile, place: Profile) -> Self | None:
        """Learn which sequences go with which places; None where too few labelled genes of a third fold have a place.

        Parameters
        ----------
        reason : str
        ridge : FoldedRidge
            On the sequences.
        by_homologs : ndarray of float32, shape (n_genes, n_components)
            See `homolog_components`.
        place : ndarray of float32, shape (n_genes, n_columns)
            Rows of zeros where nothing is known.
        """
        known = np.asarray(place.any(axis=1))
        in_fold = np.bincount(ridge.fold[known & ridge.learned], minlength=ridge.n_folds)
        if np.sort(in_fold)[:-2].sum() < _GENES_PER_COMPONENT:  # of the others, where the two largest are left out
            return None
        learned = [known & ridge.learned & (ridge.fold != number) for number in range(ridge.n_folds)]
        targets = [_components(place, rows, _N_COMPONENTS) for rows in learned]
        n_variables = min(target.shape[1] for target in targets)
        if not n_variables:
            return None
        by_sequence = np.zeros((len(place), n_variables), dtype=np.float32)
        by_place = np.zeros((ridge.n_folds, *by_sequence.shape), dtype=np.float32)
        correlation = np.zeros((ridge.n_folds, n_variables))
        for number, (rows, components) in enumerate(zip(learned, targets, strict=True)):
            target = np.clip(components[:, :n_variables], -_FARTHEST, _FARTHEST)
            target[~known] = 0.0
            expected = np.zeros_like(target)
            for other in range(ridge.n_folds):
                expected[ridge.fold == other] = ridge.expected(target, number, other)
            foreseen = _whitened(np.concatenate([expected, by_homologs], axis=1), rows)
            correlation[number] = _unseen_correlation(foreseen, target, rows, ridge.fold)
            own, by_place[number] = (_standardised(side, rows) for side in _canonical(foreseen, target, rows))
            by_sequence[ridge.fold == number] = own[ridge.fold == number]
        return cls(reason, ridge.fold, known, by_sequence, by_place, correlation)


def homolog_components(by_homologs: Profile, learned: NDArray[np.bool_]) -> Profile:
    """Return the principal components of the terms of homologs, shape (n_genes, at most 40)."""
    return _components(by_homologs, learned, _N_HOMOLOG_COMPONENTS)


def _components(rows: Profile, learned: NDArray[np.bool_], n_components: int) -> Profile:
    """Return principal components of variance 1 over the genes learned from, at most one for ten of these."""
    n_components = min(n_components, learned.sum() // _GENES_PER_COMPONENT, rows.shape[1])
    examples = rows[learned].astype(np.float64)
    variance = examples.var(axis=0).sum() if n_components else 0.0
    if not variance > _ROUNDING * (examples**2).mean(axis=0).sum():
        return np.zeros((len(rows), 0), dtype=np.float32)
    model = PCA(n_components, random_state=0).fit(rows[learned])
    varied = model.explained_variance_ > _LEAST_VARIANCE * variance
    spread = np.sqrt(model.explained_variance_[varied])
    return np.asarray(model.transform(rows)[:, varied] / spread, dtype=np.float32)


def _whitened(rows: Profile, learned: NDArray[np.bool_]) -> Profile:
    """Turn columns until none correlate over the genes learned from, with variance 1, or less where little varies."""
    standard = _standardised(rows, learned)
    covariance = standard[learned].T @ standard[learned] / learned.sum()
    covariance[np.diag_indices_from(covariance)] += _SHRINKAGE
    variance, axes = eigh(covariance)
    return np.asarray(standard @ (axes / np.sqrt(variance)), dtype=np.float32)


def _canonical(foreseen: Profile, target: Profile, learned: NDArray[np.bool_]) -> tuple[Profile, Profile]:
    """Turn two tables of columns that do not correlate so that these correlate in pairs, the strongest first."""
    left, _, right = svd(foreseen[learned].T @ target[learned] / learned.sum(), full_matrices=False)
    return foreseen @ left, target @ right.T


def _unseen_correlation(
    foreseen: Profile, target: Profile, learned: NDArray[np.bool_], fold: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the correlations of canonical variables over genes whose fold these were not learned from."""
    unseen: list[tuple[Profile, Profile]] = []
    for number in np.unique(fold[learned]).tolist():
        sides = _canonical(foreseen, target, learned & (fold != number))
        unseen.append((sides[0][learned & (fold == number)], sides[1][learned & (fold == number)]))
    own, there = (np.concatenate(side).astype(np.float64) for side in zip(*unseen, strict=True))
    length = np.sqrt((own**2).sum(axis=0) * (there**2).sum(axis=0))
    shared = np.divide((own * there).sum(axis=0), length, out=np.zeros_like(length), where=length > 0)
    return np.asarray(np.clip(shared, 0.0, _LARGEST_CORRELATION))


def _standardised(rows: Profile, learned: NDArray[np.bool_]) -> Profile:
    """Return columns of mean 0 and variance 1 over the genes learned from."""
    spread = rows[learned].std(axis=0)
    return np.asarray((rows - rows[learned].mean(axis=0)) / np.where(spread > 0, spread, 1.0), dtype=np.float32)
