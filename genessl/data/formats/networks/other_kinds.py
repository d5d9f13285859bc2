"""What people give as a network and what is none, or none that is read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from genessl.data.formats.format import Format
from genessl.data.text_files import Head
from genessl.errors import InputError

_XML = (
    (re.compile(r"<graphml\b"), "GraphML"),
    (re.compile(r"<gexf\b"), "GEXF"),
    (re.compile(r"<entrySet\b"), "PSI-MI XML"),
    (re.compile(r"<rdf:RDF\b"), "RDF, such as BioPAX"),
    (re.compile(r"<graph\b.*XGMML", re.IGNORECASE), "XGMML"),
    (re.compile(r"<pathway\b", re.IGNORECASE), "the XML of a pathway"),
    (re.compile(r"<\?xml"), "XML"),
)
_MARKS = (
    (re.compile(r"[{\[]\s*($|[\"{\[])"), "JSON"),
    (re.compile(r"graph\s*(\[.*)?$"), "GML"),
    (re.compile(r"Creator\s+\""), "GML"),
    (re.compile(r"(strict\s+)?(di)?graph\b[^\t]*\{"), "DOT of Graphviz"),
    (re.compile(r"\*\s*(vertices|network|edges|arcs)\b", re.IGNORECASE), "Pajek"),
    (re.compile(r"%%MatrixMarket", re.IGNORECASE), "a Matrix Market file"),
    (re.compile(r"dl\s+n\s*=", re.IGNORECASE), "UCINET's DL"),
    (re.compile(r"\S+ \(class=[\w.]+\)$"), "an attribute file of Cytoscape"),
    (re.compile(r">"), "sequences in FASTA"),
    (re.compile(r"format-version:|\[Term\]"), "an ontology in OBO"),
    (re.compile(r"!\s*gaf-version", re.IGNORECASE), "annotations in GAF"),
    (re.compile(r"!\s*gpad?-version", re.IGNORECASE), "annotations in GPAD"),
    (re.compile(r"!\s*gpi-version", re.IGNORECASE), "names of genes in GPI"),
    (re.compile(r"##gff-version"), "a GFF"),
    (re.compile(r"LOCUS\s"), "a GenBank file"),
    (re.compile(r"#?(string_protein_id|species_ncbi_taxon_id\tprotein_id)\talias\t"), "an alias table of STRING"),
    (re.compile(r"#?(string_protein_id|protein_external_id)\tpreferred_name\t"), "STRING's table of protein names"),
    (re.compile(r"#node\tx_position\t"), "STRING's coordinates of nodes, not its edges"),
)
_DEGREES = re.compile(r"[^\s{}\[\]\"]+\s+\{[^{}]*\}$")


def refuse_other_kinds(head: Head, formats: Sequence[Format]) -> None:
    """Raise InputError if the head of a file shows that it is something else than a network that is read."""
    kind = _kind(head)
    if kind is not None:
        titles = ", ".join(format.title for format in formats)
        raise InputError(
            f"{head.path}:{head.first[0]}: found {kind}, expected a network as one of: {titles}; give such a file, or"
            " list the edges as two names and perhaps a weight a line"
        )


def _kind(head: Head) -> str | None:
    first = head.first[1].strip()
    if first.startswith("<"):
        return next((kind for pattern, kind in _XML if any(pattern.search(line) for _, line in head.lines)), None)
    if any(_DEGREES.match(line) for _, line in head.rows):
        return "an adjacency list of networkx"
    return next((kind for pattern, kind in _MARKS if pattern.match(first)), None)
