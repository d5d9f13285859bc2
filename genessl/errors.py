"""The one exception a user has to know, and the likeliest remedy of a misspelt name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

# What would end the line or be no text: a name that a file holds may have any characters.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class InputError(ValueError):
    r"""A mistake in the user's input: where, what was found, what was expected and the remedy, in one sentence.

    >>> str(InputError("vectors.h5: found no vector for 'a\nb'"))
    "vectors.h5: found no vector for 'a b'"
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(_CONTROL.sub(" ", sentence))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known name most like a word, as the part of a sentence; "" where none is like it.

    Examples
    --------
    >>> nearest("strnig", ["string", "krogan"])
    ", did you mean 'string'?"
    """
    near = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean '{near[0]}'?" if near else ""
