"""Co-training: views of the same genes teach themselves on the genes that no experiment has described."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from genessl.data.dataset import VALIDATION, GeneDataset
from genessl.errors import InputError
from genessl.evaluation.calibration import TermCalibration
from genessl.features.graphs import SIMILARITY
from genessl.models.base import Arrays, GenePredictor, check_count, check_range
from genessl.models.kernel_regression import KernelRegression
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.neural.training import NeuralPredictor
from genessl.models.propagation.label_propagation import LabelPropagation
from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.join import ViewJoin, calibrate, with_edges
from genessl.semi_supervised.pseudo_labels.lessons import Lesson
from genessl.semi_supervised.pseudo_labels.rounds import TaughtInRounds
from genessl.semi_supervised.pseudo_labels.stopping import Judgement, judge
from genessl.semi_supervised.pseudo_labels.teaching import can_be_taught, fit_first, fit_taught, prepared
from genessl.semi_supervised.pseudo_labels.view_lessons import TEACHERS, mean_opinion, write_lessons

_log = logging.getLogger(__name__)
VIEWS = ("sequence", "network", "third", "fourth")
_OFFSET_DEVIATION = 0.25
_Scores = list[NDArray[np.float32]]


@dataclass(frozen=True)
class _Round:
    """What is known before a round of teaching: each view's calibration, if it is needed, and how they are joined."""

    calibrations: list[TermCalibration]
    join: ViewJoin

    def at(self, frequency: NDArray[np.float32]) -> _Round:
        """Return it for views that were trained on labels in which the terms have this frequency."""
        return _Round([calibration.at(frequency) for calibration in self.calibrations], self.join.at(frequency))


