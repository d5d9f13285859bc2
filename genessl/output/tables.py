"""Reading the tables that another genessl command wrote, and the options that name files by model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from genessl.data.text_files import read_lines
from genessl.errors import InputError


def read_table(path: Path, columns: list[str], *, numbers: Collection[str] = ()) -> pd.DataFrame:
    """Read a tab-separated table; all columns but those in `numbers` are text.

    Raises
    ------
    InputError
        If the file cannot be read, has other columns, or holds text among the numbers.
    """
    rows = []
    for number, line in read_lines(path):
        fields = line.split("\t")
        if number == 1 and fields != columns:
            raise InputError(
                f"{path}:1: expected the columns {', '.join(columns)}, found {line[:60]!r}; write it again"
            )
        if len(fields) != len(columns):
            raise InputError(f"{path}:{number}: found {len(fields)} columns, expected {len(columns)}; write it again")
        rows.append(fields)
    table = pd.DataFrame(rows[1:], columns=columns)
    try:
        return table.assign(**{name: pd.to_numeric(table[name]) for name in numbers})
    except ValueError as error:
        raise InputError(f"{path}: expected numbers in {', '.join(numbers)} ({error}); write it again") from error


def files_by_model(options: Sequence[str], option: str = "--predictions") -> dict[str, list[Path]]:
    """Return the files of each model from options of the form NAME=FILE; messages name the option.

    Raises
    ------
    InputError
        If an option has another form.

    >>> files_by_model(["a=1.tsv", "a=2.tsv"])["a"][1].name
    '2.tsv'
    """
    files: dict[str, list[Path]] = {}
    for text in options:
        name, _, file = text.partition("=")
        if not file:
            raise InputError(f"{option}: expected NAME=FILE, found {text!r}")
        files.setdefault(name, []).append(Path(file))
    return files
