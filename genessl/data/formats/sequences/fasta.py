"""FASTA: records of protein sequences, what other programs write between them, and the wrong molecule."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_lines
from genessl.errors import InputError

_log = logging.getLogger(__name__)
_SHOWN = 30
_COMMENTS = (";", "#")
_PIR = re.compile(r"(P1|F1|D[LC]|R[LC]|N[13]|XX);\S")

PLACEHOLDER = "placeholder instead of a sequence"
_COMMENT_LINES = "comment lines skipped"
_NUMBERED = "lines without their position numbers"
_GAPPED = "sequences without their gaps"
_DOTTED = "sequences with '.' read as a stop"
_STOPPED = "sequences without the stop at their end"

# "Sequence unavailable", "no protein sequence found for this transcript", "N/A" …, reduced to their letters.
_LONGEST_PLACEHOLDER = 100
_PLACEHOLDER_WORDS = re.compile(
    r"(no|not|un|an?|the|this|for|of|in|is|was|has|could|be|too|long|any|amino|acids?|peptides?|proteins?|transcripts?"
    r"|genes?|coding|noncoding|cds|utr|entry|record|database|data|sequences?|seq|translations?|annotated|available"
    r"|applicable|found|missing|unknown|undefined|retrieved|retrieval|failed|error|hits?|removed|deleted|withdrawn|obsolete"
    r"|pseudogene|null|none|empty)+"
)
_TELLING = re.compile(
    r"sequence|available|applicable|found|missing|unknown|undefined|annotated|translation|coding|pseudogene|removed"
    r"|deleted|withdrawn|obsolete|noseq|nodata|nohit|noentry|notretrieved|error"
)
_SHORT_PLACEHOLDERS = frozenset(("na", "nan", "null", "none", "nil", "empty", "error"))

# Nearly all letters of a nucleotide sequence are bases; the others are the codes for several bases.
_BASES = ("A", "C", "G", "T", "U")
_BASES_ALONE = frozenset("ACGTUN")
_CODES = frozenset("ACGTURYKMSWBDHVNX")
_BASE_SHARE, _RAREST_BASE = 0.9, 0.02
_FEWEST_BASES = 60  # a protein of so many residues does not consist of A, C, G and T by chance


@dataclass(frozen=True)
class Record:
    """One record: the line of its header, the header without its '>', and the upper-case residues."""

    line: int
    header: str
    sequence: str


@dataclass(frozen=True)
class Records:
    """The records of a file that hold a sequence, and how often what was repaired or left out."""

    path: Path
    records: tuple[Record, ...]
    repairs: dict[str, int]
    dropped: dict[str, int]


def read_records(path: str | Path) -> Records:
    """Read the records of a FASTA file of proteins.

    Letters of either case are residues, the non-standard ones (B J O U X Z) among them; ``*`` or ``.`` is a stop.
    Stops at the end, gaps (``-``), numbers that count positions, and comment lines are removed and counted. A record
    that says in words that there is no sequence is left out and counted.

    Raises
    ------
    InputError
        If the file is damaged, empty, something other than FASTA or of nucleotides, if a record has no name or no
        residue, or holds a symbol that is no residue, or if no record holds a sequence.
    """
    repairs: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    records = []
    first_placeholder = None
    for number, header, lines in _split_records(path, repairs):
        if _is_placeholder(lines):
            dropped[PLACEHOLDER] += 1
            first_placeholder = first_placeholder or lines[0]
            continue
        records.append(Record(number, header, _sequence(path, number, header, lines, repairs)))
    if not records and first_placeholder:
        number, text = first_placeholder
        raise InputError(
            f"{path}:{number}: found '{text.strip()[:_SHOWN]}' and no sequence in any record, expected residues;"
            " download the protein sequences again"
        )
    _refuse_nucleotides(path, records)
    repairs = +repairs  # without the reasons that never occurred
    for reason, count in repairs.items():
        _log.info("%s: %d %s", path, count, reason)
    for reason, count in dropped.items():
        _log.warning("%s: %d records left out: %s", path, count, reason)
    return Records(Path(path), tuple(records), dict(repairs), dict(dropped))


def name_of(header: str) -> str:
    """Return the first word of a header, its name unless it is of UniProt's form."""
    return header.split(maxsplit=1)[0]


def _split_records(path: str | Path, repairs: Counter[str]) -> Iterator[tuple[int, str, list[tuple[int, str]]]]:
    """Yield the line of each header, the header, and the lines below it that are neither blank nor comments."""
    header: tuple[int, str] | None = None
    lines: list[tuple[int, str]] = []
    for number, line in read_lines(path):
        if line.startswith(">"):
            if header is not None:
                yield *header, lines
            header, lines = (number, _checked_header(path, number, line)), []
        elif line.startswith(_COMMENTS):
            repairs[_COMMENT_LINES] += 1
        elif line.strip():
            if header is None:
                _refuse(path, number, f"a '>' header, found '{line.strip()[:_SHOWN]}'; give sequences as FASTA")
            lines.append((number, line))
    if header is None:
        raise InputError(
            f"{path}: expected sequences in FASTA, found blank lines only; download or copy it again"
            if not repairs
            else f"{path}: expected sequences in FASTA, found comments only; download or copy it again"
        )
    yield *header, lines


