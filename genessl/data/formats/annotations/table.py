"""The table that every annotation format gives, with what was mended in it counted by reason."""

from __future__ import annotations

import logging
import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from operator import itemgetter
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from genessl.data.evidence import KNOWN_CODES
from genessl.data.formats.annotations.eco_codes import CODE_OF_ECO
from genessl.errors import InputError

_log = logging.getLogger(__name__)

FIELDS = (
    "gene",
    "symbol",
    "qualifier",
    "term",
    "evidence",
    "with_from",
    "aspect",
    "name",
    "synonyms",
    "date",
    "assigned_by",
)
ELECTRONIC = "IEA"

_SPACES = "rows with spaces around a field, which were cut"
_QUOTES = "rows with quotes around a field, which were cut"
_NAMELESS = "rows without an object identifier, named by symbol or synonyms"
_CASES = {
    "term": "rows with a GO identifier written in another way",
    "evidence": "rows with an evidence code in lower case or of ECO",
    "aspect": "rows with an aspect in lower case",
    "qualifier": "rows with a NOT in lower case or other separators of qualifiers",
}
_ROWS_AT_ONCE = 200
_PLACEHOLDERS = frozenset(("", "-", ".", "?", "na", "n/a", "nan", "null", "none"))
_DATE = re.compile(r"([0-9]{4})([-/.]?)([0-9]{2})\2([0-9]{2})(?:[T ].*)?")
_NAMED_DATE = re.compile(r"([0-9]{1,2})[- ]([A-Za-z]{3})[a-z]*[- ]([0-9]{4})")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_GO_ID = re.compile(r"(?:(?:https?://purl\.obolibrary\.org/obo/)?go[:_ ]?)?([0-9]{7})", re.IGNORECASE)
_QUALIFIERS = re.compile(r"[|,;\s]+|(?<=\bNOT)[:_-]+", re.IGNORECASE)
_Texts = "pd.Categorical[str]"


def annotation_table(
    path: str | Path,
    rows: Iterable[tuple[int, Sequence[str]]],
    positions: Mapping[str, int],
    *,
    repairs: Mapping[str, int] | None = None,
    computed: str = "",
) -> pd.DataFrame:
    """Make a table of annotations from the fields of each row.

    Parameters
    ----------
    path : str or Path
        The file, for messages.
    rows : iterable of (int, sequence of str)
        Line number and fields of each row.
    positions : mapping of str to int
        Place of each of `FIELDS` in a row; those that the format lacks are empty.
    repairs : mapping of str to int, optional
        What the format's reader mended, by reason; it is read once all rows are.
    computed : str
        Title of the format if its files hold predictions of a program only.

    Returns
    -------
    DataFrame
        As `genessl.data.annotations.read_annotations` describes it.
    """
    lines = array("q")
    codes = {name: array("i") for name in positions}
    vocabularies = {name: _vocabulary() for name in positions}
    rows = iter(rows)
    while block := list(islice(rows, _ROWS_AT_ONCE)):
        lines.extend(map(itemgetter(0), block))
        fields = [row for _, row in block]
        for name, position in positions.items():
            codes[name].extend(map(vocabularies[name].__getitem__, map(itemgetter(position), fields)))
    if not lines:
        raise InputError(f"{path}: expected annotation rows, found comments only; download or copy it again")
    raw = {
        name: _texts(np.array(codes[name], dtype=np.int32), list(vocabularies[name]))
        if name in positions
        else _texts(np.zeros(len(lines), dtype=np.int32), [""])
        for name in FIELDS
    }
    table = _tidy(path, np.array(lines, dtype=np.int64), raw, dict(repairs or {}), dated=not computed)
    table.attrs["newest"] = 0 if computed else int(table["date"].max())
    if computed:
        table.attrs["computed"] = computed
    return table


