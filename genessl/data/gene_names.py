"""What people call the genes: symbols, accessions and descriptions, for display only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from genessl.data.folders import one_field
from genessl.errors import InputError

_ACCESSION = re.compile(r"[OPQ]\d[A-Z\d]{3}\d|[A-NR-Z]\d(?:[A-Z][A-Z\d]{2}\d){1,2}")


@dataclass(frozen=True)
class GeneNames:
    """Names of the genes, row by row as those of a dataset; "" where none is known.

    They are shown to people. No feature and no predictor reads them, because a description often tells the function.

    Parameters
    ----------
    symbols : tuple of str, length n_genes
        Short names such as thrA.
    accessions : tuple of str, length n_genes
        Of UniProt, such as P00561, for links.
    descriptions : tuple of str, length n_genes
        Names of the proteins, or what a database says about them in a line.

    Raises
    ------
    InputError
        If the three are of different lengths.

    Examples
    --------
    >>> names = GeneNames(("thrA", ""), ("P00561", ""), ("Bifunctional aspartokinase/homoserine dehydrogenase 1", ""))
    >>> names.take([1, 0]).symbols
    ('', 'thrA')
    """

    symbols: tuple[str, ...]
    accessions: tuple[str, ...]
    descriptions: tuple[str, ...]

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, tuple(one_field(text) for text in getattr(self, each.name)))
        lengths = {len(getattr(self, each.name)) for each in fields(self)}
        if len(lengths) > 1:
            raise InputError(f"names: found tuples of the lengths {sorted(lengths)}, expected the same length")

    def __len__(self) -> int:
        """Return the number of genes."""
        return len(self.symbols)

    @classmethod
    def none(cls, n_genes: int) -> Self:
        """Return the names of genes of which none is known."""
        return cls(("",) * n_genes, ("",) * n_genes, ("",) * n_genes)

    def take(self, rows: Sequence[int]) -> Self:
        """Return the names of some genes, in the order wanted."""
        return type(self)(*(tuple(getattr(self, each.name)[row] for row in rows) for each in fields(self)))

    def padded(self, n_genes: int) -> Self:
        """Return the names followed by those of so many genes that have none."""
        return type(self)(*((*getattr(self, each.name), *("",) * n_genes) for each in fields(self)))

    def write(self, path: Path) -> None:
        """Write a table of three columns, one row a gene."""
        rows = zip(self.symbols, self.accessions, self.descriptions, strict=True)
        path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8", newline="\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the table that `write` wrote; ValueError if it is another."""
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
        columns = [tuple(row[k] for row in rows if len(row) == len(fields(cls))) for k in range(len(fields(cls)))]
        if len(columns[0]) != len(rows):
            raise ValueError(f"{path.name}: expected rows of {len(fields(cls))} columns")
        return cls(*columns)


def is_accession(name: str) -> bool:
    """Return whether a name has the form of a UniProt accession.

    >>> is_accession("P00561"), is_accession("A0A024R1R8"), is_accession("YAL001C")
    (True, True, False)
    """
    return _ACCESSION.fullmatch(name) is not None
