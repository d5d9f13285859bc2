"""Which columns of an edge table hold the two names and the weight, by its first lines."""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from genessl.data.formats.networks.edge_blocks import COMMENTS, SHOWN, STRING_SCALE, wrong_width
from genessl.data.formats.networks.header_words import (
    WEIGHTS,
    holds_identifiers,
    name_pair,
    plain,
    smaller_is_stronger,
)
from genessl.data.formats.networks.weights import has_decimal_comma, is_missing, is_number, may_be_thousands
from genessl.data.text_files import Head
from genessl.errors import InputError

_log = logging.getLogger(__name__)

_Cells = Sequence[str]
_WIDEST = 1000
_UNNAMED = ("", "unnamed0", "x")
_LONGEST_NUMBER = 12  # digits
_DECIMAL = re.compile(r"[+-]?\d*[.,]\d+([eE][+-]?\d+)?")
_LIKE_NUMBER = re.compile(r"[^\w\s]{0,2}\s?\d")
_SPACED_DECIMALS = re.compile(r"\S+\s+\S+\s+[+-]?\d+,\d+")


@dataclass(frozen=True)
class EdgeColumns:
    """Where an edge table holds what.

    Columns are counted from 0, `after` is the number of the header's line, and weights are divided by `scale`.
    """

    separator: str | None
    width: int
    a: int
    b: int
    weight: int | None
    after: int
    decimal_comma: bool
    scale: float


@dataclass(frozen=True)
class _Sample:
    """The first rows of a table.

    `first` and the rows `below` are filled up to one width. `used` are the columns that are not empty in all of them.
    The first row of the file has `first_width` columns, the second `width`; with `row_names` the first is a header
    without a name for the numbers of the rows, as R and pandas write it.
    """

    path: Path
    separator: str | None
    numbers: Sequence[int]
    first: _Cells
    below: Sequence[_Cells]
    first_width: int
    width: int
    row_names: bool

    @property
    def place(self) -> str:
        return f"{self.path}:{self.numbers[0]}"

    @property
    def used(self) -> list[int]:
        return [k for k in range(len(self.first)) if self.first[k] or any(row[k] for row in self.below)]


def find_columns(head: Head, columns: Sequence[str | int] | None) -> EdgeColumns:
    """Return which columns of an edge table hold the names and the weight, and whether its first line is a header.

    Parameters
    ----------
    head : Head
    columns : sequence of str or int, optional
        Columns of both names and perhaps of the weight, by their names in the header or their numbers from 1.

    Raises
    ------
    InputError
        If the table leaves open which columns are meant, or does not have those that are asked for.
    """
    sample = _sample(head)
    if columns is not None:
        return _asked(head, sample, columns)
    if len(sample.used) < 2:
        raise InputError(
            f"{sample.place}: found {len(sample.used)} columns, expected two names and perhaps a weight; give the"
            " network as an edge list or the right format"
        )
    if name_pair(sample.first) is None and len(sample.used) > 3:
        sample = _with_commented_header(head, sample)
    pair = name_pair(sample.first)
    used = [k for k in sample.used if k or not sample.row_names]
    if len(used) == 2:
        a, b = used
        return _columns(sample, (a, b, None), has_header=sample.row_names or _names_columns(sample, a, b))
    if len(used) == 3:
        a, b, last = used
        if not sample.row_names and not _is_header(sample, a, b, last):
            return _columns(sample, (a, b, last), has_header=False)
        pair = pair or (a, b)
    if pair is None and sample.first_width <= 3 < sample.width:
        raise wrong_width(sample.path, sample.numbers[1], sample.width, sample.first_width)
    if pair is None:
        raise _too_wide(sample)
    return _columns(sample, (*pair, _weight_column(sample, pair)), has_header=True)


def separator_of(lines: Sequence[str]) -> str | None:
    """Return what separates the columns: the tab, semicolon or comma that is in all lines, else None for any blanks."""
    for mark in ("\t", ";", ","):
        if all(mark in line for line in lines) and not (
            mark == "," and all(_SPACED_DECIMALS.fullmatch(line.strip()) for line in lines)
        ):
            return mark
    return None


