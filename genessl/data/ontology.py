"""The Gene Ontology: OBO in; terms, their parents, and labels and scores consistent with these out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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
_MOST_ANCESTORS = 100_000_000
_TAGS = ("[", "id:", "name:", "namespace:", "is_a:", "relationship:", "alt_id:", "is_obsolete:", "replaced_by:")
_PART_OF = ("part_of", "BFO:0000050")
_OTHER_ONTOLOGIES = (
    ("{", "JSON (OBO Graph)"),
    ("<?xml", "XML (OWL)"),
    ("<rdf", "XML (OWL)"),
    ("<Ontology", "XML (OWL)"),
    ("Prefix(", "OWL's functional syntax"),
    ("@prefix", "Turtle (OWL)"),
)
_TRAILING = re.compile(r"(?:(?<!\s)\s+\{[^{}]*\})?(?:(?<!\s)\s+!(?:\s.*)?)?$")
_ESCAPED = re.compile(r"\\(.)")
_SPECIAL = re.compile(r"[\\!{\x00-\x1f\x7f-\xa0]")
_WHITE = {"n": " ", "t": " ", "W": " "}


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
        """Columns in an order in which every parent comes before its children, by the longest path from a root."""
        children = csr_array(self.parents.T)
        pointers, targets = children.indptr.tolist(), children.indices.tolist()
        waiting = np.diff(self.parents.indptr).tolist()
        order = [term for term, count in enumerate(waiting) if not count]
        for term in order:
            for child in targets[pointers[term] : pointers[term + 1]]:
                waiting[child] -= 1
                if not waiting[child]:
                    order.append(child)
        if len(order) < len(self.terms):
            cyclic = self.terms[next(term for term, count in enumerate(waiting) if count)]
            raise InputError(
                f"the ontology is cyclic: {cyclic} is among its own ancestors;"
                " use a release without cycles (go-basic.obo)"
            )
        return np.array(order, dtype=np.intp)

    @cached_property
    def ancestors(self) -> csr_array:
        """True at (term, ancestor), each term being its own ancestor: csr_array of bool, (n_terms, n_terms)."""
        return _closed(self.parents, self.parents_first)

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
    kept = [
        (index[child], index[parent])
        for child, parent in edges
        if child in index and parent in index and terms[child][1] == terms[parent][1]
    ]
    rows, columns = np.array(kept, dtype=np.intp).reshape(-1, 2).T
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

    A chain of replacements is followed to the term now used; what may only be considered in place of a term is not
    taken for it.

    Raises
    ------
    InputError
        If the file is damaged, no OBO, holds no term, repeats one, or is cyclic.
    """
    return _Obo(Path(path)).ontology()


