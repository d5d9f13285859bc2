"""Counts of what each source held, how much of it joined, and why the rest was lost."""

from __future__ import annotations

import pandas as pd

HELD, JOINED = "held", "joined"


class Coverage:
    """Counts by source, unit and outcome; what was held equals what joined plus the losses by reason.

    Examples
    --------
    >>> coverage = Coverage()
    >>> coverage.add("network krogan", "edges", "held", 3)
    >>> coverage.add("network krogan", "edges", "joined", 2)
    >>> coverage.add("network krogan", "edges", "self-loop", 1)
    >>> coverage.check()
    >>> coverage.table()
               source   unit    outcome  count
    0  network krogan  edges       held      3
    1  network krogan  edges     joined      2
    2  network krogan  edges  self-loop      1
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], int] = {}

    def add(self, source: str, unit: str, outcome: str, count: int) -> None:
        """Add a count.

        Parameters
        ----------
        source : str
            What was read, such as the name of a network.
        unit : str
            What is counted, such as "edges".
        outcome : str
            "held", "joined", or the reason of a loss.
        count : int
            At least 0; repeated counts of one outcome add up.
        """
        assert count >= 0, f"{source}, {unit}, {outcome}: a count is at least 0, not {count}"
        key = (source, unit, outcome)
        self._counts[key] = self._counts.get(key, 0) + int(count)

    def add_whole(self, source: str, unit: str, count: int) -> None:
        """Add a count of what joined completely, such as rows that were mended: as many held as joined."""
        self.add(source, unit, HELD, count)
        self.add(source, unit, JOINED, count)

    def table(self) -> pd.DataFrame:
        """Return the columns source, unit, outcome and count, in the order of their first addition."""
        rows = [(*key, count) for key, count in self._counts.items()]
        return pd.DataFrame(rows, columns=["source", "unit", "outcome", "count"]).astype({"count": "int64"})

    def check(self) -> None:
        """Assert for each source and unit that held = joined + the sum of the losses."""
        balance: dict[tuple[str, str], int] = {}
        for (source, unit, outcome), count in self._counts.items():
            signed = count if outcome == HELD else -count
            balance[source, unit] = balance.get((source, unit), 0) + signed
        for (source, unit), difference in balance.items():
            assert difference == 0, f"{source}, {unit}: held exceeds joined plus losses by {difference}"
