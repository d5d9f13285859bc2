"""The one exception a user has to know, and the likeliest remedy of a misspelt name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """A mistake in the user's input: where, what was found, what was expected and the remedy, in one sentence."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known name most like a word, as the part of a sentence; "" where none is like it.

    Examples
    --------
    >>> nearest("strnig", ["string", "krogan"])
    ", did you mean 'string'?"
    """
    near = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean '{near[0]}'?" if near else ""
