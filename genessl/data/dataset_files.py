"""A dataset's folder: arrays, sparse matrices and one JSON file, without pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array, load_npz, save_npz

from genessl.data.gene_names import GeneNames
from genessl.data.ontology import Ontology
from genessl.data.references import References
from genessl.errors import InputError

if TYPE_CHECKING:
    from genessl.data.dataset import GeneDataset

_MATRICES = ("homology", "positive", "negative", "electronic")
_NAMED = ("networks", "electronic_sources")
FORMAT = 2  # of saved datasets; raised whenever an older one can no longer be read
_OPTIONAL = ("sequences", "substituted", "names")


def write_files(dataset: GeneDataset, folder: Path) -> None:
    """Write a dataset's files into an existing folder; the same dataset gives the same bytes."""
    for name in _MATRICES:
        save_npz(folder / f"{name}.npz", getattr(dataset, name))
    for kind in _NAMED:
        (folder / kind).mkdir()
        for position, matrix in enumerate(getattr(dataset, kind).values()):
            save_npz(folder / kind / f"{position}.npz", matrix)
    if dataset.references is not None:
        dataset.references.write_into(folder / "references")
    save_npz(folder / "parents.npz", dataset.ontology.parents)
    np.save(folder / "sequence_features.npy", dataset.sequence_features)
    np.save(folder / "split.npy", dataset.split)
    if dataset.sequences:
        (folder / "sequences.txt").write_text("".join(f"{s}\n" for s in dataset.sequences), encoding="ascii")
    if dataset.substituted is not None:
        np.save(folder / "substituted.npy", dataset.substituted)
    if dataset.names is not None:
        dataset.names.write(folder / "names.tsv")
    (folder / "dataset.json").write_text(json.dumps(_description(dataset), indent=1), encoding="utf-8")


def read_files(folder: Path) -> dict[str, Any]:
    """Return the fields of the dataset whose files `write_files` wrote; errors are those of reading files."""
    description: dict[str, Any] = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    if description.pop("format", 1) != FORMAT:
        raise InputError(f"found a dataset that another version of genessl saved, expected format {FORMAT}")
    columns = description.pop("ontology")
    references = description.pop("references", None)  # absent in datasets of earlier versions
    templates = description.pop("templates", None)
    has = {name: description.pop(name, False) for name in _OPTIONAL}
    return {
        "genes": np.array(description.pop("genes"), dtype=np.str_),
        "feature_names": tuple(description.pop("feature_names")),
        "sequence_features": np.load(folder / "sequence_features.npy"),
        "ontology": Ontology(
            terms=tuple(columns["terms"]),
            names=tuple(columns["names"]),
            aspects=np.array(columns["aspects"], dtype=np.str_),
            parents=_load_csr(folder / "parents.npz"),
            release=columns["release"],
        ),
        "split": np.load(folder / "split.npy"),
        "references": None if references is None else References.read(folder / "references", references),
        "sequences": tuple((folder / "sequences.txt").read_text(encoding="ascii").split()) if has["sequences"] else (),
        "substituted": np.load(folder / "substituted.npy") if has["substituted"] else None,
        "names": GeneNames.read(folder / "names.tsv") if has["names"] else None,
        "templates": None if templates is None else np.array(templates, dtype=np.str_),
        "networks": _load_named(folder / "networks", description.pop("networks")),
        "electronic_sources": _load_named(folder / "electronic_sources", description.pop("electronic_sources", [])),
        **{name: _load_csr(folder / f"{name}.npz") for name in _MATRICES},
        **description,
    }


def _load_csr(path: Path) -> csr_array:
    return csr_array(load_npz(path))


def _load_named(folder: Path, names: list[str]) -> dict[str, csr_array]:
    return {name: _load_csr(folder / f"{position}.npz") for position, name in enumerate(names)}


def _description(dataset: GeneDataset) -> dict[str, Any]:
    scalars = ("scheme", "n_folds", "label_fraction", "seed", "taxon", "annotation_date")
    ontology = dataset.ontology
    return {
        "format": FORMAT,
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
