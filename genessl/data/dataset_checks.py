"""What a dataset must be: its shapes, types and ranges, each violation in one sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.errors import InputError

if TYPE_CHECKING:
    from genessl.data.dataset import GeneDataset

TRAIN, VALIDATION = 0, 1
SCHEMES = ("temporal", "cross_validation", "none")
_FEWEST_FOLDS = 3  # one hidden, one for validation, one to train on
_MOST_FOLDS = 255
_ENDS = re.compile(r"[\t\r\n]")
_LABELS = ("positive", "negative", "electronic")


def check_dataset(dataset: GeneDataset) -> None:
    """Raise InputError for the first field that has the wrong shape, type or range."""
    n_genes, n_terms = len(dataset.genes), len(dataset.ontology.terms)
    if len(np.unique(dataset.genes)) != n_genes:
        raise InputError(
            f"genes: found {n_genes - len(np.unique(dataset.genes))} repeated, expected unique identifiers"
        )
    if broken := [gene for gene in dataset.genes.tolist() if not gene.isprintable() and _ENDS.search(gene)]:
        raise InputError(
            f"genes: found a tab or line end in {broken[0]!r}, expected none, because tables end fields by it"
        )
    shapes = {
        "sequence_features": (n_genes, len(dataset.feature_names)),
        "homology": (n_genes, n_genes),
        "positive": (n_genes, n_terms),
        "negative": (n_genes, n_terms),
        "electronic": (n_genes, n_terms),
        "split": (n_genes,),
    }
    for name, shape in shapes.items():
        if getattr(dataset, name).shape != shape:
            raise InputError(f"{name}: found shape {getattr(dataset, name).shape}, expected {shape}")
    kinds = {"sequence_features": np.float32, "split": np.uint8, **dict.fromkeys(_LABELS, np.bool_)}
    for name, kind in kinds.items():
        if getattr(dataset, name).dtype != kind:
            raise InputError(f"{name}: found {getattr(dataset, name).dtype}, expected {np.dtype(kind)}")
    if not np.isfinite(dataset.sequence_features).all():
        raise InputError("sequence_features: found a number that is not finite, expected finite numbers")
    bits = dataset.homology
    if not (np.isfinite(bits.data).all() and bits.data.min(initial=0) >= 0):
        raise InputError("homology: found a bit score that is negative or not finite, expected numbers from 0")
    if bits.diagonal().any():
        raise InputError("homology: found a gene as its own homolog, expected an empty diagonal")
    for name, network in dataset.networks.items():
        _check_network(name, network, n_genes)
    for name, labels in dataset.electronic_sources.items():
        if labels.shape != (n_genes, n_terms) or labels.dtype != np.bool_:
            raise InputError(
                f"electronic_sources: found {labels.dtype} of shape {labels.shape} as '{name}', expected bool of shape"
                f" {(n_genes, n_terms)}"
            )
    if dataset.references is not None:
        dataset.references.check_shape(n_genes, n_terms)
    if dataset.sequences and (len(dataset.sequences) != n_genes or not all(dataset.sequences)):
        raise InputError(f"sequences: found {len(dataset.sequences)}, expected {n_genes}, none of them empty, or none")
    if dataset.templates is not None and dataset.templates.shape != (n_genes,):
        raise InputError(f"templates: found shape {dataset.templates.shape}, expected {(n_genes,)}")
    if dataset.names is not None and len(dataset.names) != n_genes:
        raise InputError(f"names: found those of {len(dataset.names)} genes, expected {n_genes}")
    if dataset.substituted is not None:
        _check_substituted(dataset.substituted, dataset.sequence_features)
    _check_split(dataset)
    if (dataset.positive.multiply(dataset.negative)).nnz:
        raise InputError("negative: found a term that the gene also has in positive, expected none")


def as_row_numbers(rows: object, n_genes: int) -> NDArray[np.intp]:
    """Return the row numbers that a caller means by whole numbers, or by one truth value for each gene.

    Raises
    ------
    InputError
        If `rows` is neither, or a number lies outside [0, n_genes).

    Examples
    --------
    >>> as_row_numbers([2, 0], 3).tolist(), as_row_numbers([True, False, True], 3).tolist()
    ([2, 0], [0, 2])
    """
    found = _as_array(rows)
    if found is not None and found.dtype == np.bool_ and found.shape == (n_genes,):
        return np.flatnonzero(found)
    if found is not None and found.ndim == 1 and (found.dtype.kind in "iu" or not len(found)):
        numbers = found.astype(np.intp)
        outside = numbers[(numbers < 0) | (numbers >= n_genes)]
        if not len(outside):
            return numbers
        raise InputError(f"rows: found {outside[0]}, expected row numbers from 0 to {n_genes - 1}")
    raise InputError(
        f"rows: found {_described(rows)}, expected a list or array of row numbers, or of one truth value for each"
        f" of {n_genes} genes"
    )


def as_mask(name: str, mask: object, n_genes: int) -> NDArray[np.bool_]:
    """Return one truth value for each gene, as an array; InputError if they are anything else."""
    found = _as_array(mask)
    if found is None or found.dtype != np.bool_ or found.shape != (n_genes,):
        raise InputError(
            f"{name}: found {_described(mask)}, expected a list or array of one truth value for each of {n_genes} genes"
        )
    return found


def as_path(path: object) -> Path:
    """Return the path that a caller gave as text or as a Path; InputError if it is neither."""
    if not isinstance(path, (str, Path)):
        raise InputError(f"path: found {path!r:.60}, expected a folder as text or as a pathlib.Path")
    return Path(path)


def _as_array(values: object) -> NDArray[Any] | None:
    """Return a list, tuple, series or array as an array, and None for what is none of them or is ragged."""
    if not hasattr(values, "__len__") or isinstance(values, (str, bytes, Mapping, Set)):
        return None
    try:
        return np.asarray(values)
    except ValueError:
        return None


def _described(value: object) -> str:
    return f"{value.dtype} of shape {value.shape}" if isinstance(value, np.ndarray) else f"{value!r:.60}"


def _check_substituted(copies: NDArray[np.float32], features: NDArray[np.float32]) -> None:
    n_genes, n_features = features.shape
    if copies.ndim != 3 or not len(copies) or copies.shape[1] != n_genes or not 0 < copies.shape[2] <= n_features:
        raise InputError(
            f"substituted: found shape {copies.shape}, expected (n_copies, {n_genes}, n_composition) with at least one"
            f" copy and from 1 to {n_features} columns"
        )
    if copies.dtype != np.float32:
        raise InputError(f"substituted: found {copies.dtype}, expected float32")
    if not np.isfinite(copies).all():
        raise InputError("substituted: found a number that is not finite, expected finite numbers")


def _check_split(dataset: GeneDataset) -> None:
    check_scheme(dataset.scheme, dataset.label_fraction)
    folded = dataset.scheme == "cross_validation"
    if folded:
        check_folds(dataset.n_folds)
    elif dataset.n_folds:
        raise InputError(f"n_folds: found {dataset.n_folds} under the scheme {dataset.scheme}, expected 0")
    largest = dataset.n_folds - 1 if folded else VALIDATION
    if dataset.split.max(initial=0) > largest:
        raise InputError(f"split: found {dataset.split.max()}, expected numbers from 0 to {largest}")


def check_scheme(scheme: str, label_fraction: float) -> None:
    """Raise InputError for an unknown scheme, or a label fraction that is out of range or without folds to act in."""
    if scheme not in SCHEMES:
        raise InputError(f"scheme: found {scheme!r}, expected one of {', '.join(SCHEMES)}")
    number = isinstance(label_fraction, (int, float)) and not isinstance(label_fraction, bool)
    if not number or not 0 < label_fraction <= 1:
        raise InputError(f"label_fraction: found {label_fraction!r}, expected a number above 0 and at most 1")
    if label_fraction < 1 and scheme != "cross_validation":
        raise InputError(
            f"label_fraction: found {label_fraction} under the scheme {scheme}, expected 1, because labels are thinned"
            " within the folds of a cross-validation only; remove it or set the scheme to cross_validation"
        )


def check_folds(n_folds: int) -> None:
    """Raise InputError for a number of folds out of range."""
    if type(n_folds) is not int or not _FEWEST_FOLDS <= n_folds <= _MOST_FOLDS:
        raise InputError(
            f"folds: found {n_folds!r}, expected from {_FEWEST_FOLDS} to {_MOST_FOLDS}, because one fold is hidden,"
            " one validates and the others train"
        )


def _check_network(name: str, network: csr_array, n_genes: int) -> None:
    if network.shape != (n_genes, n_genes):
        raise InputError(f"networks[{name!r}]: found shape {network.shape}, expected {(n_genes, n_genes)}")
    if network.nnz and not (network.data.min() >= 0 and network.data.max() <= 1):
        raise InputError(f"networks[{name!r}]: found a weight outside [0, 1], expected weights from 0 to 1")
    if network.diagonal().any():
        raise InputError(f"networks[{name!r}]: found an edge of a gene with itself, expected none")
    if abs(network - network.T).nnz:
        raise InputError(f"networks[{name!r}]: found an edge in one direction only, expected a symmetric network")
