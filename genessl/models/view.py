"""View: one way to look at genes, which a strategy may own; it enters a dataset once and learns from supervision."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import clone

from genessl.data.dataset import TRAIN, GeneDataset
from genessl.errors import InputError
from genessl.features.muting import Muting
from genessl.models.base import Arrays, GenePredictor
from genessl.models.inputs import Fitted, Preparation, ViewInputs
from genessl.models.resources import Resources
from genessl.models.supervision import Supervision

SEQUENCE, NETWORKS, ELECTRONIC = "sequence", "networks", "electronic"


class View(GenePredictor):
    """Base of the predictors that a strategy may own.

    A dataset enters through `prepare`, once. After that only inputs, supervision and scores travel: `learn` returns
    what was learned, and `score` applies it to inputs. A strategy never asks for a view's class: what differs is
    declared.

    Attributes
    ----------
    fitted_ : Fitted
    """

    heeds_muting = True
    trains_in_epochs = False
    takes_objective = False  # whether `learn` trains a torch module, by an objective that a strategy may give
    transductive = False  # whether scores depend on the other genes of the dataset, those fitted on among them
    fitted_: Any

    @property
    @abstractmethod
    def reads(self) -> frozenset[str]:
        """What is read of a gene: some of 'sequence', 'networks' and 'electronic'."""

    @property
    def reads_labels(self) -> bool:
        """Whether labels of genes are an input, beside being what is learned from."""
        return False

    @abstractmethod
    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> Any:
        """Return the inputs; `like` is what an earlier fit fixed, or None for a fit."""

    @abstractmethod
    def learn(
        self,
        inputs: Any,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: Callable[..., Any] | None = None,
    ) -> Any:
        """Learn from targets, and return what was learned.

        Parameters
        ----------
        inputs : ViewInputs
            As `prepare` returned them.
        supervision : Supervision
            What to learn from, with a row for each gene of the inputs.
        validation : Supervision, optional
            Held-out labels, whose loss chooses the epochs of a view that is trained in epochs.
        n_epochs : int, optional
            Epochs to train where there is no validation. A view that is not trained in epochs looks at neither.
        objective : callable, optional
            Makes what is minimised, for a view that `takes_objective`.

        Returns
        -------
        Fitted
        """

    @abstractmethod
    def score(self, fitted: Any, inputs: Any) -> NDArray[np.float32]:
        """Return the scores of what `learn` returned for every gene and term, before the ontology is heeded.

        Returns
        -------
        ndarray of float32, shape (n_genes, n_terms)
        """

    def prepare(self, dataset: GeneDataset, muting: Muting | None = None, *, like: Preparation | None = None) -> Any:
        """Read a dataset once for all fits and predictions on it.

        Parameters
        ----------
        dataset : GeneDataset
        muting : Muting, optional
        like : Preparation, optional
            What an earlier fit fixed (scaling, names, chosen columns). Without it, it is fixed by this dataset.

        Returns
        -------
        ViewInputs

        Raises
        ------
        InputError
            If the dataset has other features or networks than the fitted one, or lacks genes of it although the view
            is transductive.
        """
        if like is not None:
            like.check(dataset)
            if self.transductive:
                like.check_genes(dataset, type(self).__name__)
        return self._read(dataset, muting, like)

    def speaks_of(self, inputs: Any) -> NDArray[np.bool_]:
        """Return which genes the view can say something about, shape (n_genes,); all by default."""
        return np.ones(inputs.n_genes, dtype=bool)

    def teachable(self, inputs: Any) -> NDArray[np.bool_]:
        """Return which genes' taught labels the view may learn, shape (n_genes,).

        To most views a taught label is as good as an experimental one; they are taught none of a gene through which no
        label spreads.
        """
        return np.ones(inputs.n_genes, dtype=bool) if inputs.muting is None else ~inputs.muting.silent

    def with_fitted(self, fitted: Any, terms: tuple[str, ...]) -> GenePredictor:
        """Return a fitted copy of the view."""
        return clone(self)._take(fitted, terms)  # type: ignore[no-any-return]

    def _take(self, fitted: Any, terms: tuple[str, ...]) -> Self:
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

    def _state(self) -> Arrays:
        return dict(self.fitted_.preparation.pack())

    def _facts(self) -> dict[str, Any]:
        return {"preparation": self.fitted_.preparation.facts(), "n_epochs": self.fitted_.n_epochs}


def split_validation(supervision: Supervision) -> tuple[Supervision, Supervision]:
    """Return the labels to practise on, and those of the validation genes.

    Where no positive label is left to practise on, all labels are practised on and none is held out.
    """
    held_out = supervision.validation
    practice = supervision.only(~held_out)
    if not practice.positive.nnz:
        return supervision, supervision.only(np.zeros_like(held_out))
    return practice, supervision.only(held_out)


@dataclass(frozen=True, eq=False, kw_only=True)
class _DatasetInputs(ViewInputs):
    """A dataset as it is, for a predictor that is no view.

    Parameters
    ----------
    dataset : GeneDataset
    predictor : GenePredictor
        To be fitted.
    """

    dataset: GeneDataset
    predictor: GenePredictor


@dataclass(frozen=True, eq=False, kw_only=True)
class _FittedPredictor(Fitted):
    predictor: GenePredictor


class PredictorView(View):
    """Any predictor as a view: its inputs are the dataset itself.

    Taught labels are learned as if they were experimental: no label can be weighted, and a gene taught to have a term
    counts as lacking the aspect's other terms. Taught genes without a label of their own count as training genes, for
    an owned strategy is to judge itself on experiments.

    Parameters
    ----------
    predictor : GenePredictor
    """

    def __init__(self, *, predictor: GenePredictor) -> None:
        self.predictor = predictor

    @property
    def reads(self) -> frozenset[str]:
        """A predictor that is no view may read everything."""
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
    """Return the dataset with the labels of a supervision, taught ones among the experimental ones."""
    positive, negative = supervision.taught_positive.astype(bool), supervision.taught_negative.astype(bool)
    taught = (np.diff(positive.indptr) + np.diff(negative.indptr) > 0) & ~supervision.has_labels
    return replace(
        dataset,
        positive=csr_array(supervision.positive + positive),
        negative=csr_array(supervision.negative + negative),
        split=np.where(taught, TRAIN, dataset.split).astype(np.uint8),
    )


def as_view(predictor: GenePredictor) -> View:
    """Return a predictor as a view: itself if it is one, otherwise wrapped."""
    return predictor if isinstance(predictor, View) else PredictorView(predictor=predictor)


def fitted_view(predictor: GenePredictor) -> tuple[View, Fitted]:
    """Return a fitted predictor as a view, and what it learned; of a wrapped one nothing is fixed ahead."""
    if isinstance(predictor, View):
        return predictor, predictor.fitted_
    nothing = Preparation(genes=np.empty(0, dtype=np.str_))
    return PredictorView(predictor=predictor), _FittedPredictor(preparation=nothing, predictor=predictor)


def raw_scores(predictor: GenePredictor, dataset: GeneDataset, muting: Muting | None = None) -> NDArray[np.float32]:
    """Return the scores of a fitted predictor before the ontology is heeded, shape (n_genes, n_terms)."""
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
        Of the parameter.
    value : Any
    reads : frozenset of str, optional
        What the view may read at most; by default sequences and networks.
    """
    allowed = frozenset({SEQUENCE, NETWORKS}) if reads is None else reads
    expected = "a SequenceNetwork, a GraphNetwork or None" if NETWORKS in allowed else "a SequenceNetwork or None"
    if value is None:
        return
    if not isinstance(value, View) or not value.takes_objective or not value.reads <= allowed:
        raise InputError(f"{name}: found {value!r}, expected {expected}")
