"""ScikitView: any scikit-learn classifier as the model of the sequence view or the network view."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils import get_tags

from genessl.data.dataset import GeneDataset
from genessl.data.sparse import pack_sparse, unpack_sparse
from genessl.errors import InputError
from genessl.features.muting import Muting
from genessl.models.base import Arrays, check_count
from genessl.models.inputs import Fitted, Preparation, ViewInputs
from genessl.models.neural.graph_network import GraphNetwork
from genessl.models.neural.inputs import ModuleInputs
from genessl.models.neural.sequence_network import SequenceNetwork
from genessl.models.neural.training import ModuleView
from genessl.models.supervision import Supervision
from genessl.models.view import NETWORKS, SEQUENCE, View
from genessl.semi_supervised.estimator_description import describe, named_estimator, rebuild
from genessl.semi_supervised.weighted_fit import fit_weighted, weight_parameter

_log = logging.getLogger(__name__)
FEATURES = ("sequence", "network")
_TERMS_AT_ONCE = 512
_BESIDE_POSITIVE = ("negative", "taught_positive", "taught_negative")


@dataclass(frozen=True)
class FittedTerms:
    """A fitted classifier and the columns, among the learned terms, that it scores."""

    columns: NDArray[np.intp]
    classifier: BaseEstimator


@dataclass(frozen=True, eq=False, kw_only=True)
class TableInputs(ViewInputs):
    """A row of features for each gene.

    Parameters
    ----------
    features : ndarray of float32, shape (n_genes, n_features)
    speaks_of : ndarray of bool, shape (n_genes,)
        True for genes about which the view has evidence.
    """

    features: NDArray[np.float32]
    speaks_of: NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedClassifiers(Fitted):
    """The classifiers and the data that they were fitted on; only the data are saved.

    Parameters
    ----------
    classifiers : tuple of FittedTerms
        A classifier for each term, or for the terms that are learned together.
    columns : ndarray of int
        Columns of the terms that are learned.
    description : dict or None
        The unfitted classifier as JSON (see `describe`); None for the default.
    features : ndarray of float32, shape (n_training, n_features)
        Features of the training genes.
    supervision : Supervision
        Labels of the training genes for the learned terms.
    """

    classifiers: tuple[FittedTerms, ...]
    columns: NDArray[np.intp]
    description: Any
    features: NDArray[np.float32]
    supervision: Supervision


class ScikitView(View[TableInputs, FittedClassifiers]):
    """Learn the terms from one view by any scikit-learn classifier, each term separately (binary relevance [1]_).

    It learns from the labels and the sequences or the networks. Unlabelled genes only enter the scaling of sequence
    features or the embedding of networks. It is transductive with network features: all genes that it was fitted with
    must then be in the dataset to predict.

    For each term a copy of the classifier is fitted on the genes whose label of the term is known: those labelled in
    its aspect, of which the genes without the term are negatives (see `Supervision`). A classifier that takes several
    labels at once, such as a random forest, nearest neighbours or a multilayer perceptron, learns the terms with the
    same known genes together, at most 512 of them. A gene's score is the classifier's probability, or 1 / (1 + exp(-d))
    of its decision function d if it gives no probability. A term that all its known genes have scores its frequency. A
    term of fewer than `min_genes` genes scores 0.

    The features are those of the neural views, standardised over the dataset. A comparison with a `SequenceNetwork`, or
    with the node features of a `GraphNetwork`, is therefore a comparison of classifiers alone. A saved view holds the
    training genes and is fitted again when it is loaded; another release of scikit-learn may then give other scores.

    Parameters
    ----------
    classifier : BaseEstimator, str or dict, optional
        It must have `predict_proba` or `decision_function`; by default `LogisticRegression(C=0.01, max_iter=1000)`. Its
        parameters must be numbers, text, estimators, or lists, tuples and dicts of these, because they are saved as
        JSON. A configuration names it as ``sklearn.svm.SVC``, or as ``{sklearn.svm.SVC: {C: 2.0}}``.
    features : {'sequence', 'network'}
        The sequence view, or the diffusion embedding and degree in each network.
    n_components : int, default=64
        Length of the diffusion embedding of each network.
    min_genes : int, default=5
        Fewest genes, labelled or taught, that a term needs to be learned.
    seed : int, default=0
        It replaces each `random_state` of the classifier that is None.

    Attributes
    ----------
    fitted_ : FittedClassifiers

    References
    ----------
    .. [1] G. Tsoumakas and I. Katakis, Multi-label classification: an overview, International Journal of Data
       Warehousing and Mining 3(3), 1-13, 2007, doi:10.4018/jdwm.2007070101
    """

    def __init__(
        self,
        *,
        classifier: BaseEstimator | str | Mapping[str, Any] | None = None,
        features: str = "sequence",
        n_components: int = 64,
        min_genes: int = 5,
        seed: int = 0,
    ) -> None:
        self.classifier = classifier
        self.features = features
        self.n_components = n_components
        self.min_genes = min_genes
        self.seed = seed

    def _check_parameters(self) -> None:
        if self.features not in FEATURES:
            raise InputError(f"features: found {self.features!r}, expected 'sequence' or 'network'")
        check_count("n_components", self.n_components)
        check_count("min_genes", self.min_genes)
        check_count("seed", self.seed, 0)
        classifier = named_estimator(self.classifier)
        if classifier is None:
            return
        able = any(hasattr(classifier, method) for method in ("predict_proba", "decision_function"))
        if not able or not isinstance(classifier, BaseEstimator) or not is_classifier(classifier):
            raise InputError(
                f"classifier: found {self.classifier!r}, expected a scikit-learn classifier with predict_proba or"
                " decision_function, or None"
            )
        describe(classifier, "classifier")  # refuses a classifier that cannot be saved, before it is fitted

    @property
    def reads(self) -> frozenset[str]:
        """The sequences or the networks."""
        return frozenset({SEQUENCE if self.features == "sequence" else NETWORKS})

    @property
    def transductive(self) -> bool:  # type: ignore[override]
        """Whether networks are read: every gene contributes to the embeddings of the others."""
        return self.features == "network"

    def _read(self, dataset: GeneDataset, muting: Muting | None, like: Preparation | None) -> TableInputs:
        neural: ModuleView = SequenceNetwork(label_path=False, device="cpu")
        if self.features == "network":
            neural = GraphNetwork(n_components=self.n_components, label_path=False, seed=self.seed, device="cpu")
        inputs: ModuleInputs = neural.prepare(dataset, muting, like=like)
        return TableInputs(
            genes=inputs.genes,
            n_terms=inputs.n_terms,
            preparation=inputs.preparation,
            muting=muting,
            features=inputs.features.numpy(),
            speaks_of=neural.speaks_of(inputs),
        )

    def speaks_of(self, inputs: TableInputs) -> NDArray[np.bool_]:
        """Return all genes for the sequence view, and the genes with an edge for the network view."""
        return inputs.speaks_of

    def teachable(self, inputs: TableInputs) -> NDArray[np.bool_]:
        """Return all genes but suspects, because a classifier has no dummy head for them."""
        return np.ones(inputs.n_genes, dtype=bool) if inputs.muting is None else ~inputs.muting.suspects

    def learn(
        self,
        inputs: TableInputs,
        supervision: Supervision,
        *,
        validation: Supervision | None = None,
        n_epochs: int | None = None,
        objective: Callable[..., Any] | None = None,
    ) -> FittedClassifiers:
        """Fit the classifiers on experimental and taught labels; see `View.learn`.

        Taught labels count with their weight, or fully if the classifier takes no weights.
        """
        columns = np.flatnonzero(supervision.n_positive + supervision.n_taught >= self.min_genes)
        if not len(columns):
            raise InputError(
                f"min_genes: no term has {self.min_genes} genes with an experimental annotation; give a smaller number"
            )
        rows = supervision.informative
        return self._refitted(
            FittedClassifiers(
                preparation=inputs.preparation,
                classifiers=(),
                columns=columns,
                description=describe(named_estimator(self.classifier), "classifier"),
                features=np.ascontiguousarray(inputs.features[rows]),
                supervision=_of_rows(supervision.select(columns), rows),
            )
        )

    def _refitted(self, fitted: FittedClassifiers) -> FittedClassifiers:
        """Return a copy whose classifiers are fitted on the stored features and labels."""
        classifier, supervision = self._seeded_classifier(fitted.description), fitted.supervision
        together = bool(get_tags(classifier).classifier_tags.multi_label)
        if supervision.taught_weight and weight_parameter(classifier) is None:
            _log.warning("ScikitView: %s takes no weights; taught labels count fully", type(classifier).__name__)
        rows = np.arange(len(fitted.features))
        classifiers: list[FittedTerms] = []
        for block in _blocks(supervision):
            targets, weights = supervision.select(block).batch(rows)
            present, absent = (weights * targets).any(axis=0), (weights * (1 - targets)).any(axis=0)
            varied = np.flatnonzero(present & absent)
            for group in _groups(weights[:, varied], together):
                columns = varied[group]
                labels = targets[:, columns if len(columns) > 1 else columns[0]].astype(np.int64)
                learned = fit_weighted(clone(classifier), fitted.features, labels, weights[:, columns[0]])
                classifiers.append(FittedTerms(block[columns], learned))
        _log.info("ScikitView: %d classifiers, %d terms", len(classifiers), len(fitted.columns))
        return replace(fitted, classifiers=tuple(classifiers))

    def _seeded_classifier(self, description: Any) -> BaseEstimator:
        classifier: BaseEstimator = rebuild(description)
        if classifier is None:  # `or` would fail: an unfitted ensemble has no length
            classifier = LogisticRegression(C=0.01, max_iter=1000)
        states = {name: value for name, value in classifier.get_params().items() if name.endswith("random_state")}
        return classifier.set_params(**{name: self.seed for name, value in states.items() if value is None})

    def score(self, fitted: FittedClassifiers, inputs: TableInputs) -> NDArray[np.float32]:
        """Return the classifiers' probabilities; see `View.score`."""
        scores = np.zeros((inputs.n_genes, inputs.n_terms), dtype=np.float32)
        scores[:, fitted.columns] = fitted.supervision.frequency
        for each in fitted.classifiers:
            columns = fitted.columns[each.columns]
            scores[:, columns] = _probability(each.classifier, inputs.features, len(columns))
        return scores

    def _write(self, folder: Path) -> None:
        bare = clone(self).set_params(classifier=None)  # the description is saved instead
        super(ScikitView, bare._take(self.fitted_, self.terms_))._write(folder)

    def _facts(self) -> dict[str, Any]:
        return {
            **super()._facts(),
            "classifier": self.fitted_.description,
            "genes": self.fitted_.supervision.genes.tolist(),
            "taught_weight": self.fitted_.supervision.taught_weight,
            "scikit_learn": sklearn.__version__,
        }

    def _state(self) -> Arrays:
        fitted = self.fitted_
        state: Arrays = {
            **super()._state(),
            "columns": fitted.columns.astype(np.int64),
            "features": fitted.features,
            **fitted.supervision.pack(),
        }
        for name in _BESIDE_POSITIVE:
            state.update(pack_sparse(name, getattr(fitted.supervision, name)))
        return state

    def _restore(self, arrays: Arrays, facts: dict[str, Any], folder: Path) -> None:
        if facts["scikit_learn"] != sklearn.__version__:
            _log.warning("%s: saved with scikit-learn %s, fitted again by another", folder, facts["scikit_learn"])
        self.classifier = rebuild(facts["classifier"])
        self.fitted_ = self._refitted(
            FittedClassifiers(
                preparation=Preparation.unpack(arrays, facts["preparation"]),
                classifiers=(),
                columns=arrays["columns"].astype(np.intp),
                description=facts["classifier"],
                features=arrays["features"],
                supervision=replace(
                    Supervision.unpack(arrays, facts["genes"]),
                    taught_weight=facts["taught_weight"],
                    **{name: unpack_sparse(name, arrays) for name in _BESIDE_POSITIVE},
                ),
            )
        )


