"""Plain tables of more than two columns."""

from __future__ import annotations

from genessl.data.formats.aliases.name_table import layout, read_name_table
from genessl.data.formats.format import Format
from genessl.data.text_files import Head


def _matches(head: Head) -> bool:
    found = layout(head)
    return found is not None and found.n_columns > 2


FORMAT = Format(
    name="several_columns",
    title="a table of several columns of names",
    recognised="Most rows have the same number of columns, from three, separated by tabs, commas or semicolons, with or"
    " without a header",
    gives="All names of a row as names of one gene; the first column of names gives the record, the header the sources."
    " A cell may hold several names, separated by '|', ';' or ','.",
    refuses="Columns of prose, of measurements, of numbered rows or of a few repeated words (chromosome, type, taxon)"
    " are left out and counted. A table with fewer than two columns of names is an error.",
    matches=_matches,
    read=read_name_table,
)
