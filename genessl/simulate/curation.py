"""The annotation table as a public database publishes it: with gaps, relics and rows that join to nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genessl.simulate.knowledge import FIRST_DAY, T0, T1
from genessl.simulate.names import TAXON, GeneNames
from genessl.simulate.terms import BPO, ROOTS, Integers, SimulatedTerms

GAF_COLUMNS = [
    "database", "object", "symbol", "qualifier", "term", "reference", "evidence", "source", "aspect", "name",
    "synonyms", "type", "taxon", "date", "assigned", "extension", "product",
]  # fmt: skip
_LETTERS = np.array(["P", "F", "C"], dtype=object)
_RELATIONS = (
    (["involved_in", "acts_upstream_of_or_within", "acts_upstream_of"], [0.87, 0.1, 0.03]),
    (["enables", "contributes_to"], [0.96, 0.04]),
    (["located_in", "part_of", "is_active_in", "colocalizes_with"], [0.55, 0.25, 0.15, 0.05]),
)
_REFERENCES = {"InterPro": "GO_REF:0000002", "UniProtKB-KW": "GO_REF:0000043", "PANTHER": "GO_REF:0000033"}
_CURATORS = {"InterPro": "InterPro", "UniProtKB-KW": "UniProt", "PANTHER": "GO_Central"}
_UNUSUAL = ("NO_MAPPING", "IGC", "IRD")
_ELECTRONIC_AFTER_T0 = 0.15


def annotation_table(
    experimental: pd.DataFrame,
    electronic: pd.DataFrame,
    names: GeneNames,
    terms: SimulatedTerms,
    n_real: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Turn what was written down into the rows of a GAF file, dates as datetime64, sorted by object, term and date.

    Added are: no-data rows, unusual evidence codes, identifiers that were merged or retired since, terms that the
    ontology lacks, and RNA genes.
    """
    electronic = electronic.assign(date=_pipeline_days(len(electronic), rng))
    unusual = rng.random(len(electronic)) < 0.01
    unusual[: len(_UNUSUAL)] = True
    electronic.loc[unusual, "evidence"] = np.resize(np.array(_UNUSUAL, dtype=object), int(unusual.sum()))
    rows = pd.concat([experimental, electronic, _no_data(experimental, terms, n_real, rng)], ignore_index=True)
    rows["aspect"] = terms.aspect[rows["term"].to_numpy()]
    rows["term"] = _published_terms(rows["term"].to_numpy(), terms, rng)
    rows = pd.concat([rows, _unknown_terms(rows, rng)], ignore_index=True)
    table = pd.concat([_dress(rows, names, rng), _rna_rows(n_real, terms, rng)], ignore_index=True)
    table = table.drop_duplicates(["object", "qualifier", "term", "evidence", "source", "date"])
    return table.sort_values(["object", "term", "date", "evidence", "source", "qualifier"], ignore_index=True)


def _pipeline_days(count: int, rng: np.random.Generator) -> NDArray[np.datetime64]:
    """Days of electronic rows: most in the two years before t0, some after it."""
    before = T0.to_datetime64().astype("datetime64[D]") - rng.integers(1, 730, size=count)
    after = T0.to_datetime64().astype("datetime64[D]") + rng.integers(1, (T1 - T0).days, size=count)
    return np.asarray(np.where(rng.random(count) < _ELECTRONIC_AFTER_T0, after, before))


