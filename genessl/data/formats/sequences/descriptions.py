"""What headers of FASTA say about a protein in words, as each database writes it."""

from __future__ import annotations

import re

_UNIPROT = re.compile(r"(?:sp|tr)\|\S+\s+(.+?)(?=\s[A-Z]{2}=|$)")
_BRACKETED = re.compile(r"\[protein=((?:[^\[\]]|\[[^\[\]]*\])*)\]")
_ENSEMBL = re.compile(r"\bdescription:(.+?)(?:\s*\[Source:[^\]]*\]?)?$")
_SGD = re.compile(r"(?:SGD|CGD|AspGD)ID:.*?\"([^\"]+)\"")
_CGD = re.compile(r"(?:CGD|AspGD)ID:[^;]*\bORF;\s*(.+)$")
_TAIR = re.compile(r"\|\s*Symbols:[^|]*\|\s*([^|]+?)\s*(?:\||$)")
_POMBASE = re.compile(r"\S+:pep\s+[^|]*\|([^|]+)")
_PRODUCT = re.compile(r"\b(?:gene_)?product=\"?([^|\"]+)")
_UNIREF = re.compile(r"UniRef\d+_\S+\s+(.+?)\s+n=\d+")
# Each is anchored by a mark of its database, so that their order does not matter.
_PATTERNS = (_UNIPROT, _SGD, _CGD, _POMBASE, _BRACKETED, _ENSEMBL, _TAIR, _PRODUCT, _UNIREF)
_ORGANISM = re.compile(r"(\s*\[[^\[\]]*\])+\s*$")
_REMARK = re.compile(r"^(?:MULTISPECIES|RecName|PREDICTED|LOW QUALITY PROTEIN)(?::\s*Full=|:\s*)")
_ATTRIBUTE = re.compile(r"\w[=:]\S|\|")


def read_description(header: str) -> str:
    """Return the name of the protein, or the words that stand for it, from a header; "" where it has none.

    Parameters
    ----------
    header : str
        Without its '>', with at least one word.

    Examples
    --------
    >>> read_description("sp|P00561|AK1H_ECOLI Bifunctional aspartokinase OS=Escherichia coli OX=83333 GN=thrA")
    'Bifunctional aspartokinase'
    >>> read_description("YAL001C")
    ''
    """
    _, _, rest = header.replace("\t", " ").partition(" ")
    found = next(filter(None, (pattern.search(header) for pattern in _PATTERNS)), None)
    if found:
        return _tidy(found[1])
    words = _tidy(_REMARK.sub("", _ORGANISM.sub("", rest)))
    return "" if _ATTRIBUTE.search(words) else words


def _tidy(text: str) -> str:
    return " ".join(text.strip('" ').split())
