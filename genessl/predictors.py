"""The registry of predictors: their names in the configuration, and their classes, which are imported when needed."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from genessl.errors import InputError, nearest

if TYPE_CHECKING:
    from genessl.models.base import GenePredictor

PREDICTORS: dict[str, tuple[str, str]] = {
    "term_frequency": ("genessl.models.baselines", "TermFrequency"),
    "homology": ("genessl.models.neighbours", "Homology"),
    "domain_neighbours": ("genessl.models.neighbours", "DomainNeighbours"),
    "embedding_neighbours": ("genessl.models.neighbours", "EmbeddingNeighbours"),
    "network_neighbours": ("genessl.models.neighbours", "NetworkNeighbours"),
    "label_propagation": ("genessl.models.propagation.label_propagation", "LabelPropagation"),
    "kernel_regression": ("genessl.models.kernel_regression", "KernelRegression"),
    "electronic_annotation": ("genessl.models.baselines", "ElectronicAnnotation"),
    "sequence_network": ("genessl.models.neural.sequence_network", "SequenceNetwork"),
    "graph_network": ("genessl.models.neural.graph_network", "GraphNetwork"),
    "electronic_trust": ("genessl.models.neural.electronic_trust", "ElectronicTrust"),
    "evidence_network": ("genessl.models.neural.evidence_network", "EvidenceNetwork"),
    "co_training": ("genessl.semi_supervised.pseudo_labels.co_training", "CoTraining"),
    "combined": ("genessl.semi_supervised.stacking.combined", "Combined"),
    "self_training": ("genessl.semi_supervised.pseudo_labels.self_training", "SelfTraining"),
    "mean_teacher": ("genessl.semi_supervised.consistency.mean_teacher", "MeanTeacher"),
    "fixmatch": ("genessl.semi_supervised.consistency.fixmatch", "FixMatch"),
    "variational_autoencoder": ("genessl.semi_supervised.generative.variational_autoencoder", "VariationalAutoencoder"),
    "feature_matching": ("genessl.semi_supervised.generative.feature_matching", "FeatureMatchingGAN"),
    "label_spreading": ("genessl.models.propagation.label_spreading", "LabelSpreading"),
    "function_diffusion": ("genessl.models.propagation.function_diffusion", "FunctionDiffusion"),
    "correct_and_smooth": ("genessl.models.propagation.correct_and_smooth", "CorrectAndSmooth"),
    "positive_unlabelled": ("genessl.semi_supervised.positive_unlabelled", "PositiveUnlabelled"),
    "pretrained": ("genessl.semi_supervised.pretrained", "Pretrained"),
    "difficulty_diffusion": ("genessl.semi_supervised.generative.difficulty_diffusion", "DifficultyDiffusion"),
    "rsmatch": ("genessl.semi_supervised.rsmatch", "RSMatch"),
    "scikit_view": ("genessl.semi_supervised.scikit_view", "ScikitView"),
}
OWNED = (
    "predictor",
    "strategy",
    "view",
    "sequence_view",
    "network_view",
    "third_view",
    "fourth_view",
)  # parameters whose value names another predictor


_MAIN = ("combined", "co_training")


def main_model(names: Collection[str]) -> str:
    """Return the model whose predictions are shown first: `combined`, or else `co_training`, or else the last.

    >>> main_model(["combined", "homology"]), main_model(["homology", "label_propagation"])
    ('combined', 'label_propagation')
    """
    return next((name for name in _MAIN if name in names), list(names)[-1])


def make_predictor(name: str, parameters: Mapping[str, Any] | None = None, *, seed: int = 0) -> GenePredictor:
    """Make a predictor by its name in the configuration.

    Parameters
    ----------
    name : str
        One of `PREDICTORS`.
    parameters : mapping, optional
        The constructor's keyword arguments. An argument that is itself a predictor, such as `view`, may be that
        predictor's name, or a mapping of the name to its parameters.
    seed : int, default=0
        The seed of a predictor that has this parameter, unless `parameters` holds one.

    Raises
    ------
    InputError
        If the name or a parameter is unknown.
    """
    given = {} if parameters is None else parameters
    allowed = check_parameters(name, given)
    arguments = {"seed": seed} if "seed" in allowed else {}
    owned = {key: _owned(key, value, seed) for key, value in given.items()}
    return _predictor_class(name)(**{**arguments, **owned})


def _owned(parameter: str, value: Any, seed: int) -> Any:
    """Return the predictor that a parameter names, or the unchanged value of any other parameter."""
    if parameter not in OWNED or not isinstance(value, (str, Mapping)):
        return value
    name, parameters = _named(parameter, value)
    return make_predictor(name, parameters, seed=seed)


def _named(parameter: str, value: str | Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    if isinstance(value, str):
        return value, {}
    if len(value) == 1 and all(isinstance(inner, Mapping) for inner in value.values()):
        return next(iter(value.items()))
    raise InputError(f"models: found {value!r} as {parameter}, expected a model's name, or the name and its parameters")


def check_parameters(name: str, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a predictor's parameter names, and raise InputError for a parameter that it does not have."""
    allowed = parameter_names(name)
    if not isinstance(parameters, Mapping):
        raise InputError(f"models: found {parameters!r} as the parameters of {name}, expected keys with values")
    for parameter in parameters:
        if parameter not in allowed:
            expected = f"one of {', '.join(allowed)}" if allowed else "none"
            raise InputError(
                f"models: {name} has no parameter '{parameter}'{nearest(str(parameter), allowed)}; expected {expected}"
            )
        if parameter in OWNED and isinstance(parameters[parameter], (str, Mapping)):
            check_parameters(*_named(parameter, parameters[parameter]))
    return allowed


def parameter_names(name: str) -> tuple[str, ...]:
    """Return the names of a predictor's parameters, in the order of its constructor.

    Raises
    ------
    InputError
        If there is no predictor of that name.
    """
    return tuple(inspect.signature(_predictor_class(name)).parameters)


def _predictor_class(name: str) -> type[GenePredictor]:
    if not isinstance(name, str):
        raise InputError(f"models: found {name!r}, expected a model's name as text, one of {', '.join(PREDICTORS)}")
    if name not in PREDICTORS:
        raise InputError(
            f"models: there is no model '{name}'{nearest(name, PREDICTORS)}; expected one of {', '.join(PREDICTORS)}"
        )
    module, class_name = PREDICTORS[name]
    found: type[GenePredictor] = getattr(importlib.import_module(module), class_name)
    return found
