"""Tables of names without a format of their own: two columns, or several, with or without a header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from genessl.data.aliases import AliasTable
from genessl.data.formats.aliases.rows import BLANK, names_in
from genessl.data.text_files import Head, read_head, read_lines
from genessl.errors import InputError

_HEADER_WORD = re.compile(
    r"(^|[^a-z])(ids?|genes?|names?|symbols?|alias(es)?|synonyms?|accessions?|acc|ac|locus|orf|entry|from|to|proteins?"
    r"|transcripts?|systematic|standard|primary|uniprot\w*|entrez\w*|ensembl\w*|refseq\w*|identifiers?|source|target"
    r"|query|description|chromosome|product|type|taxon)($|[^a-z])"
    r"|geneid|genename|uniprotkb|_id$|identifier"
)
_OTHER_HEADER = re.compile(
    r"description|product|annotation|comment|summary|length|size|mass|start|end|strand|chromosome|chr|taxon|tax_?id|organism"
    r"|species|score|weight|type|status|date|index|function|keyword|pathway|^go([^a-z]|$)|sequence|evidence|fullname|full.name",
)
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_WHOLE_NUMBER = re.compile(r"\d+(\.0)?")
_MEANS_GENE = re.compile(r"gene.?(id|name|symbol)|symbol|uniprot|locus|(protein|annotation).?id")
_MOST_WORDS = 3
_MEANS_NUMBERED = re.compile(r"id|gene|entrez|ncbi|accession|xref")
_DIGITS = re.compile(r"\d+")
_COMPARED = 5
_MOST_SHARED = 0.5
_FEWEST_DISTINCT = 0.1
_FEWEST_ROWS = 4
_MOST_COLUMNS = 200


@dataclass(frozen=True)
class Layout:
    """How the columns of a table are parted, which line is its header and what this says.

    Parameters
    ----------
    separator : str
        Tab, comma or semicolon; a blank stands for any white space.
    header : tuple of str
        Names of the columns; empty without a header.
    last : int
        Line of the header, 0 without one: rows come after it.
    n_columns : int
    """

    separator: str
    header: tuple[str, ...]
    last: int
    n_columns: int


def layout(head: Head) -> Layout | None:
    """Return the layout of a table of at least two columns, None if the lines are no such table."""
    rows = [line for _, line in head.lines if not line.startswith(("#", "!"))]
    if not rows:
        return None
    for separator in ("\t", ",", ";", " "):
        counts = [len(fields) for line in rows if (fields := split(line, separator)) is not None]
        n_columns = max(Counter(counts).items(), key=lambda item: (item[1], item[0]), default=(0, 0))[0]
        first = split(rows[0], separator) or []
        if len(first) >= n_columns and _is_header(first) and not _continues(rows, separator):
            n_columns = len(first)  # editors strip the tabs at the ends of lines
            n_fitting = sum(2 <= count <= n_columns for count in counts)
        else:
            n_fitting = counts.count(n_columns)
        fits = n_columns == 2 if separator == " " and not _all_quoted(rows) else 2 <= n_columns <= _MOST_COLUMNS
        n_fitting += separator == " " and len(first) == n_columns - 1 and _is_header(first)
        if fits and n_fitting >= (len(rows) if separator == " " else 0.8 * len(rows)):
            return Layout(separator, *_header(head, separator, n_columns), n_columns)
    return None


def _all_quoted(rows: Sequence[str]) -> bool:
    """Whether quotes show where a column ends, as in R's write.table."""
    return all(line.startswith('"') for line in rows)


def _header(head: Head, separator: str, n_columns: int) -> tuple[tuple[str, ...], int]:
    comment: tuple[tuple[str, ...], int] = ((), 0)
    for number, line in head.lines:
        fields = tuple(name.strip() for name in split(line.lstrip("#! "), separator) or ())
        if line.startswith(("#", "!")):
            if len(fields) == n_columns and _is_header(fields):
                comment = (fields, number)
            continue
        if not _is_header(fields) or _continues([row for _, row in head.rows], separator):
            return comment
        if len(fields) == n_columns - 1:
            return ("", *fields), number  # R's write.table names no column for the names of the rows
        return (fields, number) if len(fields) == n_columns else comment
    return comment


def _is_header(fields: Sequence[str]) -> bool:
    words = [name for name in fields if name]
    return bool(words) and 2 * sum(_HEADER_WORD.search(name.lower()) is not None for name in words) >= len(words)


def _continues(rows: Sequence[str], separator: str) -> bool:
    """Whether the first row has an identifier such as XB-GENE-1 where the next ones have XB-GENE-2."""
    first, *others = (split(line, separator) or [] for line in rows[:_COMPARED])
    shapes = [_DIGITS.sub("0", cell.strip()) for cell in first[:_MOST_COLUMNS]]
    return any(
        shape == _DIGITS.sub("0", cell.strip()) for row in others for shape, cell in zip(shapes, row) if "0" in shape
    )


def split(line: str, separator: str) -> list[str] | None:
    """Return the fields of a line without their quotes, None if the quotes cannot be understood."""
    if separator == " " and not line.startswith('"'):
        return line.split()
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator))
    except (csv.Error, StopIteration):
        return None