def split_line(line: str, separator: str | None) -> list[str]:
    """Return the columns of a line, stripped and without the quotes around them.

    A quote within a name, as in 5'-nucleotidase, and one that is not closed, are parts of the name.
    """
    if '"' in line:
        text = line.strip() if separator is None else line
        try:
            rows = list(csv.reader([text], delimiter=separator or " ", skipinitialspace=True, strict=True))
            if len(rows) == 1:
                return list(map(_unquoted, rows[0]))
        except csv.Error:
            pass
    return list(map(_unquoted, line.split(separator)))


def _unquoted(cell: str) -> str:
    """Return a cell without blanks and without the single quotes around it."""
    cell = cell.strip()
    return cell[1:-1].strip() if len(cell) > 2 and cell[0] == cell[-1] == "'" else cell


def _sample(head: Head) -> _Sample:
    lines = [(number, line) for number, line in head.lines if not line.startswith(COMMENTS)]
    if not lines:
        raise InputError(f"{head.path}: expected edges, found blank lines or comments only; download or copy it again")
    separator = separator_of([line for _, line in lines])
    for number, line in lines:
        if len(line.split(separator, _WIDEST)) > _WIDEST:
            raise InputError(f"{head.path}:{number}: found over {_WIDEST} columns, expected one edge a line")
    rows = [split_line(line, separator) for _, line in lines]
    if len(rows[0]) > 2 and _is_matrix(rows):
        raise InputError(
            f"{head.path}:{lines[0][0]}: found a matrix with a row and a column for each gene, expected one edge a"
            " line; write it as two names and a weight a line"
        )
    return _filled(head.path, separator, [number for number, _ in lines], rows)


def _filled(path: Path, separator: str | None, numbers: Sequence[int], rows: Sequence[list[str]]) -> _Sample:
    first, below = rows[0], rows[1:]
    width = len(below[0]) if below else len(first)
    numbered = bool(below) and width > 2 and _are_row_numbers(below)
    row_names = numbered and len(first) == width - 1
    first_width = len(first)
    if row_names:
        first = ["", *first]
    elif plain(first[0]) in _UNNAMED:
        row_names = numbered
    full = max(width, len(first))
    filled = [[*row, *[""] * (full - len(row))][:full] for row in (first, *below)]
    return _Sample(path, separator, numbers, filled[0], filled[1:], first_width, width, row_names)


def _are_row_numbers(rows: Sequence[_Cells]) -> bool:
    """Return whether the first cells count the rows, or, if a name comes next, the rows that were kept of a table."""
    numbers = [int(row[0]) for row in rows if row[0].isdecimal() and len(row[0]) <= _LONGEST_NUMBER]
    if len(numbers) < len(rows):
        return False
    if numbers in (list(range(len(rows))), list(range(1, len(rows) + 1))):
        return True
    rising = all(low < high for low, high in pairwise(numbers))
    return rising and all(len(row) > 2 and not _may_be_weight(row[1]) for row in rows)


def _is_matrix(rows: Sequence[_Cells]) -> bool:
    """Return whether the columns have the same names as the rows, with or without a name of the first column."""
    columns, names = [name for name in rows[0] if name], [row[0] for row in rows[1:]]
    n = min(len(columns) - 1, len(names))
    if n < 2 or names[:n] not in (columns[:n], columns[1 : n + 1]):
        return False
    return all(_may_be_weight(cell) for row in rows[1:] for cell in row[1:])


def _is_header(sample: _Sample, a: int, b: int, last: int) -> bool:
    """Return whether the first of several rows of two names and a weight names the columns.

    A word for a weight shows it; otherwise nothing like a number, and no name of another row, may be in it.
    """
    first = sample.first
    if _may_be_weight(first[last]):
        return False
    if plain(first[last]) in WEIGHTS or name_pair([first[a], first[b]]) is not None:
        return True
    names = {row[k] for row in sample.below for k in (a, b)}
    weighted = any(_looks_numeric(row[last]) for row in sample.below)
    return not (weighted and (_LIKE_NUMBER.match(first[last]) or names & {first[a], first[b]}))


