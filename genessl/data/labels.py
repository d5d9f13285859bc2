"""Annotations and an ontology in; sparse labels out, with every lost row counted."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array

from genessl.data.annotations import EXPERIMENTAL, KNOWN_CODES
from genessl.data.coverage import Coverage
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.ontology import Ontology
from genessl.errors import InputError

_log = logging.getLogger(__name__)
_MOST = 0.5
_FEWEST_ROWS = 100
_SEPARATORS = re.compile(r"[|,]")


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
        As `read_gaf` returns it.
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
    objects = _resolve_objects(annotations, identifiers)
    row_of = {gene: row for row, gene in enumerate(genes)}
    rows = annotations["gene"].astype(str).map(lambda name: row_of[objects[name]] if name in objects else -1)
    terms = annotations["term"].astype(str)
    resolved = {term: ontology.resolve(term) for term in terms.unique()}
    columns = terms.map(lambda term: -1 if resolved[term] is None else ontology.index[str(resolved[term])])
    outcome = _outcomes(annotations, rows.to_numpy(), columns.to_numpy(), terms, ontology, set(evidence))
    _count(outcome, annotations, coverage, source)
    _check_join(annotations, rows.to_numpy(), terms, columns.to_numpy(), file or source)
    shape = (len(genes), len(ontology.terms))

    def matrix(kind: str) -> csr_array:
        return _marked(rows.to_numpy(), columns.to_numpy(), outcome == kind, shape)

    positive = ontology.propagate(matrix("experimental"))
    negative = _uncontradicted(ontology.propagate_down(matrix("negative")), positive, coverage, source)
    electronic = outcome == "electronic"
    own = electronic & _cites_itself(annotations, rows.to_numpy(), identifiers, row_of)
    names = evidence_sources(annotations, electronic, own)
    sources = {
        str(name): ontology.propagate(_marked(rows.to_numpy(), columns.to_numpy(), names == name, shape))
        for name in sorted(set(names) - {""})
    }
    return Labels(positive, negative, ontology.propagate(matrix("electronic")), sources, objects)


def evidence_sources(annotations: pd.DataFrame, chosen: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Name the source of each chosen row: its evidence code, and for IEA the database that it was inferred from.

    So InterPro's domains, UniProt's keywords and enzyme numbers (IEA:InterPro, IEA:UniProtKB-KW, IEA:EC) are kept
    apart, and rows that cite the gene itself (IBA:own), which know what an experiment found, from those that do not.
    Sources of fewer than 100 rows are taken together as 'other'; rows that are not chosen have an empty name.
    """
    codes = annotations["evidence"].astype(str).to_numpy()
    prefixes = annotations["with_from"].astype(str).str.extract(r"^([\w.-]+):", expand=False).fillna("").to_numpy()
    names = np.where((codes == "IEA") & (prefixes != ""), [f"IEA:{prefix}" for prefix in prefixes], codes).astype(
        object
    )
    names[own] = [f"{code}:own" for code in codes[own]]
    names[~chosen] = ""
    counts = pd.Series(names[chosen], dtype=object).value_counts()
    names[np.isin(names, counts.index[counts < _FEWEST_ROWS].to_list()) & chosen] = "other"
    return names


def _cites_itself(
    annotations: pd.DataFrame, rows: np.ndarray, identifiers: GeneIdentifiers, row_of: dict[str, int]
) -> np.ndarray:
    """Mark rows whose With/From names the annotated gene, as phylogenetic inference (IBA) often does."""
    cited = annotations["with_from"].astype(str)
    words = {text: [_bare(word) for word in _SEPARATORS.split(text) if word] for text in cited.unique()}
    known = identifiers.resolve({word for parts in words.values() for word in parts}).targets
    genes = {text: {row_of[known[word]] for word in parts if word in known} for text, parts in words.items()}
    return np.array([row in genes[text] for text, row in zip(cited, rows)], dtype=bool)


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


def _resolve_objects(annotations: pd.DataFrame, identifiers: GeneIdentifiers) -> dict[str, str]:
    described = annotations.drop_duplicates("gene")
    synonyms = {
        str(name): [str(symbol), *str(words).split("|")]
        for name, symbol, words in zip(described["gene"], described["symbol"], described["synonyms"])
    }
    return identifiers.resolve(synonyms, synonyms=synonyms).targets


def _outcomes(
    annotations: pd.DataFrame,
    rows: np.ndarray[tuple[int], np.dtype[np.intp]],
    columns: np.ndarray[tuple[int], np.dtype[np.intp]],
    terms: pd.Series[str],
    ontology: Ontology,
    evidence: set[str],
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    codes = annotations["evidence"].astype(str)
    experimental = codes.isin(evidence).to_numpy()
    negated = annotations["negated"].to_numpy(dtype=bool)
    obsolete = terms.isin(ontology.obsolete).to_numpy()
    outcome = np.where(experimental, "experimental", "electronic").astype(object)
    outcome[negated & experimental] = "negative"
    outcome[negated & ~experimental] = "NOT without experimental evidence"
    outcome[codes.isin(EXPERIMENTAL).to_numpy() & ~experimental] = "experimental evidence that was not chosen"
    outcome[ontology.roots[columns]] = "annotated to a root term only"
    outcome[(codes == "ND").to_numpy()] = "no data (ND)"
    outcome[columns < 0] = "term not in the ontology"
    outcome[obsolete & (columns < 0)] = "obsolete term"
    outcome[rows < 0] = "gene not among the sequences"
    return outcome


def _count(outcome: np.ndarray, annotations: pd.DataFrame, coverage: Coverage, source: str) -> None:
    coverage.add(source, "annotation rows", "held", len(outcome))
    joined = np.isin(outcome, ["experimental", "electronic", "negative"])
    coverage.add(source, "annotation rows", "joined", int(joined.sum()))
    for reason, count in pd.Series(outcome[~joined]).value_counts().items():
        coverage.add(source, "annotation rows", str(reason), int(count))
    for kind in ("experimental", "electronic", "negative"):
        coverage.add(source, f"{kind} rows", "held", int((outcome == kind).sum()))
        coverage.add(source, f"{kind} rows", "joined", int((outcome == kind).sum()))
    codes = annotations["evidence"].astype(str)
    for code, count in codes[~codes.isin(KNOWN_CODES)].value_counts().items():
        _log.info("%s: %d rows have the unknown evidence code %s", source, count, code)
        coverage.add(source, f"rows with the unknown evidence code {code}", "held", int(count))
        coverage.add(source, f"rows with the unknown evidence code {code}", "joined", int(count))


def _check_join(
    annotations: pd.DataFrame,
    rows: np.ndarray,
    terms: pd.Series[str],
    columns: np.ndarray,
    file: str,
) -> None:
    if not (rows >= 0).any():
        found = str(annotations["gene"].iloc[0])
        raise InputError(
            f"{file}: none of the annotated genes, such as '{found}', is among the sequences;"
            " add an alias table under `identifiers`"
        )
    known = pd.Series(columns >= 0).groupby(terms.to_numpy()).any()
    if known.mean() < _MOST:
        missing = str(known.index[~known.to_numpy()][0])
        raise InputError(
            f"{file}: {int((~known).sum())} of {len(known)} annotated terms, such as {missing},"
            " are not in the ontology; give the ontology release that fits the annotations"
        )
