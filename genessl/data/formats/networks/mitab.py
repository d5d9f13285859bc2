"""PSI-MITAB 2.5 to 2.8, the table in which IntAct and other databases of interactions publish."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genessl.data.formats.format import Format
from genessl.data.formats.networks.edge_blocks import (
    COMMENTS,
    Block,
    Edges,
    NetworkOptions,
    NodeNames,
    empty_names,
    line_blocks,
    read_rows,
)
from genessl.data.formats.networks.weights import is_number
from genessl.data.text_files import Head, read_head
from genessl.errors import InputError

NEGATIVE_INTERACTION = "negative interaction"
_HEADER = re.compile(r"^#*\s*(unique )?id(\(s\)|entifier)?s? (for )?interactor a\t", re.IGNORECASE)
_TYPED = re.compile(r"(taxid|psi-mi):")
_TAXON = re.compile(r"taxid:\"?(-?\d+)")
_ISOFORM = re.compile(r"([A-Z][A-Z0-9]{5,9})-(\d+|PRO_\d+)")
# Columns as the standard numbers them from 0: of each end identifiers, alternative identifiers, aliases and taxon.
_ENDS = ((0, 2, 4, 9), (1, 3, 5, 10))
_CONFIDENCE, _NEGATIVE = 14, 35
_SCORES = ("intact-miscore:", "mint-score:", "")  # HIPPIE and InBio Map write the number alone
_NO_NAMES = ("intact", "biogrid", "mint", "dip", "psi-mi", "rogid", "irogid", "crc64")  # numbers of one database
_NAMES_FIRST = ("gene name", "locus name", "orf name", "ordered locus name", "gene name synonym", "synonym")
_FEWEST = 11


def _matches(head: Head) -> bool:
    if any(_HEADER.match(line) for _, line in head.lines):
        return True
    row = next((line.split("\t") for _, line in head.lines if not line.startswith(COMMENTS)), [])
    if len(row) < _FEWEST:
        return False
    return all(cell == "-" or ":" in cell for cell in row[:2]) and any(map(_TYPED.match, row))


def _read(path: Path, options: NetworkOptions) -> pd.DataFrame:
    if options.channels is not None:
        raise InputError(f"{path}: found channels for the format mitab, which has none; remove `channels`")
    after, width = _header(path)
    names = NodeNames()
    known: dict[tuple[str, ...], str] = {}

    def parse(block: Block) -> Edges:
        a, b = (_nodes(block, end, names, known) for end in _ENDS)
        losses = empty_names(a, b)
        if width > _NEGATIVE:
            negative = [cell.strip().lower() in ("true", "1") for cell in block.columns[_NEGATIVE]]
            losses.append((NEGATIVE_INTERACTION, np.array(negative, dtype=bool)))
        return Edges(a, b, _weights(block), losses=losses)

    return read_rows(path, options, parse, separator="\t", width=width, after=after, names=names)


def _header(path: Path) -> tuple[int, int]:
    """Return the number of the header, or 0, and the number of columns of the rows."""
    after = next((number for number, line in read_head(path).lines if _HEADER.match(line)), 0)
    lines = next(line_blocks(path, after=after, most=1), None)
    if lines is None:
        raise InputError(f"{path}: expected interactions, found a header only; download it again")
    return after, lines.texts[0].count("\t") + 1


def _nodes(block: Block, end: tuple[int, ...], names: NodeNames, known: dict[tuple[str, ...], str]) -> list[str]:
    nothing = [""] * len(block.numbers)
    columns = [block.columns[column] if column < len(block.columns) else nothing for column in end]
    nodes = []
    for cells in zip(*columns):
        key = (cells[0], cells[3])
        if key not in known:
            known[key] = _node(cells, names)
        nodes.append(known[key])
    return nodes


def _node(cells: tuple[str, ...], names: NodeNames) -> str:
    own, others, aliases, taxon = cells
    identifiers = [name for _, name, _ in _entries(own)]
    if not identifiers:
        return ""
    isoform = _ISOFORM.fullmatch(identifiers[0])
    if isoform:
        identifiers.insert(1, isoform[1])
    identifiers += [name for database, name, _ in _entries(others) if database not in _NO_NAMES]
    described = [(kind, name) for _, name, kind in _entries(aliases) if kind in _NAMES_FIRST]
    identifiers += [name for _, name in sorted(described, key=lambda found: _NAMES_FIRST.index(found[0]))]
    organism = _TAXON.match(taxon)
    return names.node(identifiers, organism[1] if organism else "")


def _entries(cell: str) -> list[tuple[str, str, str]]:
    """Return the entries of a cell, each ``database:name(description)`` with the name perhaps in quotes."""
    found = []
    for entry in _unquoted(cell).split("|"):
        database, colon, rest = entry.partition(":")
        if not colon:
            database, rest = "", entry
        name, _, description = rest.partition("(")
        if rest.startswith('"'):
            name, _, after = rest[1:].partition('"')
            description = after.lstrip("(")
        if name.strip() not in ("", "-"):
            found.append((database.strip().lower(), name.strip(), description.rstrip(")").strip().lower()))
    return found


def _weights(block: Block) -> NDArray[np.float64]:
    weights = np.ones(len(block.numbers))
    if len(block.columns) > _CONFIDENCE:
        for row, cell in enumerate(block.columns[_CONFIDENCE]):
            name, text = _score(cell)
            if text and (not is_number(text) or not 0 <= float(text) <= 1):
                raise InputError(
                    f"{block.path}:{block.numbers[row]}: found the {name or 'confidence'} '{text[:40]}', expected a"
                    " number from 0 to 1; correct it"
                )
            weights[row] = float(text or 1)
    return weights


@lru_cache(maxsize=10_000)
def _score(cell: str) -> tuple[str, str]:
    """Return the name and the number of the best known score in a cell of confidence values, or nothing."""
    entries = [entry.strip(' "') for entry in cell.split("|")]
    for score in _SCORES:
        for entry in entries:
            if entry.startswith(score) and (score or is_number(entry)):
                return score.rstrip(":"), entry.removeprefix(score).partition("(")[0].strip(' "')
    return "", ""


def _unquoted(cell: str) -> str:
    """Return a cell without the quotes that a spreadsheet puts around all of it."""
    cell = cell.strip()
    whole = cell.startswith('"') and cell.endswith('"') and ":" in cell
    return cell[1:-1].replace('""', '"') if whole else cell


FORMAT = Format(
    name="mitab",
    title="PSI-MITAB",
    recognised="The header begins with ID(s) interactor A, or the first row has at least 11 columns, of which the first"
    " two read database:identifier and another taxid: or psi-mi:",
    gives="One edge a line between the first identifiers of both interactors, weighed by intact-miscore, mint-score or"
    " a number that stands alone (HIPPIE), or 1 where there is none. Where an identifier is not known, the accession of"
    " an isoform or chain, the alternative identifiers and the gene names are tried.",
    refuses="Negative interactions, interactors without a partner, and genes of other organisms than most of those that"
    " join, are left out and counted.",
    matches=_matches,
    read=_read,
)
