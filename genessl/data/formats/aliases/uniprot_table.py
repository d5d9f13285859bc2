"""The table that UniProt's website gives, with its column Entry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from genessl.data.aliases import AliasTable
from genessl.data.formats.aliases.rows import BLANK, after_header, split_rows
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_head, read_lines

_NAMING = re.compile(
    r"from|yourlist:.*|isomap:.*|entry name|gene names.*|secondary accession.*|(uniprotkb )?accession"
    r"|(cross-reference \()?"
    r"(string|refseq|geneid|kegg|ensembl\w*|embl|ccds|ucsc|uniparc|pir|sgd|pombase|flybase|wormbase\w*|mgi|rgd|zfin|tair"
    r"|araport|hgnc|cgd|dictybase|ecogene|echobase|xenbase|patric|bv-brc|veupathdb|eupathdb|gramene|maizegdb|pseudocap"
    r"|tuberculist|mycobrowser|legiolist|japonicusdb|vgnc)\)?"
)
_REMARK = re.compile(r"\[[^\]]*\]")
_PROTEIN = "protein names"
_FURTHER_NAMES = re.compile(r" [(\[]")  # behind the recommended name
_BETWEEN = re.compile(r"[;\s]+")


def _matches(head: Head) -> bool:
    return "entry" in head.header and any(_NAMING.fullmatch(name) for name in head.header)


def _read(path: str | Path) -> AliasTable:
    head = read_head(path)
    header = [name.strip() for name in head.first[1].lstrip("# ").split("\t")]
    descriptions: dict[str, str] = {}
    return AliasTable.from_rows(str(path), _rows(path, header, head, descriptions), descriptions=descriptions)


def _rows(
    path: str | Path, header: Sequence[str], head: Head, descriptions: dict[str, str]
) -> Iterator[tuple[str, str, str]]:
    entry = head.header.index("entry")
    protein = head.header.index(_PROTEIN) if _PROTEIN in head.header else None
    naming = [(column, _source(header[column])) for column, name in enumerate(head.header) if _NAMING.fullmatch(name)]
    lines = after_header(read_lines(path), head.first[0])
    for fields in split_rows(path, lines, len(header), " as in the header"):
        if protein is not None:
            descriptions[fields[entry]] = _FURTHER_NAMES.split(fields[protein].strip('"'))[0]
        for column, source in naming:
            for word in _words(fields[column]):
                yield fields[entry], word, source


def _source(name: str) -> str:
    found = re.fullmatch(r"cross-reference \((.*)\)", name, re.IGNORECASE)
    return found[1] if found else name.split(":")[0] if ":" in name else name


def _words(cell: str) -> Iterator[str]:
    """Yield the names in a cell, such as 'NP_1.1 [P1-1]; NP_2.1;' or 'thrA thrA1'."""
    for word in _BETWEEN.split(_REMARK.sub("", cell) if "[" in cell else cell):
        name = word.strip('",').rstrip(".")
        if name not in BLANK:
            yield name


FORMAT = Format(
    name="uniprot_table",
    title="UniProt's website table (TSV)",
    recognised="The header has the column Entry and at least one column of names",
    gives="From, Entry Name, every column of Gene Names (each word of it) and the cross-references that name a gene,"
    " such as STRING, RefSeq, GeneID, KEGG, Ensembl or SGD. The record is the accession under Entry."
    " The first of Protein names is shown only.",
    refuses="Organism, length, sequence, GO and all other columns are not read. A row with another"
    " number of columns than the header is an error.",
    matches=_matches,
    read=_read,
)
