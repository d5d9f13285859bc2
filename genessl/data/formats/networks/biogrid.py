"""BioGRID's tables: TAB3, TAB2 and the old TAB1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from genessl.data.formats.format import Format
from genessl.data.formats.networks.edge_blocks import (
    Block,
    Edges,
    NetworkOptions,
    NodeNames,
    empty_names,
    header_of,
    read_rows,
)
from genessl.data.text_files import Head, read_head
from genessl.errors import InputError

_TYPE = "Experimental System Type"
_TAB1 = "INTERACTOR_A\tINTERACTOR_B"
_NOTHING = "-"
_NO_NAMES = ("", _NOTHING, "N/A")  # the last in TAB1


def _header(head: Head) -> tuple[int, list[str]] | None:
    """Return the number and the columns of the header, which follows a preamble in TAB1."""
    number, line = head.first
    header = header_of(line, "\t")
    if {f"{name} Interactor {end}" for name in ("Systematic Name", "Official Symbol") for end in "AB"} <= set(header):
        return number, header
    return next(((n, header_of(text, "\t")) for n, text in head.lines if text.startswith(_TAB1)), None)


def _matches(head: Head) -> bool:
    return _header(head) is not None


def _read(path: Path, options: NetworkOptions) -> pd.DataFrame:
    found = _header(read_head(path))
    assert found is not None, "a format reads only what it matches"
    number, header = found
    names = NodeNames()
    ends = [_end(header, end, names) for end in "AB"]
    kind = header.index(_TYPE) if _TYPE in header else None
    if kind is None and options.channels is not None:
        raise InputError(
            f"{path}:{number}: found no column '{_TYPE}' for `channels`; give BioGRID's TAB3 or remove them"
        )

    def parse(block: Block) -> Edges:
        a, b = (nodes(block) for nodes in ends)
        kinds = None if kind is None else block.columns[kind]
        return Edges(a, b, np.ones(len(a)), kinds, losses=empty_names(a, b))

    return read_rows(path, options, parse, separator="\t", width=len(header), after=number, comments=(), names=names)


def _end(header: Sequence[str], end: str, names: NodeNames) -> Callable[[Block], list[str]]:
    """Return the reader of one end: systematic name, else symbol, with all other names as alternatives."""
    wanted = [
        (f"Systematic Name Interactor {end}", f"INTERACTOR_{end}"),
        (f"Official Symbol Interactor {end}", f"OFFICIAL_SYMBOL_FOR_{end}", f"OFFICIAL_SYMBOL_{end}"),
        (f"SWISS-PROT Accessions Interactor {end}",),
        (f"Entrez Gene Interactor {end}",),
        (f"Synonyms Interactor {end}", f"ALIASES_FOR_{end}"),
        (f"Organism ID Interactor {end}", f"Organism Interactor {end}", f"ORGANISM_{end}_ID"),
    ]
    columns = [next((header.index(name) for name in spellings if name in header), None) for spellings in wanted]
    known: dict[tuple[str, ...], str] = {}

    def node(cells: tuple[str, ...]) -> str:
        *several, organism = cells
        words = [[word.strip() for word in cell.split("|") if word.strip() not in _NO_NAMES] for cell in several]
        flat = [word for group in words for word in group]
        return names.node(flat, organism.strip(f" {_NOTHING}"), by_symbol=not words[0]) if flat else ""

    def read(block: Block) -> list[str]:
        nothing = [_NOTHING] * len(block.numbers)
        cells = zip(*(nothing if column is None else block.columns[column] for column in columns))
        nodes = []
        for found in cells:
            if found not in known:
                known[found] = node(found)
            nodes.append(known[found])
        return nodes

    return read


FORMAT = Format(
    name="biogrid",
    title="BioGRID TAB3, TAB2 or TAB1",
    recognised="A header names the columns Systematic Name Interactor A, Official Symbol Interactor A, and those of"
    " interactor B, or INTERACTOR_A and INTERACTOR_B",
    gives="One edge a line, of weight 1, for BioGRID's scores are no weights; `channels` keeps experimental system"
    " types (physical, genetic). A gene goes by its systematic name, and where that is not known by its official"
    " symbol, its Swiss-Prot accessions, its Entrez identifier or a synonym.",
    refuses="Genes of other organisms than most of those that join, and rows without a name, are left out and counted.",
    matches=_matches,
    read=_read,
)
