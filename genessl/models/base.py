"""GenePredictor, the interface of every predictor: fit, predict_proba, save and load."""

from __future__ import annotations

import importlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from genessl.data.dataset import GeneDataset
from genessl.data.folders import written_folder
from genessl.errors import InputError
from genessl.features.muting import Muting
from genessl.models.reasons import COLUMNS, Reason, as_table, completed
from genessl.models.resources import Resources

Arrays = dict[str, NDArray[Any]]
FORMAT = 4  # version of the saved files; raise it whenever an older file can no longer be read


class GenePredictor(BaseEstimator, ABC):  # type: ignore[misc]
    """Predict which genes have which terms.

    A subclass stores its keyword-only parameters in the constructor, and writes `_fit`, `_predict`, `_state` and
    `_restore`. This class sorts the genes by identifier before it calls `_fit` or `_predict`, so that the order of the
    input has no effect, and raises each parent's score to its children's afterwards. A subclass that can take muted
    genes into account (see `Muting`) sets `heeds_muting` and also writes `_fit_muted` and `_predict_muted`.

    Attributes
    ----------
    terms_ : tuple of str
        The terms that the predictor was fitted on, one for each column of the scores.
    """

    heeds_muting = False

    def fit(self, dataset: GeneDataset, muting: Muting | None = None) -> Self:
        """Learn from the dataset's visible labels; a semi-supervised predictor also learns from its unlabelled genes.

        Parameters
        ----------
        dataset : GeneDataset
        muting : Muting, optional
            Genes of the dataset that must not bias the fit.

        Raises
        ------
        InputError
            If a parameter is out of range, no gene has an experimental annotation, genes are muted and the predictor
            does not heed it, or the muting is of other genes or mutes labelled ones.
        """
        _check_dataset(dataset)
        self._check_parameters()
        if not dataset.positive.nnz:
            raise InputError(
                "the dataset has no experimental annotation to learn from; check `evidence` and `annotations`"
            )
        ordered, order = dataset.by_name
        if muting is None:
            self._fit(ordered)
        else:
            self._check_muting(muting, dataset)
            if (muting.silent & dataset.labelled.any(axis=1)).any():
                raise InputError("muting: found a gene with an experimental annotation, expected no labelled gene")
            self._fit_muted(ordered, muting.take(order))
        self.terms_ = dataset.ontology.terms
        return self

    def predict_proba(self, dataset: GeneDataset, muting: Muting | None = None) -> NDArray[np.float32]:
        """Score each gene for each term.

        Parameters
        ----------
        dataset : GeneDataset
            It must have the terms of the fitted dataset. Its labels are not read.
        muting : Muting, optional
            Genes of the dataset that must not bias the scores of other genes.

        Returns
        -------
        ndarray of float32, shape (n_genes, n_terms), in [0, 1]
            A parent term scores at least as high as its child.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        InputError
            If the columns, features or networks differ from those of the fitted dataset, if the predictor is
            transductive and genes of the fitted dataset are missing, or if a score is NaN.
        """
        _check_dataset(dataset)
        self._check_fitted()
        if dataset.ontology.terms != self.terms_:
            raise InputError(
                f"found a dataset of {dataset.n_terms} terms, expected the {len(self.terms_)} terms that the predictor"
                " was fitted on; build both datasets with the same ontology and annotations"
            )
        ordered, order = dataset.by_name
        if muting is None:
            found = self._predict(ordered)
        else:
            self._check_muting(muting, dataset)
            found = self._predict_muted(ordered, muting.take(order))
        if np.isnan(found).any():
            raise InputError(
                f"{' '.join(repr(self).split())}: found NaN in {np.isnan(found).sum()} of {found.size} scores, expected"
                " numbers from 0 to 1; change its parameters or use another model"
            )
        scores = np.empty((dataset.n_genes, dataset.n_terms), dtype=np.float32)
        scores[order] = dataset.ontology.propagate_scores(np.clip(found, 0.0, 1.0))
        return scores

    def explain(self, dataset: GeneDataset, gene: str, term: str) -> pd.DataFrame:
        """Explain the score of a gene and a term: which evidence adds how much to its log-odds.

        Parameters
        ----------
        dataset : GeneDataset
            As for `predict_proba`.
        gene, term : str
            A gene and a term of the dataset.

        Returns
        -------
        DataFrame
            With the columns kind, source, what, weight and contribution (see `Reason`), the base first and then by size
            of the contribution. The contributions add up to the log-odds of the score, cut off at 0.0001 and 0.9999;
            what the predictor cannot trace to evidence is the row of kind 'remainder'.

        Raises
        ------
        NotFittedError
            If `fit` was not called.
        InputError
            If the dataset does not have the gene or the term, or as for `predict_proba`.
        """
        return self.explain_pairs(dataset, [(gene, term)]).drop(columns=["gene", "term"])

    def explain_pairs(self, dataset: GeneDataset, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
        """Explain several pairs of gene and term as `explain` does; the dataset is scored once for all.

        Returns
        -------
        DataFrame
            As `explain` returns it, with the columns gene and term before the others, in the order of the pairs.
        """
        _check_dataset(dataset)
        self._check_fitted()
        if dataset.ontology.terms != self.terms_:
            self.predict_proba(dataset)  # which says what is wrong
        ordered, _ = dataset.by_name
        ontology, row_of = ordered.ontology, {gene: row for row, gene in enumerate(ordered.genes.tolist())}
        rows = np.array([_place(gene, row_of, "gene") for gene, _ in pairs], dtype=np.intp)
        columns = np.array([_place(term, ontology.index, "term") for _, term in pairs], dtype=np.intp)
        raw = np.clip(self._predict(ordered), 0.0, 1.0)
        tables = [pd.DataFrame()]
        for (gene, term), reasons, row, column in zip(pairs, self._reasons(ordered, rows, columns), rows, columns):
            below = np.flatnonzero(ontology.ancestors[:, [column]].toarray().ravel())
            best = below[np.argmax(raw[row, below])]
            found = completed(
                reasons, raw[row, column], raw[row, best], raised_by=ontology.terms[best], name=type(self).__name__
            )
            tables.append(as_table(found).assign(gene=gene, term=term))
        return pd.concat(tables, ignore_index=True).reindex(columns=["gene", "term", *COLUMNS])

    def _reasons(self, dataset: GeneDataset, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> list[list[Reason]]:
        """Return for each pair what is known of its score before parents are raised; by default nothing.

        Genes are sorted by identifier. What the contributions lack to the log-odds becomes the remainder.
        """
        return [[] for _ in rows]

    def _check_fitted(self) -> None:
        if not hasattr(self, "terms_"):
            raise NotFittedError(f"this {type(self).__name__} is not fitted; call fit first")

    def _check_muting(self, muting: Muting, dataset: GeneDataset) -> None:
        if len(muting.silent) != dataset.n_genes:
            raise InputError(
                f"muting: found {len(muting.silent)} truth values, expected one for each of {dataset.n_genes} genes"
            )

    def save(self, path: str | Path) -> None:
        """Write the predictor into a folder, as JSON and safetensors."""
        self._check_fitted()
        with written_folder(path) as folder:
            self._write(folder)

    def _write(self, folder: Path) -> None:
        description = {
            "format": FORMAT,
            "module": type(self).__module__,
            "class": type(self).__name__,
            "parameters": {k: v for k, v in self.get_params(deep=False).items() if not isinstance(v, BaseEstimator)},
            "terms": list(self.terms_),
            "facts": self._facts(),
        }
        (folder / "predictor.json").write_text(json.dumps(description, indent=1), encoding="utf-8")
        arrays = {name: np.ascontiguousarray(array) for name, array in self._state().items()}
        save_file(arrays, str(folder / "state.safetensors"))

    @classmethod
    def load(cls, path: str | Path) -> GenePredictor:
        """Read a predictor that `save` wrote.

        Raises
        ------
        InputError
            If the folder holds no predictor of this package, or one of another class than the one on which `load` is
            called.
        """
        folder = Path(path)
        if not (folder / "predictor.json").is_file():
            raise InputError(f"{folder}: expected a saved predictor, found no predictor.json; train the model first")
        try:
            description = json.loads((folder / "predictor.json").read_text(encoding="utf-8"))
            if description.get("format") != FORMAT:
                raise InputError(
                    f"{folder}: found a saved predictor of format {description.get('format', 1)}, expected {FORMAT};"
                    " another version of genessl wrote it; train the model again"
                )
            arrays = load_file(str(folder / "state.safetensors"))
            if not str(description["module"]).startswith("genessl."):
                raise InputError(f"{folder}: expected a predictor of genessl, found {description['module']}")
            found = getattr(importlib.import_module(description["module"]), description["class"])
        except InputError:
            raise
        except (OSError, ValueError, KeyError, AttributeError, ImportError, SafetensorError) as error:
            raise InputError(f"{folder}: the saved predictor is damaged ({error}); train the model again") from error
        if not issubclass(found, cls):
            raise InputError(f"{folder}: expected a {cls.__name__}, found a {found.__name__}")
        predictor: GenePredictor = found(**description["parameters"])
        try:
            predictor._read_back(description, arrays, folder)
        except KeyError as error:
            raise InputError(f"{folder}: the saved predictor has no {error}; train the model again") from error
        return predictor

    def _read_back(self, description: dict[str, Any], arrays: Arrays, folder: Path) -> None:
        self.terms_ = tuple(description["terms"])
        self._restore(arrays, description["facts"], folder)

    def settled(self, dataset: GeneDataset) -> GenePredictor:
        """Return a predictor that has already made the choices that depend on the validation genes.

        An owner calls it before it fits the predictor without the labels of these genes.
        """
        return self

    def resources(self, n_genes: int, n_terms: int) -> Resources:
        """Return what a fit on so many genes and terms needs; an owner adds up the needs of what it owns."""
        return Resources.of_tables(8, n_genes, n_terms)

    def _check_parameters(self) -> None:
        """Raise InputError for a parameter out of range; this default checks nothing."""

    @abstractmethod
    def _fit(self, dataset: GeneDataset) -> None:
        """Learn; genes are sorted by identifier."""

    @abstractmethod
    def _predict(self, dataset: GeneDataset) -> NDArray[np.float32]:
        """Return finite scores, shape (n_genes, n_terms); genes are sorted by identifier."""

    def _fit_muted(self, dataset: GeneDataset, muting: Muting) -> None:
        """Learn with some genes muted; genes are sorted by identifier. This default refuses them."""
        raise InputError(f"muting: found muted genes, which {type(self).__name__} cannot leave aside")

    def _predict_muted(self, dataset: GeneDataset, muting: Muting) -> NDArray[np.float32]:
        """Return finite scores with some genes muted; genes are sorted by identifier. This default refuses them."""
        raise InputError(f"muting: found muted genes, which {type(self).__name__} cannot leave aside")

    @abstractmethod
    def _state(self) -> Arrays:
        """Return the learned arrays by name."""

    def _facts(self) -> dict[str, Any]:
        """Return the JSON-serialisable fitted state other than arrays."""
        return {}

    @abstractmethod
    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        """Restore the fitted state from what `_state` and `_facts` returned."""


def check_range(name: str, value: float, low: float, high: float = np.inf, *, low_included: bool = True) -> None:
    """Raise InputError unless a parameter lies between its bounds."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not (low < value <= high or (low_included and value == low)):
        bracket = "[" if low_included else "("
        end = "inf)" if np.isinf(high) else f"{high}]"
        raise InputError(f"{name}: found {value!r}, expected a number in {bracket}{low}, {end}")


def check_flag(name: str, value: Any) -> None:
    """Raise InputError unless a parameter is true or false."""
    if type(value) is not bool:
        raise InputError(f"{name}: found {value!r}, expected true or false")


def check_count(name: str, value: int, least: int = 1) -> None:
    """Raise InputError unless a parameter is a whole number of at least `least`."""
    if type(value) is not int or value < least:
        raise InputError(f"{name}: found {value!r}, expected a whole number of at least {least}")


def _check_dataset(dataset: object) -> None:
    """Raise InputError for anything but a GeneDataset."""
    if not isinstance(dataset, GeneDataset):
        raise InputError(
            f"dataset: found a {type(dataset).__name__}, expected a GeneDataset, as GeneDataset.load gives it"
        )


def _place(name: str, places: Mapping[str, int], kind: str) -> int:
    """Return the place of a gene or term, or raise InputError."""
    if name not in places:
        raise InputError(f"{kind}: found {name!r}, expected one of the dataset's {len(places)} {kind}s")
    return places[name]