class _Obo:
    """The terms, edges and identifiers of an OBO file, as its lines state them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: dict[str, str] = {}
        self.terms: dict[str, tuple[str, str]] = {}
        self.edges: list[tuple[str, str]] = []
        self.aliases: dict[str, str] = {}
        self.replaced: dict[str, list[str]] = {}
        stanza: dict[str, list[str]] | None = None
        start = 0
        in_header = True
        for number, line in read_lines(path):
            if in_header:
                in_header = self._read_header(number, line)
            if line.startswith(_TAGS):
                if line.startswith("["):
                    self._add(start, stanza)
                    stanza, start = ({} if line.startswith("[Term]") else None), number
                elif stanza is not None:
                    tag, _, value = line.partition(":")
                    if tag in stanza:
                        stanza[tag].append(value)
                    else:
                        stanza[tag] = [value]
        self._add(start, stanza)
        if not self.terms and not self.replaced:
            raise InputError(f"{path}: expected an OBO file with [Term] stanzas, found none; give the ontology as .obo")

    def _read_header(self, number: int, line: str) -> bool:
        if number == 1:
            for mark, kind in _OTHER_ONTOLOGIES:
                if line.lstrip().startswith(mark):
                    raise InputError(
                        f"{self.path}: found an ontology in {kind}, expected OBO; give go.obo or go-basic.obo"
                    )
        tag, colon, value = line.partition(":")
        if colon:
            self.header.setdefault(tag.strip(), value.strip())
        return not line.startswith("[")

    def _add(self, line: int, stanza: dict[str, list[str]] | None) -> None:
        if stanza is None:
            return
        term = _first_word(stanza.get("id", [""])[0])
        if not term:
            raise InputError(f"{self.path}:{line}: expected an id in the [Term] stanza, found none")
        if term in self.terms or term in self.replaced:
            raise InputError(f"{self.path}:{line}: expected each term once, found {term} again")
        for value in stanza.get("alt_id", ()):
            self.aliases[_first_word(value)] = term
        if stanza.get("is_obsolete", [""])[0].strip().lower().startswith("true"):
            self.replaced[term] = [_first_word(value) for value in stanza.get("replaced_by", ())]
            return
        namespace = _unescaped(stanza["namespace"][0]) if "namespace" in stanza else ""
        name = _unescaped(stanza["name"][0]) if "name" in stanza else ""
        self.terms[term] = (name or term, namespace or self.header.get("default-namespace", ""))
        for value in stanza.get("is_a", ()):
            self.edges.append((term, _first_word(value)))
        for value in stanza.get("relationship", ()):
            words = value.split(None, 2)
            if len(words) > 1 and words[0] in _PART_OF:
                self.edges.append((term, words[1]))

    def ontology(self) -> Ontology:
        """Build the ontology; a cycle is found here."""
        old = {name: self._current(name) for name in (*self.aliases, *self.replaced) if name not in self.terms}
        try:
            return ontology_from_edges(
                self.terms,
                self.edges,
                alternatives={name: term for name, term in old.items() if term},
                obsolete=[name for name, term in old.items() if not term],
                release=self.header.get("data-version", self.header.get("date", "")),
            )
        except InputError as error:
            raise InputError(f"{self.path}: {error}") from error

    def _current(self, name: str) -> str:
        """Follow single replacements and merged terms to the term now used, or '' where they end or go round."""
        seen: set[str] = set()
        while name not in self.terms:
            followers = self.replaced[name] if name in self.replaced else [self.aliases.get(name, "")]
            if name in seen or len(set(followers)) != 1:
                return ""
            seen.add(name)
            name = followers[0]
        return name


def _first_word(value: str) -> str:
    words = value.split(None, 1)
    return words[0] if words else ""


def _unescaped(value: str) -> str:
    """Return the text of a value, without a comment or modifiers behind it; any white space in it is one space."""
    value = value.strip()
    if not _SPECIAL.search(value):
        return value
    value = _TRAILING.sub("", value, count=1)
    return " ".join(_ESCAPED.sub(lambda found: _WHITE.get(found[1], found[1]), value).split())


def _closed(parents: csr_array, parents_first: NDArray[np.intp]) -> csr_array:
    """Return the ancestors of each term, itself included, calculated for one level below the roots after another."""
    n_terms = len(parents_first)
    starts, counts = np.zeros(n_terms, dtype=np.intp), np.zeros(n_terms, dtype=np.intp)
    reached = np.zeros(4 * n_terms, dtype=np.int32)  # the ancestors of each term, where `starts` and `counts` tell
    size = 0
    for terms in _levels(parents, parents_first):
        direct = _runs(parents.indptr[terms], np.diff(parents.indptr)[terms])
        above = parents.indices[direct]
        owners = np.repeat(np.arange(len(terms)), np.diff(parents.indptr)[terms])
        inherited = reached[_runs(starts[above], counts[above])]
        keys = np.concatenate([np.repeat(owners, counts[above]), np.arange(len(terms))]) * n_terms
        keys = np.sort(keys + np.concatenate([inherited, terms]))
        keys = keys[np.diff(keys, prepend=-1) > 0]
        if size + len(keys) > _MOST_ANCESTORS:
            raise InputError(
                f"the ontology has more than {_MOST_ANCESTORS // 10**6} million pairs of a term and its ancestor, expected"
                " some ten for each term; check the file"
            )
        if size + len(keys) > len(reached):
            reached = np.concatenate([reached, np.zeros(len(reached) + len(keys), dtype=np.int32)])
        reached[size : size + len(keys)] = keys % n_terms
        counts[terms] = np.bincount(keys // n_terms, minlength=len(terms))
        starts[terms] = size + np.cumsum(counts[terms]) - counts[terms]
        size += len(keys)
    columns = reached[_runs(starts, counts)]
    pointers = np.concatenate([[0], np.cumsum(counts)])
    return csr_array((np.ones(size, dtype=bool), columns, pointers), shape=(n_terms, n_terms))


def _levels(parents: csr_array, parents_first: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Group the terms by the length of their longest path from a root."""
    pointers, above = parents.indptr.tolist(), parents.indices.tolist()
    level = [0] * len(parents_first)
    for term in parents_first.tolist():
        for parent in above[pointers[term] : pointers[term + 1]]:
            level[term] = max(level[term], level[parent] + 1)
    levels = np.array(level, dtype=np.intp)[parents_first]
    return np.split(parents_first, np.flatnonzero(np.diff(levels)) + 1)


def _runs(starts: NDArray[np.intp], counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the whole numbers of runs that begin at `starts`, run after run."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + counts, counts)


def _boolean(rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int]) -> csr_array:
    return csr_array(coo_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=shape))


def _reached(labels: csr_array, closure: csr_array) -> csr_array:
    reached = csr_array(labels.astype(np.int32) @ closure.astype(np.int32)).astype(bool)
    reached.sort_indices()
    return reached
