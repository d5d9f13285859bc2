"""The symbol, accession and description of each gene, from what the files say; shown to people and read by no model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from genessl.assembly.sources import Sources
from genessl.data.aliases import AliasTable
from genessl.data.gene_names import GeneNames, is_accession
from genessl.data.identifiers import GeneIdentifiers

_Named = Mapping[str, str]  # the name of each gene that has one
# Sources of alias tables that hold the symbol of a gene, as the databases call them.
_SYMBOL = re.compile(
    r"(.*[_ ])?(gn_name|hgnc_symbol|sgd_name|kegg_name)"
    r"|(gene|current|preferred|standard|common|primary)?[_ .]?(name|symbol)|gene names( \(primary\))?",
    re.IGNORECASE,
)
_ACCESSION_SOURCE = re.compile(r"uniprot_ac(c(ession)?)?|uniprotkb([-_ ]ac(/id)?)?|entry", re.IGNORECASE)
_FULL_NAME = re.compile(r"uniprot_de_recname_full", re.IGNORECASE)


def name_genes(sources: Sources, identifiers: GeneIdentifiers, objects: Mapping[str, str]) -> GeneNames:
    """Choose a symbol, a UniProt accession and a description for each gene.

    They come from the headers of the sequences, else from the annotations, else from the alias tables in their order.
    Of several names in one of these, the first in the order of their records is taken; of several accessions a short
    one, as those of reviewed entries often are.

    Parameters
    ----------
    sources : Sources
    identifiers : GeneIdentifiers
        Of the headers and alias tables.
    objects : mapping of str to str
        The gene of each annotated object that has one.

    Returns
    -------
    GeneNames
        In the order of the sequences.
    """
    genes = list(sources.sequences)
    headers = [] if sources.header_aliases is None else [(sources.header_aliases, {gene: gene for gene in genes})]
    tables = [(table, _ties(table, identifiers)) for table in sources.aliases]
    symbols, accessions, descriptions = (
        [read(table, tied) for table, tied in headers]
        + [_annotated(sources.annotations, objects, column)]
        + [read(table, tied) for table, tied in tables]
        for read, column in ((_symbols, "symbol"), (_accessions, "gene"), (_descriptions, "name"))
    )
    own = {gene: gene for gene in genes if is_accession(gene)}
    return GeneNames(
        *(
            tuple(next((names[gene] for names in found if gene in names), "") for gene in genes)
            for found in (symbols, [own, *accessions], descriptions)
        )
    )


def _ties(table: AliasTable, identifiers: GeneIdentifiers) -> dict[str, str]:
    records = {record for named, _ in table.sources.values() for record in named} | set(table.descriptions)
    return identifiers.resolve(sorted(records), ignoring_case=False).targets


def _symbols(table: AliasTable, tied: Mapping[str, str]) -> _Named:
    return _first(_aliases(table, _SYMBOL), tied)


def _accessions(table: AliasTable, tied: Mapping[str, str]) -> _Named:
    records = ((record, record) for record in tied)
    found = [*_aliases(table, _ACCESSION_SOURCE), *records]
    return _first(sorted((pair for pair in found if is_accession(pair[1])), key=_shortest), tied)


def _descriptions(table: AliasTable, tied: Mapping[str, str]) -> _Named:
    return {**_first(_aliases(table, _FULL_NAME), tied), **_first(sorted(table.descriptions.items()), tied)}


def _annotated(annotations: pd.DataFrame, objects: Mapping[str, str], column: str) -> _Named:
    if column not in annotations:
        return {}
    described = annotations.drop_duplicates("gene")
    pairs = zip(described["gene"].astype(str), described[column].astype(str))
    if column == "gene":
        return _first(sorted((pair for pair in pairs if is_accession(pair[1])), key=_shortest), objects)
    return _first(sorted(pairs), objects)


def _aliases(table: AliasTable, wanted: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield record and alias of the sources wanted, in the table's order of sources, those of a search left out."""
    for source, (records, aliases) in table.sources.items():
        if wanted.fullmatch(source):
            yield from _by_record(records, aliases)


def _by_record(records: Sequence[str], aliases: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs by record; the aliases of one record, of which the first is the name, stay in their order."""
    return sorted(zip(records, aliases, strict=True), key=lambda pair: pair[0])


def _first(pairs: Iterable[tuple[str, str]], tied: Mapping[str, str]) -> dict[str, str]:
    """Return for each gene the first name that is not blank."""
    found: dict[str, str] = {}
    for record, name in pairs:
        if record in tied and name:
            found.setdefault(tied[record], name)
    return found


def _shortest(pair: tuple[str, str]) -> tuple[int, bool, str]:
    accession = pair[1]
    return len(accession), accession[0] not in "OPQ", accession
