"""Gene product association data, GPAD 1.1, 1.2 and 2.0."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from genessl.data.formats.annotations.eco_codes import CODE_OF_ECO
from genessl.data.formats.annotations.table import annotation_table
from genessl.data.formats.format import Format
from genessl.data.text_files import Head, read_lines
from genessl.errors import InputError

_FEWEST_COLUMNS = 10
_POSITION = {"gene": 0, "qualifier": 1, "term": 2, "evidence": 3, "with_from": 4, "date": 5, "assigned_by": 6}
_TERM, _ECO, _WITH_FROM, _DATE, _ASSIGNED_BY, _PROPERTIES = 3, 5, 6, 8, 9, 11
_GO_EVIDENCE = re.compile(r"(?:^|\|)\s*go_evidence\s*=\s*([A-Za-z]+)")
_RELATION = re.compile(r"(RO|BFO):[0-9]{7}")
_RELATIONS = {
    "RO:0002327": "enables",
    "RO:0002326": "contributes_to",
    "RO:0002331": "involved_in",
    "RO:0002263": "acts_upstream_of",
    "RO:0004034": "acts_upstream_of_positive_effect",
    "RO:0004035": "acts_upstream_of_negative_effect",
    "RO:0002264": "acts_upstream_of_or_within",
    "RO:0004032": "acts_upstream_of_or_within_positive_effect",
    "RO:0004033": "acts_upstream_of_or_within_negative_effect",
    "RO:0001025": "located_in",
    "RO:0002432": "is_active_in",
    "RO:0002325": "colocalizes_with",
    "BFO:0000050": "part_of",
}
_FORM = re.compile(r"([A-Z0-9]{6,10})(?::PRO_[0-9]+|:VAR_[0-9]+|-[0-9]+)")
_FORMS = "rows of an isoform or a chain, taken as its protein"


def read_gpad(path: str | Path) -> pd.DataFrame:
    """Read gene product association data of format 1.1 or 1.2.

    Raises
    ------
    InputError
        If the file is damaged, has a row of fewer than 10 columns, or no row.
    """
    return _read(path, lambda fields: (fields[0], fields[1], fields[2]))


def read_gpad_2(path: str | Path) -> pd.DataFrame:
    """Read gene product association data of format 2.0; raises as `read_gpad`."""
    return _read(path, _object_of_2)


def _object_of_2(fields: list[str]) -> tuple[str, str, str]:
    database, _, name = fields[0].rpartition(":") if fields[0].count(":") == 1 else fields[0].partition(":")
    relation = fields[2].strip()
    return database, name, "|".join(filter(None, (fields[1].strip(), _RELATIONS.get(relation, relation))))


def _read(path: str | Path, object_of: Callable[[list[str]], tuple[str, str, str]]) -> pd.DataFrame:
    repairs = {_FORMS: 0}
    return annotation_table(path, _rows(path, object_of, repairs), _POSITION, repairs=repairs)


def _rows(
    path: str | Path, object_of: Callable[[list[str]], tuple[str, str, str]], repairs: dict[str, int]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    for number, line in read_lines(path):
        if line.startswith("!") or not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) < _FEWEST_COLUMNS:
            raise InputError(
                f"{path}:{number}: found {len(fields)} tab-separated columns, expected the 10 to 12 of a GPAD;"
                " download or copy it again"
            )
        database, name, qualifier = object_of(fields)
        if database.strip() == "UniProtKB" and (form := _FORM.fullmatch(name.strip())):
            name = form[1]
            repairs[_FORMS] += 1
        yield (
            number,
            (
                name,
                qualifier,
                fields[_TERM],
                _evidence(fields),
                fields[_WITH_FROM],
                fields[_DATE],
                fields[_ASSIGNED_BY],
            ),
        )


def _evidence(fields: list[str]) -> str:
    """Return the GO evidence code: as a property of the row states it, else that of its ECO term."""
    stated = _GO_EVIDENCE.search(fields[_PROPERTIES]) if len(fields) > _PROPERTIES else None
    eco = fields[_ECO].strip()
    return stated[1].upper() if stated else CODE_OF_ECO.get(eco, eco)


def _matches(head: Head) -> bool:
    return _version(head) == 1


def _matches_2(head: Head) -> bool:
    return _version(head) == 2


def _version(head: Head) -> int:
    for _, line in head.lines:
        if line.startswith(("!gpa-version", "!gpad-version")):
            return 2 if line.partition(":")[2].strip().startswith("2") else 1
    rows = head.columns()
    if not rows or not _FEWEST_COLUMNS <= len(rows[0]) <= 12 or not rows[0][_ECO].strip().startswith("ECO:"):
        return 0
    return 2 if _RELATION.match(rows[0][2].strip()) else 1


_GIVES = (
    "every row, with its object, qualifier, term, With/From, date, source, and the GO evidence code that belongs to its"
    " ECO term; symbols and synonyms come from a GPI file under `identifiers`"
)
_REFUSES = (
    "a row of fewer than 10 columns; isoforms and chains of UniProt proteins count as the protein, and rows whose ECO"
    " term belongs to no GO code as electronic, both counted"
)

FORMAT = Format(
    name="gpad",
    title="GPAD 1.1 and 1.2",
    recognised="A line '!gpa-version: 1', or 10 to 12 columns with an ECO term in the sixth",
    gives=_GIVES,
    refuses=_REFUSES,
    matches=_matches,
    read=read_gpad,
)
FORMAT_2 = Format(
    name="gpad_2",
    title="GPAD 2.0",
    recognised="A line '!gpad-version: 2', or the columns of GPAD 1 with a relation (RO or BFO) in the third column",
    gives=_GIVES,
    refuses=_REFUSES,
    matches=_matches_2,
    read=read_gpad_2,
)
