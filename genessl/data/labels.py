"""Annotations and an ontology in; sparse labels out, with every lost row counted."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from genessl.data.coverage import Coverage
from genessl.data.evidence import EXPERIMENTAL, KNOWN_CODES
from genessl.data.identifiers import GeneIdentifiers, Resolution
from genessl.data.ontology import Ontology
from genessl.errors import InputError

_log = logging.getLogger(__name__)
_MOST = 0.5
_FEWEST_ROWS = 100
_MOST_CODES = 20
_SEPARATORS = re.compile(r"[|,]")
_DATABASE = re.compile(r"([\w.-]+):")
_LIKE_GO = re.compile(r"go\W?[0-9]", re.IGNORECASE)
_GO_ID = re.compile(r"GO:[0-9]{7}")
_OUTCOMES = (
    "experimental",
    "electronic",
    "negative",
    "NOT without experimental evidence",
    "experimental evidence that was not chosen",
    "annotated to a root term only",
    "no data (ND)",
    "term not in the ontology",
    "malformed GO identifier",
    "obsolete term",
    "gene not among the sequences",
    "no identifier, symbol or synonym of a gene",
)
_JOINED = _OUTCOMES[:3]


@dataclass(frozen=True)
class Labels:
    """Labels over the whole ontology, roots included; each csr_array of bool, shape (n_genes, n_terms).

    `positive` and `electronic` are closed upwards, `negative` downwards. `sources` holds the electronic labels of each
    source (see `evidence_sources`). `objects` tells the gene of each annotated object that has
    one.
    """

    positive: csr_array
    negative: csr_array
    electronic: csr_array
    sources: dict[str, csr_array]
    objects: dict[str, str]


def label_genes(
    annotations: pd.DataFrame,
    identifiers: GeneIdentifiers,
    genes: list[str],
    ontology: Ontology,
    coverage: Coverage,
    *,
    source: str,
    file: str | None = None,
    evidence: Collection[str] = EXPERIMENTAL,
) -> Labels:
    """Turn annotation rows into labels.

    Parameters
    ----------
    annotations : DataFrame
        As `read_annotations` returns it.
    identifiers : GeneIdentifiers
    genes : list of str, length n_genes
        The order of the rows.
    ontology : Ontology
        With its roots; of any release, as long as it knows most terms.
    coverage : Coverage
        Receives each loss by reason, under `source`.
    file : str, optional
        Where the annotations come from, for messages; `source` by default.
    evidence : collection of str
        Codes that count as experimental. Electronic are all others but ND and the experimental codes left out here.

    Raises
    ------
    InputError
        If most annotated terms are not in the ontology, or no object joins to a gene.
    """
    resolution = _resolve_objects(annotations, identifiers)
    objects = resolution.targets
    row_of = {gene: row for row, gene in enumerate(genes)}
    names, terms = _texts(annotations["gene"]), _texts(annotations["term"])
    rows = names.of_each(lambda name: row_of[objects[name]] if name in objects else -1)
    columns = terms.of_each(lambda term: ontology.index.get(ontology.resolve(term) or "", -1))
    outcome = _outcomes(annotations, rows, columns, ontology, set(evidence))
    _count(outcome, annotations, coverage, source)
    _check_join(names, rows, terms, columns, file or source, identifiers)
    resolution.count(coverage, source, "annotated objects")
    identifiers.tell(resolution, f"{file or source}: annotated objects")
    shape = (len(genes), len(ontology.terms))

    def matrix(kind: str) -> csr_array:
        return _marked(rows, columns, outcome == _OUTCOMES.index(kind), shape)

    positive = ontology.propagate(matrix("experimental"))
    negative = _uncontradicted(ontology.propagate_down(matrix("negative")), positive, coverage, source)
    electronic = outcome == _OUTCOMES.index("electronic")
    own = _cites_itself(annotations, electronic, rows, identifiers, row_of)
    numbers, found = pd.factorize(evidence_sources(annotations, electronic, own), sort=True)
    sources = {
        str(name): ontology.propagate(_marked(rows, columns, numbers == number, shape))
        for number, name in enumerate(found)
        if name
    }
    return Labels(positive, negative, ontology.propagate(matrix("electronic")), sources, objects)


class _Texts(NamedTuple):
    """A column of text as numbers of its distinct values, not all of which need to be used."""

    codes: NDArray[np.intp]
    values: list[str]

    def of_each(self, function: Callable[[str], object]) -> NDArray[Any]:
        """Return in each row what the function gives for its text."""
        return np.array([function(value) for value in self.values])[self.codes]


def _texts(texts: pd.Series[Any]) -> _Texts:
    column = texts if isinstance(texts.dtype, pd.CategoricalDtype) else texts.astype(str).astype("category")
    return _Texts(column.cat.codes.to_numpy().astype(np.intp), [str(value) for value in column.cat.categories])


def evidence_sources(
    annotations: pd.DataFrame, chosen: NDArray[np.bool_], own: NDArray[np.bool_]
) -> NDArray[np.object_]:
    """Name the source of each chosen row: its evidence code, and for IEA the database that it was inferred from.

    So InterPro's domains, UniProt's keywords and enzyme numbers (IEA:InterPro, IEA:UniProtKB-KW, IEA:EC) are kept
    apart, and rows that cite the gene itself (IBA:own), which know what an experiment found, from those that do not.
    Sources of fewer than 100 rows are taken together as 'other'; rows that are not chosen have an empty name.
    """
    evidence, cited = _texts(annotations["evidence"]), _texts(annotations["with_from"])
    databases, prefixes = pd.factorize(np.array([_database(text) for text in cited.values], dtype=object))
    electronic = evidence.of_each(lambda code: code == "IEA")
    place = np.where(electronic & ~own, databases[cited.codes] + 1, 0)
    kinds = 2 * (evidence.codes * (len(prefixes) + 1) + place) + own
    totals: dict[str, int] = {}
    names: dict[int, str] = {}
    for kind, count in enumerate(np.bincount(kinds[chosen]).tolist()):
        if count:
            code, of_database = divmod(kind // 2, len(prefixes) + 1)
            names[kind] = _source(evidence.values[code], prefixes[of_database - 1] if of_database else "", kind % 2)
            totals[names[kind]] = totals.get(names[kind], 0) + count
    of_kind = np.full(max(names, default=0) + 1, "", dtype=object)
    for kind, name in names.items():
        of_kind[kind] = name if totals[name] >= _FEWEST_ROWS else "other"
    found = np.full(len(chosen), "", dtype=object)
    found[chosen] = of_kind[kinds[chosen]]
    return found


def _source(code: str, database: str, own: int) -> str:
    if own:
        return f"{code}:own"
    return f"{code}:{database}" if database else code


def _database(text: str) -> str:
    found = _DATABASE.match(text)
    return found[1] if found else ""


def _cites_itself(
    annotations: pd.DataFrame,
    chosen: NDArray[np.bool_],
    rows: NDArray[np.intp],
    identifiers: GeneIdentifiers,
    row_of: dict[str, int],
) -> NDArray[np.bool_]:
    """Mark chosen rows whose With/From names the annotated gene, as phylogenetic inference (IBA) often does."""
    cited = _texts(annotations["with_from"])
    used = np.unique(cited.codes[chosen]).tolist()
    words = {code: [_bare(word) for word in _SEPARATORS.split(cited.values[code]) if word] for code in used}
    known = identifiers.resolve({word for parts in words.values() for word in parts}, ignoring_case=False).targets
    pairs = [
        code * len(row_of) + row_of[known[word]] for code, parts in words.items() for word in parts if word in known
    ]
    return np.asarray(chosen & np.isin(cited.codes * len(row_of) + rows, np.array(pairs, dtype=np.intp)))


def _bare(word: str) -> str:
    """Strip a database's name from an identifier, as in SGD:S000001587."""
    return word.split(":", 1)[-1]


