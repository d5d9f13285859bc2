"""GeneDataset: all that is known about one organism's genes, aligned row by row."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, load_npz, save_npz

from genessl.data.folders import written_folder
from genessl.data.ontology import ASPECTS, Ontology
from genessl.data.references import References, labelled_aspects
from genessl.data.sparse import keep_rows as keep_rows  # files in other folders import it from here
from genessl.errors import InputError

TRAIN, VALIDATION = 0, 1
SYNTHETIC_PREFIX = "synthetic_"
SCHEMES = ("temporal", "cross_validation", "none")
_FEWEST_FOLDS = 3  # one hidden, one for validation, one to train on
_MOST_FOLDS = 255
_LABELS = ("positive", "negative", "electronic")
_MATRICES = ("homology", *_LABELS)
_NAMED = ("networks", "electronic_sources")
_OPTIONAL = ("sequences", "substituted")


@dataclass(frozen=True, eq=False)
class GeneDataset:
    """The sequence view, the network view and the labels of one organism's genes; rows follow `genes` everywhere.

    Parameters
    ----------
    genes : ndarray of str, shape (n_genes,)
        Unique identifiers.
    sequence_features : ndarray of float32, shape (n_genes, n_features)
        The sequence view.
    feature_names : tuple of str, length n_features
    homology : csr_array of float32, shape (n_genes, n_genes)
        Bit scores of each gene (row) against the others (columns), empty diagonal.
    networks : mapping of str to csr_array of float32, shape (n_genes, n_genes)
        The network view: symmetric, weights in [0, 1], empty diagonal.
    ontology : Ontology
        The columns: non-root terms that any gene has.
    positive : csr_array of bool, shape (n_genes, n_terms)
        Terms a gene has by experiment, closed upwards.
    negative : csr_array of bool, shape (n_genes, n_terms)
        Terms a gene is known not to have, closed downwards. What is in neither is unknown.
    electronic : csr_array of bool, shape (n_genes, n_terms)
        Terms a gene has by other than experimental evidence, closed upwards: a weak source, never ground truth.
    electronic_sources : mapping of str to csr_array of bool, shape (n_genes, n_terms), optional
        The electronic labels source by source (keywords, domains, phylogeny, ...), each closed upwards. Where it is
        empty, `electronic` is taken for the only source.
    split : ndarray of uint8, shape (n_genes,)
        0 train, 1 validation; under cross-validation the number of the fold, of which fold 1 serves as
        validation genes when all labels are fitted.
    scheme : {'temporal', 'cross_validation', 'none'}
    n_folds : int
        Folds under cross-validation, else 0.
    label_fraction : float
        Share of the labelled genes outside the hidden fold that `hide` leaves labelled, in (0, 1]; below 1 under
        cross-validation only.
    seed : int
        Seed of that choice.
    taxon : str
        A label that predictions carry.
    annotation_date : int
        The newest date among the annotations, as YYYYMMDD.
    references : References, optional
        Labelled proteins of other organisms. They hold no label of these genes: hiding labels leaves them alone.
    sequences : tuple of str, length n_genes, or empty
        The proteins, in capitals, for what the sequence view does not show; empty where they were not kept.
    substituted : ndarray of float32, shape (n_copies, n_genes, n_composition), optional
        The first n_composition columns of the sequence view, those of `composition_features`, for copies of the
        proteins with conservative substitutions.
    templates : ndarray of str, shape (n_genes,), optional
        For each gene that `contamination` mixed into the pool the real gene whose place it takes, and "" for real
        genes. No predictor may look at it.
    embeddings : dict
        What `network_embeddings` computed of these networks, so that it is computed once. It is not saved.

    Raises
    ------
    InputError
        If a field has the wrong shape, type or range.
    """

    genes: NDArray[np.str_]
    sequence_features: NDArray[np.float32]
    feature_names: tuple[str, ...]
    homology: csr_array
    networks: Mapping[str, csr_array]
    ontology: Ontology
    positive: csr_array
    negative: csr_array
    electronic: csr_array
    split: NDArray[np.uint8]
    scheme: str = "none"
    n_folds: int = 0
    label_fraction: float = 1.0
    seed: int = 0
    taxon: str = ""
    annotation_date: int = 0
    electronic_sources: Mapping[str, csr_array] = field(default_factory=dict)
    references: References | None = None
    sequences: tuple[str, ...] = ()
    substituted: NDArray[np.float32] | None = None
    templates: NDArray[np.str_] | None = None
    embeddings: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        _check(self)

    @property
    def n_genes(self) -> int:
        """Number of genes."""
        return len(self.genes)

    @property
    def n_terms(self) -> int:
        """Number of terms, the columns."""
        return len(self.ontology.terms)

    @cached_property
    def by_name(self) -> tuple[GeneDataset, NDArray[np.intp]]:
        """The dataset with its genes sorted by identifier, and their row numbers in this one."""
        order = np.argsort(self.genes, kind="stable")
        in_order = np.array_equal(order, np.arange(self.n_genes))
        return (self if in_order else self.take(order)), order

    @cached_property
    def synthetic(self) -> NDArray[np.bool_]:
        """Which genes were mixed into the pool by `contamination`, shape (n_genes,)."""
        return np.zeros(self.n_genes, dtype=bool) if self.templates is None else self.templates != ""

    @cached_property
    def aspects(self) -> tuple[str, ...]:
        """The aspects among the columns, in the order BPO, MFO, CCO."""
        present = set(self.ontology.aspects.tolist())
        return tuple(aspect for aspect in ASPECTS if aspect in present) + tuple(sorted(present - set(ASPECTS)))

    @cached_property
    def labelled(self) -> NDArray[np.bool_]:
        """Who has an experimental annotation in which aspect, shape (n_genes, n_aspects).

        As in CAFA, protein binding alone does not count.
        """
        return labelled_aspects(self.positive, self.ontology, self.aspects)

    @cached_property
    def accretion(self) -> NDArray[np.float64]:
        """Information accretion of each column over the visible labels, in bits, shape (n_terms,).

        The columns hold no root; a term without a parent among them is compared to the genes that have any term of its
        aspect.
        """
        accretion = self.ontology.information_accretion(self.positive)
        having = np.bincount(self.positive.indices, minlength=self.n_terms)
        for aspect in self.aspects:
            members = self.ontology.aspects == aspect
            annotated = int((np.asarray(self.positive.astype(np.int32) @ members.astype(np.int32)) > 0).sum())
            top = members & self.ontology.roots
            accretion[top] = np.log2((annotated + 1) / (having[top] + 1))
        return accretion

    def take(self, rows: NDArray[np.intp]) -> GeneDataset:
        """Return the dataset of some genes, in the order given."""
        return replace(
            self,
            genes=self.genes[rows],
            sequence_features=self.sequence_features[rows],
            homology=csr_array(self.homology[rows][:, rows]),
            networks={name: csr_array(network[rows][:, rows]) for name, network in self.networks.items()},
            positive=csr_array(self.positive[rows]),
            negative=csr_array(self.negative[rows]),
            electronic=csr_array(self.electronic[rows]),
            split=self.split[rows],
            electronic_sources={name: csr_array(labels[rows]) for name, labels in self.electronic_sources.items()},
            references=None if self.references is None else self.references.take(rows),
            sequences=tuple(self.sequences[row] for row in rows.tolist()) if self.sequences else (),
            substituted=None if self.substituted is None else self.substituted[:, rows],
            templates=None if self.templates is None else self.templates[rows],
            embeddings={},
        )

    def without_labels(self, hidden: NDArray[np.bool_]) -> GeneDataset:
        """Return the dataset in which some genes, shape (n_genes,), have no experimental labels in any aspect."""
        return replace(self, positive=keep_rows(self.positive, ~hidden), negative=keep_rows(self.negative, ~hidden))

    def hide(self, fold: int) -> GeneDataset:
        """Return the dataset without a fold's labels; of the others a fold are validation genes and the rest train.

        With a `label_fraction` below 1 only that share of the labelled genes among them, at least one of the training
        and one of the validation genes, keeps its experimental and electronic annotations; a smaller fraction keeps a
        subset. Validation genes are thinned like the others, because predictors learn from their labels, too. Genes
        without experimental labels, hidden ones among them, keep their electronic annotations; synthetic ones lose them
        with the gene whose place they take. Which genes keep theirs does not depend on synthetic genes.

        Raises
        ------
        InputError
            If the dataset has no such fold.
        """
        if self.scheme != "cross_validation" or not 0 <= fold < self.n_folds:
            raise InputError(f"fold: found {fold}, expected a fold of a dataset with {self.n_folds} folds")
        hidden = self.split == fold
        validation = self.split == (fold + 1) % self.n_folds
        visible = replace(
            self.without_labels(hidden), split=validation.astype(np.uint8), scheme="none", n_folds=0, label_fraction=1.0
        )
        if self.label_fraction == 1.0:
            return visible
        labelled = (np.diff(visible.positive.indptr) > 0) | (np.diff(visible.negative.indptr) > 0)
        real = np.flatnonzero(~self.synthetic)
        order = real[np.argsort(self.genes[real])][np.random.default_rng(self.seed).permutation(len(real))]
        dropped = np.zeros(self.n_genes, dtype=bool)
        for part in (validation, ~validation):
            candidates = order[(labelled & part)[order]]
            dropped[candidates[max(1, round(self.label_fraction * len(candidates))) :]] = True
        if self.templates is not None:
            dropped |= np.isin(self.templates, self.genes[dropped])
        sources = {name: keep_rows(labels, ~dropped) for name, labels in self.electronic_sources.items()}
        thinned = visible.without_labels(dropped)
        return replace(thinned, electronic=keep_rows(self.electronic, ~dropped), electronic_sources=sources)

    def save(self, path: str | Path) -> None:
        """Write the dataset into a new folder, whole or not at all."""
        with written_folder(path) as folder:
            self.write_into(folder)

    def write_into(self, folder: Path) -> None:
        """Write the dataset's files into an existing folder; the same dataset gives the same bytes."""
        for name in _MATRICES:
            save_npz(folder / f"{name}.npz", getattr(self, name))
        for kind in _NAMED:
            (folder / kind).mkdir()
            for position, matrix in enumerate(getattr(self, kind).values()):
                save_npz(folder / kind / f"{position}.npz", matrix)
        if self.references is not None:
            self.references.write_into(folder / "references")
        save_npz(folder / "parents.npz", self.ontology.parents)
        np.save(folder / "sequence_features.npy", self.sequence_features)
        np.save(folder / "split.npy", self.split)
        if self.sequences:
            (folder / "sequences.txt").write_text("".join(f"{s}\n" for s in self.sequences), encoding="ascii")
        if self.substituted is not None:
            np.save(folder / "substituted.npy", self.substituted)
        (folder / "dataset.json").write_text(json.dumps(_description(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a dataset that `save` wrote.

        Raises
        ------
        InputError
            If the folder holds no dataset, or a damaged one.
        """
        folder = Path(path)
        if not (folder / "dataset.json").is_file():
            raise InputError(f"{folder}: expected a saved dataset, found no dataset.json; build the dataset first")
        try:
            return cls._read(folder)
        except InputError as error:
            raise InputError(f"{folder}: {error}; build the dataset again") from error
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{folder}: the saved dataset is damaged ({reason}); build the dataset again") from error

    @classmethod
    def _read(cls, folder: Path) -> Self:
        description: dict[str, Any] = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        columns = description.pop("ontology")
        references = description.pop("references", None)  # absent in datasets of earlier versions
        templates = description.pop("templates", None)
        has = {name: description.pop(name, False) for name in _OPTIONAL}
        return cls(
            genes=np.array(description.pop("genes"), dtype=np.str_),
            feature_names=tuple(description.pop("feature_names")),
            sequence_features=np.load(folder / "sequence_features.npy"),
            ontology=Ontology(
                terms=tuple(columns["terms"]),
                names=tuple(columns["names"]),
                aspects=np.array(columns["aspects"], dtype=np.str_),
                parents=_load_csr(folder / "parents.npz"),
                release=columns["release"],
            ),
            split=np.load(folder / "split.npy"),
            references=None if references is None else References.read(folder / "references", references),
            sequences=tuple((folder / "sequences.txt").read_text(encoding="ascii").split()) if has["sequences"] else (),
            substituted=np.load(folder / "substituted.npy") if has["substituted"] else None,
            templates=None if templates is None else np.array(templates, dtype=np.str_),
            networks=_load_named(folder / "networks", description.pop("networks")),
            electronic_sources=_load_named(folder / "electronic_sources", description.pop("electronic_sources", [])),
            **{name: _load_csr(folder / f"{name}.npz") for name in _MATRICES},
            **description,
        )


def _load_csr(path: Path) -> csr_array:
    return csr_array(load_npz(path))


def _load_named(folder: Path, names: list[str]) -> dict[str, csr_array]:
    return {name: _load_csr(folder / f"{position}.npz") for position, name in enumerate(names)}


def _description(dataset: GeneDataset) -> dict[str, Any]:
    scalars = ("scheme", "n_folds", "label_fraction", "seed", "taxon", "annotation_date")
    ontology = dataset.ontology
    return {
        **{name: getattr(dataset, name) for name in scalars},
        **({} if dataset.templates is None else {"templates": dataset.templates.tolist()}),
        **{name: True for name in _OPTIONAL if getattr(dataset, name) is not None and len(getattr(dataset, name))},
        "genes": dataset.genes.tolist(),
        "feature_names": list(dataset.feature_names),
        "references": None if dataset.references is None else dataset.references.names.tolist(),
        **{kind: list(getattr(dataset, kind)) for kind in _NAMED},
        "ontology": {
            "terms": list(ontology.terms),
            "names": list(ontology.names),
            "aspects": ontology.aspects.tolist(),
            "release": ontology.release,
        },
    }


def _check(dataset: GeneDataset) -> None:
    n_genes, n_terms = len(dataset.genes), len(dataset.ontology.terms)
    if len(np.unique(dataset.genes)) != n_genes:
        raise InputError(
            f"genes: found {n_genes - len(np.unique(dataset.genes))} repeated, expected unique identifiers"
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
    if dataset.substituted is not None:
        _check_substituted(dataset.substituted, dataset.sequence_features)
    _check_split(dataset)
    if (dataset.positive.multiply(dataset.negative)).nnz:
        raise InputError("negative: found a term that the gene also has in positive, expected none")


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
