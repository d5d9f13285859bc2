"""Labels of plain arrays: y, with -1 for unknown labels, as integer codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.utils.multiclass import check_classification_targets

from genessl.errors import InputError
from genessl.models.supervision import Supervision
from genessl.semi_supervised.pseudo_labels.lessons import choose_by_quota

UNKNOWN = -1
Codes = NDArray[np.intp]


@dataclass(frozen=True)
class ArrayLabels:
    """The labels given to `fit`, as integer codes.

    Parameters
    ----------
    codes : ndarray of int, shape (n_samples, n_columns)
        -1 where unknown. Classes that exclude each other are one column of 0, 1, ..., n_classes - 1. Labels that do not
        exclude each other are one column of 1 and 0 each.
    classes : ndarray
        Sorted classes, or 0, 1, ..., n_labels - 1.
    exclusive : bool
        Whether classes exclude each other.
    """

    codes: Codes
    classes: NDArray[Any]
    exclusive: bool

    @classmethod
    def of(cls, y: NDArray[Any]) -> ArrayLabels:
        """Read y, shape (n_samples,) for exclusive classes, else (n_samples, n_labels).

        Raises
        ------
        InputError
            If fewer than two classes are known, if a label has no known value, or if y of several columns holds
            anything but 1, 0 and -1.
        """
        return _read_labels(y) if y.ndim == 2 else _read_classes(y)

    def decode(self, codes: Codes, y: NDArray[Any]) -> NDArray[Any]:
        """Return codes as values of y; -1 stays -1."""
        if not self.exclusive:
            return codes.astype(y.dtype)
        taught, decoded = codes[:, 0] != UNKNOWN, np.full_like(y, UNKNOWN)
        decoded[taught] = self.classes[codes[taught, 0]]
        return decoded

    def supervision(self) -> Supervision:
        """Return the labels as a supervision: exclusive classes share one aspect, other labels have one aspect each."""
        positive = self.codes == np.arange(len(self.classes)) if self.exclusive else self.codes == 1
        aspects = np.zeros(len(self.classes), dtype=np.intp) if self.exclusive else np.arange(len(self.classes))
        names = np.arange(len(positive)).astype(np.str_)
        return Supervision.from_labels(names, csr_array(positive), self.codes != UNKNOWN, aspects)

    def choose_lesson(self, probability: NDArray[Any], quota: float) -> Codes:
        """Choose codes to teach by `choose_by_quota`; -1 where none is taught, which includes all known labels.

        Parameters
        ----------
        probability : ndarray of float, shape (n_samples, n_classes)
        quota : float
            In (0, 1].
        """
        everyone = np.ones(len(self.codes), dtype=bool)
        positive, negative = choose_by_quota(probability, self.supervision(), everyone, quota=quota)
        if not self.exclusive:
            return np.where(positive, 1, np.where(negative, 0, UNKNOWN))
        most_probable = np.where(positive, probability, -1.0).argmax(axis=1)
        return np.where(positive.any(axis=1), most_probable, UNKNOWN)[:, None]

    def teaches(self, lesson: Codes) -> bool:
        """Return whether any class or label is taught as present."""
        return bool((lesson >= (0 if self.exclusive else 1)).any())


def united(lessons: list[Codes]) -> Codes:
    """Return the codes that any view taught; -1 where no view taught one or views taught different ones."""
    together = lessons[0]
    for other in lessons[1:]:
        agree = (together == UNKNOWN) | (other == UNKNOWN) | (together == other)
        together = np.where(agree, np.maximum(together, other), UNKNOWN)
    return together


def _read_classes(y: NDArray[Any]) -> ArrayLabels:
    text = y.dtype.kind in "OUS"
    known = np.array([str(label) != str(UNKNOWN) for label in y.tolist()]) if text else y != UNKNOWN
    check_classification_targets(y[known])
    classes, numbers = np.unique(y[known], return_inverse=True)
    if len(classes) < 2:
        raise InputError(
            f"y: the known labels are of {len(classes)} class, expected two or more; -1 is no class but means unknown"
        )
    codes = np.full((len(y), 1), UNKNOWN, dtype=np.intp)
    codes[known, 0] = numbers
    return ArrayLabels(codes, classes, exclusive=True)


def _read_labels(y: NDArray[Any]) -> ArrayLabels:
    strange = y[~np.isin(y, (UNKNOWN, 0, 1))].tolist()
    if strange:
        raise InputError(f"y: found {strange[0]!r} in a y of several columns, expected 1, 0, or -1 for unknown")
    codes = y.astype(np.intp)
    blank = np.flatnonzero((codes == UNKNOWN).all(axis=0))
    if len(blank):
        raise InputError(f"y: found no known label in column {blank[0]}, expected 1 or 0 for some sample")
    return ArrayLabels(codes, np.arange(y.shape[1]), exclusive=False)