def joined_tables(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the tables of several files one below the other, with what was mended in any of them."""
    if len(tables) == 1:
        return tables[0]
    repairs: dict[str, int] = {}
    for table in tables:
        for reason, count in table.attrs["repairs"].items():
            repairs[reason] = repairs.get(reason, 0) + count
    columns = {name: _stacked([table[name] for table in tables]) for name in tables[0].columns}
    joined = pd.DataFrame(columns)
    joined.attrs["repairs"] = repairs
    joined.attrs["newest"] = max(table.attrs["newest"] for table in tables)
    if computed := sorted({table.attrs["computed"] for table in tables if "computed" in table.attrs}):
        joined.attrs["computed"] = " and ".join(computed)
    return joined


def date_number(text: str) -> int:
    """Return a date as the number YYYYMMDD; 0 for what is no date.

    Dates are written year first (YYYYMMDD, or with ``-``, ``/`` or ``.``, perhaps with a time), or as 1-Jan-2020. One
    after next year is a mistake in writing, which must not say until when annotations were known.

    >>> date_number("2020-01-31T10:00:00"), date_number("31-Jan-2020"), date_number("31/01/2020")
    (20200131, 20200131, 0)
    """
    text = text.strip()
    if found := _DATE.fullmatch(text):
        year, month, day = int(found[1]), int(found[3]), int(found[4])
    elif found := _NAMED_DATE.fullmatch(text):
        year, month, day = int(found[3]), _MONTHS.find(found[2].lower()) // 4 + 1, int(found[1])
    else:
        return 0
    try:
        date(year, month, day)
    except ValueError:
        return 0
    if year > date.today().year + 1:
        return 0
    return 10_000 * year + 100 * month + day


def _vocabulary() -> defaultdict[str, int]:
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    return numbers


def _texts(codes: NDArray[np.int32], categories: list[str]) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(codes, categories=pd.Index(categories, dtype=object))


def _stacked(columns: list[pd.Series[str]]) -> object:
    if isinstance(columns[0].dtype, pd.CategoricalDtype):
        return union_categoricals(columns)
    return np.concatenate([column.to_numpy() for column in columns])


def _tidy(
    path: str | Path,
    lines: NDArray[np.int64],
    raw: dict[str, pd.Categorical[str]],
    repairs: dict[str, int],
    *,
    dated: bool,
) -> pd.DataFrame:
    spaced = np.zeros(len(lines), dtype=bool)
    for name, values in raw.items():
        raw[name] = _changed(values, str.strip, spaced)
    repairs[_SPACES] = int(spaced.sum())
    repairs[_QUOTES] = _cut_quotes(raw)
    negated = _of_category(raw["qualifier"], _holds_not).astype(bool)
    for name, function in (("term", _term), ("evidence", _evidence), ("aspect", _aspect), ("qualifier", _qualifier)):
        mended = np.zeros(len(lines), dtype=bool)
        raw[name] = _changed(raw[name], function, mended)
        repairs[_CASES[name]] = int(mended.sum())
    raw["qualifier"] = _changed(raw["qualifier"], _without_not, np.zeros(len(lines), dtype=bool))
    raw["gene"], repairs[_NAMELESS] = _named(raw)
    dates = _of_category(raw["date"], date_number).astype(np.int64)
    if dated:
        _warn_of_dates(path, raw["date"], dates)
    columns: dict[str, object] = {"line": lines}
    for name, values in raw.items():
        columns[name] = dates if name == "date" else values
        if name == "qualifier":
            columns["negated"] = negated
    table = pd.DataFrame(columns)
    table.attrs["repairs"] = {reason: count for reason, count in repairs.items() if count}
    for reason, count in table.attrs["repairs"].items():
        _log.warning("%s: %d %s", path, count, reason)
    return table


def _of_category(values: pd.Categorical[str], function: Callable[[str], object]) -> NDArray[np.object_]:
    of_category = np.empty(len(values.categories), dtype=object)
    of_category[:] = [function(str(value)) for value in values.categories]
    return np.asarray(of_category[values.codes], dtype=object)


def _changed(
    values: pd.Categorical[str], function: Callable[[str], str], changed: NDArray[np.bool_]
) -> pd.Categorical[str]:
    """Apply a function to each distinct text, and mark the rows whose text it changes."""
    before = values.categories.tolist()
    after = [function(text) for text in before]
    if before == after:
        return values
    changed |= np.array([a != b for a, b in zip(before, after)])[values.codes]
    vocabulary = _vocabulary()
    places = np.array([vocabulary[text] for text in after], dtype=np.int32)
    return _texts(places[values.codes], list(vocabulary))


def _cut_quotes(raw: dict[str, pd.Categorical[str]]) -> int:
    """Cut the quotes around all fields of the rows whose term is in quotes, in place; return the number of such rows.

    R and some spreadsheets put every field in quotes. Where the term has none, quotes are part of a name.
    """
    quoted = _of_category(raw["term"], lambda text: text != _unquoted(text)).astype(bool)
    if quoted.any():
        for name, values in raw.items():
            bare = _changed(values, _unquoted, np.zeros(len(quoted), dtype=bool))
            vocabulary = _vocabulary()
            texts = np.where(quoted, np.asarray(bare, dtype=object), np.asarray(values, dtype=object)).tolist()
            raw[name] = _texts(np.array([vocabulary[text] for text in texts], dtype=np.int32), list(vocabulary))
    return int(quoted.sum())


def _unquoted(text: str) -> str:
    if len(text) < 2 or not (text[0] == text[-1] == '"'):
        return text
    return text[1:-1].replace('""', '"').strip()


def _term(text: str) -> str:
    found = _GO_ID.fullmatch(text)
    return f"GO:{found[1]}" if found else text


def _evidence(text: str) -> str:
    upper = text.upper()
    return CODE_OF_ECO.get(upper, upper if upper in KNOWN_CODES else text)


def _aspect(text: str) -> str:
    return text.upper() if len(text) == 1 else text


def _holds_not(qualifier: str) -> bool:
    return any(part.upper() == "NOT" for part in _QUALIFIERS.split(qualifier))


def _qualifier(text: str) -> str:
    return "|".join("NOT" if part.upper() == "NOT" else part for part in _QUALIFIERS.split(text) if part)


def _without_not(qualifier: str) -> str:
    return "|".join(part for part in qualifier.split("|") if part != "NOT")


def _named(raw: Mapping[str, pd.Categorical[str]]) -> tuple[pd.Categorical[str], int]:
    """Name the rows that lack an object identifier, each by its own symbol or else its synonyms.

    Where the symbol belongs to one object of other rows, the row is taken as one of that object. A placeholder such as
    NA counts as an identifier unless it stands beside several symbols or synonyms, because genes have such names. What
    has no symbol and no synonym keeps an empty identifier.
    """
    genes, symbols, synonyms = raw["gene"], raw["symbol"], raw["synonyms"]
    nameless = np.zeros(len(genes), dtype=bool)
    for code, name in enumerate(genes.categories):
        if str(name).lower() in _PLACEHOLDERS:
            rows = genes.codes == code
            described = set(zip(symbols.codes[rows].tolist(), synonyms.codes[rows].tolist()))
            nameless |= rows & (not name or len(described) > 1)
    if not nameless.any():
        return genes, 0
    names = list(genes.categories[genes.codes])
    objects: dict[str, set[str]] = {}
    for row in np.flatnonzero(~nameless & np.isin(symbols.codes, symbols.codes[nameless])).tolist():
        objects.setdefault(str(symbols[row]), set()).add(names[row])
    count = 0
    for row in np.flatnonzero(nameless).tolist():
        words = (str(text) for text in (symbols[row], synonyms[row]))
        name = next((word for word in words if word.lower() not in _PLACEHOLDERS), "")
        found = objects.get(name, set()) if name else set()
        names[row] = next(iter(found)) if len(found) == 1 else name
        count += bool(name)
    vocabulary = _vocabulary()
    codes = np.fromiter((vocabulary[name] for name in names), dtype=np.int32, count=len(names))
    return _texts(codes, list(vocabulary)), count


def _warn_of_dates(path: str | Path, texts: pd.Categorical[str], dates: NDArray[np.int64]) -> None:
    unreadable = np.flatnonzero(dates == 0)
    if len(unreadable):
        _log.warning(
            "%s: %d of %d rows have no date as YYYYMMDD or YYYY-MM-DD, such as '%s'",
            path,
            len(unreadable),
            len(dates),
            texts[int(unreadable[0])],
        )


def electronic_rows(
    found: Iterable[tuple[int, str, str, str, str]], *, assigned_by: str
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Give rows of line, gene, term, with_from and date as fields of `ELECTRONIC_POSITIONS`."""
    for line, gene, term, with_from, day in found:
        yield line, (gene, term, ELECTRONIC, with_from, day, assigned_by)


ELECTRONIC_POSITIONS = {"gene": 0, "term": 1, "evidence": 2, "with_from": 3, "date": 4, "assigned_by": 5}
