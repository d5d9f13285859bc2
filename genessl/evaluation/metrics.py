"""Protein-centric CAFA metrics of scores against each gene's terms, over thresholds from 0.01 to 0.99."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]

THRESHOLDS: Floats = np.arange(0.01, 1, 0.01)
_N_BINS = len(THRESHOLDS) + 1
_RESAMPLED_AT_ONCE = 5_000_000
_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class GeneTable:
    """The correct and wrong predictions of each gene at each threshold, in terms or in bits.

    A term is predicted at a threshold if its score is at least the threshold.

    Parameters
    ----------
    hits : ndarray of float64, shape (n_genes, n_thresholds)
        True terms that are predicted.
    misinformation : ndarray of float64, shape (n_genes, n_thresholds)
        Predicted terms that are not true.
    uncertainty : ndarray of float64, shape (n_genes, n_thresholds)
        True terms that are not predicted: the remaining uncertainty.
    """

    hits: Floats
    misinformation: Floats
    uncertainty: Floats

    @cached_property
    def covered(self) -> NDArray[np.bool_]:
        """True for genes with a prediction, shape (n_genes, n_thresholds)."""
        return np.asarray(self.hits + self.misinformation > 0)

    @cached_property
    def precision(self) -> Floats:
        """Share of the predicted terms that are true, 0 without a prediction; shape (n_genes, n_thresholds)."""
        return _ratio(self.hits, self.hits + self.misinformation)

    @cached_property
    def recall(self) -> Floats:
        """Share of the true terms that are predicted, 0 without a true term; shape (n_genes, n_thresholds)."""
        return _ratio(self.hits, self.hits + self.uncertainty)


@dataclass(frozen=True)
class Curve:
    """Averages over genes at each threshold; each field float64 of shape (n_samples, n_thresholds).

    Parameters
    ----------
    precision
        Mean over the genes with a prediction at this threshold.
    recall
        Mean over all genes.
    coverage
        Share of genes with a prediction.
    hits, misinformation, uncertainty
        Means over all genes, in terms or in bits.
    """

    precision: Floats
    recall: Floats
    coverage: Floats
    hits: Floats
    misinformation: Floats
    uncertainty: Floats

    @cached_property
    def f(self) -> Floats:
        """Harmonic mean of mean precision and mean recall."""
        return _harmonic_mean(self.precision, self.recall)

    @cached_property
    def f_micro(self) -> Floats:
        """Harmonic mean of precision and recall over all pairs of gene and term."""
        return _harmonic_mean(
            _ratio(self.hits, self.hits + self.misinformation), _ratio(self.hits, self.hits + self.uncertainty)
        )

    @cached_property
    def s(self) -> Floats:
        """Semantic distance, sqrt(uncertainty^2 + misinformation^2)."""
        return np.hypot(self.uncertainty, self.misinformation)


def tabulate(truth: csr_array, scores: csr_array, accretion: Floats) -> tuple[GeneTable, GeneTable]:
    """Count each gene's hits and errors at each threshold in one pass over the sparse entries.

    Parameters
    ----------
    truth : csr_array of bool, shape (n_genes, n_terms)
        Closed upwards; without roots if these must not count.
    scores : csr_array of float64, shape (n_genes, n_terms)
        In [0, 1], with a parent at least as high as its child. In float32 a score that equals a threshold may fall
        below it.
    accretion : ndarray of float64, shape (n_terms,)
        Weight of each term, in bits, finite and not negative. A term of 0 bits counts in no weighted number.

    Returns
    -------
    pair of GeneTable
        In terms, and in bits.
    """
    if truth.shape != scores.shape or accretion.shape != (truth.shape[1],):
        raise ValueError(f"shapes differ: truth {truth.shape}, scores {scores.shape}, accretion {accretion.shape}")
    truth_rows, truth_columns, _ = _entries(truth.astype(bool))
    rows, columns, values = _entries(scores)
    bins = np.searchsorted(THRESHOLDS, values, side="right")
    n_terms = truth.shape[1]
    keys = rows * n_terms + columns
    truth_keys = truth_rows * n_terms + truth_columns
    position = np.minimum(np.searchsorted(keys, truth_keys), max(len(keys) - 1, 0))
    scored = keys[position] == truth_keys if len(keys) else np.zeros(len(truth_keys), dtype=bool)
    truth_bins = np.zeros(len(truth_keys), dtype=np.intp)
    truth_bins[scored] = bins[position[scored]]
    wrong = np.ones(len(keys), dtype=bool)
    wrong[position[scored]] = False

    def table(weight: Floats) -> GeneTable:
        right = _histogram(truth_rows, truth_bins, weight[truth_columns], truth.shape[0])
        false = _histogram(rows[wrong], bins[wrong], weight[columns[wrong]], truth.shape[0])
        return GeneTable(
            hits=_at_or_above(right), misinformation=_at_or_above(false), uncertainty=right.cumsum(axis=1)[:, :-1]
        )

    return table(np.ones(n_terms)), table(accretion)


def average(table: GeneTable, weights: Floats | None = None) -> Curve:
    """Average over genes, once for each sample of weights.

    Parameters
    ----------
    table : GeneTable
    weights : ndarray of float64, shape (n_samples, n_genes), optional
        How often each gene counts in each sample. By default a single sample counts each gene once.
    """
    if weights is None:
        weights = np.ones((1, table.hits.shape[0]))
    n_genes = weights.sum(axis=1, keepdims=True)
    n_covered = weights @ table.covered.astype(np.float64)
    return Curve(
        precision=_ratio(weights @ table.precision, n_covered),
        recall=weights @ table.recall / n_genes,
        coverage=n_covered / n_genes,
        hits=weights @ table.hits / n_genes,
        misinformation=weights @ table.misinformation / n_genes,
        uncertainty=weights @ table.uncertainty / n_genes,
    )


def area_under_curve(curve: Curve) -> Floats:
    """Return the area under mean precision against mean recall over the thresholds, shape (n_samples,).

    The points of neighbouring thresholds are joined by trapezoids. Below the recall of the highest threshold at which
    any gene has a prediction, the precision of that threshold is used. No area is added above the recall at the
    threshold 0.01, so that a model gains nothing from terms that it never retrieves.
    """
    precision, recall, coverage = (values[:, ::-1] for values in (curve.precision, curve.recall, curve.coverage))
    first = np.argmax(coverage > 0, axis=1)[:, None]
    precision = np.where(coverage > 0, precision, np.take_along_axis(precision, first, axis=1))
    steps = np.diff(recall, axis=1, prepend=0.0)
    heights = (precision + np.concatenate([precision[:, :1], precision[:, :-1]], axis=1)) / 2
    return np.asarray((steps * heights).sum(axis=1))


def summarise(terms: Curve, bits: Curve) -> dict[str, Floats]:
    """Reduce the curves in terms and in bits to one number per sample, each float64 of shape (n_samples,).

    Returns
    -------
    dict
        fmax, fmicro, aupr : in [0, 1]; wfmax, wfmicro, waupr : the same weighted by information accretion;
        smin : in bits; smin_counts : in terms; both over thresholds at which some gene has a prediction;
        coverage : share of genes with a prediction at threshold 0.01;
        fmax_threshold, wfmax_threshold, smin_threshold : the lowest threshold that gives the best value.
    """
    distances, distances_in_terms = (_where_predicted(curve.s, terms.coverage) for curve in (bits, terms))
    return {
        "fmax": terms.f.max(axis=1),
        "wfmax": bits.f.max(axis=1),
        "smin": distances.min(axis=1),
        "smin_counts": distances_in_terms.min(axis=1),
        "aupr": area_under_curve(terms),
        "waupr": area_under_curve(bits),
        "fmicro": terms.f_micro.max(axis=1),
        "wfmicro": bits.f_micro.max(axis=1),
        "coverage": terms.coverage[:, 0],
        "fmax_threshold": THRESHOLDS[terms.f.argmax(axis=1)],
        "wfmax_threshold": THRESHOLDS[bits.f.argmax(axis=1)],
        "smin_threshold": THRESHOLDS[distances.argmin(axis=1)],
    }


def evaluate(
    truth: csr_array, scores: csr_array, accretion: Floats, *, n_bootstrap: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Measure predictions against the truth as CAFA does [1]_, with bootstrap intervals over genes.

    With the same seed the same genes are drawn for every model, so that models can be compared in pairs.

    Parameters
    ----------
    truth, scores, accretion
        As in `tabulate`; at least one gene.
    n_bootstrap : int, default=1000
        Number of resamples of the genes; with 0 the interval is NaN.
    seed : int, default=0

    Returns
    -------
    DataFrame with a row per metric of `summarise`, as its index, and columns value, low, high (95 % interval)

    References
    ----------
    .. [1] N. Zhou et al., The CAFA challenge reports improved protein function prediction and new functional
       annotations for hundreds of genes through experimental screens, Genome Biology 20, 244, 2019,
       doi:10.1186/s13059-019-1835-8
    """
    if truth.shape[0] == 0:
        raise ValueError("no gene to evaluate")
    terms, bits = tabulate(truth, scores, accretion)
    result = pd.DataFrame({"value": pd.DataFrame(summarise(average(terms), average(bits))).iloc[0]})
    result["low"] = result["high"] = np.nan
    samples = [
        pd.DataFrame(summarise(average(terms, weights), average(bits, weights)))
        for weights in _resamples(truth.shape[0], n_bootstrap, seed)
    ]
    if samples:
        result[["low", "high"]] = np.percentile(pd.concat(samples).to_numpy(), _INTERVAL, axis=0).T
    return result.rename_axis("metric")


