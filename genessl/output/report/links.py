"""Addresses of what public databases hold about a gene or a term."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

_OF_STRING = re.compile(r"\d+\.\S+")


def gene_links(gene: str, accession: str, taxon: str) -> list[tuple[str, str]]:
    """Return the name and address of each database that can be asked for the gene.

    Parameters
    ----------
    gene : str
        Its name in the dataset; one such as 4932.YAL001C is STRING's.
    accession : str
        Of UniProt, or "".
    taxon : str
        NCBI taxon of the organism, with or without "taxon:", or "".

    Examples
    --------
    >>> gene_links("4932.YAL001C", "P34111", "4932")[0]
    ('UniProt', 'https://www.uniprot.org/uniprotkb/P34111')
    """
    links = []
    if accession:
        links.append(("UniProt", f"https://www.uniprot.org/uniprotkb/{quote(accession)}"))
        links.append(("QuickGO", f"https://www.ebi.ac.uk/QuickGO/annotations?geneProductId={quote(accession)}"))
    species = taxon.removeprefix("taxon:")
    if _OF_STRING.fullmatch(gene):
        links.append(("STRING", f"https://string-db.org/network/{quote(gene)}"))
    elif accession and species:
        asked = urlencode({"identifiers": accession, "species": species})
        links.append(("STRING", f"https://string-db.org/cgi/network?{asked}"))
    return links


def term_link(term: str) -> str:
    """Return the address of a GO term at QuickGO, and "" for what is no GO term.

    >>> term_link("GO:0006412")
    'https://www.ebi.ac.uk/QuickGO/term/GO:0006412'
    """
    return f"https://www.ebi.ac.uk/QuickGO/term/{term}" if re.fullmatch(r"GO:\d{7}", term) else ""
