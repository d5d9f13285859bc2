"""View: a predictor that reads some kinds of evidence about genes, and that a strategy can train on labels it chose."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import clone

from genessl.data.dataset import TRAIN, GeneDataset
from genessl.errors import InputError
from genessl.features.muting import Muting
from genessl.models.base import Arrays, GenePredictor
from genessl.models.inputs import Fitted, Preparation, ViewInputs
from genessl.models.reasons import Reason
from genessl.models.resources import Resources
from genessl.models.supervision import Supervision

SEQUENCE, NETWORKS, ELECTRONIC = "sequence", "networks", "electronic"
InputsT = TypeVar("InputsT", bound=ViewInputs)
FittedT = TypeVar("FittedT", bound=Fitted)


class View(GenePredictor, Generic[InputsT, FittedT]):
    """Base of the predictors that a strategy may own.

    `prepare` reads a dataset once and returns inputs. `learn` returns what was learned from the inputs and a
    supervision, and `score` applies it to inputs. A strategy never asks for a view's class; it reads what a view
    declares: `reads`, `heeds_muting`, `trains_in_epochs`, `takes_objective`, `side_by_side` and `transductive`.

    Attributes
    ----------
    fitted_ : Fitted
    """

    heeds_muting = True
    trains_in_epochs = False
    takes_objective = False  # whether `learn` trains a torch module and accepts a strategy's objective
    transductive = False  # whether a gene's scores depend on fitted genes, which must then be in the dataset to predict
    fitted_: FittedT

    @property
    def side_by_side(self) -> bool:
        """Whether several fits gain from running at once, each in one thread; by default a fit has all threads."""
        return False

    def n_batches(self, n_rows: int) -> int:
        """Return the number of steps of an epoch on so many genes; one where there are no epochs."""
        return 1

    @property
    @abstractmethod
    def reads(self) -> frozenset[str]:
        """The evidence that is read about genes: a subset of 'sequence', 'networks' and 'electronic'."""

    @abstractmethod
    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> InputsT:
        """Return the inputs; `like` is the preparation of an earlier fit, or None if this is a fit."""

    @abstractmethod
    def learn(
        self,
        inputs: InputsT,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: Callable[..., Any] | None = None,
    ) -> FittedT:
        """Learn from targets, and return what was learned.

        Parameters
        ----------
        inputs : ViewInputs
            As `prepare` returned them.
        supervision : Supervision
            The labels to learn from, with a row for each gene of the inputs.
        validation : Supervision, optional
            Held-out labels, whose loss chooses the number of epochs.
        n_epochs : int, optional
            Epochs to train where there is no validation. A view that is not trained in epochs ignores both arguments.
        objective : callable, optional
            Returns the objective to minimise, for a view that `takes_objective`.

        Returns
        -------
        Fitted
        """

    @abstractmethod
    def score(self, fitted: FittedT, inputs: InputsT) -> NDArray[np.float32]:
        """Return the scores of every gene and term, before parents are raised to their children's scores.

        Parameters
        ----------
        fitted : Fitted
            As `learn` returned it.
        inputs : ViewInputs
            As `prepare` returned them.

        Returns
        -------
        ndarray of float32, shape (n_genes, n_terms)
        """

    def prepare(
        self, dataset: GeneDataset, muting: Muting | None = None, *, like: Preparation | None = None
    ) -> InputsT:
        """Read a dataset once for all fits and predictions on it.

        Parameters
        ----------
        dataset : GeneDataset
        muting : Muting, optional
        like : Preparation, optional
            What an earlier fit fixed: scaling, names and chosen columns. Without it, this dataset fixes them.

        Returns
        -------
        ViewInputs

        Raises
        ------
        InputError
            If the dataset has other features or networks than the fitted one, or if the view is transductive and the
            dataset lacks genes of the fitted one.
        """
        if like is not None:
            like.check(dataset)
            if self.transductive:
                like.check_genes(dataset, type(self).__name__)
        return self._read(dataset, muting, like)

    def reasons(
        self, fitted: FittedT, inputs: InputsT, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> list[list[Reason]]:
        """Return the evidence for some scores of `score`, as far as it can be named; by default none.

        Parameters
        ----------
        fitted : Fitted
            As `learn` returned it.
        inputs : ViewInputs
            As `prepare` returned them.
        rows, columns : ndarray of int, shape (n_pairs,)
            The pairs of gene and term.

        Returns
        -------
        list of list of Reason
            For each pair contributions to the log-odds of its score; what they lack is the caller's remainder.
        """
        return [[] for _ in rows]

    def speaks_of(self, inputs: InputsT) -> NDArray[np.bool_]:
        """Return which genes the view has evidence about, bool, shape (n_genes,); by default all genes."""
        return np.ones(inputs.n_genes, dtype=bool)

    def teachable(self, inputs: InputsT) -> NDArray[np.bool_]:
        """Return the genes whose taught labels the view may learn, bool, shape (n_genes,).

        Most views do not distinguish taught labels from experimental ones. They learn no taught label of a silent gene.
        """
        return np.ones(inputs.n_genes, dtype=bool) if inputs.muting is None else ~inputs.muting.silent

    def with_fitted(self, fitted: FittedT, terms: tuple[str, ...]) -> GenePredictor:
        """Return a fitted copy of the view."""
        return clone(self)._take(fitted, terms)  # type: ignore[no-any-return]

    def _take(self, fitted: FittedT, terms: tuple[str, ...]) -> Self:
        self.fitted_, self.terms_ = fitted, terms
        return self

    def _fit(self, dataset: GeneDataset) -> None:
        self._fit_muted(dataset, None)

    def _fit_muted(self, dataset: GeneDataset, muting: Muting | None) -> None:
        self.fitted_ = self.learn(self.prepare(dataset, muting), Supervision.of(dataset, muting))

    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        return self._predict_muted(dataset, None)

    def _predict_muted(self, dataset: GeneDataset, muting: Muting | None) -> NDArray[np.float32]:
        return self.score(self.fitted_, self.prepare(dataset, muting, like=self.fitted_.preparation))

    def _reasons(self, dataset: GeneDataset, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> list[list[Reason]]:
        inputs = self.prepare(dataset, like=self.fitted_.preparation)
        return self.reasons(self.fitted_, inputs, rows, columns)

    def _state(self) -> Arrays:
        return dict(self.fitted_.preparation.pack())

    def _facts(self) -> dict[str, Any]:
        return {"preparation": self.fitted_.preparation.facts(), "n_epochs": self.fitted_.n_epochs}


def split_validation(supervision: Supervision) -> tuple[Supervision, Supervision]:
    """Return the labels of the other genes, to train on, and the labels of the validation genes.

    If no positive label would remain to train on, all labels are training labels and none is held out.
    """
    held_out = supervision.validation
    practice = supervision.only(~held_out)
    if not practice.positive.nnz:
        return supervision, supervision.only(np.zeros_like(held_out))
    return practice, supervision.only(held_out)


@dataclass(frozen=True, eq=False, kw_only=True)
class _DatasetInputs(ViewInputs):
    """An unchanged dataset, for a predictor that is no view.

    Parameters
    ----------
    dataset : GeneDataset
    predictor : GenePredictor
        The predictor that `learn` will fit.
    """

    dataset: GeneDataset
    predictor: GenePredictor


@dataclass(frozen=True, eq=False, kw_only=True)
class _FittedPredictor(Fitted):
    predictor: GenePredictor


class PredictorView(View[_DatasetInputs, _FittedPredictor]):
    """Any predictor as a view: its inputs are the dataset itself.

    The predictor learns taught labels as if they were experimental. Labels have no weights, and a gene that is taught
    to have a term counts as lacking the aspect's other terms. A taught gene without a label of its own counts as a
    training gene and never as a validation gene, because an owned strategy must measure itself on experimental labels.

    Parameters
    ----------
    predictor : GenePredictor
    """

    def __init__(self, *, predictor: GenePredictor) -> None:
        self.predictor = predictor

    @property
    def reads(self) -> frozenset[str]:
        """All evidence, because a predictor that is no view may read everything."""
        return frozenset({SEQUENCE, NETWORKS, ELECTRONIC})

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> _DatasetInputs:
        preparation = like or Preparation(genes=dataset.genes)
        if muting is not None and not self.predictor.heeds_muting:
            muting = None
        return _DatasetInputs(
            genes=dataset.genes,
            n_terms=dataset.n_terms,
            preparation=preparation,
            muting=muting,
            dataset=dataset,
            predictor=self.predictor.settled(dataset) if like is None else self.predictor,
        )

    def learn(
        self,
        inputs: _DatasetInputs,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: Callable[..., Any] | None = None,
    ) -> _FittedPredictor:
        """Fit a copy of the predictor on the dataset with these labels; see `View.learn`."""
        settled = copy.copy(inputs.predictor)  # unlike a clone it keeps what was settled
        fitted = settled.fit(_relabelled(inputs.dataset, supervision), inputs.muting)
        return _FittedPredictor(preparation=inputs.preparation, predictor=fitted)

    def score(self, fitted: _FittedPredictor, inputs: _DatasetInputs) -> NDArray[np.float32]:
        """Return the scores of the fitted predictor; see `View.score`."""
        return fitted.predictor.predict_proba(inputs.dataset, inputs.muting)

    def reasons(
        self, fitted: _FittedPredictor, inputs: _DatasetInputs, rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> list[list[Reason]]:
        """Return the reasons of the fitted predictor; see `View.reasons`."""
        ordered, order = inputs.dataset.by_name
        place = np.empty(len(order), dtype=np.intp)
        place[order] = np.arange(len(order))
        return fitted.predictor._reasons(ordered, place[rows], columns)

    def with_fitted(self, fitted: _FittedPredictor, terms: tuple[str, ...]) -> GenePredictor:
        """Return the fitted predictor itself."""
        return fitted.predictor

    def resources(self, n_genes: int, n_terms: int) -> Resources:
        """Return what the predictor needs."""
        return self.predictor.resources(n_genes, n_terms)

    def _check_parameters(self) -> None:
        self.predictor._check_parameters()

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        raise NotImplementedError("a wrapped predictor is saved as itself")


def _relabelled(dataset: GeneDataset, supervision: Supervision) -> GeneDataset:
    """Return the dataset with the labels of a supervision; taught labels count as experimental ones."""
    positive, negative = supervision.taught_positive.astype(bool), supervision.taught_negative.astype(bool)
    taught = (np.diff(positive.indptr) + np.diff(negative.indptr) > 0) & ~supervision.has_labels
    return replace(
        dataset,
        positive=csr_array(supervision.positive + positive),
        negative=csr_array(supervision.negative + negative),
        split=np.where(taught, TRAIN, dataset.split).astype(np.uint8),
    )


def as_view(predictor: GenePredictor) -> View[Any, Any]:
    """Return the predictor itself if it is a view, otherwise a `PredictorView` of it."""
    return predictor if isinstance(predictor, View) else PredictorView(predictor=predictor)


def fitted_view(predictor: GenePredictor) -> tuple[View[Any, Any], Fitted]:
    """Return a fitted predictor as a view and what it learned; the preparation of a wrapped predictor is empty."""
    if isinstance(predictor, View):
        return predictor, predictor.fitted_
    nothing = Preparation(genes=np.empty(0, dtype=np.str_))
    return PredictorView(predictor=predictor), _FittedPredictor(preparation=nothing, predictor=predictor)


def raw_scores(predictor: GenePredictor, dataset: GeneDataset, muting: Muting | None = None) -> NDArray[np.float32]:
    """Return a fitted predictor's scores before parents are raised to their children's, shape (n_genes, n_terms)."""
    view, fitted = fitted_view(predictor)
    return view.score(fitted, view.prepare(dataset, muting, like=fitted.preparation))


def check_predictor(name: str, value: Any) -> None:
    """Raise InputError unless a parameter holds a predictor or None."""
    if value is not None and not isinstance(value, GenePredictor):
        raise InputError(f"{name}: found {value!r}, expected a predictor of genessl or None")


def check_module_view(name: str, value: Any, reads: frozenset[str] | None = None) -> None:
    """Raise InputError unless a parameter holds a view that trains a torch module on features, or None.

    Parameters
    ----------
    name : str
        Name of the parameter.
    value : Any
        Its value.
    reads : frozenset of str, optional
        The evidence that the view may read; by default sequences and networks.
    """
    allowed = frozenset({SEQUENCE, NETWORKS}) if reads is None else reads
    expected = "a SequenceNetwork, a GraphNetwork or None" if NETWORKS in allowed else "a SequenceNetwork or None"
    if value is None:
        return
    if not isinstance(value, View) or not value.takes_objective or not value.reads <= allowed:
        raise InputError(f"{name}: found {value!r}, expected {expected}")
