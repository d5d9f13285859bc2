"""Formats of domain tables, in the order in which they are tried."""

from genessl.data.formats.domains import hmmer, interproscan, pfam_scan

DOMAIN_FORMATS = (interproscan.FORMAT, pfam_scan.FORMAT, hmmer.DOMTBLOUT, hmmer.TBLOUT)
