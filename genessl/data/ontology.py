"""The Gene Ontology: OBO in; terms, their parents, and labels and scores consistent with these out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from genessl.data.hierarchy import levels_below_roots, with_ancestors
from genessl.data.text_files import read_blocks, read_lines
from genessl.errors import InputError

ASPECT_OF_NAMESPACE = {"biological_process": "BPO", "molecular_function": "MFO", "cellular_component": "CCO"}
ASPECTS = ("BPO", "MFO", "CCO")
PROTEIN_BINDING = "GO:0005515"
_ROWS_AT_ONCE = 10_000
_TAGS = ("id:", "name:", "namespace:", "is_a:", "relationship:", "alt_id:", "is_obsolete:", "replaced_by:")
_STARTS = frozenset(tag[:3] for tag in _TAGS)  # most lines of an OBO file hold text that is not read
_NOWHERE = -1
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
_SPECIAL = re.compile(r"[\\!{\x00-\x1f\x7f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
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
        return np.concatenate([np.zeros(0, dtype=np.intp), *self._levels])

    @cached_property
    def _levels(self) -> list[NDArray[np.intp]]:
        levels = levels_below_roots(self.parents)
        reached = np.concatenate([np.zeros(0, dtype=np.intp), *levels])
        if len(reached) < len(self.terms):
            cyclic = self.terms[int(np.setdiff1d(np.arange(len(self.terms)), reached)[0])]
            raise InputError(
                f"the ontology is cyclic: {cyclic} is among its own ancestors;"
                " use a release without cycles (go-basic.obo)"
            )
        return levels

    @cached_property
    def ancestors(self) -> csr_array:
        """True at (term, ancestor), each term being its own ancestor: csr_array of bool, (n_terms, n_terms)."""
        return with_ancestors(self.parents, self._levels)

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
    numbers, distinct = _numbered([terms[term][1] for term in identifiers])
    ends = list(edges)
    rows = np.array([index.get(child, -1) for child, _ in ends], dtype=np.intp)
    columns = np.array([index.get(parent, -1) for _, parent in ends], dtype=np.intp)
    kept = (rows >= 0) & (columns >= 0)
    kept[kept] = numbers[rows[kept]] == numbers[columns[kept]]
    ontology = Ontology(
        terms=tuple(identifiers),
        names=tuple([terms[term][0] for term in identifiers]),
        aspects=np.array([ASPECT_OF_NAMESPACE.get(space, space) for space in distinct], dtype=np.str_)[numbers],
        parents=_boolean(rows[kept], columns[kept], (len(identifiers), len(identifiers))),
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
    """The stanzas of an OBO file: for each tag its values, and the number of the [Term] stanza that holds each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: dict[str, str] = {}
        self.values: dict[str, list[str]] = {tag[:-1]: [] for tag in _TAGS}
        self.places: dict[str, list[int]] = {tag[:-1]: [] for tag in _TAGS}
        self.stanzas: list[int] = []
        values, places = self.values, self.places
        n_stanzas, place = 0, _NOWHERE
        for number, lines in read_blocks(path):
            if number == 1:
                self._read_header(lines)
            for line in [line for line in lines if line[:3] in _STARTS or line[:1] == "["]:
                if line[0] == "[":
                    is_term = line.startswith("[Term]")
                    n_stanzas, place = n_stanzas + 1, n_stanzas if is_term else _NOWHERE
                    if is_term:
                        self.stanzas.append(place)
                elif place != _NOWHERE:
                    tag, _, value = line.partition(":")
                    if tag in values:
                        values[tag].append(value)
                        places[tag].append(place)
        if not self.stanzas:
            raise InputError(f"{path}: expected an OBO file with [Term] stanzas, found none; give the ontology as .obo")

    def _read_header(self, lines: list[str]) -> None:
        for mark, kind in _OTHER_ONTOLOGIES:
            if lines[0].lstrip().startswith(mark):
                raise InputError(
                    f"{self.path}:1: found an ontology in {kind}, expected OBO; give go.obo or go-basic.obo"
                )
        for line in itertools.takewhile(lambda line: not line.startswith("["), lines):
            tag, _, value = line.partition(":")
            self.header.setdefault(tag.strip(), value.strip())

    def _first(self, tag: str) -> dict[int, str]:
        """Return the first value of a tag in each stanza."""
        return dict(zip(reversed(self.places[tag]), reversed(self.values[tag])))

    def _identifiers(self) -> dict[int, str]:
        """Return the term of each stanza; each term has one."""
        terms = {place: _first_word(value) for place, value in self._first("id").items()}
        seen: set[str] = set()
        for place in self.stanzas:
            term = terms.get(place, "")
            if not term:
                raise InputError(f"{self._line(place)}: expected an id in the [Term] stanza, found none")
            if term in seen:
                raise InputError(f"{self._line(place)}: expected each term once, found {term} again")
            seen.add(term)
        return terms

    def _line(self, place: int) -> str:
        starts = (number for number, line in read_lines(self.path) if line.startswith("["))
        return f"{self.path}:{next(itertools.islice(starts, place, None))}"

    def ontology(self) -> Ontology:
        """Build the ontology; a cycle is found here."""
        identifiers = self._identifiers()
        gone = {place for place, value in self._first("is_obsolete").items() if value.strip().lower()[:4] == "true"}
        names, spaces = self._first("name"), self._first("namespace")
        clean = {value: _unescaped(value) for value in set(spaces.values())} | {"": ""}
        default = _unescaped(self.header.get("default-namespace", ""))
        terms = {
            identifiers[place]: (
                _unescaped(names.get(place, "")) or identifiers[place],
                clean[spaces.get(place, "")] or default,
            )
            for place in self.stanzas
            if place not in gone
        }
        children, parents = list(self.places["is_a"]), list(map(_first_word, self.values["is_a"]))
        for place, value in zip(self.places["relationship"], self.values["relationship"]):
            words = value.split(None, 2)
            if len(words) > 1 and words[0] in _PART_OF:
                children.append(place)
                parents.append(words[1])
        old = self._old(identifiers, gone, terms)
        alternatives = {name: term for name, term in old.items() if term}
        try:
            return ontology_from_edges(
                terms,
                zip(map(identifiers.__getitem__, children), (alternatives.get(parent, parent) for parent in parents)),
                alternatives=alternatives,
                obsolete=[name for name, term in old.items() if not term],
                release=self.header.get("data-version", self.header.get("date", "")),
            )
        except InputError as error:
            raise InputError(f"{self.path}: {error}") from error

    def _old(self, identifiers: Mapping[int, str], gone: set[int], terms: Collection[str]) -> dict[str, str]:
        """Return for each merged or obsolete identifier the term now used, or '' where none is.

        Single replacements and merged terms are followed to their end, if they do not go round. An obsolete term goes
        where it is replaced, else to the term that has it as its alternative.
        """
        next_of: dict[str, set[str]] = {}
        for place, value in zip(self.places["alt_id"], self.values["alt_id"]):
            next_of.setdefault(_first_word(value), set()).add(identifiers[place])
        replaced: dict[str, set[str]] = {}
        for place, value in zip(self.places["replaced_by"], self.values["replaced_by"]):
            if place in gone:
                replaced.setdefault(identifiers[place], set()).add(_first_word(value))
        next_of = {identifiers[place]: set() for place in gone} | next_of | replaced

        found: dict[str, str] = {}
        for start in next_of:
            path, name = [], start
            while name not in terms and name not in found and len(next_of.get(name, ())) == 1:
                found[name] = ""  # where the path comes back to it
                path.append(name)
                (name,) = next_of[name]
            found.update(dict.fromkeys(path, name if name in terms else found.get(name, "")))
        return {name: found.get(name, "") for name in next_of if name and name not in terms}


def _first_word(value: str) -> str:
    words = value.split(None, 1)
    return words[0] if words else ""


def _unescaped(value: str) -> str:
    """Return the text of a value, without a comment or modifiers behind it; control characters in it become spaces."""
    value = value.strip()
    if not _SPECIAL.search(value):
        return value
    value = _TRAILING.sub("", value, count=1)
    return _CONTROL.sub(" ", _ESCAPED.sub(lambda found: _WHITE.get(found[1], found[1]), value))


def _numbered(texts: Sequence[str]) -> tuple[NDArray[np.intp], list[str]]:
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return np.array([numbers[text] for text in texts], dtype=np.intp), list(numbers)


def _boolean(rows: NDArray[np.intp], columns: NDArray[np.intp], shape: tuple[int, int]) -> csr_array:
    return csr_array(coo_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=shape))


def _reached(labels: csr_array, closure: csr_array) -> csr_array:
    reached = csr_array(labels.astype(bool, copy=False) @ closure)  # True plus True is True
    reached.sort_indices()
    return reached
