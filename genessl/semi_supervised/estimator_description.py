"""Descriptions of scikit-learn estimators as JSON: class and parameters, without fitted state and without pickle."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from genessl.errors import InputError

_PLAIN = (bool, int, float, str, type(None))


def describe(value: Any, where: str) -> Any:
    """Turn an estimator, or the value of one of its parameters, into a value that JSON can hold.

    Parameters
    ----------
    value : Any
        An estimator, a number, text, None, or a list, tuple or dict of these.
    where : str
        The name of the value in error messages.

    Raises
    ------
    InputError
        If a parameter is of another kind, or an estimator's class cannot be found again by its name.
    """
    if isinstance(value, BaseEstimator) and not isinstance(value, type):
        parameters = value.get_params(deep=False)
        return {
            "class": _class_path(type(value), where),
            "parameters": {name: describe(inner, f"{where}: {name}") for name, inner in parameters.items()},
        }
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, list):
        return [describe(inner, where) for inner in value]
    if isinstance(value, tuple):
        return {"tuple": [describe(inner, where) for inner in value]}
    if isinstance(value, dict):
        return {"dict": [[describe(key, where), describe(inner, where)] for key, inner in value.items()]}
    raise InputError(
        f"{where}: found {value!r}, which cannot be saved as JSON, expected a number, text, None, an estimator, or a"
        " list, tuple or dict of these"
    )


def rebuild(description: Any) -> Any:
    """Return the value that `describe` turned into JSON; an estimator is returned unfitted.

    Raises
    ------
    InputError
        If a class comes neither from scikit-learn nor from a module that is already imported, or is no estimator.
    """
    if isinstance(description, list):
        return [rebuild(inner) for inner in description]
    if not isinstance(description, dict):
        return description
    if "tuple" in description:
        return tuple(rebuild(inner) for inner in description["tuple"])
    if "dict" in description:
        return {rebuild(key): rebuild(inner) for key, inner in description["dict"]}
    found = _find_class(str(description["class"]))
    return found(**{name: rebuild(inner) for name, inner in description["parameters"].items()})


def named_estimator(value: Any) -> Any:
    """Return the estimator that a configuration names: a class of scikit-learn, or the class and its parameters.

    Parameters
    ----------
    value : Any
        For example ``'sklearn.ensemble.RandomForestClassifier'`` or ``{'sklearn.svm.SVC': {'C': 2.0}}``. Any other
        value is returned unchanged.

    Raises
    ------
    InputError
        If there is no such class, or it does not take the parameters.
    """
    if isinstance(value, str):
        value = {value: {}}
    if not isinstance(value, Mapping):
        return value
    if len(value) != 1 or not isinstance(next(iter(value.values())), Mapping):
        raise InputError(f"classifier: found {value!r}, expected a class of scikit-learn, or the class and parameters")
    path, parameters = next(iter(value.items()))
    if "." not in str(path):
        raise InputError(
            f"classifier: found {path!r}, expected a scikit-learn classifier with its module, as"
            " sklearn.naive_bayes.GaussianNB"
        )
    found = _find_class(str(path))
    unknown = [name for name in parameters if name not in found._get_param_names()]
    if unknown:
        raise InputError(
            f"classifier: {path} has no parameter '{unknown[0]}'; expected one of {', '.join(found._get_param_names())}"
        )
    try:
        estimator = found(**parameters)
        if hasattr(found, "_parameter_constraints"):  # only scikit-learn's own estimators have them
            estimator._validate_params()
    except (TypeError, ValueError) as error:
        raise InputError(f"classifier: {error}") from error
    return estimator


def _class_path(found: type, where: str) -> str:
    if getattr(sys.modules.get(found.__module__), found.__qualname__, None) is not found:
        raise InputError(
            f"{where}: found the class {found.__qualname__}, which cannot be imported by that name from"
            f" {found.__module__}, expected a class at the top of a module"
        )
    return f"{found.__module__}.{found.__qualname__}"


def _find_class(path: str) -> type[BaseEstimator]:
    """Return a class of scikit-learn, or of a module that is already imported; a saved file imports no other module."""
    module, _, name = path.rpartition(".")
    if module.split(".")[0] == "sklearn":
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise InputError(f"classifier: found {path}, which the installed scikit-learn does not have") from error
    if module not in sys.modules:
        raise InputError(
            f"classifier: found {path}, expected a class of scikit-learn or of a module imported before; import"
            f" {module} and load again"
        )
    found = getattr(sys.modules[module], name, None)
    if not isinstance(found, type) or not issubclass(found, BaseEstimator):
        raise InputError(f"classifier: found {path}, expected the class of a scikit-learn estimator")
    return found
