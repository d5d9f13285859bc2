"""The workflow's configuration, which is checked and completed before any job runs."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from genessl.data.annotations import check_evidence
from genessl.data.text_files import read_lines
from genessl.errors import InputError, nearest
from genessl.mirrors import Location
from genessl.predictors import check_parameters

# Assumed numbers before the dataset is built: of terms, and of genes if the sequences are not downloaded yet.
USUAL_GENES, USUAL_TERMS = 6000, 4000
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "object": "keys with values",
    "array": "a list",
    "boolean": "true or false",
    "null": "null",
}
# Keys whose value may be a list of entries, and whether a name without a value is an entry.
_LISTED = {"models": True, "networks": False}
# Snakemake takes braces in the path of a file for a wildcard, and this cannot be switched off.
_WILDCARD = re.compile(r"\{.*\}")
# The formats that each option of a network belongs to.
_NETWORK_OPTIONS = {
    "channels": ("string", "string_export", "string_actions", "biogrid"),
    "genes": ("indexed_edges",),
    "columns": ("edges", "indexed_edges"),
    "sign": ("edges", "indexed_edges", "genemania", "cytoscape", "networkx"),
}
# A misspelt key is often also a missing one; the error about the misspelling comes first because it explains both.
_ORDER = ("additionalProperties", "propertyNames", "required")

_Validator: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int),
)


def validate_configuration(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration with every default filled in.

    A key with the value null takes its default, as an absent key does, unless null is one of its values.

    Parameters
    ----------
    config : mapping
        As read from YAML and the command line.
    schema : mapping
        JSON Schema (2020-12) whose properties have `default` and `description`, and may have `expected`, a description
        of the allowed values.

    Raises
    ------
    InputError
        If a key is misspelt or missing, a value has the wrong type or range, or keys contradict each other. The
        message is one sentence about the first mistake.
    """
    _check_plain(config, "")
    listed = {key: _as_mapping(config[key], key, names=names) for key, names in _LISTED.items() if key in config}
    filled: dict[str, Any] = _filled({**config, **listed}, schema)
    mistakes = sorted(_Validator(schema).iter_errors(filled), key=_rank)
    if mistakes:
        raise InputError(_sentence(mistakes[0]))
    if isinstance(filled["evidence"], list):
        check_evidence(filled["evidence"])
    _check_evaluation(filled)
    _check_networks(filled["networks"])
    if filled["contamination"] is not None and filled["embeddings"]:
        raise InputError(
            "contamination: found embeddings beside it, of which synthetic genes have none; leave one of the two out"
        )
    return filled


