"""Judge, which measures scores on validation genes, and the comparison by which strategies stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import Ontology
from genessl.evaluation.metrics import GeneTable, average, tabulate
from genessl.models.supervision import Supervision

_N_SAMPLES = 200


@dataclass(frozen=True)
class Judgement:
    """The quality of some scores on some genes, and its variation if the genes are resampled.

    Parameters
    ----------
    quality : float
        As `Judge.quality` returns it.
    resampled : ndarray of float64, shape (n_samples,)
        The quality with the genes weighted at random [1]_; the weights are the same for all scores of the same genes.

    References
    ----------
    .. [1] D. B. Rubin, The Bayesian bootstrap, Annals of Statistics 9, 130-134, 1981, doi:10.1214/aos/1176345338
    """

    quality: float
    resampled: NDArray[np.float64]

    def worse_than(self, other: Judgement) -> bool:
        """Return whether the quality is lower by more than the standard error of the difference."""
        error = float((self.resampled - other.resampled).std())
        return self.quality < other.quality - error


@dataclass(frozen=True, eq=False)
class Judge:
    """Measure of scores by the weighted F-max on genes whose labels the predictor has not seen.

    The weighted F-max is computed in each aspect over the genes that are labelled in it and the dataset's terms. The
    quality is the mean over the aspects in which any gene is labelled.

    Parameters
    ----------
    supervision : Supervision
        It has the labels of these genes.
    rows : ndarray of int
        Row numbers of the genes.
    ontology : Ontology
        Its terms are the columns of the scores.
    accretion : ndarray of float64, shape (n_terms,)
        The information accretion of each column over all visible labels, in bits.
    """

    supervision: Supervision
    rows: NDArray[np.intp]
    ontology: Ontology
    accretion: NDArray[np.float64]

    @classmethod
    def of(cls, dataset: GeneDataset, supervision: Supervision) -> Self:
        """Return a judge that uses the labelled validation genes of a dataset."""
        rows = np.flatnonzero(supervision.validation & supervision.has_labels)
        return cls(supervision, rows, dataset.ontology, dataset.accretion)

    def quality(self, scores: NDArray[np.float32]) -> float:
        """Return the weighted F-max of scores, in [0, 1]; 0 if none of the genes is labelled.

        Parameters
        ----------
        scores : ndarray of float32, shape (n_genes, n_terms), in [0, 1]
            The method first makes them consistent with the ontology.
        """
        values = [float(average(table).f.max()) for _, table in self._tables(scores)]
        return float(np.mean(values)) if values else 0.0

    def judge(self, scores: NDArray[np.float32]) -> Judgement:
        """Return the quality of scores and its variation; see `quality`."""
        weights = np.random.default_rng(0).exponential(size=(_N_SAMPLES, len(self.rows)))
        samples, values = [], []
        for judged, table in self._tables(scores):
            values.append(float(average(table).f.max()))
            samples.append(average(table, weights[:, judged]).f.max(axis=1))
        if not values:
            return Judgement(0.0, np.zeros(_N_SAMPLES))
        return Judgement(float(np.mean(values)), np.mean(samples, axis=0))

    def _tables(self, scores: NDArray[np.float32]) -> Iterator[tuple[NDArray[np.bool_], GeneTable]]:
        """Yield for each aspect with labelled genes which genes are labelled, and the table of their scores in bits."""
        judged = self.ontology.propagate_scores(np.clip(scores[self.rows], 0.0, 1.0))
        positive = csr_array(self.supervision.positive[self.rows])
        for aspect in range(self.supervision.labelled.shape[1]):
            labelled = self.supervision.labelled[self.rows, aspect]
            columns = np.flatnonzero(self.supervision.aspect_of_term == aspect)
            if labelled.any():
                truth = csr_array(positive[labelled][:, columns])
                scored = csr_array(judged[np.ix_(labelled, columns)])
                yield labelled, tabulate(truth, scored, self.accretion[columns])[1]
