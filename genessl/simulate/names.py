"""Accessions, locus tags and gene names, some of them ambiguous, as in real organisms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

TAXON = 9999
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALPHANUMERIC = _ALPHABET + "0123456789"
_WITH_OLD_NAME = 0.4
_WITHOUT_ACCESSION = 0.02


@dataclass(frozen=True)
class GeneNames:
    """One name of each kind per gene, in the order of the simulated genes; numbers are dealt at random.

    Parameters
    ----------
    accession, locus, symbol, old_name : ndarray of str, shape (n_genes,)
        `old_name` is empty for most genes, and for some it is the old name or the symbol of another gene too.
    without_accession : ndarray of bool, shape (n_genes,)
        Genes whose UniProt accession the alias table lacks.
    """

    accession: np.ndarray[tuple[int], np.dtype[np.object_]]
    locus: np.ndarray[tuple[int], np.dtype[np.object_]]
    symbol: np.ndarray[tuple[int], np.dtype[np.object_]]
    old_name: np.ndarray[tuple[int], np.dtype[np.object_]]
    without_accession: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @cached_property
    def entry(self) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        """UniProt entry names, such as ABC1_SIMOR."""
        return np.array([f"{symbol}_SIMOR" for symbol in self.symbol], dtype=object)

    @cached_property
    def by_accession(self) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Genes in the order of their accessions."""
        return np.argsort(self.accession.astype(str), kind="stable")


def name_genes(n_genes: int, rng: np.random.Generator) -> GeneNames:
    """Deal names to genes."""
    symbols = _deal(_symbol, n_genes, rng)
    n_old = round(_WITH_OLD_NAME * n_genes)
    pool = [f"old{number}" for number in range(1, 4 * n_old + 2)]
    old = np.array([pool[number] for number in rng.integers(len(pool), size=n_genes).tolist()], dtype=object)
    taken = rng.random(n_genes) < 0.05
    old[taken] = symbols[rng.integers(n_genes, size=int(taken.sum()))]
    old[rng.permutation(n_genes)[n_old:]] = ""
    old[old == symbols] = ""
    return GeneNames(
        accession=_deal(_accession, n_genes, rng),
        locus=_deal(lambda number: f"SIM{number + 1:07d}", n_genes, rng),
        symbol=symbols,
        old_name=old,
        without_accession=rng.random(n_genes) < _WITHOUT_ACCESSION,
    )


def alias_table(names: GeneNames) -> pd.DataFrame:
    """Rows of a STRING alias table: string_protein_id, alias, source."""
    string_ids = np.array([f"{TAXON}.{locus}" for locus in names.locus], dtype=object)
    present = ~names.without_accession
    old = names.old_name != ""
    kinds = [
        (string_ids[present], names.accession[present], "UniProt_AC"),
        (string_ids, names.entry, "UniProt_ID"),
        (string_ids, names.symbol, "UniProt_GN_Name"),
        (string_ids, names.locus, "UniProt_GN_OrderedLocusNames"),
        (string_ids[old], names.old_name[old], "UniProt_GN_Synonyms"),
    ]
    tables = [pd.DataFrame({"string_protein_id": ids, "alias": alias, "source": kind}) for ids, alias, kind in kinds]
    return pd.concat(tables).sort_values(["string_protein_id", "source", "alias"], ignore_index=True)


def _deal(
    write: Callable[[int], str], n_genes: int, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return np.array([write(number) for number in rng.permutation(n_genes).tolist()], dtype=object)


def _accession(number: int) -> str:
    """Write a number below 3,369,600 as an accession in UniProt's pattern, such as Z0A001."""
    number, last = divmod(number, 10)
    number, third = divmod(number, 36)
    number, second = divmod(number, 36)
    digit, letter = divmod(number, 26)
    return f"Z{digit}{_ALPHABET[letter]}{_ALPHANUMERIC[second]}{_ALPHANUMERIC[third]}{last}"


def _symbol(number: int) -> str:
    round_, place = divmod(number * 7919, 26**3)
    first, rest = divmod(place, 26**2)
    return f"{_ALPHABET[first]}{_ALPHABET[rest // 26]}{_ALPHABET[rest % 26]}{round_ + 1}"
