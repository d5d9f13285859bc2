"""Folders, files and tables that appear whole or not at all."""

from __future__ import annotations

import csv
import gzip
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from genessl.errors import InputError

_ENDS = re.compile(r"[\t\n\r]")
_NUMBERS = "biuf"  # kinds of numpy's numbers and truth values


@contextmanager
def written_folder(path: str | Path) -> Iterator[Path]:
    """Give a temporary folder to write into; it takes the place of `path` once everything is written.

    Raises
    ------
    InputError
        If `path` is a file, or a folder with nothing in common with the new one, which is not ours to replace.
    """
    path = Path(path).resolve()
    if path.exists() and not path.is_dir():
        raise InputError(f"{path}: found a file, expected a new folder; choose another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        if path.exists():
            _check_replaceable(path, temporary)
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check_replaceable(path: Path, by: Path) -> None:
    held = {entry.name for entry in path.iterdir()} - {by.name}
    if held and held.isdisjoint(entry.name for entry in by.iterdir()):
        raise InputError(
            f"{path}: found a folder that holds '{min(held)}', expected a new folder or an earlier version of what is"
            " written; choose another name"
        )


@contextmanager
def written_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary file name to write to; the file takes the place of `path` once it is written."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def one_field(value: Any) -> Any:
    """Return a text without the tabs and line ends that would end a field of a table; anything else as it is."""
    return _ENDS.sub(" ", value) if isinstance(value, str) and _ENDS.search(value) else value


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a tab-separated table, gzipped where the name ends in .gz; the same table gives the same bytes.

    Nothing is quoted, so that a text is found between its tabs as it is; a tab or line end within it becomes a space.
    """
    with written_file(path) as temporary:
        texts = [name for name in table.columns if table[name].dtype.kind not in _NUMBERS]
        plain = table.assign(**{name: table[name].astype(object).map(one_field) for name in texts})
        text = plain.to_csv(sep="\t", index=False, quoting=csv.QUOTE_NONE).encode()
        if Path(path).suffix == ".gz":
            with temporary.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
                file.write(text)
        else:
            temporary.write_bytes(text)
