"""The assembly of a dataset from its settings: it checks the keys, reads the files and joins the tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from genessl.assembly.build import Assembly, Evaluation, Sources, assemble_dataset
from genessl.assembly.contamination import Contamination
from genessl.assembly.references import ReferenceSource
from genessl.data.aliases import read_aliases
from genessl.data.annotations import EXPERIMENTAL, check_evidence, read_annotations
from genessl.data.networks import read_network
from genessl.data.ontology import read_obo
from genessl.data.sequences import read_proteins, read_sequences
from genessl.data.text_files import read_lines
from genessl.errors import InputError
from genessl.features.domains import read_domains
from genessl.features.embeddings import read_embedding_file

_FILE_KEYS = ("sequences", "ontology", "annotations")
_DATASET_KEYS = (
    *_FILE_KEYS,
    "networks",
    "later_annotations",
    "identifiers",
    "embeddings",
    "domains",
    "substituted_copies",
    "contamination",
    "references",
    "evidence",
    "evaluation",
    "taxon",
    "seed",
)
_OTHER_KEYS = ("organism", "mirror", "models", "probabilities", "coverage", "explanations", "screening")
_NETWORK_OPTIONS = ("channels", "min_score", "columns", "sign")
_NETWORK_KEYS = ("file", "format", *_NETWORK_OPTIONS, "genes")
_CONTAMINATION_KEYS = ("sequences", "ratio", "seed")
_REFERENCE_KEYS = ("sequences", "annotations", "identifiers", "domains")


def build_from_settings(settings: Mapping[str, Any], *, threads: int = 1) -> Assembly:
    """Read the files that the settings name, and join them.

    Parameters
    ----------
    settings : mapping
        The configuration, with paths; keys of other steps are allowed and not used.
    threads : int, default=1

    Raises
    ------
    InputError
        For a key that is missing or unknown, a value out of range, or a file that cannot be read or does not join.
    """
    check_settings(settings)
    evaluation = Evaluation(**(settings.get("evaluation") or {}))
    evidence = _evidence(settings.get("evidence", "experimental"))
    return assemble_dataset(
        _read_sources(settings),
        evidence=evidence,
        evaluation=evaluation,
        substituted_copies=settings.get("substituted_copies", 0),
        contamination=_read_contamination(settings.get("contamination")),
        taxon=str(settings.get("taxon") or ""),
        seed=settings.get("seed", 0),
        threads=threads,
    )


def check_settings(found: Mapping[str, Any]) -> None:
    """Raise InputError unless the required keys of a dataset are present, and all keys are known."""
    check_keys(found, "--settings", required=_FILE_KEYS, known=_DATASET_KEYS + _OTHER_KEYS)
    for key in ("sequences", "ontology", "domains"):
        if not isinstance(found.get(key, ""), str | None):
            raise InputError(f"--settings: found {found[key]!r} as '{key}', expected a path")
    for key in ("annotations", "later_annotations", "embeddings"):
        _check_paths(found.get(key), f"--settings: {key}")
    evaluation = found.get("evaluation") or {}
    check_keys(evaluation, "evaluation", known=[field.name for field in dataclasses.fields(Evaluation)])
    networks = found.get("networks") or {}
    check_keys(networks, "networks")
    for name, entry in networks.items():
        check_keys(entry, f"networks.{name}", required=("file",), known=_NETWORK_KEYS)
    if found.get("contamination") is not None:
        check_keys(found["contamination"], "contamination", required=("sequences",), known=_CONTAMINATION_KEYS)
        if not isinstance(found["contamination"]["sequences"], str):
            raise InputError(f"contamination.sequences: found {found['contamination']['sequences']!r}, expected a path")
    for i, entry in enumerate(found.get("references") or []):
        check_keys(entry, f"references[{i}]", required=("sequences", "annotations"), known=_REFERENCE_KEYS)
        _check_paths(entry["annotations"], f"references[{i}].annotations")
    if not str(found.get("taxon") or 1).isdecimal() or isinstance(found.get("taxon"), bool):
        raise InputError(f"taxon: found {found['taxon']!r}, expected a number, the taxon's identifier at NCBI, or null")
    if type(found.get("seed", 0)) is not int or found.get("seed", 0) < 0:
        raise InputError(f"seed: found {found['seed']!r}, expected a whole number, at least 0")


def check_keys(found: Any, where: str, *, required: Collection[str] = (), known: Collection[str] = ()) -> None:
    """Raise InputError unless a value is a mapping with the required keys and without unknown ones."""
    if not isinstance(found, dict):
        raise InputError(f"{where}: found {found!r}, expected keys with values")
    unknown = [key for key in found if known and key not in known]
    if unknown:
        raise InputError(f"{where}: there is no key '{unknown[0]}'; expected one of {', '.join(known)}")
    missing = [key for key in required if not found.get(key)]
    if missing:
        raise InputError(f"{where}: the key '{missing[0]}' is missing; add it")


def paths_of(value: str | list[str] | None) -> list[str]:
    """Return the paths of a key that takes one path or a list of them."""
    return [value] if isinstance(value, str) else list(value or [])


def _check_paths(value: Any, where: str) -> None:
    if not isinstance(value, str | list | None) or not all(isinstance(path, str) for path in paths_of(value)):
        raise InputError(f"{where}: found {value!r}, expected a path, or a list of paths")


def _evidence(chosen: str | list[str]) -> frozenset[str]:
    if chosen == "experimental":
        return EXPERIMENTAL
    if not isinstance(chosen, list) or not chosen:
        raise InputError(f"evidence: found {chosen!r}, expected 'experimental' or a list of evidence codes")
    check_evidence(chosen)
    return frozenset(chosen)


def _read_sources(settings: Mapping[str, Any]) -> Sources:
    proteins = read_proteins(settings["sequences"])
    files = {}
    networks = {}
    for name, entry in (settings.get("networks") or {}).items():
        options = {key: entry[key] for key in _NETWORK_OPTIONS if entry.get(key) is not None}
        rows = _first_words(entry["genes"]) if entry.get("genes") else None
        networks[name] = read_network(entry["file"], entry.get("format"), genes=rows, **options)
        files[name] = entry["file"]
    annotations, later, domains = (settings.get(key) for key in ("annotations", "later_annotations", "domains"))
    read = {"annotations": annotations, "later annotations": later, "domains": domains}
    files |= {key: ", ".join(paths_of(value)) for key, value in read.items() if value}
    return Sources(
        sequences=proteins.sequences,
        header_aliases=proteins.aliases,
        dropped=proteins.dropped,
        repairs=proteins.repairs,
        networks=networks,
        ontology=read_obo(settings["ontology"]),
        annotations=read_annotations(paths_of(annotations)),
        later_annotations=read_annotations(paths_of(later)) if later else None,
        aliases=[read_aliases(path) for path in settings.get("identifiers") or []],
        embedding_files=[read_embedding_file(path) for path in paths_of(settings.get("embeddings"))],
        domains=read_domains(domains) if domains else None,
        references=[_read_reference(i, entry) for i, entry in enumerate(settings.get("references") or [])],
        files=files,
    )


def _read_reference(number: int, entry: Mapping[str, Any]) -> ReferenceSource:
    domains = entry.get("domains")
    proteins = read_proteins(entry["sequences"])
    return ReferenceSource(
        sequences=proteins.sequences,
        dropped=proteins.dropped,
        repairs=proteins.repairs,
        annotations=read_annotations(paths_of(entry["annotations"])),
        aliases=[*(read_aliases(path) for path in entry.get("identifiers") or []), proteins.aliases],
        domains=read_domains(domains) if domains else None,
        name=f"references[{number}]",
        files={key: ", ".join(paths_of(entry[key])) for key in ("annotations", "domains") if entry.get(key)},
    )


def _read_contamination(entry: Mapping[str, Any] | None) -> Contamination | None:
    if entry is None:
        return None
    file = entry["sequences"]
    return Contamination(read_sequences(file), entry.get("ratio", 1.0), entry.get("seed", 0), file)


def _first_words(path: str) -> list[str]:
    return [line.split()[0] if line.strip() else "" for _, line in read_lines(path)]