def check_models(models: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise InputError for a model or a model's parameter that does not exist.

    Parameters
    ----------
    models : mapping of str to mapping
        Predictor name to its parameters.
    """
    for name, parameters in models.items():
        check_parameters(name, parameters)
        for parameter, value in parameters.items():
            if isinstance(value, str) and _NUMBER.fullmatch(value):
                raise InputError(
                    f"models.{name}.{parameter}: found the text '{value}', expected a number;"
                    " YAML needs a decimal point before an exponent (1.0e-3) and no quotes"
                )


def expected(schema: Mapping[str, Any]) -> str:
    """Return the allowed values of a property of the schema in words.

    >>> expected({"type": "integer", "minimum": 2, "maximum": 255})
    'a whole number, at least 2, at most 255'
    """
    if "expected" in schema:
        return str(schema["expected"])
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    words = " or ".join(_TYPE_WORDS[kind] for kind in kinds)
    if "enum" in schema:
        words = "one of " + ", ".join("null" if value is None else str(value) for value in schema["enum"])
    for limit, text in (
        ("minimum", "at least"),
        ("exclusiveMinimum", "above"),
        ("maximum", "at most"),
        ("exclusiveMaximum", "below"),
    ):
        if limit in schema:
            words += f", {text} {schema[limit]}"
    return words


def _as_mapping(value: Any, key: str, *, names: bool) -> Any:
    """Return a list of names, or of names with values, as a mapping; return any other value unchanged."""
    if not isinstance(value, list) or not value:
        return value
    found: dict[str, Any] = {}
    for entry in value:
        if names and isinstance(entry, str):
            entry = {entry: None}
        if not isinstance(entry, Mapping) or len(entry) != 1:
            return value
        ((name, inner),) = entry.items()
        if not (isinstance(inner, Mapping) or (names and inner is None)):
            return value
        if name in found:
            raise InputError(f"{key}: found '{name}' twice, expected each name once; remove one of the two")
        found[name] = inner
    return found


def _filled(value: Any, schema: Mapping[str, Any]) -> Any:
    if value is None:
        value = copy.deepcopy(schema.get("default"))
    if schema.get("type") == "boolean" and value in ("true", "false"):  # text from the command line
        return value == "true"
    if isinstance(value, list) and "items" in schema:
        return [_filled(inner, schema["items"]) for inner in value]
    if not isinstance(value, Mapping):
        return value
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties") or {}
    absent = {key: None for key, inner in properties.items() if key not in value and "default" in inner}
    return {key: _filled(inner, properties.get(key, others)) for key, inner in {**value, **absent}.items()}


def _check_plain(value: Any, where: str) -> None:
    """Raise InputError unless JSON can hold a value."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise InputError(f"{where or 'configuration'}: found the key {key!r}, expected text; put it in quotes")
            _check_plain(inner, f"{where}.{key}" if where else key)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            _check_plain(inner, f"{where}[{position}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where}: found {value}, expected a finite number")
    elif value is not None and not isinstance(value, str | bool | int | float):
        raise InputError(f"{where}: found {value}, which YAML reads as a {type(value).__name__}; put it in quotes")


def _rank(error: ValidationError) -> tuple[int, int, str]:
    order = _ORDER.index(error.validator) if error.validator in _ORDER else len(_ORDER)
    return order, len(error.absolute_path), str(list(error.absolute_path))


def _sentence(error: Any) -> str:
    """Return a sentence about a mistake: where it is, what was found, what was expected, and the remedy."""
    where = ""
    for step in error.absolute_path:
        where += f"[{step}]" if isinstance(step, int) else f".{step}" if where else str(step)
    inside = where or "configuration"
    schema: Mapping[str, Any] = error.schema
    if error.validator == "additionalProperties":
        known = list(schema["properties"])
        key = next(key for key in error.instance if key not in known)
        return f"{inside}: there is no key '{key}'{nearest(key, known)}; expected one of {', '.join(known)}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        about = schema["properties"][missing]
        return f"{inside}: the key '{missing}' is missing; add it with {expected(about)}"
    if error.validator == "minProperties":
        return f"{inside}: found no entry, expected {expected(schema)}"
    found = "nothing" if error.instance is None else repr(error.instance)
    return f"{inside}: found {found}, expected {expected(schema)}"


def _check_evaluation(config: dict[str, Any]) -> None:
    evaluation = config["evaluation"]
    if evaluation["scheme"] is None:
        evaluation["scheme"] = "temporal" if config["later_annotations"] else "cross_validation"
    if evaluation["scheme"] == "temporal" and not config["later_annotations"]:
        raise InputError(
            "later_annotations: found null, expected a later GAF for the temporal scheme;"
            " name one, or set evaluation.scheme to cross_validation or none"
        )


def _check_networks(networks: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise InputError for an option that does not belong to the format; without a format, the file decides later."""
    for name, network in networks.items():
        for option, formats in _NETWORK_OPTIONS.items():
            if network[option] is not None and network["format"] not in (None, *formats):
                raise InputError(
                    f"networks.{name}: the format {network['format']} has no '{option}', which belongs to"
                    f" {', '.join(formats)}; remove it or correct the format"
                )
        if network["format"] == "indexed_edges" and network["genes"] is None:
            raise InputError(
                f"networks.{name}: the key 'genes' is missing; indexed_edges need the file of the genes that their"
                " row numbers mean"
            )


def resolve_files(
    config: Mapping[str, Any], find: Callable[[str, str], Location]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Replace the file names of a validated configuration by paths.

    Parameters
    ----------
    config : mapping
        As `validate_configuration` returns it. `later_annotations` becomes null unless the scheme is temporal, because
        no other scheme reads it.
    find : callable
        It returns the Location of a key and a file name, as `locate` does.

    Returns
    -------
    config : dict
        The configuration with paths, as text.
    downloads : dict of str to str
        URL of each path that must be downloaded.

    Raises
    ------
    InputError
        As in `locate`, and if two URLs would be downloaded to one path, or if Snakemake would take a part of a path for
        a wildcard.
    """
    resolved = copy.deepcopy(dict(config))
    downloads: dict[str, str] = {}

    def path_of(key: str, name: str | None) -> str | None:
        if name is None:
            return None
        location = find(key, name)
        _check_location(key, location, downloads)
        return str(location.path)

    def paths_of(key: str, value: str | list[str] | None) -> str | list[str | None] | None:
        if isinstance(value, list):
            return [path_of(f"{key}[{i}]", name) for i, name in enumerate(value)]
        return path_of(key, value)

    if config["evaluation"]["scheme"] != "temporal":
        resolved["later_annotations"] = None
    for key in ("sequences", "ontology", "annotations", "later_annotations", "embeddings", "domains"):
        if not isinstance(resolved[key], Mapping):  # `embeddings` may name a language model instead of a file
            resolved[key] = paths_of(key, resolved[key])
    resolved["identifiers"] = paths_of("identifiers", resolved["identifiers"])
    for name, network in resolved["networks"].items():
        for key in ("file", "genes"):
            network[key] = path_of(f"networks.{name}.{key}", network[key])
    if resolved["contamination"] is not None:
        resolved["contamination"]["sequences"] = path_of(
            "contamination.sequences", resolved["contamination"]["sequences"]
        )
    for i, reference in enumerate(resolved["references"]):
        for key in ("sequences", "annotations", "domains", "identifiers"):
            reference[key] = paths_of(f"references[{i}].{key}", reference[key])
    return resolved, downloads


def _check_location(key: str, location: Location, downloads: dict[str, str]) -> None:
    """Add a location to the downloads, unless it names a path that Snakemake cannot take or that is another URL's."""
    if _WILDCARD.search(str(location.path)):
        raise InputError(
            f"{key}: found braces in the path '{location.path}', which Snakemake takes for a wildcard; rename it, or"
            " link to it by a name without braces"
        )
    if location.url is not None and downloads.setdefault(str(location.path), location.url) != location.url:
        raise InputError(
            f"{key}: {location.url} and {downloads[str(location.path)]} would both be downloaded to {location.path};"
            " download one of them yourself and give its path"
        )


def expected_size(config: Mapping[str, Any], results: Path) -> tuple[int, int]:
    """Return the number of genes and terms of the dataset, or an estimate, from which the memory of jobs is computed.

    If the dataset in `results` is built, both are its own. Otherwise the number of genes is that of the records of the
    sequences, or 6,000 if the file does not exist yet, plus the synthetic genes of `contamination`, and the number of
    terms is 4,000.

    Parameters
    ----------
    config : mapping
        As `resolve_files` returns it.
    results : Path
        Folder of the organism's results.
    """
    try:
        built = json.loads((results / "dataset" / "dataset.json").read_text(encoding="utf-8"))
        return len(built["genes"]), len(built["ontology"]["terms"])
    except (OSError, ValueError, KeyError, TypeError):  # not built yet, or damaged, which the rules report
        pass
    n_genes = USUAL_GENES
    if Path(config["sequences"]).is_file():
        with suppress(InputError):  # the rule that reads the sequences reports the error
            n_genes = sum(line.startswith(">") for _, line in read_lines(config["sequences"])) or USUAL_GENES
    made = config["contamination"]["ratio"] if config["contamination"] else 0.0
    return round(n_genes * (1 + made)), USUAL_TERMS
