"""What a file format is to genessl: how it is recognised, what it gives and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genessl.data.text_files import Head
from genessl.errors import InputError

_SHOWN = 40


@dataclass(frozen=True)
class Format:
    """One file format, a row of the table from which the page of all formats is made.

    Parameters
    ----------
    name : str
        Short name in lower case, such as ``string_aliases``; networks may name it as their `format`.
    title : str
        What people call it, such as "STRING aliases".
    recognised : str
        By what content it is recognised, a sentence without its full stop.
    gives : str
        What is taken from it.
    refuses : str
        What ends in an error, or is left out and counted.
    matches : callable
        Whether a file is of this format, told by its `Head`, or by its path where the format is binary; the first
        format of a kind that matches is taken.
    read : callable
        It takes the path, and what else the kind of format needs, and returns the kind's table.
    check : callable
        It raises InputError if the `Head` shows that the file cannot be read, although it is of this format.
    """

    name: str
    title: str
    recognised: str
    gives: str
    refuses: str
    matches: Callable[[Any], bool]
    read: Callable[..., Any]
    check: Callable[[Head], None] = lambda head: None


def recognise(head: Head, formats: Sequence[Format], what: str) -> Format:
    """Return the format of a file.

    Parameters
    ----------
    head : Head
    formats : sequence of Format
        In the order in which they are tried.
    what : str
        What the file should hold, such as "an alias table".

    Raises
    ------
    InputError
        If no format matches; the sentence lists those that are read.
    """
    for found in formats:
        if found.matches(head):
            return found
    number, line = head.first
    titles = ", ".join(format.title for format in formats)
    raise InputError(
        f"{Path(head.path)}:{number}: found '{line[:_SHOWN]}', expected {what} as one of: {titles}; convert the file"
    )
