"""Functions for all pages: read a table, write it as Markdown, and put it between the marks of a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

ASPECTS = ("BPO", "MFO", "CCO")
PROVENANCE = ("commit", "seed", "machine", "time")
_TEXT = {"commit": str, "seed": str, "machine": str, "time": str}
_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table; the columns in `PROVENANCE` are text, and an empty cell of a text column is ''."""
    table = pd.read_csv(path, sep="\t", dtype=_TEXT, na_values=[""], keep_default_na=False)
    texts = [name for name in table.columns if not pd.api.types.is_numeric_dtype(table[name])]
    return table.fillna({name: "" for name in texts})


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[str] = ()) -> str:
    """Return a table as Markdown; the columns in `numbers` are aligned to the right."""
    right = set(numbers)
    rule = "|" + "".join("--:|" if name in right else "---|" for name in head)
    return "\n".join([f"| {' | '.join(head)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)])


def distinct(values: Iterable[object]) -> str:
    """Return the distinct values in the order of their first occurrence."""
    return ", ".join(dict.fromkeys(str(value) for value in values))


def signed(value: float, low: float = float("nan"), high: float = float("nan"), digits: int = 3) -> str:
    """Return a difference with its sign, and with its interval if it is known."""
    interval = "" if pd.isna(low) else f" ({low:+.{digits}f} to {high:+.{digits}f})"
    return f"{value:+.{digits}f}{interval}"


def fill(page: str, blocks: Mapping[str, str]) -> str:
    """Return a page in which the text between the marks is replaced by the tables that the marks name.

    Examples
    --------
    >>> fill("<!-- table: a -->\\nold\\n<!-- end of table -->", {"a": "new"})
    '<!-- table: a -->\\nnew\\n<!-- end of table -->'
    """
    return _BLOCK.sub(lambda found: f"{found[1]}{blocks[found[2]]}\n{found[3]}", page)