def _blocks(supervision: Supervision) -> Iterator[NDArray[np.intp]]:
    """Yield blocks of columns of one aspect, each small enough to be made dense."""
    for aspect in range(supervision.labelled.shape[1]):
        columns = np.flatnonzero(supervision.aspect_of_term == aspect)
        yield from (columns[start : start + _TERMS_AT_ONCE] for start in range(0, len(columns), _TERMS_AT_ONCE))


def _of_rows(supervision: Supervision, rows: NDArray[np.intp]) -> Supervision:
    """Return the supervision of some genes only."""
    return replace(
        supervision,
        genes=supervision.genes[rows],
        labelled=supervision.labelled[rows],
        validation=supervision.validation[rows],
        suspects=None,
        pool=None,
        **{name: csr_array(getattr(supervision, name)[rows]) for name in ("positive", *_BESIDE_POSITIVE)},
    )


def _groups(weights: NDArray[np.float32], together: bool) -> list[NDArray[np.intp]]:
    """Return the groups of columns that one classifier learns together: those with equal weights, or single columns."""
    if not together or not weights.shape[1]:
        return [np.array([column]) for column in range(weights.shape[1])]
    _, group = np.unique(weights, axis=1, return_inverse=True)
    return [np.flatnonzero(group == number) for number in range(group.max() + 1)]


def _probability(classifier: BaseEstimator, features: NDArray[np.float32], n_columns: int) -> NDArray[Any]:
    """Return the probability of presence, shape (n_genes, n_columns); each column was fitted on both classes."""
    if not hasattr(classifier, "predict_proba"):
        return np.asarray(expit(classifier.decision_function(features))).reshape(len(features), n_columns)
    probability = classifier.predict_proba(features)
    if isinstance(probability, list):  # one array of two classes for each column
        return np.column_stack([column[:, 1] for column in probability])
    return np.asarray(probability[:, 1:] if n_columns == 1 else probability)
