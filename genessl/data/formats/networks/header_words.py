"""The words by which a header says what the columns of an edge table hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

_STEMS = frozenset({
    "gene", "protein", "node", "interactor", "id", "name", "symbol", "orf", "locus", "locustag", "geneid", "genename",
    "genesymbol", "proteinid", "proteinname", "nodeid", "nodename", "uniprot", "uniprotid", "accession", "ensembl",
    "ensemblid", "entrez", "entrezid", "item", "vertex", "partner", "participant", "member", "systematicname", "entity",
    "officialsymbol", "stringid", "var", "feature", "probe",
})  # fmt: skip
_PAIRS = frozenset({
    ("source", "target"), ("from", "to"), ("bait", "prey"), ("regulator", "target"), ("tf", "target"),
    ("fromnode", "tonode"), ("sourcename", "targetname"), ("sourceid", "targetid"), ("query", "target"),
    ("query", "array"),
})  # fmt: skip
_ENDINGS = frozenset({("1", "2"), ("a", "b"), ("i", "j"), ("x", "y")})
WEIGHTS = (
    "weight", "weights", "edgeweight", "combinedscore", "score", "confidence", "confidencescore", "value", "similarity",
    "correlation", "pearson", "pcc", "spearman", "cor", "corr", "r", "rho", "strength", "probability", "importance",
)  # fmt: skip
# Ends of names of columns whose numbers are no weights, and of those whose numbers are small where an edge is strong.
_IDENTIFIERS = ("pubmed", "pubmedid", "pubmedids", "pmid", "pmids", "taxon", "taxonid", "taxid", "organismid", "suid")
_REVERSED = ("pvalue", "pval", "qvalue", "qval", "padj", "adjp", "fdr", "distance", "pvalueadjusted")
_REVERSED_WORDS = frozenset({"p", "q", "evalue", "dist", "rank"})


def name_pair(header: Sequence[str]) -> tuple[int, int] | None:
    """Return the columns of a header that name the two ends of an edge, such as gene1 and gene2, or source and target.

    >>> name_pair(["id", "Gene_A", "Gene_B", "Weight"])
    (1, 2)
    """
    words = [plain(name) for name in header]
    pairs = ((i, j) for i, first in enumerate(words) for j, second in enumerate(words) if _are_ends(first, second))
    return next(pairs, None)


def _are_ends(first: str, second: str) -> bool:
    if (first, second) in _PAIRS:
        return True
    last = (first[-1:], second[-1:]) in _ENDINGS and first[:-1] == second[:-1] and first[:-1] in _STEMS
    return last or ((first[:1], second[:1]) in _ENDINGS and first[1:] == second[1:] and first[1:] in _STEMS)


def plain(name: str) -> str:
    """Return the letters and digits of a name, in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def holds_identifiers(name: str) -> bool:
    """Return whether the numbers below a name of a header identify something, and are no weights."""
    return plain(name).endswith(_IDENTIFIERS)


def smaller_is_stronger(name: str) -> bool:
    """Return whether the numbers below a name of a header are smaller where the edge is stronger.

    >>> smaller_is_stronger("p.value"), smaller_is_stronger("weight")
    (True, False)
    """
    return plain(name) in _REVERSED_WORDS or plain(name).endswith(_REVERSED)