def _checked_header(path: str | Path, number: int, line: str) -> str:
    header = line[1:].strip()
    if not header:
        _refuse(path, number, "a name after '>', found none; name the sequence")
    if _PIR.match(header):
        _refuse(path, number, f"a header of FASTA, found '{line[:_SHOWN]}' of the format PIR; convert it to FASTA")
    return header


def _is_placeholder(lines: list[tuple[int, str]]) -> bool:
    """Return whether a record says in words that it has no sequence."""
    if len(lines) != 1 or len(lines[0][1]) > _LONGEST_PLACEHOLDER:
        return False
    letters = "".join(symbol for symbol in lines[0][1].lower() if symbol.isalpha())
    if letters in _SHORT_PLACEHOLDERS:
        return True
    return bool(_TELLING.search(letters) and _PLACEHOLDER_WORDS.fullmatch(letters))


def _sequence(path: str | Path, number: int, header: str, lines: list[tuple[int, str]], repairs: Counter[str]) -> str:
    residues = "".join(line for _, line in lines)
    if not (residues.isascii() and residues.isalpha()):
        residues = _without_other_symbols("".join(_residues(path, *line, repairs) for line in lines), repairs)
    if not residues:
        _refuse(path, number, f"residues for '{name_of(header)}', found none; remove it or add its sequence")
    return residues.upper()


def _residues(path: str | Path, number: int, line: str, repairs: Counter[str]) -> str:
    words = line.split()
    blocks = [word for word in words if not (word.isascii() and word.isdigit())]
    repairs[_NUMBERED] += len(blocks) != len(words)
    residues = "".join(blocks)
    letters = residues.replace("*", "").replace("-", "").replace(".", "")
    if letters and not (letters.isascii() and letters.isalpha()):
        found = next(symbol for symbol in letters if not (symbol.isascii() and symbol.isalpha()))
        _refuse(path, number, f"residues as letters, '*' or '-', found '{found}'; correct the sequence")
    return residues


def _without_other_symbols(residues: str, repairs: Counter[str]) -> str:
    """Remove gaps and the stops at the end, and read '.' as the stop for which some annotation programs write it."""
    repairs[_GAPPED] += "-" in residues
    repairs[_DOTTED] += "." in residues
    residues = residues.replace("-", "").replace(".", "*")
    sequence = residues.rstrip("*")
    repairs[_STOPPED] += len(sequence) != len(residues)
    return sequence


def _refuse_nucleotides(path: str | Path, records: list[Record]) -> None:
    """Raise InputError if a record is DNA or RNA, or those of bases alone are, too short as each of them may be."""
    found = [record for record in records if _is_nucleotides([record.sequence])]
    if not found:
        short = [record for record in records if _BASES_ALONE.issuperset(record.sequence)]
        found = short if _is_nucleotides([record.sequence for record in short]) else []
    if found and 2 * len(found) < len(records):
        _refuse(
            path,
            found[0].line,
            f"a protein, found '{name_of(found[0].header)}', which looks like nucleotides, as do {len(found)} of"
            f" {len(records)} records; give the proteins (translated coding sequences)",
        )
    if found:
        _refuse(
            path,
            found[0].line,
            f"proteins, found sequences that look like nucleotides ('{found[0].sequence[:_SHOWN]}');"
            " give the proteins (translated coding sequences)",
        )


def _is_nucleotides(sequences: list[str]) -> bool:
    counts = [sum(sequence.count(base) for sequence in sequences) for base in _BASES]
    length = sum(len(sequence) - sequence.count("N") - sequence.count("X") for sequence in sequences)
    n_bases = sum(counts)
    if n_bases < _FEWEST_BASES or n_bases < _BASE_SHARE * length:
        return False
    adenine, cytosine, guanine, thymine, uracil = counts
    rarest = min(adenine, cytosine, guanine, thymine + uracil)
    return rarest >= _RAREST_BASE * n_bases and all(_CODES.issuperset(sequence) for sequence in sequences)


def _refuse(path: str | Path, number: int, what: str) -> NoReturn:
    raise InputError(f"{path}:{number}: expected {what}")


def _is_fasta(head: Head) -> bool:
    return any(line.startswith(">") for _, line in head.lines)


FORMAT = Format(
    name="fasta",
    title="FASTA",
    recognised="A record begins with '>' and a name, and its residues follow in the next lines",
    gives=(
        "One protein sequence a gene. The gene's name is the accession of sp|accession|name, else the first word of the"
        " header. What headers of UniProt, NCBI, Ensembl, BioMart, Phytozome, JGI, WormBase, FlyBase, VectorBase, TAIR,"
        " PomBase, SGD, dictyBase, AUGUSTUS and MAKER name besides (genes, transcripts, symbols, cross-references)"
        " serves as aliases, and records of one gene are reduced to one"
    ),
    refuses=(
        "Nucleotides, symbols that are no residues, two different sequences of one name and records without residues"
        " are errors; records that say in words that there is no sequence, or repeat another, are left out and counted;"
        " gaps, stops, position numbers and comment lines are removed and counted"
    ),
    matches=_is_fasta,
    read=read_records,
)
