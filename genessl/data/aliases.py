"""Alias tables in, of whatever format; other names of records out, by source and in order of reliability."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from genessl.data.formats.format import Format, recognise
from genessl.data.text_files import Head, read_head

_log = logging.getLogger(__name__)

_ACCESSION = re.compile(r"uniprot(kb)?[_-]ac|^uniprot(kb)?$|^entry$", re.IGNORECASE)
_DATABASE_IDENTIFIER = re.compile(
    r"[_ -]id$|_primary$|geneid|keggid|ordered.?locus|^orf name$|^secondary sgdid$|^entry name$"
    r"|^string$|^ensembl(_gene|_protein|_transcript|_translation|_pro|_trs)?$|^ncbi_?gene$"
    r"|^gene$|^parent$|^(protein|transcript|locus)$|^locus.?(tag|name)$|systematic"
    r"|(^|_dr_)(sgd|mgi|hgnc|flybase|wormbase|pombase|tair|araport|zfin|rgd|dictybase|cgd|ecogene|xenbase|fb|wb)$",
    re.IGNORECASE,
)
_GENE_NAME = re.compile(
    r"(gn|sgd|kegg|gene)[_ ]names?$|^gene names|orfname|^ensembl_entrezgene$"
    r"|^(gene.?|current.?)?symbol$|^((gene|primary|preferred|standard|common)[_ ]?)?name$",
    re.IGNORECASE,
)
_RELIABILITY = (_ACCESSION, _DATABASE_IDENTIFIER, _GENE_NAME)
_IDENTIFIER = 1
_PROTEIN_OF_NCBI = re.compile(r"refseq(_short)?$|^embl-cds$", re.IGNORECASE)
_NUMBER_OF_GENBANK = re.compile(r"(ncbi_)?gi([_ ](id|number))?", re.IGNORECASE)

BySource = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]


@dataclass(frozen=True)
class AliasTable:
    """Other names of records, by source, the most reliable source first.

    Sources rank by what they name: UniProt accessions; then other databases' identifiers and ordered locus names;
    then gene names; then synonyms and all else. Within a rank those found by sequence search (``BLAST_``) come last,
    otherwise the order is alphabetical, so that the order of a file's rows does not matter.

    Parameters
    ----------
    name : str
        The file, for messages.
    sources : mapping of str to (tuple of str, tuple of str)
        Records and their aliases, row by row.
    losses : mapping of str to int
        Numbers of names, rows or columns of the file that are not used, by reason.
    descriptions : mapping of str to str
        What the file says of a record in words, for display only.
    """

    name: str
    sources: BySource
    losses: Mapping[str, int] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_rows(
        cls,
        name: str,
        rows: Iterable[tuple[str, str, str]],
        *,
        losses: Mapping[str, int] | None = None,
        descriptions: Mapping[str, str] | None = None,
    ) -> AliasTable:
        """Group rows of record, alias and source by source; rows with a blank name are left out and counted.

        `losses` and `descriptions` are read once all rows are; records with a blank description have none.
        """
        grouped: dict[str, tuple[list[str], list[str]]] = {}
        n_blank = 0
        for record, alias, source in rows:
            record, alias = record.strip(), alias.strip()
            if not record or not alias:
                n_blank += 1
                continue
            records, aliases = grouped.setdefault(source, ([], []))
            records.append(record)
            aliases.append(alias)
        ordered = sorted(grouped, key=lambda source: (reliability(source), source.startswith("BLAST_"), source))
        sources = {source: (tuple(grouped[source][0]), tuple(grouped[source][1])) for source in ordered}
        all_losses = {**(losses or {}), **({"blank name": n_blank} if n_blank else {})}
        for reason, count in all_losses.items():
            _log.info("%s: %d left out: %s", name, count, reason)
        described = {record.strip(): text.strip() for record, text in (descriptions or {}).items() if text.strip()}
        return cls(name, sources, all_losses, described)

    @property
    def n_aliases(self) -> int:
        """Number of pairs of record and alias over all sources."""
        return sum(len(records) for records, _ in self.sources.values())


def reliability(source: str) -> int:
    """Return the rank of a source, from 0 for UniProt accessions to 3 for synonyms and all that is not known.

    >>> [reliability(source) for source in ("UniProt_AC", "GeneID", "Gene_Name", "Gene_Synonym")]
    [0, 1, 2, 3]
    """
    if is_genbank_number(source):
        return len(_RELIABILITY)
    return next((rank for rank, pattern in enumerate(_RELIABILITY) if pattern.search(source)), len(_RELIABILITY))


def is_identifier(source: str) -> bool:
    """Return whether a source holds identifiers, each of which names one record in any table, and no gene names."""
    return reliability(source) <= _IDENTIFIER or _PROTEIN_OF_NCBI.search(source) is not None


def is_genbank_number(source: str) -> bool:
    """Return whether a source holds numbers of GenBank (GI), which are also numbers of other genes elsewhere."""
    return _NUMBER_OF_GENBANK.fullmatch(source) is not None


def alias_format(head: Head) -> Format:
    """Return the format of an alias table.

    Raises
    ------
    InputError
        If the first lines are of another kind or format.
    """
    from genessl.data.formats.aliases import ALIAS_FORMATS  # they return an AliasTable, so they import this module
    from genessl.data.formats.aliases.other_kinds import refuse_other_kinds

    refuse_other_kinds(head, ALIAS_FORMATS)
    return recognise(head, ALIAS_FORMATS, "an alias table")


def read_aliases(path: str | Path) -> AliasTable:
    """Read an alias table of any format of `genessl.data.formats.aliases`; its content shows which.

    Raises
    ------
    InputError
        If the file is damaged, of another kind or format, or a row has too few columns.
    """
    table: AliasTable = alias_format(read_head(path)).read(path)
    return table


def annotation_aliases(annotations: pd.DataFrame, name: str = "annotations") -> AliasTable:
    """Return the symbols and synonyms of the annotated objects; nothing else of the annotations is used.

    Parameters
    ----------
    annotations : DataFrame
        With the columns gene, symbol and synonyms, as `read_gaf` returns it.
    name : str
        The file, for messages.
    """
    described = annotations.drop_duplicates("gene")
    rows = [
        (str(gene), word, source)
        for gene, symbol, synonyms in zip(described["gene"], described["symbol"], described["synonyms"])
        for source, words in (("symbol", [str(symbol)]), ("synonym", str(synonyms).split("|")))
        for word in words
        if word.strip()
    ]
    return AliasTable.from_rows(name, rows)