def read_name_table(path: str | Path) -> AliasTable:
    """Read a table of names, of which every column that holds names counts.

    The first of these columns names the records; of two columns it is that with fewer values, the first if equal.
    """
    found = layout(read_head(path))
    assert found is not None, "the format matched"
    losses: dict[str, int] = {}
    columns: list[list[str]] = [[] for _ in range(found.n_columns)]
    for row in _rows(path, found):
        for column, value in zip(columns, row, strict=True):
            column.append(value.strip())
    headers = found.header or ("",) * found.n_columns
    columns = [_whole_numbers(values, header) for values, header in zip(columns, headers, strict=True)]
    names = [k for k in range(found.n_columns) if _holds_names(columns[k], headers[k], found.n_columns)]
    if len(names) < found.n_columns:
        losses["column that holds no names"] = found.n_columns - len(names)
    if len(names) < 2:
        raise InputError(
            f"{path}: found a table with {len(names) or 'no'} column of names, expected at least 2, which hold the"
            " names of one gene on each row; give an alias table"
        )
    _check_no_network(path, columns[names[0]], columns[names[1]])
    if len(names) == 2:
        names.sort(key=lambda k: (len(set(columns[k])), k))
    sources = {k: headers[k] or f"column {k + 1}" for k in names[1:]}
    return AliasTable.from_rows(str(path), _pairs(columns, names[0], sources, losses), losses=losses)


def check_name_table(head: Head) -> None:
    """Raise InputError if the first rows of two columns are those of a network."""
    found = layout(head)
    if found is not None and found.n_columns == 2:
        rows = [split(line, found.separator) or [] for number, line in head.rows if number > found.last]
        pairs = [[cell.strip() for cell in row] for row in rows if len(row) == found.n_columns]
        _check_no_network(head.path, [row[0] for row in pairs], [row[1] for row in pairs])


def _rows(path: str | Path, found: Layout) -> Iterator[list[str]]:
    for number, line in read_lines(path):
        if number <= found.last or not line.strip() or line.startswith(("#", "!")):
            continue
        fields = split(line, found.separator)
        if fields is None or len(fields) > found.n_columns:
            raise InputError(
                f"{path}:{number}: found {len(fields) if fields else 'unclosed quotes instead of'} columns, expected"
                f" {found.n_columns} as in most rows; give every row as many"
            )
        yield fields + [""] * (found.n_columns - len(fields))  # editors strip blanks at the end of a line


def _holds_names(values: list[str], header: str, n_columns: int) -> bool:
    """Whether a column holds names of genes and no prose, measurements, positions or a few repeated words."""
    filled = [value for value in values if value not in BLANK]
    if not filled or (n_columns > 2 and _repeats(filled)):
        return False
    if _OTHER_HEADER.search(header.lower()) and not _MEANS_GENE.search(header.lower()):
        return False
    if all(_NUMBER.fullmatch(value) for value in filled):
        whole = all(value.isdecimal() for value in filled)
        return whole and (_MEANS_NUMBERED.search(header.lower()) is not None if header else not _counts_up(filled))
    prose = sum(len(value.split()) > _MOST_WORDS and "|" not in value and ";" not in value for value in filled)
    return prose <= 0.5 * len(filled)


def _whole_numbers(values: list[str], header: str) -> list[str]:
    """Return numbers such as 851262.0, as pandas and R write GeneIDs beside missing ones, without their '.0'."""
    if not _MEANS_NUMBERED.search(header.lower()):
        return values
    filled = [value for value in values if value not in BLANK]
    if not all(_WHOLE_NUMBER.fullmatch(value) for value in filled):
        return values
    return [value.removesuffix(".0") for value in values]


def _repeats(filled: list[str]) -> bool:
    """Whether a column holds a few words over and over, such as chromosomes or types."""
    n_distinct = len(set(filled))
    return (n_distinct == 1 and len(filled) > 1) or n_distinct < _FEWEST_DISTINCT * len(filled)


def _counts_up(values: list[str]) -> bool:
    """Whether the values number the rows."""
    start = int(values[0])
    return start <= 1 and all(int(value) == start + k for k, value in enumerate(values))


def _check_no_network(path: str | Path, first: list[str], second: list[str]) -> None:
    pairs = [(a, b) for a, b in zip(first, second) if a != b]
    left, right = {a for a, _ in pairs}, {b for _, b in pairs}
    if len(pairs) >= _FEWEST_ROWS and len(left & right) > _MOST_SHARED * min(len(left), len(right)):
        raise InputError(
            f"{path}: found the same names in both columns, as in a network, expected other names of each gene beside"
            " its own; name the file under `networks`, or give an alias table"
        )


def _pairs(
    columns: list[list[str]], record: int, sources: dict[int, str], losses: dict[str, int]
) -> Iterator[tuple[str, str, str]]:
    n_single = 0
    for row, cell in enumerate(columns[record]):
        own = names_in(cell)
        found = [(name, source) for k, source in sources.items() for name in names_in(columns[k][row])]
        if len(own) > 1:  # the rows are told apart by all that the cell holds: 'YEAST|SGD=S000000001' in PANTHER's
            found += [(name, f"column {record + 1}") for name in own]
            own = [cell]
        if not own and len(found) > 1:  # the row has no name in this column, but others
            own, found = [found[0][0]], found[1:]
        if not own or not found:
            n_single += 1
            continue
        for name, source in found:
            yield own[0], name, source
    if n_single:
        losses["row with fewer than two names"] = n_single
