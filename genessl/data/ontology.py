"""The Gene Ontology: OBO in; terms, their parents, and labels and scores consistent with these out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from genessl.data.text_files import read_lines
from genessl.errors import InputError

ASPECT_OF_NAMESPACE = {"biological_process": "BPO", "molecular_function": "MFO", "cellular_component": "CCO"}
ASPECTS = ("BPO", "MFO", "CCO")
PROTEIN_BINDING = "GO:0005515"
_ROWS_AT_ONCE = 10_000
_TERM_ID = re.compile(r"\S+")


@dataclass(frozen=True)
class Ontology:
    """Terms of an ontology and their parents by is_a and part_of within one namespace.

    Parameters
    ----------
    terms : tuple of str, length n_terms
        Identifiers, sorted, without obsolete terms.
    names : tuple of str, length n_terms
    aspects : ndarray of str, shape (n_terms,)
        BPO, MFO or CCO; the namespace itself in an ontology other than GO.
    parents : csr_array of bool, shape (n_terms, n_terms)
        True at (child, parent), direct parents only.
    alternatives : mapping of str to str
        alt_id, and an obsolete term with one replaced_by, to the term now used.
    obsolete : frozenset of str
        Obsolete terms that nothing replaces.
    release : str
        The file's data-version, or its date, or an empty string.

    Raises
    ------
    InputError
        If a term is its own ancestor.
    """

    terms: tuple[str, ...]
    names: tuple[str, ...]
    aspects: NDArray[np.str_]
    parents: csr_array
    alternatives: Mapping[str, str] = field(default_factory=dict)
    obsolete: frozenset[str] = frozenset()
    release: str = ""

    @cached_property
    def index(self) -> dict[str, int]:
        """Column of each term."""
        return {term: column for column, term in enumerate(self.terms)}

    @cached_property
    def roots(self) -> NDArray[np.bool_]:
        """Terms without a parent, shape (n_terms,)."""
        return np.asarray(np.diff(self.parents.indptr) == 0)

    @cached_property
    def parents_first(self) -> NDArray[np.intp]:
        """Columns in an order in which every parent comes before its children."""
        children = csr_array(self.parents.T)
        waiting = np.diff(self.parents.indptr)
        order = [int(root) for root in np.flatnonzero(waiting == 0)]
        for term in order:
            for child in children.indices[children.indptr[term] : children.indptr[term + 1]]:
                waiting[child] -= 1
                if waiting[child] == 0:
                    order.append(int(child))
        if len(order) < len(self.terms):
            cyclic = self.terms[int(np.flatnonzero(waiting)[0])]
            raise InputError(
                f"the ontology is cyclic: {cyclic} is among its own ancestors;"
                " use a release without cycles (go-basic.obo)"
            )
        return np.array(order, dtype=np.intp)

    @cached_property
    def ancestors(self) -> csr_array:
        """True at (term, ancestor), each term being its own ancestor: csr_array of bool, (n_terms, n_terms)."""
        above: list[frozenset[int]] = [frozenset()] * len(self.terms)
        for term in self.parents_first.tolist():
            direct = self.parents.indices[self.parents.indptr[term] : self.parents.indptr[term + 1]].tolist()
            above[term] = frozenset([term]).union(*(above[parent] for parent in direct))
        rows = np.repeat(np.arange(len(self.terms)), [len(terms) for terms in above])
        columns = np.array([ancestor for terms in above for ancestor in sorted(terms)], dtype=np.intp)
        return _boolean(rows, columns, (len(self.terms), len(self.terms)))

    def resolve(self, term: str) -> str | None:
        """Return the identifier now used for a term, or None where this release has none."""
        current = self.alternatives.get(term, term)
        return current if current in self.index else None

    def propagate(self, labels: csr_array) -> csr_array:
        """Close labels upwards: a gene that has a term has its ancestors.

        Parameters
        ----------
        labels : csr_array of bool, shape (n_genes, n_terms)

        Returns
        -------
        csr_array of bool, shape (n_genes, n_terms)
        """
        return _reached(labels, self.ancestors)

    def propagate_down(self, labels: csr_array) -> csr_array:
        """Close negative labels downwards: a gene that lacks a term lacks its descendants; shapes as `propagate`."""
        return _reached(labels, csr_array(self.ancestors.T))

    def propagate_scores(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raise each score to the largest of its descendants' scores.

        Parameters
        ----------
        scores : ndarray of float, shape (n_genes, n_terms)

        Returns
        -------
        ndarray of the same type and shape, in which a parent scores at least its child
        """
        by_term = np.ascontiguousarray(scores.T).copy()
        pointers, parents = self.parents.indptr, self.parents.indices
        for term in self.parents_first[::-1].tolist():
            for parent in parents[pointers[term] : pointers[term + 1]]:
                np.maximum(by_term[parent], by_term[term], out=by_term[parent])
        return np.ascontiguousarray(by_term.T)

    def information_accretion(self, labels: csr_array) -> NDArray[np.float64]:
        """Return the information that a term adds to its direct parents, in bits [1]_.

        ia(v) = -log2( n(v) / n(genes having all direct parents of v) ), with one pseudo-gene that has every term;
        0 for a root.

        Parameters
        ----------
        labels : csr_array of bool, shape (n_genes, n_terms)
            Closed upwards, roots included.

        Returns
        -------
        ndarray of float64, shape (n_terms,), in bits

        References
        ----------
        .. [1] W. T. Clark and P. Radivojac, Information-theoretic evaluation of predicted ontological annotations,
           Bioinformatics 29, i53-i61, 2013, doi:10.1093/bioinformatics/btt228
        """
        n_parents = np.diff(self.parents.indptr)
        children = csr_array(self.parents.T.astype(np.int32))
        having = np.ones(len(self.terms))
        having_parents = np.ones(len(self.terms))
        for start in range(0, labels.shape[0], _ROWS_AT_ONCE):
            rows = csr_array(labels[start : start + _ROWS_AT_ONCE].astype(np.int32))
            held = csr_array(rows @ children)
            complete = held.indices[held.data == n_parents[held.indices]]
            having += np.bincount(rows.indices, minlength=len(self.terms))
            having_parents += np.bincount(complete, minlength=len(self.terms))
        accretion = np.log2(having_parents) - np.log2(having)
        accretion[self.roots] = 0.0
        if accretion.min(initial=0.0) < 0:
            raise ValueError("information accretion needs labels that are closed upwards")
        return accretion

    def subset(self, columns: NDArray[np.intp]) -> Ontology:
        """Return the ontology of some columns, which keep their parents among them."""
        columns = np.sort(np.asarray(columns, dtype=np.intp))
        return Ontology(
            terms=tuple(self.terms[column] for column in columns),
            names=tuple(self.names[column] for column in columns),
            aspects=self.aspects[columns],
            parents=csr_array(self.parents[columns][:, columns]),
            alternatives=self.alternatives,
            obsolete=self.obsolete,
            release=self.release,
        )


