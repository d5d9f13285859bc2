"""Alias tables in; one identifier per gene out."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from genessl.data.text_files import read_lines
from genessl.errors import InputError

_log = logging.getLogger(__name__)

UNKNOWN = "unknown identifier"
AMBIGUOUS = "ambiguous alias"

_TAXON_PREFIX = re.compile(r"\d+\.(?=\S)")
_SGDID = re.compile(r"S\d{9}$")
_ACCESSION = re.compile(r"uniprot(kb)?[_-]ac|^entry$", re.IGNORECASE)
_DATABASE_IDENTIFIER = re.compile(
    r"[_-]id$|_primary$|geneid|keggid|ordered.?locus|^orf name$|^secondary sgdid$|^entry name$"
    r"|^string$|^ensembl(_gene|_protein|_transcript|_translation|_pro|_trs)?$"
    r"|(^|_dr_)(sgd|mgi|hgnc|flybase|wormbase|pombase|tair|zfin|rgd|dictybase|cgd|ecogene|xenbase)$",
    re.IGNORECASE,
)
_GENE_NAME = re.compile(r"(gn|sgd|kegg|gene)[_ ]names?$|^gene names|orfname|^ensembl_entrezgene$", re.IGNORECASE)
_RELIABILITY = (_ACCESSION, _DATABASE_IDENTIFIER, _GENE_NAME)
_IDENTIFIER = 1
_SGD_COLUMNS = 16
_SGD_SOURCES = {"ORF name": 3, "gene name": 4, "alias": 5, "secondary SGDID": 7}
_Sources = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]


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
    """

    name: str
    sources: _Sources

    @classmethod
    def from_rows(cls, name: str, rows: Iterable[tuple[str, str, str]]) -> AliasTable:
        """Group rows of record, alias and source by source."""
        grouped: dict[str, tuple[list[str], list[str]]] = {}
        for record, alias, source in rows:
            records, aliases = grouped.setdefault(source, ([], []))
            records.append(record)
            aliases.append(alias)
        ordered = sorted(grouped, key=lambda source: (_rank(source), source.startswith("BLAST_"), source))
        return cls(name, {source: (tuple(grouped[source][0]), tuple(grouped[source][1])) for source in ordered})


def _rank(source: str) -> int:
    return next((rank for rank, pattern in enumerate(_RELIABILITY) if pattern.search(source)), len(_RELIABILITY))


def read_aliases(path: str | Path) -> AliasTable:
    """Read an alias table; its first line shows its format.

    The formats are STRING aliases (record: STRING identifier), SGD_features.tab (SGDID), and UniProt's mapping as
    idmapping.dat or as a table of its website (accession).

    Raises
    ------
    InputError
        If the file is damaged, of another format, or a row has too few columns.
    """
    lines = ((number, line) for number, line in read_lines(path) if line.strip())
    first = next(lines, None)
    if first is None:
        raise InputError(f"{path}: expected an alias table, found blank lines only; download or copy it again")
    fields = first[1].split("\t")
    header = [field.strip().lower() for field in fields]
    if "string_protein_id" in header[0].lstrip("# "):
        rows = _string_rows(path, lines)
    elif "entry" in header and any(name.startswith("gene names") for name in header):
        rows = _web_rows(path, fields, lines)
    elif len(fields) == _SGD_COLUMNS and _SGDID.match(fields[0]):
        rows = _sgd_rows(path, chain([first], lines))
    elif len(fields) == 3 and not first[1].startswith("#"):
        rows = ((record, alias, kind) for record, kind, alias in _three_columns(path, chain([first], lines)))
    else:
        raise InputError(
            f"{path}:{first[0]}: found '{first[1][:40]}', expected an alias table of STRING, SGD_features.tab,"
            " UniProt's idmapping.dat or UniProt's website with the columns Entry and Gene Names"
        )
    return AliasTable.from_rows(str(path), rows)


def _three_columns(path: str | Path, lines: Iterable[tuple[int, str]]) -> Iterator[list[str]]:
    for number, line in lines:
        fields = line.split("\t")
        if len(fields) != 3:
            raise InputError(
                f"{path}:{number}: found {len(fields)} tab-separated columns, expected 3; download or copy it again"
            )
        yield fields