def _marked(rows: np.ndarray, columns: np.ndarray, chosen: np.ndarray, shape: tuple[int, int]) -> csr_array:
    entries = (np.ones(chosen.sum(), dtype=bool), (rows[chosen], columns[chosen]))
    return csr_array(coo_array(entries, shape=shape))


def _uncontradicted(negative: csr_array, positive: csr_array, coverage: Coverage, source: str) -> csr_array:
    """Leave out what a gene has and has not: both rest on experiments, and having one suffices."""
    contradicted = csr_array(negative.multiply(positive))
    kept = csr_array(negative.astype(np.int8) - contradicted.astype(np.int8)).astype(bool)
    kept.eliminate_zeros()
    coverage.add(source, "negative labels, closed downwards", "held", negative.nnz)
    coverage.add(source, "negative labels, closed downwards", "joined", kept.nnz)
    coverage.add(source, "negative labels, closed downwards", "contradicted by a positive label", contradicted.nnz)
    return kept


def _resolve_objects(annotations: pd.DataFrame, identifiers: GeneIdentifiers) -> Resolution:
    """Find the gene of each annotated object, by the symbol and synonyms of the first row that has any."""
    names, symbols, synonyms = (_texts(annotations[column]) for column in ("gene", "symbol", "synonyms"))
    described = symbols.of_each(bool) | synonyms.of_each(bool)
    first = np.full(len(names.values), -1)
    for rows in (np.arange(len(described)), np.flatnonzero(described)):
        first[names.codes[rows[::-1]]] = rows[::-1]
    words = {
        name: [symbols.values[symbols.codes[row]], *synonyms.values[synonyms.codes[row]].split("|")]
        for name, row in zip(names.values, first.tolist())
        if name and row >= 0
    }
    return identifiers.resolve(words, synonyms=words)