def _names_columns(sample: _Sample, a: int, b: int) -> bool:
    """Return whether the first of several rows of two words is a header: no name is like its words."""
    first = [sample.first[a], sample.first[b]]
    names = {row[k] for row in sample.below for k in (a, b)}
    if not names or names & set(first) or "" in first:
        return False
    shapes = {_shape(name) for name in names}
    return name_pair(first) is not None or not shapes & {_shape(word) for word in first}


def _shape(name: str) -> str:
    return re.sub(r"[A-Z]+", "A", re.sub(r"[a-z]+", "a", re.sub(r"[0-9]+", "9", name)))


def _weight_column(sample: _Sample, pair: tuple[int, int]) -> int | None:
    """Return the column of the weight under a header, None if there is none, or raise InputError if it is open."""
    header = sample.first
    rest = [k for k in range(sample.row_names, len(header)) if k not in pair and header[k] not in ("", "Unnamed: 0")]
    numeric = [k for k in rest if any(_looks_numeric(row[k]) for row in sample.below)]
    numeric = [k for k in numeric if not holds_identifiers(header[k])]
    known = [k for name in WEIGHTS for k in numeric if plain(header[k]) == name]
    if known:
        return known[0]
    if len(numeric) == 1 and smaller_is_stronger(header[numeric[0]]):
        raise InputError(
            f"{sample.place}: found '{header[numeric[0]]}', which is smaller for stronger edges, expected a weight"
            " that is larger for them; leave the weight out, as in"
            f" `columns: [{header[pair[0]]}, {header[pair[1]]}]`, or name it as the third column if it is larger"
        )
    if len(rest) == 1 and numeric:
        return numeric[0]
    names = ", ".join(f"'{header[k]}'" for k in numeric)
    if numeric:
        raise InputError(
            f"{sample.place}: found numbers in the columns {names[:200]}, any of which may be the weight; name the"
            f" columns of the edges, as in `columns: [{header[pair[0]]}, {header[pair[1]]}, {header[numeric[0]]}]`"
        )
    if name_pair(header) is None and not sample.row_names:
        text = next((header[k] for k in rest), "")
        raise InputError(
            f"{sample.place}: found '{text[:SHOWN]}' in the third column, expected a weight; name the two columns of"
            " the edges, as in `columns: [1, 2]`"
        )
    return None


def _may_be_weight(text: str) -> bool:
    return is_number(text) or has_decimal_comma(text) or is_missing(text)


def _looks_numeric(text: str) -> bool:
    return _may_be_weight(text) and not is_missing(text)


def _too_wide(sample: _Sample) -> InputError:
    first = ", ".join(f"'{cell[:20]}'" for cell in sample.first[:6])
    return InputError(
        f"{sample.place}: found {sample.first_width} columns, expected two names and perhaps a weight, in {first}; say"
        " which by their names in the header or their numbers, as in `columns: [1, 2, 3]`"
    )


def _asked(head: Head, sample: _Sample, columns: Sequence[str | int]) -> EdgeColumns:
    names = [column for column in columns if isinstance(column, str)]
    if names:
        sample = _below_header(head, sample, names)
    chosen = [sample.first.index(column) if isinstance(column, str) else column - 1 for column in columns]
    if max(chosen) >= sample.width:
        raise InputError(
            f"{sample.place}: found {sample.width} columns, expected the column {max(chosen) + 1} of `columns`"
        )
    a, b, weight = (*chosen, None)[:3]
    assert a is not None and b is not None
    if weight is None:
        has_header = bool(names) or sample.row_names or _names_columns(sample, a, b)
    else:
        has_header = bool(names) or sample.row_names or _is_header(sample, a, b, weight)
    return _columns(sample, (a, b, weight), has_header=has_header)


def _with_commented_header(head: Head, sample: _Sample) -> _Sample:
    """Return the sample below the last comment before its rows, if that names the two ends of edges."""
    comments = [line for number, line in head.lines if number < sample.numbers[0]]
    header = split_line(comments[-1].lstrip("#% "), sample.separator) if comments else []
    if name_pair(header) is None or len(header) != sample.first_width:
        return sample
    return _below_header(head, sample, header)