class CoTraining(TaughtInRounds):
    """Let a sequence view and a network view learn from genes that no experiment has labelled, round by round [1]_.

    In each round the views, fitted on the experimental labels and on what they were taught last, score the genes that
    are unlabelled in an aspect. Scores are calibrated on validation genes, those of a view that teaches by itself per
    term, joined ones per aspect; for a term that the share pi of the labelled genes have, the round(`quota` pi n) most
    confident of n unlabelled genes are taught as having it, the less confident half as lacking it, and nothing is said
    about the others. Taught labels are closed over the ontology, weigh `weight` in the pupil's loss, and never touch an
    experimental label. Against confirmation bias each round starts from fresh weights and chooses its labels anew.

    The teacher is by default the join of both views and two more, which are not taught themselves: one carries labels
    along the networks and the similarity of sequences, one regresses them on kernels of both. With `teacher='other'`
    each view teaches the other, as in [1]_, and there are no more unless they are given. In tri-training [2]_,
    `teacher='agreement'`, each of three views is taught what both others would teach.

    How many rounds help is decided on the validation genes, with views not trained on these: teaching stops when
    their weighted F-max falls by more than the standard error of the difference, for among few validation genes a
    smaller fall is chance. The views are then trained anew, on all labels, for as many rounds. All views are joined by
    one calibration, so that the better view of an aspect counts for more. The prediction is half the join of the views
    before the last round and half the mean of those that were taught in it: pupils who have learned one view of the
    genes from all of them err otherwise than their teachers. About a gene without an edge the network view has nothing
    to say: it neither teaches it nor takes part in its score; nor has a pupil about a term that it has not learned.

    Parameters
    ----------
    sequence_view, network_view : GenePredictor, optional
        By default a `SequenceNetwork` and a `GraphNetwork` on network-only features. A view that is no NeuralPredictor
        takes taught labels as `fit_taught` describes.
    third_view, fourth_view : GenePredictor, optional
        Such as an `EvidenceNetwork` on electronic annotations. By default none where each view teaches the other; else
        the third is a `LabelPropagation` with `similarity`, unless there is a network of that name, and with a joint
        teacher the fourth a `KernelRegression`. A fourth view needs a third.
    rounds : int, default=1
        The most rounds of teaching; with 0 the views are only joined.
    quota : float, default=0.6
        Positives taught per term, as a share of those expected from the term's frequency, in (0, 1].
    weight : float, default=0.3
        Weight of a taught label in the loss, in (0, 1].
    teacher : {'joint', 'other', 'agreement'}
        Who teaches a view: all views by their joint calibration, the mean of the others, or the others where they
        agree, for which there have to be three.
    labels : {'hard', 'soft'}
        Whether a chosen label is taught as 1 or 0, or as the teacher's probability.
    pupil_epochs : int, default=3
        Epochs that a taught neural view is trained, as a multiple of those that were best for it on the labels alone,
        for with the pool it has more to learn.
    only_unsure : bool, default=False
        Whether to teach only labels that the pupil, of whose scores the quota would choose its own, has not chosen; of
        a joint teacher what some pupil has not chosen.
    device : {'auto', 'cpu', 'cuda'}
        Of the default views.
    seed : int, default=0

    Attributes
    ----------
    views_ : list of GenePredictor
        As fitted before the last round.
    pupils_ : list of GenePredictor
        The first views as taught in the last round; empty where there was none.
    join_ : ViewJoin
        Of `views_`.
    n_iter_ : int
        Rounds of teaching that were kept.
    termination_condition_ : {'max_rounds', 'worse', 'nothing_to_teach', 'no_validation_genes'}
    history_ : list of float
        Weighted F-max on the validation genes, mean over aspects, before teaching and after each round tried.
    lessons_ : list of Lesson
        What was taught in the rounds kept, in order.

    References
    ----------
    .. [1] A. Blum and T. Mitchell, Combining labeled and unlabeled data with co-training, COLT 1998,
       doi:10.1145/279943.279962
    .. [2] Z.-H. Zhou and M. Li, Tri-training: exploiting unlabeled data using three classifiers, IEEE Transactions on
       Knowledge and Data Engineering 17, 1529-1541, 2005, doi:10.1109/TKDE.2005.186
    """

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
        labels: str = "hard",
        pupil_epochs: int = 3,
        only_unsure: bool = False,
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
        self.labels = labels
        self.pupil_epochs = pupil_epochs
        self.only_unsure = only_unsure
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        check_count("rounds", self.rounds, 0)
        check_count("pupil_epochs", self.pupil_epochs)
        check_count("seed", self.seed, 0)
        check_range("quota", self.quota, 0.0, 1.0, low_included=False)
        check_range("weight", self.weight, 0.0, 1.0, low_included=False)
        for name, allowed in (("teacher", TEACHERS), ("labels", ("hard", "soft"))):
            if getattr(self, name) not in allowed:
                found = " or ".join([", ".join(map(repr, allowed[:-1])), repr(allowed[-1])])
                raise InputError(f"{name}: found {getattr(self, name)!r}, expected {found}")
        if type(self.only_unsure) is not bool:
            raise InputError(f"only_unsure: found {self.only_unsure!r}, expected true or false")
        for name, view in self._given().items():
            if view is not None and not isinstance(view, GenePredictor):
                raise InputError(f"{name}: found {view!r}, expected a predictor of genessl or None")
        if self.fourth_view is not None and len(self._make_views()) < len(VIEWS):
            raise InputError("fourth_view: found one without a third_view; give it as third_view")
        for view in self._make_views():
            view._check_parameters()

    def _given(self) -> dict[str, GenePredictor | None]:
        return {f"{name}_view": getattr(self, f"{name}_view") for name in VIEWS}

    def _make_views(self, *, similarity: bool = True) -> list[GenePredictor]:
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
        """How many views are taught."""
        return 3 if self.teacher == "agreement" else 2

    def _fit(self, dataset: GeneDataset) -> None:
        owned = self._make_views(similarity=SIMILARITY not in dataset.networks)
        inputs = [prepared(view, dataset) for view in owned]
        n_rounds, epochs, practised = self._choose_rounds(dataset, owned, inputs)
        frequency = Supervision.of(dataset).frequency()
        rounds = [known.at(frequency) for known in practised]
        views = [
            fit_taught(view, dataset, None, weight=1.0, inputs=given, n_epochs=n_epochs)
            for view, given, n_epochs in zip(owned, inputs, epochs)
        ]
        self.lessons_: list[Lesson] = []
        pupils: list[GenePredictor] = []
        for number in range(1, n_rounds + 1):
            before, views = views, [*pupils, *views[len(pupils) :]]
            lessons = self._teach(number, owned, _scores(views, inputs, dataset), rounds[number - 1], dataset)
            if not any(lesson.positive.nnz for lesson in lessons):
                views, n_rounds, self.termination_condition_ = before, number - 1, "nothing_to_teach"
                break
            self.lessons_ += lessons[:1] if self.teacher == "joint" else lessons
            pupils = self._train(owned, inputs, epochs, dataset, lessons)
        self.views_, self.pupils_, self.join_ = views, pupils, rounds[max(n_rounds, 1) - 1].join
        self.n_iter_, self.genes_ = n_rounds, dataset.genes

    def _train(
        self,
        owned: list[GenePredictor],
        inputs: list[dict[str, Any] | None],
        epochs: list[int | None],
        dataset: GeneDataset,
        lessons: list[Lesson],
    ) -> list[GenePredictor]:
        """Fit fresh views on the labels and their lessons, the first view on the first lesson."""
        teach = partial(fit_taught, weight=self.weight, softly=self.labels == "soft")
        return [
            teach(view, dataset, lesson, inputs=given, n_epochs=n_epochs and n_epochs * self.pupil_epochs)
            for view, lesson, given, n_epochs in zip(owned, lessons, inputs, epochs)
        ]

    def _choose_rounds(
        self, dataset: GeneDataset, owned: list[GenePredictor], inputs: list[dict[str, Any] | None]
    ) -> tuple[int, list[int | None], list[_Round]]:
        """Try rounds without the labels of the validation genes.

        Returns the number of rounds to keep, the epochs of neural views, and what was known before each round, for the
        final views are calibrated as those of their round were.
        """
        validation = (dataset.split == VALIDATION) & dataset.labelled.any(axis=1)
        practice = dataset.without_labels(dataset.split == VALIDATION)
        if not practice.positive.nnz:  # nothing else to practise on, nor then to judge by
            practice, validation = dataset, np.zeros_like(validation)
        fitted = [fit_first(view, dataset, practice, given) for view, given in zip(owned, inputs)]
        epochs = [view.n_epochs_ if isinstance(view, NeuralPredictor) else None for view in fitted]
        scores = _scores(fitted, inputs, dataset)
        rounds = [self._known(scores, dataset, validation)]
        best = self._judge(scores, [], rounds[0], dataset, validation)
        self.history_ = [best.quality]
        if not validation.any():
            self.termination_condition_ = "no_validation_genes"
            return self.rounds, epochs, rounds * max(self.rounds, 1)
        n_rounds, self.termination_condition_ = 0, "max_rounds"
        for number in range(1, self.rounds + 1):
            lessons = self._teach(number, owned, scores, rounds[-1], practice, excluded=validation)
            if not any(lesson.positive.nnz for lesson in lessons):
                self.termination_condition_ = "nothing_to_teach"
                break
            taught = _scores(self._train(owned, inputs, epochs, practice, lessons), inputs, dataset)
            found = self._judge(scores, taught, rounds[-1], dataset, validation)
            self.history_.append(found.quality)
            _log.info("co-training round %d: weighted F-max %.4f on validation genes", number, found.quality)
            if found.worse_than(best):
                self.termination_condition_ = "worse"
                break
            n_rounds, best = number, max(best, found, key=lambda judgement: judgement.quality)
            if number < self.rounds:
                scores = [*taught, *scores[len(taught) :]]
                rounds.append(self._known(scores, dataset, validation))
        return n_rounds, epochs, rounds

    def _known(self, scores: _Scores, dataset: GeneDataset, validation: NDArray[np.bool_]) -> _Round:
        """Fit how to join the views and, where they teach by themselves, how sure to be of each per term."""
        supervision, edges = Supervision.of(dataset), with_edges(dataset)
        on_networks = [name == "network" for name in VIEWS[: len(scores)]]
        alone = self.teacher != "joint" or self.only_unsure
        calibrations = [
            calibrate(
                [view],
                supervision,
                validation & edges if on_network else validation,
                trained=~validation,
                offset_deviation=_OFFSET_DEVIATION,
            )
            for view, on_network in zip(scores, on_networks)
            if alone
        ]
        join = ViewJoin.fit(scores, on_networks, supervision=supervision, judged=validation, edges=edges)
        return _Round(calibrations, join)

    def _judge(
        self, scores: _Scores, taught: _Scores, known: _Round, dataset: GeneDataset, validation: NDArray[np.bool_]
    ) -> Judgement:
        joined = dataset.ontology.propagate_scores(_prediction(scores, taught, known.join, with_edges(dataset)))
        return judge(joined, dataset, np.flatnonzero(validation))

    def _teach(
        self,
        number: int,
        owned: list[GenePredictor],
        scores: _Scores,
        known: _Round,
        dataset: GeneDataset,
        *,
        excluded: NDArray[np.bool_] | None = None,
    ) -> list[Lesson]:
        """Write a lesson for each pupil; one of its own holds nothing but what it can be taught."""
        edges = with_edges(dataset)
        taught = np.ones(len(edges), dtype=bool) if excluded is None else ~excluded
        lessons = write_lessons(
            number,
            [calibration.apply([view]) for calibration, view in zip(known.calibrations, scores)],
            [taught & edges if name == "network" else taught for name in VIEWS[: len(scores)]],
            VIEWS,
            (known.join.apply(scores, edges), taught),
            Supervision.of(dataset),
            dataset.ontology,
            teacher=self.teacher,
            n_pupils=self._n_pupils,
            quota=self.quota,
            only_unsure=self.only_unsure,
        )
        if self.teacher == "joint":
            return lessons
        return [lesson.among(can_be_taught(view, dataset)) for view, lesson in zip(owned, lessons)]

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        scores, taught = ([view._predict(dataset) for view in views] for views in (self.views_, self.pupils_))
        return _prediction(scores, taught, self.join_, with_edges(dataset))

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


def _scores(fitted: list[GenePredictor], inputs: list[dict[str, Any] | None], dataset: GeneDataset) -> _Scores:
    """Return what each view says of all genes, before the ontology is heeded."""
    return [
        view.score(view.fitted_, given, dataset.n_terms)
        if isinstance(view, NeuralPredictor) and given is not None
        else view._predict(dataset)
        for view, given in zip(fitted, inputs)
    ]


def _prediction(scores: _Scores, taught: _Scores, join: ViewJoin, edges: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return half the join of the views and half the mean of the pupils that have something to say about a gene.

    About a term that it has not learned a pupil says what the join does.
    """
    joined = join.apply(scores, edges)
    if not taught:
        return joined
    everyone = np.ones(len(edges), dtype=bool)
    opinions = [np.where(table.any(axis=0), table, joined) for table in taught]
    pupils = mean_opinion(opinions, [edges if name == "network" else everyone for name in VIEWS[: len(taught)]])[0]
    pupils += joined
    return np.divide(pupils, np.float32(2.0), out=pupils)
