"""How good scores are on validation genes, and whether they fell: what strategies stop by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.evaluation.metrics import GeneTable, average, tabulate

_N_SAMPLES = 200


@dataclass(frozen=True)
class Judgement:
    """The quality of some scores on some genes, and how it would vary with other genes.

    Parameters
    ----------
    quality : float
        As `validation_quality` returns it.
    resampled : ndarray of float64, shape (n_samples,)
        The same with the genes weighted at random [1]_, alike for all scores of the same genes.

    References
    ----------
    .. [1] D. B. Rubin, The Bayesian bootstrap, Annals of Statistics 9, 130-134, 1981, doi:10.1214/aos/1176345338
    """

    quality: float
    resampled: NDArray[np.float64]

    def worse_than(self, other: Judgement) -> bool:
        """Tell whether the quality is lower by more than the standard error of the difference."""
        error = float((self.resampled - other.resampled).std())
        return self.quality < other.quality - error


def judge(scores: NDArray[np.float32], dataset: GeneDataset, rows: NDArray[np.intp]) -> Judgement:
    """Judge scores by some genes; parameters as in `validation_quality`, whose mean over aspects this takes."""
    weights = np.random.default_rng(0).exponential(size=(_N_SAMPLES, len(rows)))
    samples, values = [], []
    for judged, table in _tables(scores, dataset, rows):
        values.append(float(average(table).f.max()))
        samples.append(average(table, weights[:, judged]).f.max(axis=1))
    if not values:
        return Judgement(0.0, np.zeros(_N_SAMPLES))
    return Judgement(float(np.mean(values)), np.mean(samples, axis=0))


def validation_quality(scores: NDArray[np.float32], dataset: GeneDataset, rows: NDArray[np.intp]) -> float:
    """Return weighted F-max of some genes, the mean over the aspects in which any of them is labelled.

    Over the columns of the dataset, each gene in the aspects in which it is labelled; the weights are the information
    accretion over all visible labels.

    Parameters
    ----------
    scores : ndarray of float32, shape (n_genes, n_terms), in [0, 1]
        A parent scores at least its child.
    dataset : GeneDataset
        With the labels of these genes.
    rows : ndarray of int
        Row numbers of the genes.

    Returns
    -------
    float
        In [0, 1]; 0 where none of the genes is labelled.
    """
    values = [float(average(table).f.max()) for _, table in _tables(scores, dataset, rows)]
    return float(np.mean(values)) if values else 0.0


def _tables(
    scores: NDArray[np.float32], dataset: GeneDataset, rows: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.bool_], GeneTable]]:
    """Yield which of the rows are labelled in an aspect, and what they get right in bits, where there are any."""
    for aspect, name in enumerate(dataset.aspects):
        labelled = dataset.labelled[rows, aspect]
        judged, columns = rows[labelled], np.flatnonzero(dataset.ontology.aspects == name)
        if len(judged):
            truth = csr_array(dataset.positive[judged][:, columns])
            scored = csr_array(scores[np.ix_(judged, columns)])
            yield labelled, tabulate(truth, scored, dataset.accretion[columns])[1]
