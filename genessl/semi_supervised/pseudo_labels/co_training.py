"""Co-training: several views of the same genes choose labels of unlabelled genes, and learn from them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import Ontology
from genessl.errors import InputError
from genessl.evaluation.calibration import TermCalibration
from genessl.features.graphs import SIMILARITY
from genessl.features.muting import Muting
from genessl.models.base import Arrays, GenePredictor, check_count, check_range
from genessl.models.inputs import Fitted, ViewInputs
from genessl.models.kernel_regression import KernelRegression
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.propagation.label_propagation import LabelPropagation
from genessl.models.reasons import Reason
from genessl.models.supervision import Supervision
from genessl.models.view import View, as_view, check_predictor, fitted_view, split_validation
from genessl.semi_supervised.pseudo_labels.explaining import co_training_reasons
from genessl.semi_supervised.pseudo_labels.join import ViewJoin, calibrate, joined_with_pupils
from genessl.semi_supervised.pseudo_labels.lessons import TEACHERS, Lesson, write_lessons
from genessl.semi_supervised.pseudo_labels.rounds import TaughtInRounds
from genessl.semi_supervised.pseudo_labels.stopping import Judge, Judgement

_log = logging.getLogger(__name__)
VIEWS = ("sequence", "network", "third", "fourth")
_OFFSET_DEVIATION = 0.25
_Scores = list[NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class _Course:
    """All that a fit has read from the dataset; nothing else is read afterwards.

    Parameters
    ----------
    views : list of View
    inputs : list of ViewInputs
    speaks : list of ndarray of bool, each of shape (n_genes,)
        The genes about which each view has evidence (see `View.speaks_of`).
    supervision : Supervision
        All visible labels.
    ontology : Ontology
    judge : Judge
        It measures scores on the validation genes.
    """

    views: list[View[Any, Any]]
    inputs: list[ViewInputs]
    speaks: list[NDArray[np.bool_]]
    supervision: Supervision
    ontology: Ontology
    judge: Judge

    def score(self, fitted: list[Fitted]) -> _Scores:
        """Return the scores of all genes by the first views, before parents are raised to their children's scores."""
        return [view.score(learned, given) for view, learned, given in zip(self.views, fitted, self.inputs)]

    def judged(self, scores: _Scores, taught: _Scores, join: ViewJoin) -> Judgement:
        """Return how good the prediction is on the validation genes, which alone are joined."""
        table = np.zeros_like(scores[0])
        table[self.judge.rows] = joined_with_pupils(scores, taught, join, self.speaks, self.judge.rows)
        return self.judge.judge(table)

    def keep(self, fitted: list[Fitted]) -> list[GenePredictor]:
        """Return the first views as fitted predictors."""
        return [view.with_fitted(learned, self.ontology.terms) for view, learned in zip(self.views, fitted)]


@dataclass(frozen=True, eq=False)
class _Round:
    """The calibrations before a round of teaching: of each view, unless the teacher is joint, and of their join."""

    calibrations: list[TermCalibration]
    join: ViewJoin

    def at(self, frequency: NDArray[np.float32]) -> _Round:
        """Return the calibrations for views that were trained on labels in which the terms have this frequency."""
        return _Round([calibration.at(frequency) for calibration in self.calibrations], self.join.at(frequency))


