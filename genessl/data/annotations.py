"""Read GAF 1.0 to 2.2 into a table of genes, terms and evidence, of which `labels.py` makes labels."""

from __future__ import annotations

import difflib
import logging
import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from genessl.data.text_files import read_lines
from genessl.errors import InputError

_log = logging.getLogger(__name__)

EXPERIMENTAL = frozenset(("EXP", "IDA", "IPI", "IMP", "IGI", "IEP", "HTP", "HDA", "HMP", "HGI", "HEP", "TAS", "IC"))
KNOWN_CODES = EXPERIMENTAL | frozenset(
    ("ISS", "ISO", "ISA", "ISM", "IGC", "IBA", "IBD", "IKR", "IRD", "RCA", "NAS", "ND", "IEA")
)

_DATE = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})")
_MOST_COLUMNS, _FEWEST_COLUMNS = 17, 15
_POSITION = {
    "gene": 1,
    "symbol": 2,
    "qualifier": 3,
    "term": 4,
    "evidence": 6,
    "with_from": 7,
    "aspect": 8,
    "synonyms": 10,
    "date": 13,
    "assigned_by": 14,
}


def check_evidence(codes: Collection[str]) -> None:
    """Raise InputError for an evidence code that GO does not define, as one chosen to make labels.

    >>> check_evidence(["IDA", "EXP"])
    """
    for code in codes:
        if code not in KNOWN_CODES:
            known = sorted(KNOWN_CODES)
            near = difflib.get_close_matches(str(code), known, n=1)
            meant = f", did you mean '{near[0]}'?" if near else ""
            raise InputError(f"evidence: there is no code '{code}'{meant}; expected some of {', '.join(known)}")


def read_gaf(path: str | Path) -> pd.DataFrame:
    """Read a gene association file of format 1.0, 2.0, 2.1 or 2.2, plain or compressed.

    Every row is kept, whatever its evidence, qualifier or taxon. The first 15 columns are the same in all formats, so
    neither a header nor the last two columns of GAF 2 are needed.

    Returns
    -------
    DataFrame, one row per annotation in file order, with the columns

        line : int, the line in the file, from 1
        gene, symbol, term, evidence, with_from, aspect, synonyms, assigned_by : categorical of str, as in the file
        qualifier : categorical of str, without NOT; several are joined by ``|``
        negated : bool, whether the qualifier held NOT
        date : int64, as YYYYMMDD; 0 where the file holds no date as YYYYMMDD or YYYY-MM-DD

    Raises
    ------
    InputError
        If the file is damaged, has a row of fewer than 15 columns, or no row.
    """
    lines = array("q")
    codes = [array("i") for _ in _POSITION]
    vocabularies = [_vocabulary() for _ in _POSITION]
    positions = list(_POSITION.values())
    for number, line in read_lines(path):
        if line.startswith("!") or not line.strip():
            continue
        fields = line.split("\t", _MOST_COLUMNS)
        if len(fields) < _FEWEST_COLUMNS:
            raise InputError(
                f"{path}:{number}: found {len(fields)} tab-separated columns, expected the 15 to 17 of a GAF;"
                " give annotations as GAF"
            )
        lines.append(number)
        for column, vocabulary, position in zip(codes, vocabularies, positions):
            column.append(vocabulary[fields[position]])
    if not lines:
        raise InputError(f"{path}: expected annotation rows, found comments only; download or copy it again")
    raw = {
        name: pd.Categorical.from_codes(np.array(column, dtype=np.int32), categories=pd.Index(list(vocabulary)))
        for name, column, vocabulary in zip(_POSITION, codes, vocabularies)
    }
    return _tidy(path, np.array(lines, dtype=np.int64), raw)


def _vocabulary() -> defaultdict[str, int]:
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    return numbers


def _tidy(path: str | Path, lines: NDArray[np.int64], raw: dict[str, pd.Categorical[str]]) -> pd.DataFrame:
    dates = _mapped(raw["date"], _date_number).astype(np.int64)
    unreadable = int((dates == 0).sum())
    if unreadable:
        example = raw["date"][int(np.flatnonzero(dates == 0)[0])]
        _log.warning(
            "%s: %d of %d rows have no date as YYYYMMDD or YYYY-MM-DD, such as '%s'",
            path,
            unreadable,
            len(lines),
            example,
        )
    columns: dict[str, object] = {"line": lines}
    for name, values in raw.items():
        if name == "qualifier":
            columns["qualifier"] = pd.Categorical(_mapped(values, _without_not))
            columns["negated"] = _mapped(values, _holds_not).astype(bool)
        else:
            columns[name] = dates if name == "date" else values
    return pd.DataFrame(columns)


def _mapped(
    values: pd.Categorical[str], function: Callable[[str], object]
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    of_category = np.empty(len(values.categories), dtype=object)
    of_category[:] = [function(str(value)) for value in values.categories]
    return np.asarray(of_category[values.codes], dtype=object)


def _holds_not(qualifier: str) -> bool:
    return any(part.strip().upper() == "NOT" for part in qualifier.split("|"))


def _without_not(qualifier: str) -> str:
    return "|".join(part for part in qualifier.split("|") if part.strip().upper() != "NOT")


def _date_number(text: str) -> int:
    """Return a date, written as YYYYMMDD or YYYY-MM-DD, as the number YYYYMMDD; 0 for anything else."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return 0
    year, _, month, day = found.groups()
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return 0
    return int(year + month + day)