def _outcomes(
    annotations: pd.DataFrame,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    ontology: Ontology,
    evidence: set[str],
) -> NDArray[np.int8]:
    """Return the number in `_OUTCOMES` of what becomes of each row."""
    codes, terms = _texts(annotations["evidence"]), _texts(annotations["term"])
    experimental = codes.of_each(lambda code: code in evidence)
    negated = annotations["negated"].to_numpy(dtype=bool)
    outcome = np.where(experimental, 0, 1).astype(np.int8)

    def set_where(rows_of_it: NDArray[np.bool_], name: str) -> None:
        outcome[rows_of_it] = _OUTCOMES.index(name)

    set_where(negated & experimental, "negative")
    set_where(negated & ~experimental, "NOT without experimental evidence")
    set_where(
        codes.of_each(lambda code: code in EXPERIMENTAL) & ~experimental, "experimental evidence that was not chosen"
    )
    set_where(ontology.roots[columns], "annotated to a root term only")
    set_where(codes.of_each(lambda code: code == "ND"), "no data (ND)")
    set_where(columns < 0, "term not in the ontology")
    set_where((columns < 0) & terms.of_each(_is_malformed), "malformed GO identifier")
    set_where((columns < 0) & terms.of_each(lambda term: term in ontology.obsolete), "obsolete term")
    set_where(rows < 0, "gene not among the sequences")
    set_where(_texts(annotations["gene"]).of_each(lambda name: not name), "no identifier, symbol or synonym of a gene")
    return outcome


def _is_malformed(term: str) -> bool:
    return _LIKE_GO.match(term) is not None and _GO_ID.fullmatch(term) is None


def _count(outcome: NDArray[np.int8], annotations: pd.DataFrame, coverage: Coverage, source: str) -> None:
    counts = dict(zip(_OUTCOMES, np.bincount(outcome, minlength=len(_OUTCOMES)).tolist()))
    coverage.add(source, "annotation rows", "held", len(outcome))
    coverage.add(source, "annotation rows", "joined", sum(counts[kind] for kind in _JOINED))
    lost = {reason: count for reason, count in counts.items() if count and reason not in _JOINED}
    for reason, count in sorted(lost.items(), key=lambda item: -item[1]):
        coverage.add(source, "annotation rows", reason, count)
    for kind in _JOINED:
        coverage.add_whole(source, f"{kind} rows", counts[kind])
    codes = _texts(annotations["evidence"])
    numbers = np.bincount(codes.codes, minlength=len(codes.values)).tolist()
    unknown = [(count, code) for code, count in zip(codes.values, numbers) if count and code not in KNOWN_CODES]
    unknown.sort(reverse=True)
    for count, code in unknown[:_MOST_CODES]:
        _log.info("%s: %d rows have the unknown evidence code %s", source, count, code)
        coverage.add_whole(source, f"rows with the unknown evidence code {code}", count)
    if others := sum(count for count, _ in unknown[_MOST_CODES:]):
        coverage.add_whole(source, "rows with other unknown evidence codes", others)
    for reason, count in annotations.attrs.get("repairs", {}).items():
        coverage.add_whole(source, reason, count)


def _check_join(
    names: _Texts,
    rows: NDArray[np.intp],
    terms: _Texts,
    columns: NDArray[np.intp],
    file: str,
    identifiers: GeneIdentifiers,
) -> None:
    if not (rows >= 0).any():
        raise InputError(
            f"{file}: none of the annotated genes, such as '{names.values[names.codes[0]]}', is among the sequences;"
            f" {identifiers.advice([names.values[code] for code in np.unique(names.codes)])}"
        )
    used, first = np.unique(terms.codes, return_index=True)
    missing = columns[first] < 0
    if 1 - missing.mean() < _MOST:
        raise InputError(
            f"{file}: {int(missing.sum())} of {len(used)} annotated terms, such as"
            f" {min(terms.values[code] for code in used[missing])},"
            " are not in the ontology; give the ontology release that fits the annotations"
        )