class CoTraining(TaughtInRounds):
    """Train a sequence view and a network view on labels that several views choose for unlabelled genes [1]_.

    It learns from the labels, the sequences and the networks. Unlabelled genes are used: in each round some of them get
    pseudo-labels. It is transductive if one of its views is, as the default views are.

    In each round the views are fitted on the experimental labels and on those that they were taught last, and score the
    genes that are unlabelled in an aspect. Scores are calibrated on validation genes, those of a single view per term
    and joined ones per aspect. For a term that the share pi of the labelled genes have, the round(`quota` pi n) most
    confident of n unlabelled genes are taught as having it, and the less confident half as lacking it; the others are
    taught nothing (see `choose_by_quota`). Taught labels are closed over the ontology, weigh `weight` in the pupil's
    loss, and never replace an experimental label. Each round starts from fresh weights and chooses its labels anew, to
    limit confirmation bias.

    By default the teacher is the join of the two views and two more, which are not taught themselves: a
    `LabelPropagation` and a `KernelRegression`. With `teacher='other'` each view teaches the other, as in [1]_, and
    there are only two views unless more are given. With `teacher='agreement'`, tri-training [2]_, each of three views
    is taught the labels that both others would teach.

    The validation genes decide how many rounds are kept, with views that have not learned from their labels. Teaching
    stops when their weighted F-max falls by more than the standard error of the difference, because a smaller fall may
    be chance. The views are then trained anew, on all labels, for as many rounds. One calibration joins all views, so
    that the better view of an aspect weighs more. The prediction is half the join of the views before the last round
    and half the mean of the views taught in it: averaging helps because retrained views make other errors than the
    join. A view without evidence about a gene, such as a network view for a gene without an edge, neither teaches the
    gene nor contributes to its score. For a term that a pupil has not learned, the join replaces the pupil.

    Parameters
    ----------
    sequence_view, network_view : GenePredictor, optional
        By default a `SequenceNetwork` and a `GraphNetwork`. `PredictorView` describes how a predictor that is no `View`
        learns taught labels.
    third_view, fourth_view : GenePredictor, optional
        For example an `EvidenceNetwork` on electronic annotations. By default there is none with `teacher='other'`.
        Otherwise the third is a `LabelPropagation`, with `similarity` unless the dataset has a network of that name.
        With a joint teacher the fourth is a `KernelRegression`. A fourth view needs a third.
    rounds : int, default=1
        The most rounds of teaching; with 0 the views are only joined.
    quota : float, default=0.6
        Number of genes taught to have a term, as a share of those expected from the term's frequency, in (0, 1].
    weight : float, default=0.3
        Weight of a taught label in the loss, in (0, 1].
    teacher : {'joint', 'other', 'agreement'}
        What teaches a view: all views by their joint calibration, the mean of the other views, or the other views where
        they agree, which needs three views.
    pupil_epochs : int, default=3
        Epochs of training of a taught neural view, as a multiple of the epochs that were best on the labels alone. It
        is above 1 because taught labels add much to learn.
    device : {'auto', 'cpu', 'cuda'}
        Device of the default views.
    seed : int, default=0

    Attributes
    ----------
    views_ : list of GenePredictor
        All views, as fitted before the last round.
    pupils_ : list of GenePredictor
        The views taught in the last round; empty if no round was kept.
    join_ : ViewJoin
        The join of `views_`.
    n_iter_ : int
        Number of rounds of teaching that were kept.
    termination_condition_ : {'max_rounds', 'worse', 'nothing_to_teach', 'no_validation_genes'}
    history_ : list of float
        Weighted F-max on the validation genes, mean over aspects, before teaching and after each round tried.
    lessons_ : list of Lesson
        The labels taught in the rounds that were kept, in order.

    References
    ----------
    .. [1] A. Blum and T. Mitchell, Combining labeled and unlabeled data with co-training, COLT 1998,
       doi:10.1145/279943.279962
    .. [2] Z.-H. Zhou and M. Li, Tri-training: exploiting unlabeled data using three classifiers, IEEE Transactions on
       Knowledge and Data Engineering 17, 1529-1541, 2005, doi:10.1109/TKDE.2005.186
    """

    heeds_muting = True

    def __init__(
        self,
        *,
        sequence_view: GenePredictor | None = None,
        network_view: GenePredictor | None = None,
        third_view: GenePredictor | None = None,
        fourth_view: GenePredictor | None = None,
        rounds: int = 1,
        quota: float = 0.6,
        weight: float = 0.3,
        teacher: str = "joint",
        pupil_epochs: int = 3,
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.sequence_view = sequence_view
        self.network_view = network_view
        self.third_view = third_view
        self.fourth_view = fourth_view
        self.rounds = rounds
        self.quota = quota
        self.weight = weight
        self.teacher = teacher
        self.pupil_epochs = pupil_epochs
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        check_count("rounds", self.rounds, 0)
        check_count("pupil_epochs", self.pupil_epochs)
        check_count("seed", self.seed, 0)
        check_range("quota", self.quota, 0.0, 1.0, low_included=False)
        check_range("weight", self.weight, 0.0, 1.0, low_included=False)
        if self.teacher not in TEACHERS:
            found = " or ".join([", ".join(map(repr, TEACHERS[:-1])), repr(TEACHERS[-1])])
            raise InputError(f"teacher: found {self.teacher!r}, expected {found}")
        for name in VIEWS:
            check_predictor(f"{name}_view", getattr(self, f"{name}_view"))
        if self.fourth_view is not None and len(self._parts()) < len(VIEWS):
            raise InputError("fourth_view: found one without a third_view; give it as third_view")
        super()._check_parameters()

    def _parts(self) -> list[GenePredictor]:
        return self._make_views(similarity=True)

    def _make_views(self, *, similarity: bool) -> list[GenePredictor]:
        sequence = self.sequence_view or SequenceNetwork(device=self.device, seed=self.seed)
        network = self.network_view or GraphNetwork(device=self.device, seed=self.seed)
        third, fourth = self.third_view, self.fourth_view
        if third is None and self.teacher != "other":
            third = LabelPropagation(similarity=similarity)
        if fourth is None and self.teacher == "joint":
            fourth = KernelRegression(seed=self.seed)
        return [clone(view) for view in (sequence, network, third, fourth) if view is not None]

    @property
    def _n_pupils(self) -> int:
        """Number of views that are taught."""
        return 3 if self.teacher == "agreement" else 2

    def _fit(self, dataset: GeneDataset) -> None:
        self._fit_muted(dataset, None)

    def _fit_muted(self, dataset: GeneDataset, muting: Muting | None) -> None:
        course = self._begin(dataset, muting)
        n_rounds, epochs, practised = self._choose_rounds(course)
        rounds = [known.at(course.supervision.frequency) for known in practised]
        fitted = [
            view.learn(given, course.supervision, n_epochs=n_epochs)
            for view, given, n_epochs in zip(course.views, course.inputs, epochs)
        ]
        self.lessons_: list[Lesson] = []
        pupils: list[Fitted] = []
        for number in range(1, n_rounds + 1):
            before, fitted = fitted, [*pupils, *fitted[len(pupils) :]]
            lessons = self._teach(number, course, course.score(fitted), rounds[number - 1], course.supervision)
            if not any(lesson.positive.nnz for lesson in lessons):
                fitted, n_rounds, self.termination_condition_ = before, number - 1, "nothing_to_teach"
                break
            self.lessons_ += lessons[:1] if self.teacher == "joint" else lessons
            pupils = self._train(course, course.supervision, epochs, lessons)
        self.views_, self.pupils_ = course.keep(fitted), course.keep(pupils)
        self.join_ = rounds[max(n_rounds, 1) - 1].join
        self.n_iter_, self.genes_ = n_rounds, dataset.genes

    def _begin(self, dataset: GeneDataset, muting: Muting | None) -> _Course:
        """Read the dataset once for the whole fit."""
        views = [as_view(view) for view in self._make_views(similarity=SIMILARITY not in dataset.networks)]
        inputs = [view.prepare(dataset, muting) for view in views]
        speaks = [view.speaks_of(given) for view, given in zip(views, inputs)]
        supervision = Supervision.of(dataset, muting)
        return _Course(views, inputs, speaks, supervision, dataset.ontology, Judge.of(dataset, supervision))

    def _train(
        self, course: _Course, supervision: Supervision, epochs: list[int | None], lessons: list[Lesson]
    ) -> list[Fitted]:
        """Fit fresh views on the labels and the lessons, the first view on the first lesson."""
        pupils: list[Fitted] = []
        for view, given, n_epochs, lesson in zip(course.views, course.inputs, epochs, lessons):
            taught = lesson.among(view.teachable(given)).added_to(supervision, self.weight)
            pupils.append(view.learn(given, taught, n_epochs=n_epochs and n_epochs * self.pupil_epochs))
        return pupils

    def _choose_rounds(self, course: _Course) -> tuple[int, list[int | None], list[_Round]]:
        """Try rounds without the labels of the validation genes.

        Return the number of rounds to keep, the epochs of each view that is trained in epochs, and the calibrations
        before each round, which are used again for the final views.
        """
        practice, held_out = split_validation(course.supervision)
        validation = held_out.has_labels
        fitted = [view.learn(given, practice, validation=held_out) for view, given in zip(course.views, course.inputs)]
        epochs = [learned.n_epochs for learned in fitted]
        scores = course.score(fitted)
        rounds = [self._known(course, scores, validation)]
        if not validation.any():
            self.history_ = [0.0]
            self.termination_condition_ = "no_validation_genes"
            return self.rounds, epochs, rounds * max(self.rounds, 1)
        best = course.judged(scores, [], rounds[0].join)
        self.history_ = [best.quality]
        n_rounds, self.termination_condition_ = 0, "max_rounds"
        for number in range(1, self.rounds + 1):
            lessons = self._teach(number, course, scores, rounds[-1], practice, excluded=validation)
            if not any(lesson.positive.nnz for lesson in lessons):
                self.termination_condition_ = "nothing_to_teach"
                break
            taught = course.score(self._train(course, practice, epochs, lessons))
            found = course.judged(scores, taught, rounds[-1].join)
            self.history_.append(found.quality)
            _log.info("co-training round %d: weighted F-max %.4f on validation genes", number, found.quality)
            if found.worse_than(best):
                self.termination_condition_ = "worse"
                break
            n_rounds, best = number, max(best, found, key=lambda judgement: judgement.quality)
            if number < self.rounds:
                scores = [*taught, *scores[len(taught) :]]
                rounds.append(self._known(course, scores, validation))
        return n_rounds, epochs, rounds

    def _known(self, course: _Course, scores: _Scores, validation: NDArray[np.bool_]) -> _Round:
        """Fit the join of the views on the validation genes and, unless the teacher is joint, calibrate each view."""
        calibrations = [
            calibrate(
                [view], course.supervision, validation & speaks, trained=~validation, offset_deviation=_OFFSET_DEVIATION
            )
            for view, speaks in zip(scores, course.speaks)
            if self.teacher != "joint"
        ]
        return _Round(calibrations, ViewJoin.fit(scores, course.speaks, course.supervision, validation))

    def _teach(
        self,
        number: int,
        course: _Course,
        scores: _Scores,
        known: _Round,
        supervision: Supervision,
        *,
        excluded: NDArray[np.bool_] | None = None,
    ) -> list[Lesson]:
        """Return a lesson for each pupil; without a joint teacher, it holds only labels that the pupil may learn."""
        pool = np.ones(len(supervision.genes), dtype=bool) if excluded is None else ~excluded
        joint = self.teacher == "joint"
        opinions = (
            [known.join.apply(scores, course.speaks)]
            if joint
            else [calibration.apply([view]) for calibration, view in zip(known.calibrations, scores)]
        )
        lessons = write_lessons(
            number,
            opinions,
            [pool] if joint else [pool & speaks for speaks in course.speaks],
            VIEWS,
            supervision,
            course.ontology,
            teacher=self.teacher,
            n_pupils=self._n_pupils,
            quota=self.quota,
        )
        if joint:
            return lessons
        return [
            lesson.among(view.teachable(given)) for view, given, lesson in zip(course.views, course.inputs, lessons)
        ]

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        return self._predict_muted(dataset, None)

    def _predict_muted(self, dataset: GeneDataset, muting: Muting | None) -> NDArray[np.float32]:
        scores, speaks, taught = [], [], []
        for number, predictor in enumerate(self.views_):
            view, fitted = fitted_view(predictor)
            inputs = view.prepare(dataset, muting, like=fitted.preparation)
            scores.append(view.score(fitted, inputs))
            speaks.append(view.speaks_of(inputs))
            if number < len(self.pupils_):
                taught.append(view.score(fitted_view(self.pupils_[number])[1], inputs))
        return joined_with_pupils(scores, taught, self.join_, speaks, np.arange(dataset.n_genes))

    def _reasons(self, dataset: GeneDataset, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> list[list[Reason]]:
        return co_training_reasons(dataset, self._owned(), self.pupils_, self.join_, rows, columns)

    def _owned(self) -> dict[str, GenePredictor]:
        return {f"{name}_view": view for name, view in zip(VIEWS, self.views_)}

    def _own(self, fitted: Mapping[str, GenePredictor]) -> None:
        self.views_ = list(fitted.values())

    def _write(self, folder: Path) -> None:
        super()._write(folder)
        for name, pupil in zip(VIEWS, self.pupils_):
            (folder / f"{name}_pupil").mkdir()
            pupil._write(folder / f"{name}_pupil")

    def _state(self) -> Arrays:
        return {**super()._state(), **{f"join.{name}": array for name, array in self.join_.pack().items()}}

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "pupils": list(VIEWS[: len(self.pupils_)])}

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        super()._restore(arrays, facts, folder)
        self.pupils_ = [GenePredictor.load(folder / f"{name}_pupil") for name in facts["pupils"]]
        self.join_ = ViewJoin.unpack(arrays, "join.")
