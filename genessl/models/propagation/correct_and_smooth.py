"""Correct and Smooth: spread a predictor's errors on labelled genes over the networks, and then its scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import clone

from genessl.data.dataset import GeneDataset
from genessl.data.sparse import keep_rows, pack_sparse, unpack_sparse
from genessl.errors import InputError
from genessl.features.graphs import joined_graph, neighbour_average
from genessl.models.base import Arrays, GenePredictor, check_count, check_flag, check_range
from genessl.models.inputs import Preparation
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.out_of_fold import deal_folds, fit_folds, join_folds
from genessl.models.owner import Owner
from genessl.models.propagation.iteration import check_share, spread
from genessl.models.supervision import Supervision
from genessl.models.view import check_predictor, raw_scores

_TERMS_AT_ONCE = 512
_LARGEST_SCALE = 1000.0


class CorrectAndSmooth(Owner):
    """Correct a predictor's scores by its errors on neighbours, then smooth them together with the labels [1]_.

    It learns from the labels, from what its predictor reads, and from the networks. Unlabelled genes are used: errors
    and scores spread through them. It is transductive: all genes that it was fitted with must be in the dataset to
    predict.

    With Z the predictor's scores, Y the labels, W the sum of the networks and P = D^-1 W:

    - correct: E = correction P E + (1 - correction) E0, from the residuals E0 = Y - Z of labelled genes, 0 for others;
      Z' = Z + s E, cut to [0, 1]. With `autoscale` each gene i has its own s: the mean |E0_j|_1 of the labelled genes j
      divided by |E_i|_1, or 1 where that is above 1000. Without it s = `scale`, and labelled genes keep E0 throughout;
    - smooth: F = smoothing P F + (1 - smoothing) F0, with F0 = Y for labelled genes and Z' for the others.

    Genes are labelled or not in each aspect, and both steps are taken aspect by aspect. A labelled gene's Z comes from
    a predictor fitted without the gene's fold, because a predictor that has seen the label makes hardly any error on
    it. The other genes' Z comes from a predictor fitted with all labels. A labelled gene scores 1 for the terms that it
    is known to have. Its other terms score smoothing P F + (1 - smoothing) Z, evaluated once, because a term that is
    not annotated need not be absent. A gene without an edge keeps Z.

    P takes the mean over neighbours, where the paper mostly uses D^-1/2 W D^-1/2. Scores are compared between genes
    here, and D^-1/2 W D^-1/2 raises the scores of hubs and lowers those of their neighbours. A mean also stays within
    the range of its values, so that nothing needs to be cut within the iterations.

    Parameters
    ----------
    predictor : GenePredictor, optional
        By default a `SequenceNetwork`, which does not read the networks.
    correction : float, default=0.8
        Share of the neighbours in the residuals, in [0, 1); with 0 unlabelled genes are not corrected.
    smoothing : float, default=0.5
        Share of the neighbours in the scores, in [0, 1); with 0 nothing is smoothed.
    autoscale : bool, default=True
        Whether each gene's residuals are scaled to the mean length of the labelled genes' residuals.
    scale : float, default=1
        Factor of the residuals without `autoscale`, at least 0.
    similarity : bool, default=False
        Whether the similarity of the sequences is one more network (see `similarity_network`).
    n_folds : int, default=4
        Number of folds of the labelled genes, at least 2.
    tolerance : float, default=1e-4
        Largest change of a residual or score at which iteration stops.
    max_iterations : int, default=1000
    device : {'auto', 'cpu', 'cuda'}
        Device of the default predictor.
    seed : int, default=0
        Seed of the folds and of the default predictor.

    Attributes
    ----------
    predictor_ : GenePredictor
        The predictor fitted with all labels.
    out_of_fold_ : csr_array of float32, shape (n_genes, n_terms)
        Scores of labelled genes by predictors that have not seen their labels; scores below 0.0001 are left out.
    supervision_ : Supervision
    preparation_ : Preparation

    References
    ----------
    .. [1] Q. Huang et al., Combining label propagation and simple models out-performs graph neural networks, ICLR 2021,
       doi:10.48550/arXiv.2010.13993
    """

    def __init__(
        self,
        *,
        predictor: GenePredictor | None = None,
        correction: float = 0.8,
        smoothing: float = 0.5,
        autoscale: bool = True,
        scale: float = 1.0,
        similarity: bool = False,
        n_folds: int = 4,
        tolerance: float = 1e-4,
        max_iterations: int = 1000,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.predictor = predictor
        self.correction = correction
        self.smoothing = smoothing
        self.autoscale = autoscale
        self.scale = scale
        self.similarity = similarity
        self.n_folds = n_folds
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        check_predictor("predictor", self.predictor)
        for name in ("correction", "smoothing"):
            check_share(name, getattr(self, name))
        check_flag("autoscale", self.autoscale)
        check_flag("similarity", self.similarity)
        check_range("scale", self.scale, 0.0)
        check_count("n_folds", self.n_folds, 2)
        check_range("tolerance", self.tolerance, 0.0, low_included=False)
        check_count("max_iterations", self.max_iterations)
        check_count("seed", self.seed, 0)
        super()._check_parameters()

    def _parts(self) -> list[GenePredictor]:
        return [self._make_predictor()]

    def _make_predictor(self) -> GenePredictor:
        predictor: GenePredictor = clone(self.predictor or SequenceNetwork(device=self.device, seed=self.seed))
        return predictor

    def _fit(self, dataset: GeneDataset) -> None:
        self.supervision_ = Supervision.of(dataset)
        self.preparation_ = Preparation(genes=dataset.genes, networks=tuple(sorted(dataset.networks)))
        labelled = self.supervision_.has_labels
        if labelled.sum() < 2 * self.n_folds:
            raise InputError(
                f"n_folds: found {labelled.sum()} labelled genes for {self.n_folds} folds, expected at least two in"
                " each; ask for fewer folds"
            )
        fold = deal_folds(labelled, n_folds=self.n_folds, seed=self.seed)
        seen = self.supervision_.labelled[:, self.supervision_.aspect_of_term]
        parts = (scores for _, scores in fit_folds(self._make_predictor(), dataset, fold))
        self.out_of_fold_ = keep_rows(csr_array(join_folds(parts, fold, seen)), labelled)
        self.predictor_ = self._make_predictor().fit(dataset)

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        self.preparation_.check(dataset)
        self.preparation_.check_genes(dataset, type(self).__name__)
        targets, labelled = self.supervision_.labels_for(dataset.genes)
        scores = self._first_scores(dataset, labelled)
        operator = neighbour_average(joined_graph(dataset, similarity=self.similarity))
        for aspect in range(labelled.shape[1]):
            columns = np.flatnonzero(self.supervision_.aspect_of_term == aspect)
            truth, known = targets[:, columns].toarray(), labelled[:, aspect]
            scores[:, columns] = self._correct_and_smooth(operator, scores[:, columns], truth, known)
        return scores

    def _first_scores(self, dataset: GeneDataset, labelled: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return Z: the predictor's scores, which are out of fold in the aspects in which a gene is labelled."""
        scores = np.clip(raw_scores(self.predictor_, dataset), 0.0, 1.0).astype(np.float32)
        genes = np.flatnonzero(labelled.any(axis=1))
        rows = pd.Index(self.supervision_.genes).get_indexer(pd.Index(dataset.genes[genes]))
        unseen = np.clip(self.out_of_fold_[rows].toarray(), 0.0, 1.0)
        scores[genes] = np.where(labelled[genes][:, self.supervision_.aspect_of_term], unseen, scores[genes])
        return scores

    def _correct_and_smooth(
        self,
        operator: csr_array,
        scores: NDArray[np.float32],
        truth: NDArray[np.float32],
        labelled: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        """Take both steps for the terms of an aspect; a labelled gene is scored as if its own label were unknown."""
        corrected = np.clip(self._correct(operator, scores, truth, labelled), 0.0, 1.0)
        smoothed = self._smooth(operator, corrected, truth, labelled)
        around = operator[labelled] @ smoothed
        around *= np.float32(self.smoothing)
        around += np.float32(1.0 - self.smoothing) * scores[labelled]
        connected = np.diff(operator.indptr)[labelled] > 0
        smoothed[labelled] = np.maximum(np.where(connected[:, None], around, scores[labelled]), truth[labelled])
        return smoothed

    def _correct(
        self,
        operator: csr_array,
        scores: NDArray[np.float32],
        truth: NDArray[np.float32],
        labelled: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        """Return Z + s E, shape (n_genes, n_terms), not yet cut to [0, 1]."""
        residual = np.where(labelled[:, None], truth - scores, np.float32(0.0))
        if not self.autoscale:
            return scores + np.float32(self.scale) * self._spread(operator, residual, self.correction, held=labelled)
        error = self._spread(operator, residual, self.correction)
        usual = np.abs(residual).sum() / max(1, labelled.sum())
        length = np.abs(error).sum(axis=1, keepdims=True)
        scale = np.divide(usual, length, out=np.full_like(length, np.inf), where=length > 0)
        return np.asarray(scores + np.where(scale > _LARGEST_SCALE, np.float32(1.0), scale) * error)

    def _smooth(
        self,
        operator: csr_array,
        scores: NDArray[np.float32],
        truth: NDArray[np.float32],
        labelled: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        """Return F, shape (n_genes, n_terms), in [0, 1]."""
        return self._spread(operator, np.where(labelled[:, None], truth, scores), self.smoothing)

    def _spread(
        self, operator: csr_array, start: NDArray[np.float32], alpha: float, *, held: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float32]:
        """Spread a block of terms at a time; genes without an edge keep their start values."""
        isolated = np.diff(operator.indptr) == 0
        result = np.empty_like(start)
        for first in range(0, start.shape[1], _TERMS_AT_ONCE):
            block = slice(first, first + _TERMS_AT_ONCE)
            result[:, block], _ = spread(
                operator,
                start[:, block],
                alpha=alpha,
                tolerance=self.tolerance,
                max_iterations=self.max_iterations,
                held=isolated if held is None else isolated | held,
            )
        return result

    def _owned(self) -> dict[str, GenePredictor]:
        return {"predictor": self.predictor_}

    def _own(self, fitted: Mapping[str, GenePredictor]) -> None:
        self.predictor_ = fitted["predictor"]

    def _state(self) -> Arrays:
        return {**self.supervision_.pack(), **pack_sparse("out_of_fold", self.out_of_fold_)}

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "preparation": self.preparation_.facts()}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        super()._restore(arrays, facts, folder)
        self.preparation_ = Preparation.unpack(arrays, facts["preparation"])
        self.supervision_ = Supervision.unpack(arrays, facts["preparation"]["genes"])
        self.out_of_fold_ = unpack_sparse("out_of_fold", arrays)
