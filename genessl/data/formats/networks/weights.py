"""Weights of edges as text in, numbers out."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genessl.data.formats.networks.edge_blocks import Block
from genessl.errors import InputError

NO_WEIGHT, NEGATIVE_WEIGHT = "no weight", "negative weight"
SIGNS = ("absolute", "positive")
_MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "."})
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_LARGEST = float(np.finfo(np.float32).max)
_Losses = list[tuple[str, NDArray[np.bool_]]]


def read_scores(block: Block, column: int) -> NDArray[np.float64]:
    """Return the numbers of a column, each of which has to be there and at least 0."""
    values = _numbers(block.columns[column])
    if values is not None and ((values >= 0) & (values <= _LARGEST)).all():
        return values
    number, text = next((n, text) for n, text in zip(block.numbers, block.columns[column]) if not _is_score(text))
    raise InputError(f"{block.path}:{number}: found the weight '{text}', expected a number of at least 0; correct it")


def read_weights(
    block: Block, column: int, *, sign: str | None, decimal_comma: bool
) -> tuple[NDArray[np.float64], _Losses]:
    """Return the weights of a column, and which rows are left out for want of one.

    Raises
    ------
    InputError
        If a weight is no number, infinite or too large, or negative although `sign` does not say what that means.
    """
    texts: Sequence[str] = block.columns[column]
    if decimal_comma:
        _check_points(block, column)
        texts = [text.replace(",", ".") if has_decimal_comma(text) else text for text in texts]
    values = _numbers(texts)
    if values is None:
        values = np.array([_number_or_nan(text) for text in texts], dtype=np.float64)
    if ((values >= 0) & (values <= _LARGEST)).all():
        return values, []
    missing = np.isnan(values)
    negative = values < 0
    infinite = np.abs(values) > _LARGEST
    wrong = infinite | (missing & np.array([not is_missing(text) for text in texts], dtype=bool))
    if sign is None:
        wrong |= negative
    if wrong.any():
        raise _wrong_weight(block, column, int(np.flatnonzero(wrong)[0]), negative & ~infinite)
    losses = [(NO_WEIGHT, missing)]
    if sign == "positive":
        losses.append((NEGATIVE_WEIGHT, negative))
    return np.abs(values), losses


def _wrong_weight(block: Block, column: int, row: int, negative: NDArray[np.bool_]) -> InputError:
    place, text = f"{block.path}:{block.numbers[row]}", block.columns[column][row]
    remedy = "correct it, or name the columns by `columns`"
    if negative[row]:
        remedy = "set `sign: absolute` to take the size of weights, or `sign: positive` to leave negative ones out"
    return InputError(f"{place}: found the weight '{text[:40]}', expected a number of at least 0; {remedy}")


def is_number(text: str) -> bool:
    """Return whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_missing(text: str) -> bool:
    """Return whether a text stands for a number that is not known."""
    return text.strip().lower() in _MISSING


def has_decimal_comma(text: str) -> bool:
    """Return whether a text is a number with a decimal comma."""
    return _DECIMAL_COMMA.fullmatch(text.strip()) is not None


def may_be_thousands(text: str) -> bool:
    """Return whether the comma of a number may mark thousands, as in 1,234."""
    return _THOUSANDS.fullmatch(text.strip()) is not None


def _check_points(block: Block, column: int) -> None:
    for number, text in zip(block.numbers, block.columns[column]):
        if "." in text and not is_missing(text):
            raise InputError(
                f"{block.path}:{number}: found the weight '{text[:40]}' among weights with decimal commas; write all"
                " alike"
            )


def _numbers(texts: Sequence[str]) -> NDArray[np.float64] | None:
    try:
        return np.fromiter(map(float, texts), dtype=np.float64, count=len(texts))
    except ValueError:
        return None


def _number_or_nan(text: str) -> float:
    return float(text) if is_number(text) else float("nan")


def _is_score(text: str) -> bool:
    return is_number(text) and 0 <= float(text) <= _LARGEST
