"""Categories of genes that are evaluated together, by what was known about them and by their evidence."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from genessl.data.dataset import GeneDataset
from genessl.data.ontology import ASPECTS, PROTEIN_BINDING, Ontology

_log = logging.getLogger(__name__)

FEWEST_IN_A_GROUP = 20
_GROUPED = ("first", "CV")


@dataclass(frozen=True)
class Category:
    """Genes that are evaluated together.

    Parameters
    ----------
    aspect : str
        BPO, MFO or CCO; the namespace itself in an ontology other than GO.
    knowledge : str
        NK, LK, first, PK or CV. For a group of the genes of first or CV, the group's name is added, as in
        first-isolated.
    rows : ndarray of int, sorted
        Row numbers of the genes.
    """

    aspect: str
    knowledge: str
    rows: NDArray[np.intp]


def knowledge_categories(known: csr_array, truth: csr_array, ontology: Ontology) -> list[Category]:
    """Divide the genes with a truth, in each aspect, by what was known about them at t0.

    NK (no knowledge) holds genes without annotation in any aspect. LK (limited knowledge) holds genes without
    annotation in this aspect and with annotation in another. first is the union of NK and LK. PK (partial knowledge)
    holds genes with annotation in this aspect that gained terms in it. `annotated_aspects` defines which genes are
    annotated. The parameters are those of `compare`. Empty categories are logged and left out.
    """
    before, after = annotated_aspects(known, ontology), annotated_aspects(truth, ontology)
    gained = csr_array(without(truth, known) @ _members(ontology, ~ontology.roots)).toarray() > 0
    unknown = ~before.any(axis=1)
    found: list[Category] = []
    for column, aspect in enumerate(_aspects(ontology)):
        first = after[:, column] & ~before[:, column]
        partial = after[:, column] & before[:, column] & gained[:, column]
        chosen = {"NK": first & unknown, "LK": first & ~unknown, "first": first, "PK": partial}
        found += [Category(aspect, knowledge, np.flatnonzero(mask)) for knowledge, mask in chosen.items()]
    return _not_empty(found)


def pooled_categories(truth: csr_array, ontology: Ontology) -> list[Category]:
    """Return one category, CV, of the annotated genes of each aspect; the parameters are those of `compare`."""
    annotated = annotated_aspects(truth, ontology)
    aspects = _aspects(ontology)
    return _not_empty([Category(name, "CV", np.flatnonzero(annotated[:, k])) for k, name in enumerate(aspects)])


def annotated_aspects(labels: csr_array, ontology: Ontology) -> NDArray[np.bool_]:
    """Return whether a gene is annotated in an aspect: bool, shape (n_genes, n_aspects), in the order BPO, MFO, CCO.

    As in CAFA, a gene is not annotated by a root, by protein binding (GO:0005515) or by an ancestor of protein binding.
    It is annotated by any other term, including the descendants of protein binding.

    Parameters
    ----------
    labels : csr_array of bool, shape (n_genes, n_terms)
        Closed upwards.
    ontology : Ontology
    """
    counted = ~ontology.roots
    binding = ontology.index.get(PROTEIN_BINDING)
    if binding is not None:
        ancestors = ontology.ancestors
        counted[ancestors.indices[ancestors.indptr[binding] : ancestors.indptr[binding + 1]]] = False
    return np.asarray(csr_array(labels.astype(np.int32) @ _members(ontology, counted)).toarray() > 0)


def gene_groups(dataset: GeneDataset) -> dict[str, NDArray[np.bool_]]:
    """Return the groups of genes that lack one of the two views, each bool of shape (n_genes,).

    A gene is *isolated* if it has no edge in any network. A gene is an *orphan* if it has no homolog among the
    dataset's genes or references. Synthetic genes do not count as neighbours or homologs. A group of all genes, as in a
    dataset without networks, is left out.
    """
    real = ~dataset.synthetic
    homologs = [dataset.homology[:, real]]
    if dataset.references is not None:
        homologs.append(dataset.references.homology)
    networks = [network[:, real] for network in dataset.networks.values()]
    groups = {}
    for name, matrices in (("isolated", networks), ("orphan", homologs)):
        present = np.zeros(dataset.n_genes, dtype=bool)
        for matrix in matrices:
            present |= np.asarray(matrix.sum(axis=1)).ravel() > 0
        if present.any():
            groups[name] = ~present
    return groups


def grouped_categories(categories: Sequence[Category], groups: Mapping[str, NDArray[np.bool_]]) -> list[Category]:
    """Return each group's genes in the categories first and CV as categories of their own, such as first-isolated.

    Parameters
    ----------
    categories : sequence of Category
    groups : mapping of name to ndarray of bool, shape (n_genes,)
        True for the genes of the group.

    Returns
    -------
    list of Category
        The new categories only. One with fewer than 20 genes in an aspect is logged and left out there.
    """
    found = []
    for category in (category for category in categories if category.knowledge in _GROUPED):
        for name, mask in groups.items():
            rows = category.rows[mask[category.rows]]
            knowledge = f"{category.knowledge}-{name}"
            if len(rows) >= FEWEST_IN_A_GROUP:
                found.append(Category(category.aspect, knowledge, rows))
            else:
                _log.info("%s %s: %d genes, too few to evaluate", category.aspect, knowledge, len(rows))
    return found


def without(matrix: csr_array, removed: csr_array) -> csr_array:
    """Return a csr_array without the entries that another one of its shape has; bool becomes int8."""
    dtype = np.int8 if matrix.dtype == np.bool_ else matrix.dtype
    numbers = matrix.astype(dtype)
    kept = csr_array(numbers - numbers.multiply(removed.astype(dtype)))
    kept.eliminate_zeros()
    return kept


def _members(ontology: Ontology, counted: NDArray[np.bool_]) -> csr_array:
    """Return 1 where a counted term belongs to an aspect: csr_array of int32, shape (n_terms, n_aspects)."""
    return csr_array(np.stack([(ontology.aspects == a) & counted for a in _aspects(ontology)], axis=1), dtype=np.int32)


def _aspects(ontology: Ontology) -> tuple[str, ...]:
    present = set(ontology.aspects.tolist())
    return tuple(a for a in ASPECTS if a in present) + tuple(sorted(present - set(ASPECTS)))


def _not_empty(categories: list[Category]) -> list[Category]:
    for category in categories:
        if not category.rows.size:
            _log.info("%s %s: no gene to evaluate", category.aspect, category.knowledge)
    return [category for category in categories if category.rows.size]
