"""Tables of the families and domains that proteins carry."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from genessl.data.formats.domains import DOMAIN_FORMATS
from genessl.data.formats.domains.rows import data_lines
from genessl.data.text_files import Head
from genessl.errors import InputError

_SHOWN = 40


def read_domains(path: str | Path) -> pd.DataFrame:
    """Read the domains that proteins carry from a table, whose first row determines its format.

    The formats are InterProScan's TSV (11 to 15 columns), HMMER's ``--domtblout`` and ``--tblout`` of a search with
    Pfam by hmmscan or hmmsearch, and the tables of pfam_scan.pl and of Pfam's proteomes; plain or compressed.

    Returns
    -------
    DataFrame, a row per match in file order
        gene : str, the accession of a ``sp|accession|name``, else the unchanged name
        domain : str, ``InterPro:IPR…`` where InterProScan found the signature's entry, else ``Pfam:PF…`` without its
        version, or ``analysis:accession`` of another signature
        significant : bool, whether HMMER's E-value (in --domtblout the domain's own) is at most 0.001; the other
        formats list matches above the databases' own thresholds, which are significant unless marked otherwise

    Raises
    ------
    InputError
        If the file is damaged, of another format, or has no row.
    """
    first = next(data_lines(path), None)
    if first is None:
        raise InputError(f"{path}: expected domains, found comments and blank lines only; write it again")
    head = Head(Path(path), (first,))
    for format in DOMAIN_FORMATS:
        if format.matches(head):
            table: pd.DataFrame = format.read(path)
            return table
    number, line = first
    titles = [format.title for format in DOMAIN_FORMATS]
    raise InputError(
        f"{path}:{number}: found '{line[:_SHOWN]}', expected domains as {titles[0]}, or as {', '.join(titles[1:])};"
        " convert the file"
    )