def ontology_from_edges(
    terms: Mapping[str, tuple[str, str]],
    edges: Iterable[tuple[str, str]],
    *,
    alternatives: Mapping[str, str] | None = None,
    obsolete: Iterable[str] = (),
    release: str = "",
) -> Ontology:
    """Build an ontology from terms and their edges.

    Parameters
    ----------
    terms : mapping of identifier to (name, namespace)
    edges : iterable of (child, parent)
        An edge between namespaces, or to an unknown term, is left out.
    alternatives, obsolete, release
        As in `Ontology`.
    """
    identifiers = sorted(terms)
    index = {term: column for column, term in enumerate(identifiers)}
    kept = {
        (index[child], index[parent])
        for child, parent in edges
        if child in index and parent in index and terms[child][1] == terms[parent][1]
    }
    rows, columns = np.array(sorted(kept), dtype=np.intp).reshape(-1, 2).T
    ontology = Ontology(
        terms=tuple(identifiers),
        names=tuple(terms[term][0] for term in identifiers),
        aspects=np.array([ASPECT_OF_NAMESPACE.get(terms[term][1], terms[term][1]) for term in identifiers]),
        parents=_boolean(rows, columns, (len(identifiers), len(identifiers))),
        alternatives=dict(alternatives or {}),
        obsolete=frozenset(obsolete),
        release=release,
    )
    ontology.parents_first  # noqa: B018  (a cycle is found at birth)
    return ontology


