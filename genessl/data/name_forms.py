"""Shorter forms of a name that a person takes for the same: without database, isoform or version."""

from __future__ import annotations

import re
import unicodedata

EMBEDDED, ISOFORM, VERSION = 1, 2, 3
"""What was left out, in order of reliability: database, then isoform or chain, then version."""

_TAXON = re.compile(r"\d+\.(?!0\Z)(?=\S)")
_DECIMAL = re.compile(r"(\d+)\.0")  # 851262.0, as pandas and R write a GeneID beside missing ones
_OF_ORGANISM = re.compile(r"(?:Dmel[_\\]|CELE_)(?=\S)", re.IGNORECASE)  # Dmel_CG1234 and CELE_T23G7.5 of NCBI and KEGG
_MARK = re.compile(r"[|:.]|[-_](?i:PRO_|[PRT]?\d|[PR][A-Z])|\A(?i:Dmel[_\\]|CELE_)")

# NCBI's words for databases, and how many words belong to each: an accession and a locus name, or a number.
_FOLLOWING = {"gi": 1, "lcl": 1, "bbs": 1} | dict.fromkeys(
    ("ref", "gb", "emb", "dbj", "tpg", "tpe", "tpd", "sp", "tr", "pir", "prf", "gnl"), 2
)
_PROTEIN_OF = re.compile(r"_(?:prot|cds)_(.+?)(?:_\d+)?$")
_DATABASE = re.compile(r"[A-Za-z][\w/ -]+")
_NUMBERED = frozenset((
    "geneid", "ncbi-geneid", "ncbi_geneid", "ncbigene", "ncbi_gene", "ncbi gene", "entrez", "entrezgene", "entrez gene",
    "entrez gene/locuslink", "entrezgene/locuslink", "locuslink",
))  # fmt: skip
_MOLECULES = frozenset(("pep", "cds", "mrna", "cdna"))

_UNIPROT = r"[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d(?:[A-Z][A-Z0-9]{2}\d){1,2}"
_ISOFORM = re.compile(
    r"(?:-\d{1,2})?[:-]PRO_\d+\Z"  # chains and peptides of UniProt: P12345:PRO_0000123
    r"|-[PR][A-Z]{1,2}\Z"  # FlyBase: CG1234-PA
    r"|_[PT]\d{2,3}\Z",  # maize: Zm00001d012345_P001
    re.IGNORECASE,
)
_ISOFORM_OF_UNIPROT = re.compile(r"-\d{1,2}\Z")  # P12345-2
_FEWEST_DIGITS = 2  # in an accession; NKX2-5 is a gene, and no isoform of another that is called NKX2
_ISOFORM_OF_WORMBASE = re.compile(r"(?<=\.\d)[a-z]\Z|(?<=\.\d\d)[a-z]\Z", re.IGNORECASE)  # T23G7.5a
_VERSION = re.compile(r"\.\d{1,3}(?:\.p|:pep|_mrna)?\Z|\.p\Z|:pep\Z", re.IGNORECASE)
_ASCII_OF = str.maketrans(
    "\u2010\u2011\u2012\u2013\u2212\u2018\u2019\u2032", "-----'''", "\u00ad\u200b\u200c\u200d\u2060\ufeff"
)
# Stems after which the rest is surely a version, isoform or transcript: RefSeq, Ensembl, GenBank, UniProt, TAIR.
_SURE = re.compile(
    rf"[A-Z]{{2}}_\d{{5,}}|ENS[A-Z]*[GPT]\d{{11}}|[A-Z]{{3}}\d{{5}}(?:\d\d)?|{_UNIPROT}|AT[1-5CM]G\d{{5}}",
    re.IGNORECASE,
)


