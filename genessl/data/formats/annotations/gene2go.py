"""NCBI's gene2go, which names genes by their GeneID."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from genessl.data.formats.annotations.named_columns import header_of, read_named_columns
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_head

_COLUMNS = {
    "gene": ("geneid",),
    "term": ("go_id",),
    "evidence": ("evidence",),
    "qualifier": ("qualifier",),
}


def read_gene2go(path: str | Path) -> pd.DataFrame:
    """Read the annotations of gene2go, of all its taxa; they have no dates.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    header = header_of(read_head(path))
    return read_named_columns(path, header, header.places(_COLUMNS))


def _matches(head: Head) -> bool:
    header = header_of(head)
    return "tax_id" in header.names and {"gene", "term", "evidence"} <= header.places(_COLUMNS).keys()


FORMAT = Format(
    name="gene2go",
    title="NCBI gene2go",
    recognised="The header names the columns tax_id, GeneID, GO_ID and Evidence",
    gives=(
        "every row, with its GeneID, qualifier, term and evidence code, without a date; GeneIDs join through the"
        " headers of the sequences or an alias table such as gene_info"
    ),
    refuses="a row of more columns than the header; rows of other taxa join to no gene and are counted",
    matches=_matches,
    read=read_gene2go,
)