def read_obo(path: str | Path) -> Ontology:
    """Read an ontology in OBO 1.2 or 1.4: terms, is_a and part_of, alt_id, replaced_by and obsolete terms.

    Raises
    ------
    InputError
        If the file is damaged, holds no term, repeats one, or is cyclic.
    """
    header: dict[str, str] = {}
    stanzas: list[dict[str, list[str]]] = []
    current: dict[str, list[str]] | None = None
    in_header = True
    for number, line in read_lines(path):
        if line.startswith("["):
            in_header, current = False, {} if line.strip() == "[Term]" else None
            if current is not None:
                stanzas.append(current)
                current["line"] = [str(number)]
        elif ": " in line and (in_header or current is not None):
            tag, value = line.split(": ", 1)
            if in_header:
                header.setdefault(tag, value.strip())
            elif current is not None:
                current.setdefault(tag, []).append(value.strip())
    if not stanzas:
        raise InputError(f"{path}: expected an OBO file with [Term] stanzas, found none; give the ontology as .obo")
    return _ontology_from_stanzas(Path(path), header, stanzas)


def _ontology_from_stanzas(path: Path, header: Mapping[str, str], stanzas: Sequence[dict[str, list[str]]]) -> Ontology:
    terms: dict[str, tuple[str, str]] = {}
    edges: list[tuple[str, str]] = []
    alternatives: dict[str, str] = {}
    gone: dict[str, list[str]] = {}
    for stanza in stanzas:
        if "id" not in stanza:
            raise InputError(f"{path}:{stanza['line'][0]}: expected an id in the [Term] stanza, found none")
        term = _first_word(stanza["id"][0])
        if term in terms or term in gone:
            raise InputError(f"{path}:{stanza['line'][0]}: expected each term once, found {term} again")
        if stanza.get("is_obsolete", ["false"])[0].startswith("true"):
            gone[term] = [_first_word(value) for value in stanza.get("replaced_by", [])]
            continue
        namespace = stanza.get("namespace", [header.get("default-namespace", "")])[0]
        terms[term] = (stanza.get("name", [term])[0], namespace)
        edges += [(term, _first_word(value)) for value in stanza.get("is_a", [])]
        relationships = [value.split() for value in stanza.get("relationship", [])]
        edges += [(term, words[1]) for words in relationships if words[0] == "part_of"]
        alternatives.update({_first_word(value): term for value in stanza.get("alt_id", [])})
    current = {**alternatives, **{term: term for term in terms}}
    replaced = {
        term: current[targets[0]] for term, targets in gone.items() if len(targets) == 1 and targets[0] in current
    }
    for term in replaced.keys() | gone.keys():
        alternatives.pop(term, None)
    try:
        return ontology_from_edges(
            terms,
            edges,
            alternatives={**{alias: term for alias, term in alternatives.items() if alias not in terms}, **replaced},
            obsolete=gone.keys() - replaced.keys(),
            release=header.get("data-version", header.get("date", "")),
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _first_word(value: str) -> str:
    match = _TERM_ID.match(value)
    return match.group() if match else value


def _boolean(rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int]) -> csr_array:
    return csr_array(coo_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=shape))


def _reached(labels: csr_array, closure: csr_array) -> csr_array:
    reached = csr_array(labels.astype(np.int32) @ closure.astype(np.int32)).astype(bool)
    reached.sort_indices()
    return reached
