"""Which columns of an edge table hold the two names and the weight, by its first lines."""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genessl.data.formats.networks.edge_blocks import COMMENTS, SHOWN
from genessl.data.formats.networks.weights import has_decimal_comma, is_missing, is_number
from genessl.data.text_files import Head
from genessl.errors import InputError

_log = logging.getLogger(__name__)

_Cells = Sequence[str]
_WIDEST = 1000
_STEMS = frozenset({
    "gene", "protein", "node", "interactor", "id", "name", "symbol", "orf", "locus", "locustag", "geneid", "genename",
    "genesymbol", "proteinid", "proteinname", "nodeid", "nodename", "uniprot", "uniprotid", "accession", "ensembl",
    "ensemblid", "entrez", "entrezid", "item", "vertex", "partner", "participant", "member", "systematicname",
    "officialsymbol", "stringid", "var", "feature", "probe",
})  # fmt: skip
_PAIRS = frozenset({
    ("source", "target"), ("from", "to"), ("bait", "prey"), ("regulator", "target"), ("tf", "target"),
    ("fromnode", "tonode"), ("sourcename", "targetname"), ("sourceid", "targetid"), ("query", "target"),
    ("query", "array"),
})  # fmt: skip
_ENDINGS = frozenset({("1", "2"), ("a", "b"), ("i", "j"), ("x", "y")})
_WEIGHTS = (
    "weight", "weights", "edgeweight", "combinedscore", "score", "confidence", "confidencescore", "value", "similarity",
    "correlation", "pearson", "pcc", "spearman", "cor", "corr", "r", "rho", "strength", "probability", "importance",
)  # fmt: skip
_SPACED_DECIMALS = re.compile(r"\S+\s+\S+\s+[+-]?\d+,\d+")


@dataclass(frozen=True)
class EdgeColumns:
    """Where an edge table holds what: columns are counted from 0, and `after` is the number of the header's line."""

    separator: str | None
    width: int
    a: int
    b: int
    weight: int | None
    after: int
    decimal_comma: bool


@dataclass(frozen=True)
class _Sample:
    """The first rows of a table; `used` are the columns that are not empty in all of them."""

    path: Path
    separator: str | None
    numbers: Sequence[int]
    rows: Sequence[_Cells]
    used: Sequence[int]

    @property
    def place(self) -> str:
        return f"{self.path}:{self.numbers[0]}"

    @property
    def below(self) -> Sequence[_Cells]:
        """The rows below the first that are as wide as the second."""
        return [row for row in self.rows[1:] if len(row) == len(self.rows[1])]


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
    if head.first[1].lower().startswith("%%matrixmarket"):
        raise InputError(f"{head.path}: found a Matrix Market file; list its edges, one a line, by the names of genes")
    sample = _sample(head)
    if columns is not None:
        return _asked(head, sample, columns)
    if len(sample.used) < 2:
        raise InputError(
            f"{sample.place}: found {len(sample.used)} columns, expected two names and perhaps a weight; give the"
            " network as an edge list or the right format"
        )
    row_names = len(sample.rows) > 1 and _has_row_names(sample)
    header = ["", *sample.rows[0]] if row_names else list(sample.rows[0])
    if len(sample.used) == 2 and not row_names:
        a, b = sample.used
        return _columns(sample, (a, b, None), header if _names_columns(sample, a, b) else None)
    pair = name_pair(header)
    if len(sample.used) == 3 and not row_names:
        a, b, last = sample.used
        if _may_be_weight(sample.rows[0][last] if last < len(sample.rows[0]) else ""):
            return _columns(sample, (a, b, last), None)
        pair = pair or (a, b)
    elif pair is None:
        raise _too_wide(sample)
    return _columns(sample, (*pair, _weight_column(sample, header, pair)), header)


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
                return [cell.strip() for cell in rows[0]]
        except csv.Error:
            pass
    return [cell.strip() for cell in line.split(separator)]


def name_pair(header: Sequence[str]) -> tuple[int, int] | None:
    """Return the columns of a header that name the two ends of an edge, such as gene1 and gene2, or source and target.

    >>> name_pair(["id", "Gene_A", "Gene_B", "Weight"])
    (1, 2)
    """
    words = [_plain(name) for name in header]
    pairs = ((i, j) for i, first in enumerate(words) for j, second in enumerate(words) if _are_ends(first, second))
    return next(pairs, None)


def _are_ends(first: str, second: str) -> bool:
    if (first, second) in _PAIRS:
        return True
    last = (first[-1:], second[-1:]) in _ENDINGS and first[:-1] == second[:-1] and first[:-1] in _STEMS
    return last or ((first[:1], second[:1]) in _ENDINGS and first[1:] == second[1:] and first[1:] in _STEMS)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _sample(head: Head) -> _Sample:
    lines = [(number, line) for number, line in head.lines if not line.startswith(COMMENTS)]
    if not lines:
        raise InputError(f"{head.path}: expected edges, found blank lines or comments only; download or copy it again")
    separator = separator_of([line for _, line in lines])
    for number, line in lines:
        if len(line.split(separator, _WIDEST)) > _WIDEST:
            raise InputError(f"{head.path}:{number}: found over {_WIDEST} columns, expected one edge a line")
    rows = [split_line(line, separator) for _, line in lines]
    width = max(len(row) for row in rows[:2])
    if width > 3 and _is_matrix(rows):
        raise InputError(
            f"{head.path}:{lines[0][0]}: found a matrix with a row and a column for each gene, expected one edge a"
            " line; write it as two names and a weight a line"
        )
    used = [k for k in range(width) if any(row[k] for row in rows if k < len(row))]
    return _Sample(head.path, separator, [number for number, _ in lines], rows, used)


