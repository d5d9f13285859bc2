"""FASTA in, one checked protein sequence per gene out."""

from __future__ import annotations

import logging
from pathlib import Path

from genessl.data.text_files import read_lines
from genessl.errors import InputError

_log = logging.getLogger(__name__)
_SHOWN = 30


def read_fasta(path: str | Path) -> dict[str, str]:
    """Read protein sequences from plain or compressed FASTA.

    A gene's name is the accession of a ``sp|accession|name`` or ``tr|accession|name`` header, otherwise the first
    word of the header, unchanged. Letters of either case are residues, the non-standard ones (B J O U X Z) among
    them, and ``*`` is a stop; stops at the end and gaps (``-``) are removed.

    Returns
    -------
    dict of str to str
        Gene to upper-case sequence, in file order.

    Raises
    ------
    InputError
        If the file is damaged, empty or something other than FASTA, repeats a gene, or holds an empty sequence or a
        symbol that is no residue.
    """
    headers: dict[str, int] = {}
    for number, gene, _ in (records := _read_records(path)):
        if gene in headers:
            raise InputError(
                f"{path}:{number}: expected each gene once, found '{gene}' already at line {headers[gene]};"
                " keep one of the two"
            )
        headers[gene] = number
    return {gene: sequence for _, gene, sequence in records}


def read_sequences(path: str | Path) -> list[str]:
    """Read protein sequences as `read_fasta` does, but whatever their names are, repeated ones among them.

    Raises
    ------
    InputError
        As `read_fasta`.
    """
    return [sequence for _, _, sequence in _read_records(path)]


def _read_records(path: str | Path) -> list[tuple[int, str, str]]:
    """Return the line of each header, the name in it and the sequence below it."""
    headers: list[tuple[int, str]] = []
    chunks: list[list[str]] = []
    for number, line in read_lines(path):
        if line.startswith(">"):
            headers.append((number, _gene_name(path, number, line)))
            chunks.append([])
        elif line.strip():
            if not headers:
                raise InputError(
                    f"{path}:{number}: expected a '>' header, found '{line.strip()[:_SHOWN]}'; give sequences as FASTA"
                )
            chunks[-1].append(_residues(path, number, line))
    if not headers:
        raise InputError(f"{path}: expected sequences in FASTA, found blank lines only; download or copy it again")
    return [
        (number, gene, _finished(path, number, gene, "".join(parts)))
        for (number, gene), parts in zip(headers, chunks, strict=True)
    ]


def _gene_name(path: str | Path, number: int, header: str) -> str:
    words = header[1:].split(maxsplit=1)
    if not words:
        raise InputError(f"{path}:{number}: expected a name after '>', found none; name the sequence")
    return gene_of_word(words[0])


def gene_of_word(word: str) -> str:
    """Return the accession of a ``sp|accession|name`` or ``tr|accession|name``, and any other word unchanged.

    >>> gene_of_word("sp|P12345|AATM_RABIT"), gene_of_word("4932.YAL001C")
    ('P12345', '4932.YAL001C')
    """
    parts = word.split("|")
    return parts[1] if parts[0] in ("sp", "tr") and len(parts) > 1 and parts[1] else word


def _residues(path: str | Path, number: int, line: str) -> str:
    residues = "".join(line.split())
    letters = residues.replace("*", "").replace("-", "")
    if letters and not (letters.isascii() and letters.isalpha()):
        found = next(symbol for symbol in letters if not (symbol.isascii() and symbol.isalpha()))
        raise InputError(
            f"{path}:{number}: expected residues as letters, '*' or '-', found '{found}'; correct the sequence"
        )
    return residues.upper()


def _finished(path: str | Path, number: int, gene: str, residues: str) -> str:
    sequence = residues.replace("-", "").rstrip("*")
    if not sequence:
        raise InputError(f"{path}:{number}: expected residues for '{gene}', found none; remove it or add its sequence")
    if "-" in residues:
        _log.info("%s:%d: %d gaps removed from '%s'", path, number, residues.count("-"), gene)
    return sequence
