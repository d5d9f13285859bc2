"""FASTA in, one checked protein sequence per gene out."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from genessl.data.aliases import AliasTable
from genessl.data.coverage import HELD, JOINED, Coverage
from genessl.data.formats.sequences.descriptions import read_description
from genessl.data.formats.sequences.fasta import Record, read_records
from genessl.data.formats.sequences.headers import ACCESSION, Header, gene_of_isoform, gene_of_word, read_header
from genessl.errors import InputError

__all__ = ["Proteins", "gene_of_word", "read_fasta", "read_proteins", "read_sequences"]

_log = logging.getLogger(__name__)

ISOFORM = "isoform of another record"
REPEATED = "record given before, with the same sequence"
_ISOFORM_SOURCE = "isoform_id"


@dataclass(frozen=True)
class Proteins:
    """The proteins of a file, one a gene, and what its headers name besides.

    Parameters
    ----------
    sequences : dict of str to str
        Gene to upper-case sequence, in file order.
    aliases : AliasTable
        Other names of the genes, under the file's name, and their descriptions; its records are the genes.
    repairs : dict of str to int
        What was changed in the file's sequences, such as stops removed, and how often.
    dropped : dict of str to int
        Records that were left out, by reason.
    """

    sequences: dict[str, str]
    aliases: AliasTable
    repairs: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)


def read_proteins(path: str | Path) -> Proteins:
    """Read the protein of each gene, and the other names that the headers give it.

    A gene's name is the accession of a ``sp|accession|name`` or ``tr|accession|name`` header, otherwise the first
    word of the header, unchanged. Letters of either case are residues, the non-standard ones (B J O U X Z) among
    them, and ``*`` or ``.`` is a stop; stops at the end, gaps (``-``), position numbers and comment lines are removed
    and counted.

    Of records that the headers assign to one gene (``gene:``, ``gene=``, ``parent=``, ``[locus_tag=]``, ``locus=``,
    the isoforms ``accession-2`` of UniProt, the transcripts ``.1``, ``.2`` of TAIR) the one with the gene's own name
    is kept, otherwise the longest; the names of the others become its aliases. A record that repeats the name and the
    sequence of an earlier one is left out and counted.

    Raises
    ------
    InputError
        If the file is damaged, empty, something other than FASTA or of nucleotides, gives two sequences to one name,
        or holds a record without residues or a symbol that is no residue.
    """
    found = read_records(path)
    records, headers = _distinct(path, found.records)
    kept: dict[int, list[int]] = {}
    for rows in _by_gene(headers):
        kept[min(rows, key=lambda row: _preference(records[row], headers[row]))] = rows
    dropped = dict(found.dropped)
    for reason, count in ((REPEATED, len(found.records) - len(records)), (ISOFORM, len(records) - len(kept))):
        if count:
            dropped[reason] = count
            _log.warning("%s: %d records left out: %s", path, count, reason)
    described = {headers[row].name: read_description(records[row].header) for row in kept}
    aliases = AliasTable.from_rows(str(path), _alias_rows(kept, headers), descriptions=described)
    sequences = {headers[row].name: records[row].sequence for row in sorted(kept)}
    return Proteins(sequences, aliases, found.repairs, dropped)


def read_fasta(path: str | Path) -> dict[str, str]:
    """Read the sequence of each gene, as `read_proteins` does.

    Returns
    -------
    dict of str to str
        Gene to upper-case sequence, in file order.

    Raises
    ------
    InputError
        As `read_proteins`.
    """
    return read_proteins(path).sequences


def read_sequences(path: str | Path) -> list[str]:
    """Read protein sequences as `read_fasta` does, but whatever their names are, repeated ones among them.

    Raises
    ------
    InputError
        As `read_proteins`.
    """
    return [record.sequence for record in read_records(path).records]


def count_proteins(
    coverage: Coverage,
    source: str,
    unit: str,
    *,
    n_proteins: int,
    dropped: Mapping[str, int],
    repairs: Mapping[str, int],
) -> None:
    """Count the records of a file of sequences: the proteins that were read, the records left out, and the repairs.

    Parameters
    ----------
    coverage : Coverage
    source, unit : str
        Under which the records are counted; each repair is a unit of its own.
    n_proteins : int
        Proteins that were read and joined.
    dropped, repairs : mapping of str to int
        As those of `Proteins`.
    """
    coverage.add(source, unit, HELD, n_proteins + sum(dropped.values()))
    coverage.add(source, unit, JOINED, n_proteins)
    for reason, count in dropped.items():
        coverage.add(source, unit, reason, count)
    for repair, count in repairs.items():
        coverage.add_whole(source, repair, count)


def _distinct(path: str | Path, records: Sequence[Record]) -> tuple[list[Record], list[Header]]:
    """Return the records and their headers without those that repeat the name and the sequence of an earlier one."""
    kept: dict[str, tuple[Record, Header]] = {}
    for record in records:
        header = read_header(record.header)
        earlier, _ = kept.setdefault(header.name, (record, header))
        if earlier.sequence != record.sequence:
            raise InputError(
                f"{path}:{record.line}: expected each gene once, found '{header.name}' already at line {earlier.line}"
                " with another sequence; keep one of the two"
            )
    return [record for record, _ in kept.values()], [header for _, header in kept.values()]


def _by_gene(headers: Sequence[Header]) -> list[list[int]]:
    """Return the rows of each gene's records."""
    names = {header.name for header in headers}
    genes: dict[str, list[int]] = {}
    for row, header in enumerate(headers):
        accession = gene_of_isoform(header.name)
        if accession is not None and (header.of_uniprot or accession in names):
            genes.setdefault(accession, []).append(row)
        else:
            genes.setdefault(header.gene or header.name, []).append(row)
    return list(genes.values())


def _preference(record: Record, header: Header) -> tuple[bool, bool, int, str]:
    """Return what the gene's record has least of: a name other than the gene's, an isoform's name, shortness."""
    is_isoform = gene_of_isoform(header.name) is not None
    return header.name != (header.gene or header.name), is_isoform, -len(record.sequence), header.name


def _alias_rows(kept: Mapping[int, Sequence[int]], headers: Sequence[Header]) -> Iterator[tuple[str, str, str]]:
    """Yield gene, alias and source for all that the headers of a gene's records name."""
    for best, rows in kept.items():
        gene = headers[best].name
        for row in rows:
            name = headers[row].name
            if row != best:
                yield gene, name, _ISOFORM_SOURCE
            accession = gene_of_isoform(name)
            if headers[row].of_uniprot and accession and accession != gene:
                yield gene, accession, ACCESSION
            yield from ((gene, alias, source) for alias, source in headers[row].aliases if alias != gene)