def _no_data(experimental: pd.DataFrame, terms: SimulatedTerms, n_real: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return no-data rows (a curator found nothing), for aspects without experiments even at t1."""
    known = np.zeros((n_real, 3), dtype=bool)
    known[experimental["gene"], terms.aspect[experimental["term"]]] = True
    gene, aspect = np.nonzero(~known & (rng.random(known.shape) < 0.15))
    roots = np.array([terms.identifiers.index(root) for root in ROOTS])
    days = FIRST_DAY.to_datetime64().astype("datetime64[D]") + rng.integers((T0 - FIRST_DAY).days, size=len(gene))
    rows = {"gene": gene, "term": roots[aspect], "evidence": "ND", "source": "", "negated": False, "date": days}
    return pd.DataFrame(rows)


def _published_terms(term: Integers, terms: SimulatedTerms, rng: np.random.Generator) -> NDArray[np.object_]:
    """Identify the terms, in a quarter of the cases by a merged or replaced identifier where there is one."""
    published = np.array(terms.identifiers, dtype=object)[term]
    old = {now: then for then, now in [*terms.alternatives.items(), *terms.obsolete.items()] if now is not None}
    stale = np.flatnonzero(np.isin(term, list(old)) & (rng.random(len(term)) < 0.25))
    published[stale] = [old[number] for number in term[stale].tolist()]
    return np.asarray(published)


def _unknown_terms(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Rows with terms of another release, and with an obsolete term that nothing replaces."""
    count = max(2, len(rows) // 200)
    stray = rows.iloc[np.sort(rng.choice(len(rows), size=min(count, len(rows)), replace=False))].copy()
    stray["term"] = np.resize(np.array(["GO:9900001", "GO:9900002", "GO:9600001"], dtype=object), len(stray))
    return stray


def _dress(rows: pd.DataFrame, names: GeneNames, rng: np.random.Generator) -> pd.DataFrame:
    gene, aspect = rows["gene"].to_numpy(dtype=np.int64), rows["aspect"].to_numpy(dtype=np.int64)
    qualifier = np.empty(len(rows), dtype=object)
    for number, (relations, shares) in enumerate(_RELATIONS):
        qualifier[aspect == number] = rng.choice(relations, p=shares, size=int((aspect == number).sum()))
    negated = rows["negated"].to_numpy(dtype=bool)
    qualifier[negated] = "NOT|" + qualifier[negated]
    provider = rows["source"].str.split(":").str[0]
    paper = pd.Series([f"PMID:{number}" for number in rng.integers(90_000_000, 99_000_000, size=len(rows)).tolist()])
    partner = names.accession[rng.integers(len(names.accession), size=len(rows))]
    source = np.where(rows["evidence"].isin(["IPI", "IGI"]), "UniProtKB:" + partner, rows["source"].astype(object))
    reference = provider.map(_REFERENCES).fillna(paper).where(rows["evidence"] != "ND", "GO_REF:0000015")
    old = names.old_name[gene]
    columns = {
        "database": "UniProtKB", "object": names.accession[gene], "symbol": names.symbol[gene], "qualifier": qualifier,
        "term": rows["term"], "reference": reference, "evidence": rows["evidence"], "source": source,
        "aspect": _LETTERS[aspect], "name": "Protein " + names.symbol[gene],
        "synonyms": np.where(old == "", names.locus[gene], names.locus[gene] + "|" + old),
        "type": "protein", "taxon": f"taxon:{TAXON}", "date": rows["date"],
        "assigned": provider.map(_CURATORS).fillna("SIMDB"), "extension": "", "product": "",
    }  # fmt: skip
    return pd.DataFrame(columns)


def _rna_rows(n_real: int, terms: SimulatedTerms, rng: np.random.Generator) -> pd.DataFrame:
    """Annotations of RNA genes, which have no protein sequence."""
    count = max(2, n_real // 100)
    term = rng.choice(terms.specific(BPO), size=count)
    number = [f"{at:010d}" for at in range(1, count + 1)]
    columns = {
        "database": "RNAcentral", "object": [f"URS{at}_{TAXON}" for at in number], "symbol": "rna" + pd.Series(number),
        "qualifier": "involved_in", "term": np.array(terms.identifiers, dtype=object)[term],
        "reference": "PMID:90000000", "evidence": "IDA", "source": "", "aspect": "P", "name": "simulated RNA",
        "synonyms": "", "type": "ncRNA", "taxon": f"taxon:{TAXON}",
        "date": T0.to_datetime64().astype("datetime64[D]") - rng.integers(1, 5_000, size=count),
        "assigned": "SIMDB", "extension": "", "product": "",
    }  # fmt: skip
    return pd.DataFrame(columns)