def _string_rows(path: str | Path, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[str, str, str]]:
    for record, alias, sources in _three_columns(path, lines):
        if " " not in sources:
            yield record, alias, sources
        else:  # releases up to 11.0 list all sources of an alias in one row
            for source in sources.split():
                yield record, alias, source


def _sgd_rows(path: str | Path, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[str, str, str]]:
    for number, line in lines:
        fields = line.split("\t")
        if len(fields) != _SGD_COLUMNS:
            raise InputError(
                f"{path}:{number}: found {len(fields)} tab-separated columns, expected {_SGD_COLUMNS};"
                " download or copy it again"
            )
        for source, column in _SGD_SOURCES.items():
            for alias in fields[column].split("|"):
                if alias:
                    yield fields[0], alias, source


def _web_rows(
    path: str | Path, header: Sequence[str], lines: Iterable[tuple[int, str]]
) -> Iterator[tuple[str, str, str]]:
    names = [name.strip().lower() for name in header]
    entry = names.index("entry")
    useful = [column for column, name in enumerate(names) if name == "entry name" or name.startswith("gene names")]
    for number, line in lines:
        fields = line.split("\t")
        if len(fields) != len(header):
            raise InputError(
                f"{path}:{number}: found {len(fields)} tab-separated columns, expected {len(header)} as in the header;"
                " download or copy it again"
            )
        for column in useful:
            for word in fields[column].replace(";", " ").split():
                yield fields[entry], word, header[column].strip()


@dataclass(frozen=True)
class Resolution:
    """The gene of each name that has one, and the reason why any other name has none."""

    targets: dict[str, str]
    lost: dict[str, str]


class GeneIdentifiers:
    """Find the gene that a name in any of several vocabularies means.

    A record of a table is tied to a gene by its own name, else by its aliases, most reliable source first; a record
    that stays untied is tried once more through the identifiers (not the gene names) of the other tables. Names match
    with and without a taxon prefix such as ``4932.``, case matters, and a record tied to no gene is no target.

    Parameters
    ----------
    genes : sequence of str
        Unique identifiers.
    tables : sequence of AliasTable
        Tried in this order.

    Attributes
    ----------
    n_ambiguous : dict of (str, str) to int
        Number of aliases, by table and source, that have several genes there and are not used from it.
    """

    def __init__(self, genes: Sequence[str], tables: Sequence[AliasTable]) -> None:
        self._own = _Stage((gene, gene) for gene in genes)
        ties = [_tied(table.sources, self._own.find, {}) for table in tables]
        if len(tables) > 1:
            ties = self._chained(tables, ties)
        self._stages = [self._own]
        self.n_ambiguous: dict[tuple[str, str], int] = {}
        for table, tied in zip(tables, ties, strict=True):
            stages = _stages(table.sources, tied)
            self._stages += stages.values()
            counts = {source: stage.n_ambiguous for source, stage in stages.items() if stage.n_ambiguous}
            self.n_ambiguous |= {(table.name, source): count for source, count in counts.items()}
            for source, count in counts.items():
                _log.info("%s: %d aliases of %s have several genes and are not used", table.name, count, source)

    def _chained(self, tables: Sequence[AliasTable], ties: Sequence[dict[str, str]]) -> list[dict[str, str]]:
        identifiers = [
            {source: rows for source, rows in table.sources.items() if _rank(source) <= _IDENTIFIER} for table in tables
        ]
        stages = [list(_stages(sources, tied).values()) for sources, tied in zip(identifiers, ties)]

        def tied_through_others(k: int) -> dict[str, str]:
            others = [stage for j, steps in enumerate(stages) if j != k for stage in steps]
            return _tied(identifiers[k], lambda name: _first_found(others, name), ties[k])

        return [tied_through_others(k) for k in range(len(tables))]

    def resolve(self, names: Iterable[str], *, synonyms: Mapping[str, Sequence[str]] | None = None) -> Resolution:
        """Find the gene of each name.

        Parameters
        ----------
        names : iterable of str
        synonyms : mapping of str to sequence of str, optional
            Other names of a name, tried in the same way where the name itself has no gene: first the first of them
            (a symbol), then the others, from the first source in which those with a gene agree. A gene that another
            name has by its own, or by its symbol, is not given again: RNA genes and transposons share synonyms with
            proteins.
        """
        distinct = list(dict.fromkeys(names))
        found = {name: _first_found(self._stages, name) for name in distinct}
        if synonyms is not None:
            for chosen in (slice(0, 1), slice(1, None)):
                words = {name: list(synonyms.get(name, ()))[chosen] for name in distinct if not _is_gene(found[name])}
                self._add_by_synonyms(found, words)
        targets = {name: gene for name, gene in found.items() if isinstance(gene, str)}
        lost = {name: AMBIGUOUS if found[name] is _SEVERAL else UNKNOWN for name in distinct if name not in targets}
        return Resolution(targets, lost)

    def _add_by_synonyms(self, found: dict[str, str | _Several | None], synonyms: Mapping[str, Sequence[str]]) -> None:
        taken = {gene for gene in found.values() if isinstance(gene, str)}
        for name, words in synonyms.items():
            gene = self._agreed([word for word in words if word])
            if gene is not None and gene not in taken:
                found[name] = gene

    def _agreed(self, words: Sequence[str]) -> str | _Several | None:
        several: _Several | None = None
        for stage in self._stages:
            found = {stage.find(word) for word in words} - {None}
            genes = found - {_SEVERAL}
            if len(genes) == 1:
                return genes.pop()
            several = _SEVERAL if found else several
        return several


