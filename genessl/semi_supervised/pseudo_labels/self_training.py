"""Self-training: a predictor learns from its own most confident predictions; validation genes decide for how long."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import Ontology
from genessl.errors import InputError
from genessl.evaluation.calibration import TermCalibration
from genessl.features.muting import Muting
from genessl.models.base import GenePredictor, check_count, check_flag, check_range
from genessl.models.inputs import Fitted, ViewInputs
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.reasons import Reason
from genessl.models.supervision import Supervision
from genessl.models.view import View, as_view, check_predictor, raw_scores, split_validation
from genessl.semi_supervised.pseudo_labels.join import calibrate
from genessl.semi_supervised.pseudo_labels.lessons import Choice, Lesson, choose_by_quota, close_lesson
from genessl.semi_supervised.pseudo_labels.rounds import TaughtInRounds
from genessl.semi_supervised.pseudo_labels.stopping import Judge
from genessl.semi_supervised.pseudo_labels.thresholds import (
    RunningConfidence,
    choose_adaptively,
    choose_fixed,
    choose_self_adaptively,
)

_log = logging.getLogger(__name__)
SELECTIONS = ("quota", "adaptive", "self_adaptive", "fixed")
_OFFSET_DEVIATION = 0.25
_PATIENCE = 2


@dataclass(frozen=True, eq=False)
class _Course:
    """All that a fit has read from the dataset; nothing else is read afterwards.

    Parameters
    ----------
    view : View
    inputs : ViewInputs
    supervision : Supervision
        All visible labels.
    ontology : Ontology
    judge : Judge
        It measures scores on the validation genes.
    """

    view: View[Any, Any]
    inputs: ViewInputs
    supervision: Supervision
    ontology: Ontology
    judge: Judge

    def score(self, fitted: Fitted) -> NDArray[np.float32]:
        """Return the scores of all genes, consistent with the ontology."""
        return self.ontology.propagate_scores(np.clip(self.view.score(fitted, self.inputs), 0.0, 1.0))


class SelfTraining(TaughtInRounds):
    """Let any predictor learn from its own predictions for unlabelled genes, round by round [1]_.

    It learns from the labels and from what its predictor reads. Unlabelled genes are used: in each round some of them
    get pseudo-labels. It is transductive only if its predictor is.

    In each round the predictor is fitted on the experimental labels and on those that it taught itself last, and scores
    the genes that are unlabelled in an aspect. Its scores are calibrated per term on validation genes, which the fit
    has not seen. `selection` chooses the labels to teach by the calibrated probabilities:

    - 'quota': for a term that the share pi of the labelled genes have, the round(`quota` pi n) most confident of n;
    - 'adaptive': of these, those above `threshold`, which is lower for terms that are learnt less (FlexMatch [2]_);
    - 'self_adaptive': of these, those above a running mean of the term's predictions (FreeMatch [3]_);
    - 'fixed': all above `threshold`. This is the control: rare terms never reach the threshold.

    All but the last also teach the less confident half of the genes as lacking the term. With a curriculum, round r of
    `rounds` has r / `rounds` of the quota. Taught labels are closed over the ontology and never replace an experimental
    label. `PredictorView` describes how a predictor that is no `View` learns them. Labelled validation genes are not
    taught.

    The validation genes decide how many rounds are kept, by fits that have not seen their labels. Teaching stops when
    their weighted F-max has not risen for two rounds. The predictor is then fitted anew, on all labels, for the number
    of rounds that was best. Without validation genes all rounds are run, and the confidence is the uncalibrated score.
    The prediction is that of the last fit and is not calibrated.

    Parameters
    ----------
    predictor : GenePredictor, optional
        By default a `SequenceNetwork`.
    rounds : int, default=3
        The most rounds of teaching; with 0 the predictor is fitted on the labels alone.
    selection : {'adaptive', 'self_adaptive', 'quota', 'fixed'}
    quota : float, default=0.6
        The most genes taught to have a term, as a share of those expected from the term's frequency, in (0, 1]. 'fixed'
        does not use it.
    threshold : float, default=0.9
        Calibrated probability, in (0.5, 1]; used by 'adaptive' and 'fixed'.
    weight : float, default=0.3
        Weight of a taught label in the loss of a neural predictor, in (0, 1].
    curriculum : bool, default=True
        Whether the quota grows with the rounds.
    device : {'auto', 'cpu', 'cuda'}
        Device of the default predictor.
    seed : int, default=0
        Seed of the default predictor.

    Attributes
    ----------
    predictor_ : GenePredictor
        The predictor of the last fit.
    n_iter_ : int
        Number of rounds of teaching before the last fit.
    termination_condition_ : {'max_rounds', 'no_improvement', 'nothing_to_teach', 'no_validation_genes'}
        'max_rounds' means that all rounds were tried; `n_iter_` may still be smaller, if an earlier round was best.
    history_ : list of float
        Weighted F-max on the validation genes, mean over aspects, before teaching and after each round tried.
    lessons_ : list of Lesson
        The lessons of the final fit, in order; each replaces the one before.

    References
    ----------
    .. [1] D. Yarowsky, Unsupervised word sense disambiguation rivaling supervised methods, ACL 1995,
       doi:10.3115/981658.981684
    .. [2] B. Zhang et al., FlexMatch: boosting semi-supervised learning with curriculum pseudo labeling, NeurIPS 2021,
       doi:10.48550/arXiv.2110.08263
    .. [3] Y. Wang et al., FreeMatch: self-adaptive thresholding for semi-supervised learning, ICLR 2023,
       doi:10.48550/arXiv.2205.07246
    """

    heeds_muting = True

    def __init__(
        self,
        *,
        predictor: GenePredictor | None = None,
        rounds: int = 3,
        selection: str = "adaptive",
        quota: float = 0.6,
        threshold: float = 0.9,
        weight: float = 0.3,
        curriculum: bool = True,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.predictor = predictor
        self.rounds = rounds
        self.selection = selection
        self.quota = quota
        self.threshold = threshold
        self.weight = weight
        self.curriculum = curriculum
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        check_count("rounds", self.rounds, 0)
        check_count("seed", self.seed, 0)
        check_range("quota", self.quota, 0.0, 1.0, low_included=False)
        check_range("threshold", self.threshold, 0.5, 1.0, low_included=False)
        check_range("weight", self.weight, 0.0, 1.0, low_included=False)
        if self.selection not in SELECTIONS:
            raise InputError(f"selection: found {self.selection!r}, expected one of {', '.join(SELECTIONS)}")
        check_flag("curriculum", self.curriculum)
        check_predictor("predictor", self.predictor)
        super()._check_parameters()

    def _parts(self) -> list[GenePredictor]:
        return [self._make_predictor()]

    def _make_predictor(self) -> GenePredictor:
        made: GenePredictor = clone(self.predictor or SequenceNetwork(device=self.device, seed=self.seed))
        return made

    def _fit(self, dataset: GeneDataset) -> None:
        self._fit_muted(dataset, None)

    def _fit_muted(self, dataset: GeneDataset, muting: Muting | None) -> None:
        view, supervision = as_view(self._make_predictor()), Supervision.of(dataset, muting)
        judge = Judge.of(dataset, supervision)
        course = _Course(view, view.prepare(dataset, muting), supervision, dataset.ontology, judge)
        pupils = ~(supervision.validation & supervision.has_labels) & view.teachable(course.inputs)
        n_rounds, n_epochs, calibrations = self._choose_rounds(course, pupils)
        fitted, running = view.learn(course.inputs, supervision, n_epochs=n_epochs), None
        self.lessons_: list[Lesson] = []
        for number, calibration in enumerate(calibrations[:n_rounds], start=1):
            confidence = calibration.at(supervision.frequency).apply([course.score(fitted)])
            lesson, running = self._teach(number, confidence, supervision, course.ontology, pupils, running)
            self.lessons_.append(lesson)
            fitted = view.learn(course.inputs, lesson.added_to(supervision, self.weight), n_epochs=n_epochs)
        self.predictor_ = view.with_fitted(fitted, dataset.ontology.terms)
        self.n_iter_, self.genes_ = n_rounds, dataset.genes

    def _choose_rounds(
        self, course: _Course, pupils: NDArray[np.bool_]
    ) -> tuple[int, int | None, list[TermCalibration]]:
        """Try rounds without the labels of the validation genes.

        Return the best number of rounds, the epochs of a view that is trained in epochs, and the calibration before
        each round.
        """
        practice, held_out = split_validation(course.supervision)
        view, validation = course.view, held_out.has_labels
        fitted = view.learn(course.inputs, practice, validation=held_out)
        n_epochs, scores = fitted.n_epochs, course.score(fitted)
        calibrations = [self._calibration(course, scores, validation)]
        if not validation.any():
            _log.warning("self-training: no validation genes; confidence is not calibrated and all rounds are run")
            self.history_ = [0.0]
            self.termination_condition_ = "no_validation_genes"
            return self.rounds, n_epochs, calibrations * self.rounds
        self.history_ = [course.judge.quality(scores)]
        best, running, self.termination_condition_ = 0, None, "max_rounds"
        for number in range(1, self.rounds + 1):
            confidence = calibrations[-1].apply([scores])
            lesson, running = self._teach(number, confidence, practice, course.ontology, pupils, running)
            if not lesson.positive.nnz:
                self.termination_condition_ = "nothing_to_teach"
                break
            scores = course.score(view.learn(course.inputs, lesson.added_to(practice, self.weight), n_epochs=n_epochs))
            calibrations.append(self._calibration(course, scores, validation))
            self.history_.append(course.judge.quality(scores))
            _log.info("self-training round %d: weighted F-max %.4f on validation genes", number, self.history_[-1])
            if self.history_[-1] > self.history_[best]:
                best = number
            elif number - best >= _PATIENCE:
                self.termination_condition_ = "no_improvement"
                break
        return best, n_epochs, calibrations

    def _calibration(
        self, course: _Course, scores: NDArray[np.float32], validation: NDArray[np.bool_]
    ) -> TermCalibration:
        """Calibrate the scores of each term on validation genes; without any, probabilities are the scores."""
        supervision = course.supervision
        return calibrate([scores], supervision, validation, trained=~validation, offset_deviation=_OFFSET_DEVIATION)

    def _teach(
        self,
        number: int,
        confidence: NDArray[np.float32],
        supervision: Supervision,
        ontology: Ontology,
        pupils: NDArray[np.bool_],
        running: RunningConfidence | None,
    ) -> tuple[Lesson, RunningConfidence | None]:
        """Choose the labels of a round from calibrated scores, and return the lesson."""
        choice, running = self._choose(number, confidence, supervision, pupils, running)
        return close_lesson(number, "self", confidence, choice, supervision, ontology), running

    def _choose(
        self,
        number: int,
        confidence: NDArray[np.float32],
        supervision: Supervision,
        pupils: NDArray[np.bool_],
        running: RunningConfidence | None,
    ) -> tuple[Choice, RunningConfidence | None]:
        quota = self.quota * number / self.rounds if self.curriculum else self.quota
        if self.selection == "quota":
            return choose_by_quota(confidence, supervision, pupils, quota=quota), None
        if self.selection == "fixed":
            return choose_fixed(confidence, supervision, pupils, threshold=self.threshold), None
        if self.selection == "adaptive":
            return choose_adaptively(confidence, supervision, pupils, threshold=self.threshold, quota=quota), None
        return choose_self_adaptively(confidence, supervision, pupils, quota=quota, earlier=running)

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        return self._predict_muted(dataset, None)

    def _predict_muted(self, dataset: GeneDataset, muting: Muting | None) -> NDArray[np.float32]:
        return raw_scores(self.predictor_, dataset, muting)

    def _reasons(self, dataset: GeneDataset, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> list[list[Reason]]:
        return self.predictor_._reasons(dataset, rows, columns)

    def _owned(self) -> dict[str, GenePredictor]:
        return {"predictor": self.predictor_}

    def _own(self, fitted: Mapping[str, GenePredictor]) -> None:
        self.predictor_ = fitted["predictor"]