def _is_matrix(rows: Sequence[_Cells]) -> bool:
    """Return whether the columns have the same names as the rows, with or without a name of the first column."""
    columns, names = [name for name in rows[0] if name], [row[0] for row in rows[1:]]
    n = min(len(columns) - 1, len(names))
    return n >= 2 and names[:n] in (columns[:n], columns[1 : n + 1])


def _has_row_names(sample: _Sample) -> bool:
    """Return whether the first line is a header without a name for the numbers of the rows, as R writes it."""
    below = [row[0] for row in sample.rows[1:]]
    shorter = len(sample.rows[0]) == len(sample.rows[1]) - 1
    return shorter and below == [str(k) for k in range(1, len(below) + 1)]


def _names_columns(sample: _Sample, a: int, b: int) -> bool:
    """Return whether the first of several rows of two words is a header: no name is like its words."""
    first = [sample.rows[0][a], sample.rows[0][b]]
    names = {row[k] for row in sample.below for k in (a, b)} if len(sample.rows) > 1 else set()
    if not names or names & set(first) or "" in first:
        return False
    shapes = {_shape(name) for name in names}
    return name_pair(first) is not None or not shapes & {_shape(word) for word in first}


def _shape(name: str) -> str:
    return re.sub(r"[A-Z]+", "A", re.sub(r"[a-z]+", "a", re.sub(r"[0-9]+", "9", name)))


def _weight_column(sample: _Sample, header: _Cells, pair: tuple[int, int]) -> int | None:
    """Return the column of the weight under a header, None if there is none, or raise InputError if it is open."""
    rest = [k for k in range(len(header)) if k not in pair and _plain(header[k]) not in ("", "unnamed0")]
    numeric = [k for k in rest if any(_looks_numeric(row[k]) for row in sample.below if k < len(row))]
    known = [k for name in _WEIGHTS for k in numeric if _plain(header[k]) == name]
    if known:
        return known[0]
    if len(rest) == 1 and numeric:
        return numeric[0]
    names = ", ".join(f"'{header[k]}'" for k in numeric)
    if numeric:
        raise InputError(
            f"{sample.place}: found numbers in the columns {names[:200]}, any of which may be the weight; name the"
            f" columns of the edges, as in `columns: [{header[pair[0]]}, {header[pair[1]]}, {header[numeric[0]]}]`"
        )
    if name_pair(header) is None:
        text = sample.rows[-1][rest[0]] if rest and rest[0] < len(sample.rows[-1]) else ""
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
    first = ", ".join(f"'{cell[:20]}'" for cell in sample.rows[0][:6])
    return InputError(
        f"{sample.place}: found {len(sample.rows[0])} columns, expected two names and perhaps a weight, in {first}; say"
        " which by their names in the header or their numbers, as in `columns: [1, 2, 3]`"
    )


def _asked(head: Head, sample: _Sample, columns: Sequence[str | int]) -> EdgeColumns:
    names = [column for column in columns if isinstance(column, str)]
    if names:
        header, after = _named_header(head, sample, names)
        below = [(number, row) for number, row in zip(sample.numbers, sample.rows) if number > after]
        numbers, rows = [after, *(number for number, _ in below)], [header, *(row for _, row in below)]
        sample = _Sample(sample.path, sample.separator, numbers, rows, ())
        if len(sample.rows) > 1 and _has_row_names(sample):
            header = ["", *header]
        chosen = [header.index(column) if isinstance(column, str) else column - 1 for column in columns]
    else:
        header = list(sample.rows[0])
        chosen = [column - 1 for column in columns if isinstance(column, int)]
    width = len(sample.rows[-1])
    if max(chosen) >= width:
        raise InputError(f"{sample.place}: found {width} columns, expected the column {max(chosen) + 1} of `columns`")
    a, b = chosen[:2]
    weight = chosen[2] if len(chosen) > 2 else None
    if not names:
        cell = "" if weight is None else header[weight]
        named = _names_columns(sample, a, b) if weight is None else not _may_be_weight(cell)
        return _columns(sample, (a, b, weight), header if named else None)
    return _columns(sample, (a, b, weight), header)


def _named_header(head: Head, sample: _Sample, names: Sequence[str]) -> tuple[list[str], int]:
    for number, line in head.lines:
        cells = split_line(line.lstrip("#% ") if line.startswith(COMMENTS) else line, sample.separator)
        if set(names) <= set(cells):
            return cells, number
    missing = next((name for name in names if name not in sample.rows[0]), names[0])
    present = ", ".join(f"'{cell[:20]}'" for cell in sample.rows[0][:12])
    raise InputError(
        f"{sample.place}: expected the column '{missing}' of `columns`, found {present}; correct `columns`"
    )


def _columns(sample: _Sample, chosen: tuple[int, int, int | None], header: _Cells | None) -> EdgeColumns:
    """Return the columns, and say in the log what is read as a header and what is taken from a wide table."""
    a, b, weight = chosen
    rows = sample.rows[1:] if header is not None else sample.rows
    after = sample.numbers[0] if header is not None else 0
    width = len(rows[0]) if rows else len(sample.rows[0])
    if header is not None:
        text = (sample.separator or " ").join(header)
        weighed = "each edge weighs 1" if weight is None else f"weighed by '{header[weight]}'"
        _log.info(
            "%s:%d: '%s' is read as a header; edges go from '%s' to '%s', %s",
            sample.path, after, text[:200], header[a], header[b], weighed,
        )  # fmt: skip
    commas = False
    if weight is not None and sample.separator != ",":
        texts = [row[weight] for row in rows if weight < len(row)]
        commas = any(map(has_decimal_comma, texts))
        if commas:
            _log.info("%s: the weights have decimal commas", sample.path)
    return EdgeColumns(sample.separator, width, a, b, weight, after, commas)