class _Several:
    """The mark of a name that has more than one gene."""


_SEVERAL = _Several()
_Find = Callable[[str], "str | _Several | None"]


class _Stage:
    """The genes that one source gives to names."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._exact: dict[str, str | _Several] = {}
        self._bare: dict[str, str | _Several] = {}
        for name, gene in pairs:
            _add(self._exact, name, gene)
            if name[:1].isdigit() and (bare := _without_prefix(name)) != name:
                _add(self._bare, bare, gene)
        self.n_ambiguous = sum(gene is _SEVERAL for gene in self._exact.values())

    def find(self, name: str) -> str | _Several | None:
        """Return the gene of a name, one of the two perhaps with a taxon prefix."""
        found = self._exact.get(name)
        if found is None:
            bare = _without_prefix(name) if name[:1].isdigit() else name
            found = (self._bare if bare == name else self._exact).get(bare)
        return found


def _is_gene(found: str | _Several | None) -> bool:
    return isinstance(found, str)


def _add(genes: dict[str, str | _Several], name: str, gene: str) -> None:
    if genes.setdefault(name, gene) != gene:
        genes[name] = _SEVERAL


def _without_prefix(name: str) -> str:
    return _TAXON_PREFIX.sub("", name, count=1)


def _first_found(stages: Iterable[_Stage], name: str) -> str | _Several | None:
    several: _Several | None = None
    for stage in stages:
        found = stage.find(name)
        if isinstance(found, str):
            return found
        several = several or found
    return several


def _tied(sources: _Sources, find: _Find, known: Mapping[str, str]) -> dict[str, str]:
    """Tie records to genes by their own names, then by their aliases, source by source."""
    tied = dict(known)
    for record in dict.fromkeys(chain.from_iterable(records for records, _ in sources.values())):
        if record not in tied and isinstance(gene := find(record), str):
            tied[record] = gene
    for records, aliases in sources.values():
        candidates: dict[str, str | _Several] = {}
        for record, alias in zip(records, aliases):
            if record not in tied and isinstance(gene := find(alias), str):
                _add(candidates, record, gene)
        tied |= {record: gene for record, gene in candidates.items() if isinstance(gene, str)}
    return tied


def _stages(sources: _Sources, tied: Mapping[str, str]) -> dict[str, _Stage]:
    """Give the stages of one table: its records, then its sources in order."""
    stages = {"records": _Stage(tied.items())}
    for source, (records, aliases) in sources.items():
        stages[source] = _Stage((alias, tied[record]) for record, alias in zip(records, aliases) if record in tied)
    return stages