def _entries(matrix: csr_array) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return rows, columns and values in order of rows and then columns, with each pair once."""
    matrix = csr_array(matrix, copy=not matrix.has_canonical_format)
    matrix.sum_duplicates()
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    kept = matrix.data != 0
    return rows[kept], matrix.indices[kept].astype(np.int64), matrix.data[kept].astype(np.float64)


def _histogram(rows: NDArray[np.int64], bins: NDArray[np.intp], weights: Floats, n_genes: int) -> Floats:
    """Return the sum of weights by gene and bin, shape (n_genes, n_bins); an entry in bin b reaches b thresholds."""
    counts = np.bincount(rows * _N_BINS + bins, weights=weights, minlength=n_genes * _N_BINS)
    return np.asarray(counts, dtype=np.float64).reshape(n_genes, _N_BINS)


def _at_or_above(histogram: Floats) -> Floats:
    return np.ascontiguousarray(histogram[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:])


def _resamples(n_genes: int, n_bootstrap: int, seed: int) -> Iterator[Floats]:
    """Yield how often each gene is drawn in resamples of all genes with replacement, shape (n_samples, n_genes)."""
    random = np.random.default_rng(seed)
    at_once = max(1, _RESAMPLED_AT_ONCE // n_genes)
    for start in range(0, n_bootstrap, at_once):
        n_samples = min(at_once, n_bootstrap - start)
        drawn = random.integers(0, n_genes, size=(n_samples, n_genes)) + n_genes * np.arange(n_samples)[:, None]
        yield np.bincount(drawn.ravel(), minlength=n_samples * n_genes).reshape(n_samples, n_genes).astype(np.float64)


def _where_predicted(values: Floats, coverage: Floats) -> Floats:
    """Replace values by infinity at thresholds without a prediction, unless no threshold has a prediction."""
    counted = (coverage > 0) | ~(coverage > 0).any(axis=1, keepdims=True)
    return np.where(counted, values, np.inf)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _harmonic_mean(precision: Floats, recall: Floats) -> Floats:
    return _ratio(2 * precision * recall, precision + recall)
