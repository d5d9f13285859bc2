"""Plain tables of two columns."""

from __future__ import annotations

from genessl.data.formats.aliases.name_table import check_name_table, layout, read_name_table
from genessl.data.formats.format import Format
from genessl.data.text_files import Head


def _matches(head: Head) -> bool:
    found = layout(head)
    return found is not None and found.n_columns == 2


FORMAT = Format(
    name="two_columns",
    title="a table of two columns of names",
    recognised="All rows have two columns, separated by tabs, commas, semicolons or blanks, with or without a header",
    gives="Each name as an alias of the other; the gene may stand in either column. A cell may hold several names,"
    " separated by '|', ';' or ','.",
    refuses="A column of decimal numbers or prose, or the same names in both columns, as in a network, are an error."
    " Rows with one name are counted.",
    matches=_matches,
    read=read_name_table,
    check=check_name_table,
)
