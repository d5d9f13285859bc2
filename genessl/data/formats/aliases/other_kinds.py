"""What people give as an alias table and what is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from genessl.data.formats.format import Format
from genessl.data.text_files import Head
from genessl.errors import InputError

_GAF = "a GAF, whose symbols and synonyms are used without being named here"
_MARKS = (
    (re.compile(r">"), "sequences in FASTA"),
    (re.compile(r"format-version:|\[Term\]"), "an ontology in OBO"),
    (
        re.compile(r"!\s*gaf-version", re.IGNORECASE),
        "a GAF, whose symbols and synonyms are used without being named here",
    ),
    (re.compile(r"!\s*gpad?-version", re.IGNORECASE), "a GPAD, which holds no names"),
    (re.compile(r"##gff-version"), "a GFF"),
    (re.compile(r"LOCUS\s"), "a GenBank file"),
    (re.compile(r"ID   \S+\s+(Reviewed|Unreviewed);"), "a UniProt flat file"),
    (re.compile(r"#?protein1[\s,]+protein2\b"), "a network of STRING"),
    (re.compile(r"#node1\t"), "a network that STRING's website exports"),
    (re.compile(r"#?BioGRID Interaction ID\t", re.IGNORECASE), "a network of BioGRID"),
    (re.compile(r"#?ID\(s\) interactor A\t", re.IGNORECASE), "a network in PSI-MITAB"),
    (re.compile(r"item_id_a\titem_id_b\t"), "protein.actions, a network of STRING"),
    (re.compile(r"#*\s*query(_name)?\tseed_"), "a table of eggNOG-mapper"),
    (re.compile(r"[{\[]\s*($|[\"{\[])"), "JSON"),
    (re.compile(r"<\?xml"), "XML"),
)
_WEIGHT = re.compile(r"-?\d*\.\d+([eE][-+]?\d+)?|-?\d+(\.\d+)?[eE][-+]?\d+")
_GAF_COLUMNS = (15, 16, 17)
_TERM = re.compile(r"(GO|HP|MP|PO|TO|DOID|IDPO):\d{5,7}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_INTERACTIONS = {
    "pp",
    "pd",
    "pr",
    "rc",
    "gl",
    "pm",
    "xx",
    "interacts",
    "interacts with",
    "interacts_with",
    "physical",
    "genetic",
}
_FEATURES = {"gene", "mrna", "cds", "exon", "transcript", "chromosome", "region", "five_prime_utr", "start_codon"}


def refuse_other_kinds(head: Head, formats: Sequence[Format]) -> None:
    """Raise InputError if the head of a file shows that it is something else than an alias table."""
    kind = _kind(head)
    if kind is not None:
        titles = ", ".join(format.title for format in formats)
        raise InputError(
            f"{head.path}:{head.first[0]}: found {kind}, expected an alias table as one of: {titles}; give such a table"
        )


def _kind(head: Head) -> str | None:
    for pattern, kind in _MARKS:
        if pattern.match(head.first[1]):
            return kind
    rows = [line.split("\t") if "\t" in line else re.split(r"[ ,;]+", line) for _, line in head.rows]
    if not rows:
        return "comments only"
    return next((kind for kind, holds in _OF_ROWS.items() if _most(rows, holds)), None)


def _most(rows: list[list[str]], holds: Callable[[list[str]], bool]) -> bool:
    below = rows[1:] or rows  # the first may be a header
    return sum(holds(row) for row in below) > 0.5 * len(below)


def _is_term(cell: str) -> bool:
    return _TERM.fullmatch(cell.strip()) is not None


_OF_ROWS: dict[str, Callable[[list[str]], bool]] = {
    _GAF: lambda row: len(row) in _GAF_COLUMNS and _is_term(row[4]),
    "a GFF or GTF": lambda row: len(row) == 9 and row[2].lower() in _FEATURES,
    "an InterProScan table": lambda row: len(row) >= 11 and _MD5.fullmatch(row[1]) is not None,
    "annotations with terms": lambda row: len(row) <= 9 and any(map(_is_term, row[1:6])),
    "a network in SIF": lambda row: len(row) == 3 and row[1].strip().lower() in _INTERACTIONS,
    "an edge list with weights": (
        lambda row: len(row) == 3 and bool(row[0] and row[1]) and _WEIGHT.fullmatch(row[2].strip()) is not None
    ),
}
