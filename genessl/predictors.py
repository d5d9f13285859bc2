"""The one registry of predictors: name in the configuration to class, imported when it is needed."""

from __future__ import annotations

import ast
import difflib
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genessl.errors import InputError

if TYPE_CHECKING:
    from genessl.models.base import GenePredictor

PREDICTORS: dict[str, tuple[str, str]] = {
    "term_frequency": ("genessl.models.baselines", "TermFrequency"),
    "homology": ("genessl.models.baselines", "Homology"),
    "domain_neighbours": ("genessl.models.baselines", "DomainNeighbours"),
    "network_neighbours": ("genessl.models.baselines", "NetworkNeighbours"),
    "label_propagation": ("genessl.models.propagation.label_propagation", "LabelPropagation"),
    "kernel_regression": ("genessl.models.kernel_regression", "KernelRegression"),
    "electronic_annotation": ("genessl.models.baselines", "ElectronicAnnotation"),
    "sequence_network": ("genessl.models.neural.sequence_network", "SequenceNetwork"),
    "graph_network": ("genessl.models.neural.graph_network", "GraphNetwork"),
    "electronic_trust": ("genessl.models.neural.electronic_trust", "ElectronicTrust"),
    "evidence_network": ("genessl.models.neural.evidence_network", "EvidenceNetwork"),
    "co_training": ("genessl.semi_supervised.pseudo_labels.co_training", "CoTraining"),
    "combined": ("genessl.models.stacking.combined", "Combined"),
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
CONTROL = "permuted_labels"
OWNED = (
    "predictor",
    "strategy",
    "view",
    "sequence_view",
    "network_view",
    "third_view",
    "fourth_view",
)  # parameters that name another model


def make_predictor(name: str, parameters: Mapping[str, Any] | None = None, *, seed: int = 0) -> GenePredictor:
    """Make a predictor by its name in the configuration.

    Parameters
    ----------
    name : str
        One of `PREDICTORS`.
    parameters : mapping, optional
        The constructor's keyword arguments. Where one of them, as `view`, is a model of its own, it may be that model's
        name, or a mapping of the name to its parameters.
    seed : int, default=0
        Given to a predictor that takes one, unless `parameters` holds it.

    Raises
    ------
    InputError
        If the name or a parameter is unknown.
    """
    allowed = check_parameters(name, parameters or {})
    module, class_name = PREDICTORS[name]
    arguments = {"seed": seed} if "seed" in allowed else {}
    given = {key: _owned(key, value, seed) for key, value in (parameters or {}).items()}
    predictor: GenePredictor = getattr(importlib.import_module(module), class_name)(**{**arguments, **given})
    return predictor


def _owned(parameter: str, value: Any, seed: int) -> Any:
    """Make the predictor that a strategy is to own, where the parameter names one."""
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
    """Return a predictor's parameter names, or raise InputError for one it does not take."""
    allowed = parameter_names(name)
    for parameter in parameters:
        if parameter not in allowed:
            expected = f"one of {', '.join(allowed)}" if allowed else "none"
            raise InputError(
                f"models: {name} has no parameter '{parameter}'{_nearest(parameter, allowed)}; expected {expected}"
            )
        if parameter in OWNED and isinstance(parameters[parameter], (str, Mapping)):
            check_parameters(*_named(parameter, parameters[parameter]))
    return allowed


def parameter_names(name: str) -> tuple[str, ...]:
    """Read the names of a predictor's parameters from its source, without importing torch.

    Raises
    ------
    InputError
        If there is no predictor of that name.
    """
    if name not in PREDICTORS:
        raise InputError(
            f"models: there is no model '{name}'{_nearest(name, PREDICTORS)}; expected one of {', '.join(PREDICTORS)}"
        )
    module, class_name = PREDICTORS[name]
    package = Path(__file__).parent
    source = package.joinpath(*module.split(".")[1:]).with_suffix(".py")
    tree = ast.parse(source.read_text(encoding="utf-8"))
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name)
    for node in found.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            return tuple(argument.arg for argument in node.args.kwonlyargs)
    return ()


def _nearest(word: str, known: Any) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean '{near[0]}'?" if near else ""
