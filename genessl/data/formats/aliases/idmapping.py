"""UniProt's idmapping.dat: accession, type and identifier."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from genessl.data.aliases import AliasTable
from genessl.data.formats.aliases.rows import after_header, split_rows, tabbed
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_lines

_TYPES = re.compile(
    r"UniProtKB-ID|UniProtKB-AC|Gene_\w+|GeneID|GI|RefSeq\w*|STRING|KEGG|EMBL(-CDS)?|Ensembl\w*|UniParc|UniRef\d+|PDB|NCBI_TaxID"
    r"|SGD|PomBase|FlyBase|WormBase\w*|MGI|RGD|ZFIN|TAIR|Araport|HGNC|CGD|dictyBase|EcoGene|EchoBASE|Xenbase|BioCyc"
    r"|BioGRID|ComplexPortal|DIP|MINT|IntAct|PATRIC|VEuPathDB|CRC64|OMA|OrthoDB|eggNOG|Reactome|MIM|UCSC|CCDS|PIR|UniGene"
)
# What the mapping holds besides names: groups of proteins, and numbers that other databases use for other genes.
_NO_NAMES = re.compile(
    r"NCBI_TaxID|UniRef\d+|CRC64|eggNOG|OrthoDB|OMA|KO|HOGENOM|HOVERGEN|TreeFam|GeneTree|PhylomeDB|Reactome|PlantReactome"
    r"|UniPathway|BioGRID|MIM|Orphanet|DrugBank|GuidetoPHARMACOLOGY|DNASU|GenomeRNAi|GO|PubMed|CollecTF|CPTAC"
)
_FEWEST_REPEATS = 2
_ISOFORM = re.compile(r"(?<=[A-Z0-9]{6})-\d{1,3}\Z")


def _matches(head: Head) -> bool:
    rows = tabbed(head, 3)
    if not rows or len(rows) < 0.5 * len(head.rows):
        return False
    types = [fields[1].strip() for fields in rows]
    known = sum(_TYPES.fullmatch(kind) is not None for kind in types)
    return known > 0.5 * len(types) or len(set(types)) * _FEWEST_REPEATS <= len(types)


def _read(path: str | Path) -> AliasTable:
    losses: dict[str, int] = {}
    return AliasTable.from_rows(str(path), _rows(path, losses), losses=losses)


def _rows(path: str | Path, losses: dict[str, int]) -> Iterator[tuple[str, str, str]]:
    named: dict[str, bool] = {}
    lines = ((number, line) for number, line in after_header(read_lines(path), 0) if not line.startswith("#"))
    for record, kind, alias in split_rows(path, lines, 3):
        kind = kind.strip()
        if kind not in named:
            named[kind] = _NO_NAMES.fullmatch(kind) is None
        if named[kind]:
            yield _ISOFORM.sub("", record), alias, kind
        else:
            reason = f"{kind} names no single gene"
            losses[reason] = losses.get(reason, 0) + 1


FORMAT = Format(
    name="idmapping",
    title="UniProt idmapping.dat",
    recognised="It has three tab-separated columns without a header, of which the second is UniProt's name of a type of"
    " identifier, such as UniProtKB-ID, GeneID or RefSeq, or repeats few values",
    gives="Every identifier of an accession, under its type; those of its isoforms (accession-2) are its own.",
    refuses="Types that name groups of proteins or bare numbers of other databases (NCBI_TaxID, UniRef, OrthoDB,"
    " BioGRID, …) are left out and counted. A row of another number of columns is an error.",
    matches=_matches,
    read=_read,
)
