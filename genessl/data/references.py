"""References: proteins of other organisms with experimental labels, and their similarity to the organism's genes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, load_npz, save_npz

from genessl.data.ontology import PROTEIN_BINDING, Ontology
from genessl.errors import InputError

_MATRICES = ("homology", "domains", "positive")


@dataclass(frozen=True, eq=False)
class References:
    """Labelled proteins of other organisms; they hold no label of the organism, so hiding genes leaves them alone.

    Parameters
    ----------
    names : ndarray of str, shape (n_references,)
        Unique identifiers.
    homology : csr_array of float32, shape (n_genes, n_references)
        Bit scores of each gene against the references.
    domains : csr_array of float32, shape (n_genes, n_references)
        Similarity of the domains, in [0, 1] (see `genessl.features.domains.domain_similarity`).
    positive : csr_array of bool, shape (n_references, n_terms)
        Terms a reference has by experiment, closed upwards, over the columns of the dataset.

    Raises
    ------
    InputError
        If a field has the wrong shape, type or range.
    """

    names: NDArray[np.str_]
    homology: csr_array
    domains: csr_array
    positive: csr_array

    def __post_init__(self) -> None:
        n_references = len(self.names)
        if len(np.unique(self.names)) != n_references:
            raise InputError("references.names: found a repeated name, expected unique identifiers")
        for name in ("homology", "domains"):
            weights = getattr(self, name)
            if weights.ndim != 2 or weights.shape[1] != n_references:
                raise InputError(f"references.{name}: found shape {weights.shape}, expected (n_genes, {n_references})")
            if weights.dtype != np.float32:
                raise InputError(f"references.{name}: found {weights.dtype}, expected float32")
            if not (np.isfinite(weights.data).all() and weights.data.min(initial=0) >= 0):
                raise InputError(f"references.{name}: found a negative or infinite number, expected numbers from 0")
        if self.domains.data.max(initial=0) > 1:
            raise InputError("references.domains: found a similarity above 1, expected numbers from 0 to 1")
        if self.positive.shape[0] != n_references or self.positive.dtype != np.bool_:
            raise InputError(
                f"references.positive: found {self.positive.dtype} of shape {self.positive.shape}, expected bool of"
                f" shape ({n_references}, n_terms)"
            )

    def check_shape(self, n_genes: int, n_terms: int) -> None:
        """Raise InputError unless the references belong to a dataset of so many genes and terms."""
        for name in ("homology", "domains"):
            if getattr(self, name).shape[0] != n_genes:
                raise InputError(f"references.{name}: found {getattr(self, name).shape[0]} rows, expected {n_genes}")
        if self.positive.shape[1] != n_terms:
            raise InputError(f"references.positive: found {self.positive.shape[1]} columns, expected {n_terms}")

    def take(self, rows: NDArray[np.intp]) -> References:
        """Return the references with the rows of some genes, in the order given."""
        return replace(self, homology=csr_array(self.homology[rows]), domains=csr_array(self.domains[rows]))

    def write_into(self, folder: Path) -> None:
        """Write the matrices into a new folder; `names` go into the dataset's description."""
        folder.mkdir()
        for name in _MATRICES:
            save_npz(folder / f"{name}.npz", getattr(self, name))

    @classmethod
    def read(cls, folder: Path, names: list[str]) -> Self:
        """Read what `write_into` wrote; errors are those of reading files."""
        matrices: dict[str, Any] = {name: csr_array(load_npz(folder / f"{name}.npz")) for name in _MATRICES}
        return cls(np.array(names, dtype=np.str_), **matrices)


def labelled_aspects(positive: csr_array, ontology: Ontology, aspects: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return whether each protein is labelled in each aspect; as in CAFA, protein binding alone does not count.

    Parameters
    ----------
    positive : csr_array of bool, shape (n_proteins, n_terms)
        Closed upwards.
    ontology : Ontology
        The columns.
    aspects : tuple of str, length n_aspects

    Returns
    -------
    ndarray of bool, shape (n_proteins, n_aspects)
    """
    counted = labelling_terms(ontology)
    member = np.stack([(ontology.aspects == aspect) & counted for aspect in aspects], axis=1)
    return np.asarray(positive.astype(np.int32) @ member.astype(np.int32)) > 0


def labelling_terms(ontology: Ontology) -> NDArray[np.bool_]:
    """Return which terms make a gene labelled: all but protein binding and its ancestors; shape (n_terms,)."""
    counted = np.ones(len(ontology.terms), dtype=bool)
    binding = ontology.index.get(PROTEIN_BINDING)
    if binding is not None:
        ancestors = ontology.ancestors
        counted[ancestors.indices[ancestors.indptr[binding] : ancestors.indptr[binding + 1]]] = False
        counted[binding] = False
    return counted
