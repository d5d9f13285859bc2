"""Teaching a predictor: how taught labels enter a fit, of a neural predictor or of any other."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import TRAIN, GeneDataset
from genessl.features.graphs import unheard_genes
from genessl.models.base import GenePredictor
from genessl.models.neural.evidence_network import EvidenceNetwork
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.training import NeuralPredictor
from genessl.models.supervision import Supervision
from genessl.semi_supervised.positive_unlabelled import PositiveUnlabelled
from genessl.semi_supervised.pseudo_labels.lessons import Lesson
from genessl.semi_supervised.scikit_view import ScikitView


def prepared(predictor: GenePredictor, dataset: GeneDataset) -> dict[str, Any] | None:
    """Return the inputs of a neural predictor, to be computed once for all its fits; None for any other.

    What a predictor would choose anew in each fit is chosen here, once for all.
    """
    if isinstance(predictor, EvidenceNetwork):
        predictor.choose_inputs(dataset)
    if isinstance(predictor, PositiveUnlabelled):
        predictor.choose_treatment(dataset)
    return predictor.prepare(dataset) if isinstance(predictor, NeuralPredictor) else None


def fit_taught(
    predictor: GenePredictor,
    dataset: GeneDataset,
    lesson: Lesson | None,
    *,
    weight: float,
    softly: bool = False,
    inputs: dict[str, Any] | None = None,
    n_epochs: int | None = None,
) -> GenePredictor:
    """Fit a copy of a predictor on a dataset's labels and on what is taught.

    A neural predictor and a `ScikitView` take taught labels with a weight, and may leave a gene's other terms unknown.
    Any other predictor learns from a dataset whose genes carry them as if they were experimental: there no label can be
    weighted, and a gene taught to have a term counts as lacking the aspect's other terms. Taught genes without a label
    of their own count there as training genes, for an owned strategy is to judge itself on experiments. Genes of which
    a predictor cannot be taught (see `can_be_taught`) are left out.

    Parameters
    ----------
    predictor : GenePredictor
        Left as it is.
    dataset : GeneDataset
        Genes sorted by identifier.
    lesson : Lesson, optional
        Labels of genes that have no experimental ones in the aspect.
    weight : float
        Of a taught label, an experimental one having 1; for a neural predictor.
    softly : bool, default=False
        Whether a neural predictor is taught the teacher's probabilities in place of 1 and 0.
    inputs : dict, optional
        As a neural predictor's `prepare` returns them.
    n_epochs : int, optional
        To train a neural predictor.
    """
    fitted = copy.copy(predictor)
    if lesson is not None:
        lesson = lesson.among(can_be_taught(fitted, dataset))
    supervision = Supervision.of(dataset)
    if lesson is not None:
        supervision = supervision.teach(lesson.positive, lesson.negative, weight, softly=softly)
    if isinstance(fitted, ScikitView):
        fitted.terms_ = dataset.ontology.terms
        return fitted.learn(fitted.prepare(dataset), supervision)
    if isinstance(fitted, NeuralPredictor):
        inputs = fitted.prepare(dataset) if inputs is None else inputs
        fitted._take(fitted.train(inputs, supervision, n_epochs=n_epochs), inputs)
        fitted.terms_ = dataset.ontology.terms
        return fitted
    return fitted.fit(dataset if lesson is None else _with_lesson(dataset, lesson))


def can_be_taught(predictor: GenePredictor, dataset: GeneDataset) -> NDArray[np.bool_]:
    """Tell which genes' labels a predictor can be taught, shape (n_genes,).

    Suspects (see `RSMatch`) are taught to neural predictors only, which have a dummy head for them, and to none of
    networks, which reads nothing but their place. A model to which a taught label is as good as an experimental one is
    taught none of a gene that is to relay no labels.
    """
    untaught = dataset.suspects
    if not isinstance(predictor, (NeuralPredictor, ScikitView)):
        untaught = unheard_genes(dataset, relaying=True)
    elif isinstance(predictor, NeuralPredictor) and not isinstance(predictor, GraphNetwork):
        untaught = None
    return np.ones(dataset.n_genes, dtype=bool) if untaught is None else ~untaught


def _with_lesson(dataset: GeneDataset, lesson: Lesson) -> GeneDataset:
    """Return the dataset with taught labels among the experimental ones."""
    positive, negative = lesson.positive.astype(bool), lesson.negative.astype(bool)
    taught = (np.diff(positive.indptr) + np.diff(negative.indptr) > 0) & ~dataset.labelled.any(axis=1)
    return replace(
        dataset,
        positive=csr_array(dataset.positive + positive),
        negative=csr_array(dataset.negative + negative),
        split=np.where(taught, TRAIN, dataset.split).astype(np.uint8),
    )


def fit_first(
    predictor: GenePredictor, dataset: GeneDataset, practice: GeneDataset, inputs: dict[str, Any] | None
) -> GenePredictor:
    """Fit a copy on what may be practised on; a neural predictor's epochs are chosen on the validation genes."""
    if not isinstance(predictor, NeuralPredictor) or inputs is None:
        return fit_taught(predictor, practice, None, weight=1.0)
    fitted = copy.copy(predictor)
    fitted._take(predictor.choose_epochs(inputs, dataset, Supervision.of(dataset)), inputs)
    fitted.terms_ = dataset.ontology.terms
    return fitted


def scores_of(fitted: GenePredictor, dataset: GeneDataset, inputs: dict[str, Any] | None) -> NDArray[np.float32]:
    """Return what a predictor says of the dataset's genes; a neural one from inputs that are computed once."""
    if isinstance(fitted, NeuralPredictor) and inputs is not None:
        return dataset.ontology.propagate_scores(fitted.score(fitted.fitted_, inputs, dataset.n_terms))
    return fitted.predict_proba(dataset)
