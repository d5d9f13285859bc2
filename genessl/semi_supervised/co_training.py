"""Co-training: a sequence view and a network view teach each other on the genes that no experiment has described."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from genessl.data.dataset import VALIDATION, GeneDataset
from genessl.data.folders import write_table
from genessl.errors import InputError
from genessl.evaluation.calibration import TermCalibration
from genessl.evaluation.metrics import average, tabulate
from genessl.models.base import Arrays, GenePredictor, check_count, check_range
from genessl.models.graph_network import GraphNetwork
from genessl.models.neural import FittedNetwork, NeuralPredictor
from genessl.models.sequence_network import SequenceNetwork
from genessl.models.supervision import Supervision
from genessl.semi_supervised.lessons import (
    Lesson,
    audit_table,
    choose_by_quota,
    close_lesson,
    pack_lessons,
    unpack_lessons,
)

_log = logging.getLogger(__name__)
VIEWS = ("sequence", "network")
_Stage = tuple[list[TermCalibration], list[TermCalibration]]
_OFFSET_DEVIATION = 0.25


class CoTraining(GenePredictor):
    """Let a sequence view and a network view label genes for each other, round by round [1]_.

    In each round each view, fitted on the experimental labels and on what the other view taught it last, scores the
    genes that are unlabelled in an aspect. Its scores are calibrated per term on validation genes; for a term that the
    share pi of the labelled genes have, the round(quota pi n) most confident of n unlabelled genes are taught as having
    it, the less confident half as lacking it, and nothing is said about the others. Taught labels are closed over the
    ontology, weigh `weight` in the other view's loss, and never touch an experimental label.

    How many rounds help is decided on the validation genes, with views that have not seen these: teaching stops when
    their weighted F-max falls, and the views are then trained anew, on all labels, for as many rounds as were best. The
    prediction joins both views by one calibration, so that the better view of an aspect counts for more. About a gene
    without an edge the network view has nothing to say: it neither teaches it nor takes part in its score.

    Parameters
    ----------
    sequence_view, network_view : NeuralPredictor, optional
        By default a `SequenceNetwork` and a `GraphNetwork` on network-only features.
    rounds : int, default=1
        The most rounds of teaching; with 0 the views are only averaged.
    quota : float, default=0.6
        Positives taught per term, as a share of those expected from the term's frequency, in (0, 1].
    weight : float, default=0.3
        Weight of a taught label in the loss, in (0, 1].
    teacher : {'other', 'joint'}
        Who teaches a view: the other view, or both by their joint calibration.
    device : {'auto', 'cpu', 'cuda'}
        Of the default views.
    seed : int, default=0

    Attributes
    ----------
    n_iter_ : int
        Rounds of teaching that the final views had.
    termination_condition_ : {'max_rounds', 'no_improvement', 'nothing_to_teach', 'no_validation_genes'}
    history_ : list of float
        Weighted F-max on the validation genes, mean over aspects, before teaching and after each round tried.
    lessons_ : list of Lesson
        What was taught to the final views, in order.

    References
    ----------
    .. [1] A. Blum and T. Mitchell, Combining labeled and unlabeled data with co-training, COLT 1998,
       doi:10.1145/279943.279962
    """

    def __init__(
        self,
        *,
        sequence_view: NeuralPredictor | None = None,
        network_view: NeuralPredictor | None = None,
        rounds: int = 1,
        quota: float = 0.6,
        weight: float = 0.3,
        teacher: str = "other",
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.sequence_view = sequence_view
        self.network_view = network_view
        self.rounds = rounds
        self.quota = quota
        self.weight = weight
        self.teacher = teacher
        self.device = device
        self.seed = seed

    def _check_parameters(self) -> None:
        check_count("rounds", self.rounds, 0)
        check_count("seed", self.seed, 0)
        check_range("quota", self.quota, 0.0, 1.0, low_included=False)
        check_range("weight", self.weight, 0.0, 1.0, low_included=False)
        if self.teacher not in ("other", "joint"):
            raise InputError(f"teacher: found {self.teacher!r}, expected 'other' or 'joint'")
        for name, view in (("sequence_view", self.sequence_view), ("network_view", self.network_view)):
            if view is not None and not isinstance(view, NeuralPredictor):
                raise InputError(f"{name}: found {view!r}, expected a SequenceNetwork, a GraphNetwork or None")
        for view in self._make_views():
            view._check_parameters()

    def _make_views(self) -> list[NeuralPredictor]:
        sequence = self.sequence_view or SequenceNetwork(device=self.device, seed=self.seed)
        network = self.network_view or GraphNetwork(device=self.device, seed=self.seed)
        return [clone(sequence), clone(network)]

    joins_: list[TermCalibration]
    calibrations_: list[TermCalibration]

    def _fit(self, dataset: GeneDataset) -> None:
        self.views_ = self._make_views()
        supervision = Supervision.of(dataset)
        inputs = [view.prepare(dataset) for view in self.views_]
        n_rounds, epochs, stages = self._choose_rounds(dataset, supervision, inputs)
        self.lessons_: list[Lesson] = []
        fitted = self._train(inputs, [supervision, supervision], epochs)
        for number in range(1, n_rounds + 1):
            self.joins_, self.calibrations_ = stages[number - 1]
            lessons = self._teach(number, self._scores(fitted, inputs, dataset), supervision, dataset)
            self.lessons_ += lessons[: 1 if self.teacher == "joint" else 2]
            fitted = self._train(inputs, self._taught(supervision, lessons), epochs)
        self.joins_, self.calibrations_ = stages[n_rounds]
        self.n_iter_, self.genes_ = n_rounds, dataset.genes
        for view, network, arrays in zip(self.views_, fitted, inputs):
            view.terms_ = dataset.ontology.terms
            view._take(network, arrays)

    def _choose_rounds(
        self, dataset: GeneDataset, supervision: Supervision, inputs: list[dict[str, Any]]
    ) -> tuple[int, list[int], list[_Stage]]:
        """Try rounds without the validation genes.

        Returns the best number of rounds, the epochs of each view, and the calibrations before teaching and after each
        round, for the final views are calibrated as those of their round were.
        """
        validation = (dataset.split == VALIDATION) & supervision.labelled.any(axis=1)
        training = supervision.only(dataset.split != VALIDATION)
        fitted = [v.choose_epochs(i, dataset, supervision) for v, i in zip(self.views_, inputs)]
        epochs = [network.n_epochs for network in fitted]
        scores = self._scores(fitted, inputs, dataset)
        self._calibrate(scores, supervision, validation, _connected(dataset))
        self.history_ = [self._quality(scores, dataset, validation)]
        if not validation.any():
            self.termination_condition_ = "no_validation_genes"
            return self.rounds, epochs, [(self.joins_, self.calibrations_)] * (self.rounds + 1)
        best, stages = 0, [(self.joins_, self.calibrations_)]
        self.termination_condition_ = "max_rounds"
        for number in range(1, self.rounds + 1):
            lessons = self._teach(number, scores, training, dataset, excluded=validation)
            if not any(lesson.positive.nnz for lesson in lessons):
                self.termination_condition_ = "nothing_to_teach"
                break
            fitted = self._train(inputs, self._taught(training, lessons), epochs)
            scores = self._scores(fitted, inputs, dataset)
            self._calibrate(scores, supervision, validation, _connected(dataset))
            stages.append((self.joins_, self.calibrations_))
            self.history_.append(self._quality(scores, dataset, validation))
            _log.info("co-training round %d: weighted F-max %.4f on validation genes", number, self.history_[-1])
            if self.history_[-1] <= max(self.history_[:-1]):
                self.termination_condition_ = "no_improvement"
                break
            best = number
        return best, epochs, stages

    def _train(
        self, inputs: list[dict[str, Any]], supervisions: list[Supervision], epochs: list[int]
    ) -> list[FittedNetwork]:
        return [
            view.train(arrays, supervision, n_epochs=n)
            for view, arrays, supervision, n in zip(self.views_, inputs, supervisions, epochs)
        ]

    def _scores(
        self, fitted: list[FittedNetwork], inputs: list[dict[str, Any]], dataset: GeneDataset
    ) -> list[NDArray[np.float32]]:
        return [v.score(network, i, dataset.n_terms) for v, network, i in zip(self.views_, fitted, inputs)]

    def _calibrate(
        self,
        scores: list[NDArray[np.float32]],
        supervision: Supervision,
        validation: NDArray[np.bool_],
        connected: NDArray[np.bool_],
    ) -> None:
        """Fit how sure to be of each view per term, and how to join them.

        Joins have no offsets per term: a term has too few validation genes for its scores to gain from them, and the
        quality of a round is measured on these genes.
        """
        frequency = supervision.only(~validation).frequency()

        def fit(views: list[NDArray[np.float32]], genes: NDArray[np.bool_], deviation: float) -> TermCalibration:
            rows = np.flatnonzero(genes)
            targets, labelled = supervision.positive[rows].toarray(), supervision.labelled[rows]
            chosen = [view[rows] for view in views]
            aspects = supervision.aspect_of_term
            return TermCalibration.fit(chosen, targets, labelled, aspects, frequency, offset_deviation=deviation)

        sequence, network = scores
        self.joins_ = [fit([sequence], validation, 0.0), fit(scores, validation & connected, 0.0)]
        self.calibrations_ = [
            fit([sequence], validation, _OFFSET_DEVIATION),
            fit([network], validation & connected, _OFFSET_DEVIATION),
        ]

    def _join(self, scores: list[NDArray[np.float32]], connected: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Join both views for genes with an edge; the others keep the sequence view."""
        joined = self.joins_[0].apply(scores[:1])
        joined[connected] = self.joins_[1].apply([view[connected] for view in scores])
        return joined

    def _quality(self, scores: list[NDArray[np.float32]], dataset: GeneDataset, validation: NDArray[np.bool_]) -> float:
        """Weighted F-max of the joined views on validation genes, mean over aspects."""
        joined = dataset.ontology.propagate_scores(self._join(scores, _connected(dataset)))
        accretion = dataset.accretion
        values = []
        for aspect, name in enumerate(dataset.aspects):
            rows = np.flatnonzero(validation & dataset.labelled[:, aspect])
            columns = np.flatnonzero(dataset.ontology.aspects == name)
            if len(rows):
                truth = csr_array(dataset.positive[rows][:, columns])
                _, bits = tabulate(truth, csr_array(joined[np.ix_(rows, columns)]), accretion[columns])
                values.append(float(average(bits).f.max()))
        return float(np.mean(values)) if values else 0.0

    def _teach(
        self,
        number: int,
        scores: list[NDArray[np.float32]],
        supervision: Supervision,
        dataset: GeneDataset,
        *,
        excluded: NDArray[np.bool_] | None = None,
    ) -> list[Lesson]:
        """Let each view, or both together, write a lesson for the other."""
        connected = _connected(dataset)
        pupils = np.ones(len(connected), dtype=bool) if excluded is None else ~excluded
        if self.teacher == "joint":
            confidences = {"both": (self._join(scores, connected), pupils)}
        else:
            sequence, network = (c.apply([v]) for c, v in zip(self.calibrations_, scores))
            confidences = {"sequence": (sequence, pupils), "network": (network, pupils & connected)}
        lessons = [
            close_lesson(
                number,
                teacher,
                table,
                choose_by_quota(table, supervision, genes, quota=self.quota),
                supervision,
                dataset.ontology,
            )
            for teacher, (table, genes) in confidences.items()
        ]
        return lessons if len(lessons) == 2 else lessons * 2

    def _taught(self, supervision: Supervision, lessons: list[Lesson]) -> list[Supervision]:
        """Give each view the other's lesson."""
        return [
            supervision.teach(lesson.positive.astype(bool), lesson.negative.astype(bool), self.weight)
            for lesson in reversed(lessons)
        ]

    def audit(self, *, negatives: bool = True) -> pd.DataFrame:
        """List the labels taught to the final views; a saved predictor has those taught as present in audit.tsv.gz.

        Parameters
        ----------
        negatives : bool, default=True
            Whether to list also labels taught as absent.

        Returns
        -------
        DataFrame
            round, teacher, gene, term, label (1 taught as present, 0 as absent), confidence (calibrated probability of
            presence), in the order of rounds.
        """
        if not hasattr(self, "lessons_"):
            raise NotFittedError("this CoTraining is not fitted; call fit first")
        return audit_table(self.lessons_, self.genes_, self.terms_, negatives=negatives)

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        return self._join([view._predict(dataset) for view in self.views_], _connected(dataset))

    def _write(self, folder: Path) -> None:
        super()._write(folder)
        write_table(folder / "audit.tsv.gz", self.audit(negatives=False))
        for name, view in zip(VIEWS, self.views_):
            (folder / f"{name}_view").mkdir()
            view._write(folder / f"{name}_view")

    def _state(self) -> Arrays:
        arrays: Arrays = {}
        for name, calibration in zip(_CALIBRATIONS, (*self.joins_, *self.calibrations_)):
            arrays.update({f"{name}.{field}": getattr(calibration, field) for field in _CALIBRATION_FIELDS})
        return {**arrays, **pack_lessons(self.lessons_)[0]}

    def _facts(self) -> dict[str, Any]:
        return {
            "n_iter": self.n_iter_,
            "termination_condition": self.termination_condition_,
            "history": self.history_,
            "lessons": pack_lessons(self.lessons_)[1],
            "genes": self.genes_.tolist(),
            "given_views": [self.sequence_view is not None, self.network_view is not None],
        }

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        self.n_iter_, self.termination_condition_ = facts["n_iter"], facts["termination_condition"]
        self.history_, self.genes_ = facts["history"], np.array(facts["genes"], dtype=np.str_)
        fits = [
            TermCalibration(**{field: arrays[f"{name}.{field}"] for field in _CALIBRATION_FIELDS})
            for name in _CALIBRATIONS
        ]
        self.joins_, self.calibrations_ = fits[:2], fits[2:]
        self.lessons_ = unpack_lessons(arrays, facts["lessons"])
        self.views_ = [NeuralPredictor.load(folder / f"{name}_view") for name in VIEWS]
        given = [clone(view) if was else None for view, was in zip(self.views_, facts["given_views"])]
        self.sequence_view, self.network_view = given


_CALIBRATIONS = ("join_sequence", "join_both", "sequence", "network")
_CALIBRATION_FIELDS = ("slopes", "bases", "intercepts", "offsets", "frequency", "aspect_of_term")


def _connected(dataset: GeneDataset) -> NDArray[np.bool_]:
    """Tell which genes have an edge in any network, shape (n_genes,)."""
    degrees = [np.diff(network.indptr) for network in dataset.networks.values()]
    return np.asarray(np.sum(degrees, axis=0) > 0) if degrees else np.zeros(dataset.n_genes, dtype=bool)