def shortened(name: str) -> list[tuple[int, str]]:
    """Return what a name is called without its database, isoform or version, with what was left out.

    A taxon prefix such as ``9606.`` stays. A number of GenBank's ``gi|`` keeps that word, because other databases have
    the same numbers.

    Examples
    --------
    >>> shortened("gi|1001|ref|NP_900001.1|")
    [(1, 'gi|1001'), (1, 'NP_900001.1'), (3, 'NP_900001')]
    >>> shortened("P12345:PRO_0000123"), shortened("YAL001C")
    ([(2, 'P12345')], [])
    """
    if not _MARK.search(name):
        return []
    if number := _DECIMAL.fullmatch(name):
        return [(VERSION, number[1])]
    start = len(taxon_prefix(name)) if name[0].isdigit() else 0
    whole = name[start:]
    embedded = _embedded(whole) if "|" in whole or ":" in whole else []
    embedded += [word[mark.end() :] for word in (whole, *embedded) if (mark := _OF_ORGANISM.match(word))]
    words = [whole, *embedded]
    stems = [stem for word in words if (stem := _without_isoform(word))]
    found = [*((EMBEDDED, word) for word in embedded), *((ISOFORM, stem) for stem in stems)]
    for word in [*words, *stems]:
        if stem := _stem(_VERSION, word):
            found.append((VERSION, stem))
            if shorter := _without_isoform(stem):
                found.append((VERSION, shorter))
    return [(level, name[:start] + word) for level, word in dict.fromkeys(found)] if found else []


def surely_a_stem(name: str) -> bool:
    """Whether what follows this name after a dot or hyphen is surely a version, transcript or isoform of it.

    Of other names two that differ behind the dot may be different genes: SPAC1002.01 and SPAC1002.02.

    >>> surely_a_stem("NP_900001"), surely_a_stem("SPAC1002")
    (True, False)
    """
    return _SURE.fullmatch(_TAXON.sub("", name, count=1)) is not None


def folded(name: str) -> str:
    """Return a name in lower case and in one of the forms that Unicode has for its letters, hyphens and apostrophes.

    Characters without width, which come along from web pages, are left out.

    >>> folded("NKX2\u20115"), folded("RRP5\u2032"), folded("P12345\u200b")
    ('nkx2-5', "rrp5'", 'p12345')
    """
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFKC", name.translate(_ASCII_OF)).lower()


def taxon_prefix(name: str) -> str:
    """Return the taxon prefix of a name, such as ``9606.``; empty if it has none."""
    found = _TAXON.match(name)
    return found[0] if found else ""


def _without_isoform(word: str) -> str | None:
    if stem := _stem(_ISOFORM_OF_UNIPROT, word):
        return stem if sum(map(str.isdecimal, stem)) >= _FEWEST_DIGITS else None
    return _stem(_ISOFORM, word) or (_stem(_ISOFORM_OF_WORMBASE, word) if word[-1:].isalpha() else None)


def _stem(ending: re.Pattern[str], word: str) -> str | None:
    """Return a word without an ending, None if it has none or nothing but digits and marks before it."""
    found = ending.search(word)
    if found is None or " " in word:
        return None
    stem = word[: found.start()]
    return stem if stem.upper() != stem.lower() else None


def _embedded(name: str) -> list[str]:
    """Return the identifiers within 'gi|1|ref|NP_1.1|', 'sp|P12345|X_YEAST' or 'SGD:S000000001'."""
    if "|" in name:
        return list(dict.fromkeys(_between_bars(name.split("|"))))
    database, _, rest = name.partition(":")
    if not rest or " " in rest or not _DATABASE.fullmatch(database):
        return []
    if rest.upper().startswith("PRO_") or rest.lower() in _MOLECULES:
        return []
    return [rest] if any(map(str.isalpha, rest)) or database.lower() in _NUMBERED else []


def _between_bars(parts: list[str]) -> list[str]:
    found: list[str] = []
    position = 0
    while position < len(parts) - 1 and (n_following := _FOLLOWING.get(parts[position].lower(), 0)):
        following = parts[position + 1 : position + 1 + n_following]
        found += _meant(parts[position].lower(), following)
        position += 1 + n_following
    if not position:  # GENCODE, JGI and others list names without saying whose they are
        found = [part for part in parts if len(part) > 2 and any(map(str.isalpha, part))]
    proteins = [match[1] for word in found if (match := _PROTEIN_OF.search(word))]
    return [word for word in [*found, *proteins] if word and " " not in word]


def _meant(database: str, following: list[str]) -> list[str]:
    if database == "gi":
        return [f"gi|{following[0]}"] if following[0] else []
    return following[1:] if database == "gnl" else following
