"""GO evidence codes, and which of them rest on experiments."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from genessl.errors import InputError

EXPERIMENTAL = frozenset(("EXP", "IDA", "IPI", "IMP", "IGI", "IEP", "HTP", "HDA", "HMP", "HGI", "HEP", "TAS", "IC"))
KNOWN_CODES = EXPERIMENTAL | frozenset(
    ("ISS", "ISO", "ISA", "ISM", "IGC", "IBA", "IBD", "IKR", "IRD", "RCA", "NAS", "ND", "IEA")
)


def check_evidence(codes: Collection[str]) -> None:
    """Raise InputError for an evidence code that GO does not define, as one chosen to make labels.

    >>> check_evidence(["IDA", "EXP"])
    """
    for code in codes:
        if code not in KNOWN_CODES:
            known = sorted(KNOWN_CODES)
            near = difflib.get_close_matches(str(code), known, n=1)
            meant = f", did you mean '{near[0]}'?" if near else ""
            raise InputError(f"evidence: there is no code '{code}'{meant}; expected some of {', '.join(known)}")
