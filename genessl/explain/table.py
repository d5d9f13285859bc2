"""Explanations of predictions as a table, with the names that people know."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from genessl.data.dataset import GeneDataset
from genessl.data.gene_names import GeneNames
from genessl.errors import InputError
from genessl.models.base import GenePredictor
from genessl.models.reasons import BASE, REMAINDER

EXPLAINED = ("gene", "symbol", "term", "name", "kind", "source", "what", "label", "weight", "contribution")
OTHERS = "other evidence"
_DIGITS = 4


def explanation_table(
    predictor: GenePredictor, dataset: GeneDataset, pairs: Sequence[tuple[str, str]], *, most: int = 20
) -> pd.DataFrame:
    """Explain pairs of gene and term by the evidence that counted most.

    Parameters
    ----------
    predictor : GenePredictor
        Fitted.
    dataset : GeneDataset
        To predict on.
    pairs : sequence of (str, str)
        Genes and terms of the dataset.
    most : int, default=20
        The most pieces of evidence of a pair; what the others contribute is the row of kind 'other evidence'.

    Returns
    -------
    DataFrame
        Columns gene, symbol, term, name (of the term), kind, source, what, label (the symbol of a gene or the name of a
        term in `what`), weight and contribution. The contributions of a pair add up to the log-odds of its score.
    """
    told = predictor.explain_pairs(dataset, pairs)
    parts = [told.iloc[:0]]
    for _, reasons in told.groupby(["gene", "term"], sort=False):
        fixed = reasons["kind"].isin([BASE, REMAINDER])
        shown, rest = reasons[~fixed].iloc[:most], reasons[~fixed].iloc[most:]
        more = rest.iloc[:1].assign(
            kind=OTHERS, source="", what=f"{len(rest)} smaller contributions", contribution=rest["contribution"].sum()
        )
        parts.append(pd.concat([reasons[fixed], shown, more.assign(weight=0.0)]))
    table = pd.concat(parts, ignore_index=True)
    symbols = _symbols(dataset)
    terms = dict(zip(dataset.ontology.terms, dataset.ontology.names))
    labels = {**symbols, **terms}
    table["symbol"] = [symbols.get(gene, "") for gene in table["gene"]]
    table["name"] = [terms[term] for term in table["term"]]
    table["label"] = [labels.get(what, "") for what in table["what"]]
    table[["weight", "contribution"]] = table[["weight", "contribution"]].astype(float).round(_DIGITS)
    return table[list(EXPLAINED)]


def as_text(table: pd.DataFrame) -> str:
    """Return explanations as text for a terminal, a block for each gene and term."""
    lines = []
    for (gene, term), reasons in table.groupby(["gene", "term"], sort=False):
        first, total = reasons.iloc[0], float(reasons["contribution"].sum())
        symbol = f" ({first['symbol']})" if first["symbol"] not in ("", gene) else ""
        lines.append(f"{gene}{symbol}  {term} {first['name']}: score {expit(total):.4f}, log-odds {total:+.2f}")
        for reason in reasons.to_dict("records"):
            label = f" ({reason['label']})" if reason["label"] not in ("", reason["what"]) else ""
            weight = "" if reason["kind"] == OTHERS else f"  [{reason['weight']:g}]"
            evidence = (str(reason["kind"]), str(reason["source"]), f"{reason['what']}{label}{weight}")
            lines.append("  ".join([f"{reason['contribution']:+8.2f}", *filter(None, evidence)]))
        lines.append("")
    return "\n".join(lines) if lines else "There is nothing to explain: no new term has a score above 0.\n"


def find_gene(dataset: GeneDataset, name: str) -> str:
    """Return the gene of an identifier, a symbol or an accession; upper and lower case are alike if that is unique.

    Raises
    ------
    InputError
        If no gene or several have the name.
    """
    genes = dataset.genes.tolist()
    if name in set(genes):
        return name
    names = dataset.names or GeneNames.none(dataset.n_genes)
    wanted = name.casefold()
    known = zip(genes, names.symbols, names.accessions)
    found = [gene for gene, *others in known if wanted in (gene.casefold(), *(other.casefold() for other in others))]
    if len(found) != 1:
        which = "no gene" if not found else f"{len(found)} genes, {', '.join(found[:3])}"
        raise InputError(f"--gene: found {which} of the name {name!r}, expected an identifier or symbol of one gene")
    return str(found[0])


def best_new_terms(dataset: GeneDataset, scores: NDArray[np.float32], gene: str, *, most: int) -> list[str]:
    """Return the terms to explain if a gene alone is named: those that tell most, not known and of different branches.

    A term's worth is its score times its information content among the labelled genes; an ancestor or descendant of a
    term that is listed is left out.

    Parameters
    ----------
    dataset : GeneDataset
    scores : ndarray of float32, shape (n_genes, n_terms)
    gene : str
    most : int
    """
    row = int(np.flatnonzero(dataset.genes == gene)[0])
    holders = np.bincount(dataset.positive.indices, minlength=dataset.n_terms)
    labelled = dict(zip(dataset.aspects, dataset.labelled.sum(axis=0).tolist()))
    of_aspect = np.array([max(1, labelled[aspect]) for aspect in dataset.ontology.aspects.tolist()])
    worth = scores[row] * -np.log2(np.clip((holders + 0.5) / (of_aspect + 1.0), None, 1.0))
    worth[dataset.positive[[row]].toarray().ravel() > 0] = 0.0
    related = dataset.ontology.ancestors
    chosen: list[int] = []
    for column in np.argsort(-worth, kind="stable").tolist():
        if len(chosen) == most or worth[column] <= 0:
            break
        if not any(related[column, other] or related[other, column] for other in chosen):
            chosen.append(column)
    return [dataset.ontology.terms[column] for column in chosen]


def _symbols(dataset: GeneDataset) -> dict[str, str]:
    names = dataset.names or GeneNames.none(dataset.n_genes)
    return {gene: symbol for gene, symbol in zip(dataset.genes.tolist(), names.symbols) if symbol}