def _below_header(head: Head, sample: _Sample, names: Sequence[str]) -> _Sample:
    """Return the header that has some names, which may be a comment, with the rows below it."""
    for header_number, line in head.lines:
        header = split_line(line.lstrip("#% ") if line.startswith(COMMENTS) else line, sample.separator)
        if set(names) <= set(header):
            lines = [(n, text) for n, text in head.lines if n > header_number and not text.startswith(COMMENTS)]
            rows = [header, *(split_line(text, sample.separator) for _, text in lines)]
            return _filled(head.path, sample.separator, [header_number, *(n for n, _ in lines)], rows)
    missing = next((name for name in names if name not in sample.first), names[0])
    found = ", ".join(f"'{cell[:20]}'" for cell in sample.first[:12])
    raise InputError(f"{sample.place}: expected the column '{missing}' of `columns`, found {found}; correct `columns`")


def _columns(sample: _Sample, chosen: tuple[int, int, int | None], *, has_header: bool) -> EdgeColumns:
    """Return the columns, and say in the log what is read as a header and what is taken from a wide table."""
    a, b, weight = chosen
    width = sample.width if has_header else sample.first_width
    if max(a, b, weight or 0) >= width:
        raise wrong_width(sample.path, sample.numbers[1], sample.width, sample.first_width)
    if has_header:
        header = sample.first
        text = (sample.separator or " ").join(header)
        weighed = "each edge weighs 1" if weight is None else f"weighed by '{header[weight]}'"
        _log.info(
            "%s: '%s' is read as a header; edges go from '%s' to '%s', %s",
            sample.place, text[:200], header[a], header[b], weighed,
        )  # fmt: skip
    rows = sample.below if has_header else [sample.first, *sample.below]
    _check_names(sample, rows, (a, b))
    commas = weight is not None and _have_decimal_commas(sample, [row[weight] for row in rows])
    if commas:
        _log.info("%s: the weights have decimal commas", sample.path)
    scale = 1.0
    if has_header and weight is not None and _are_thousandths(sample.first[weight], [row[weight] for row in rows]):
        scale = STRING_SCALE
        _log.info("%s: the scores of STRING are divided by %g", sample.path, scale)
    return EdgeColumns(sample.separator, width, a, b, weight, sample.numbers[0] if has_header else 0, commas, scale)


def _are_thousandths(name: str, cells: Sequence[str]) -> bool:
    """Return whether weights are the scores of STRING, whole numbers up to 1000, saved as another table."""
    scores = [int(cell) for cell in cells if cell.isdecimal() and len(cell) <= _LONGEST_NUMBER]
    return plain(name) == "combinedscore" and len(scores) == len(cells) and 1 < max(scores, default=0) <= STRING_SCALE


def _check_names(sample: _Sample, rows: Sequence[_Cells], ends: tuple[int, int]) -> None:
    """Raise InputError if a column that should hold names holds decimal numbers."""
    for k in ends:
        cells = [row[k] for row in rows]
        decimals = [row for row, cell in enumerate(cells) if _DECIMAL.fullmatch(cell)]
        if decimals and all(map(_looks_numeric, cells)):
            number = sample.numbers[decimals[0] - len(rows)]
            raise InputError(
                f"{sample.path}:{number}: found '{cells[decimals[0]][:SHOWN]}' in column {k + 1}, expected the name"
                " of a gene; say which columns hold the two names and the weight, as in `columns: [1, 2, 3]`"
            )


def _have_decimal_commas(sample: _Sample, cells: Sequence[str]) -> bool:
    commas = [cell for cell in cells if has_decimal_comma(cell)]
    if commas and all(map(may_be_thousands, commas)):
        number = sample.numbers[cells.index(commas[0]) - len(cells)]
        raise InputError(
            f"{sample.path}:{number}: found the weight '{commas[0].strip()}', whose comma may mark decimals or"
            " thousands, expected a number without a comma; write decimals with a point and thousands without a mark"
        )
    return bool(commas)
