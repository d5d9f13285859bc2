"""Domains: reading the families and domains that proteins carry, and comparing proteins by them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, diags_array

from genessl.data.coverage import Coverage
from genessl.data.identifiers import GeneIdentifiers
from genessl.data.sequences import gene_of_word
from genessl.data.text_files import read_lines
from genessl.errors import InputError

E_VALUE = 1e-3
_FEWEST_CARRIERS = 2  # of a domain: a domain of a single gene carries no information about other genes
_ENTRY = re.compile(r"InterPro:(IPR\d+)")
_INTERPRO = re.compile(r"IPR\d{6}")
_PFAM = re.compile(r"(PF\d{5})(\.\d+)?")
_CHECKSUM = re.compile(r"[0-9A-Fa-f]{16,32}")
_PFAM_COLUMNS, _TARGET_COLUMNS, _HIT_COLUMNS = 14, 18, 22
# The other blocks of the sequence view; all other columns are domains, whichever database a table names.
_OTHER_FEATURES = ("composition", "first_", "last_", "dipeptide", "triad", "homology", "embedding")
_Row = tuple[str, str, bool]
_Parser = Callable[[list[str]], "_Row | None"]


def read_domains(path: str | Path) -> pd.DataFrame:
    """Read the domains that proteins carry from a table, whose first row determines its format.

    The formats are InterProScan's TSV (11 to 15 columns), HMMER's ``--domtblout`` and ``--tblout`` of a search with
    Pfam by hmmscan or hmmsearch, and the tables of pfam_scan.pl and of Pfam's proteomes; plain or compressed.

    Returns
    -------
    DataFrame, a row per match in file order
        gene : str, the accession of a ``sp|accession|name``, else the unchanged name
        domain : str, ``InterPro:IPR…`` where InterProScan found the signature's entry, else ``Pfam:PF…`` without its
        version, or ``analysis:accession`` of another signature
        significant : bool, whether HMMER's E-value (in --domtblout the domain's own) is at most 0.001; the other
        formats list matches above the databases' own thresholds, which are significant unless marked otherwise

    Raises
    ------
    InputError
        If the file is damaged, of another format, or has no row.
    """
    lines = ((number, line) for number, line in read_lines(path) if line.strip() and not line.startswith("#"))
    first = next(lines, None)
    if first is None:
        raise InputError(f"{path}: expected domains, found comments and blank lines only; write it again")
    parse, named = _format(path, *first)
    rows = list(_rows(path, chain([first], lines), parse, named))
    return pd.DataFrame(rows, columns=["gene", "domain", "significant"]).astype({"significant": bool})


def _format(path: str | Path, number: int, line: str) -> tuple[_Parser, str]:
    columns, words = line.split("\t"), line.split()
    if len(columns) > 1 and _CHECKSUM.fullmatch(columns[1]):
        return _interproscan_row, "an InterProScan TSV with 11 to 15 columns"
    if len(words) >= _PFAM_COLUMNS and _PFAM.fullmatch(words[5]):
        return _pfam_scan_row, "a table of pfam_scan.pl with at least 14 columns"
    if len(words) >= _HIT_COLUMNS and words[2].isdigit() and words[5].isdigit():
        return _domtblout_row, "a HMMER --domtblout table of Pfam with at least 22 columns"
    if len(words) >= _TARGET_COLUMNS and (_PFAM.fullmatch(words[1]) or _PFAM.fullmatch(words[3])):
        return _tblout_row, "a HMMER --tblout table of Pfam with at least 18 columns"
    raise InputError(
        f"{path}:{number}: found '{line[:40]}', expected domains as InterProScan TSV, or as a table of pfam_scan.pl or"
        " of HMMER (--domtblout, --tblout) with Pfam; convert the file"
    )


def _rows(path: str | Path, lines: Iterator[tuple[int, str]], parse: _Parser, named: str) -> Iterator[_Row]:
    for number, line in lines:
        row = parse(line.split("\t") if parse is _interproscan_row else line.split())
        if row is None:
            raise InputError(f"{path}:{number}: found '{line[:60]}', expected a row of {named}; write the file again")
        yield gene_of_word(row[0]), row[1], row[2]


def _interproscan_row(fields: list[str]) -> _Row | None:
    if not 11 <= len(fields) <= 15 or not fields[0] or not fields[3] or not fields[4]:
        return None
    entry = fields[11].strip() if len(fields) > 11 else "-"
    if entry not in ("", "-", "NULL"):
        return (fields[0], f"InterPro:{entry}", True) if _INTERPRO.fullmatch(entry) else None
    pfam = _PFAM.fullmatch(fields[4])
    return fields[0], f"{fields[3]}:{pfam[1] if pfam else fields[4]}", True


def _pfam_scan_row(fields: list[str]) -> _Row | None:
    pfam = _PFAM.fullmatch(fields[5]) if len(fields) >= _PFAM_COLUMNS else None
    return (fields[0], f"Pfam:{pfam[1]}", fields[13] != "0") if pfam else None


def _domtblout_row(fields: list[str]) -> _Row | None:
    return _hmmer_row(fields, protein_or_family=4, e_value=12) if len(fields) >= _HIT_COLUMNS else None


def _tblout_row(fields: list[str]) -> _Row | None:
    return _hmmer_row(fields, protein_or_family=3, e_value=4) if len(fields) >= _TARGET_COLUMNS else None


def _hmmer_row(fields: list[str], *, protein_or_family: int, e_value: int) -> _Row | None:
    """Read a match of hmmscan, whose targets are families, or of hmmsearch, whose queries are."""
    target, query = _PFAM.fullmatch(fields[1]), _PFAM.fullmatch(fields[protein_or_family])
    try:
        significant = float(fields[e_value]) <= E_VALUE
    except ValueError:
        return None
    if target:
        return fields[protein_or_family - 1], f"Pfam:{target[1]}", significant
    return (fields[0], f"Pfam:{query[1]}", significant) if query else None


def join_domains(
    domains: pd.DataFrame, identifiers: GeneIdentifiers, coverage: Coverage, *, source: str, file: str | None = None
) -> pd.DataFrame:
    """Assign the rows of a domain table to genes, and count the rows that are lost.

    Parameters
    ----------
    domains : DataFrame
        As `read_domains` returns it.
    source : str
        Name under which the losses are counted.
    file : str, optional
        The table's file, for messages; `source` by default.

    Returns
    -------
    DataFrame, a row per gene and domain, each once, with the columns gene and domain

    Raises
    ------
    InputError
        If no protein of the table is a gene.
    """
    names = domains["gene"].unique()
    resolution = identifiers.resolve(names)
    resolution.count(coverage, source, "proteins")
    if not resolution.targets:
        raise InputError(
            f"{file or source}: none of the proteins, such as '{names[0]}', is among the sequences;"
            f" {identifiers.advice(list(map(str, names)))}"
        )
    identifiers.tell(resolution, f"{file or source}: proteins")
    genes = domains["gene"].map(resolution.targets)
    known, significant = genes.notna(), domains["significant"]
    joined = pd.DataFrame({"gene": genes, "domain": domains["domain"]})[known & significant]
    unique = joined.drop_duplicates().reset_index(drop=True)
    coverage.add(source, "matches", "held", len(domains))
    coverage.add(source, "matches", "joined", len(unique))
    coverage.add(source, "matches", "protein not among the sequences", int((~known).sum()))
    coverage.add(source, "matches", f"E-value above {E_VALUE}", int((known & ~significant).sum()))
    coverage.add(source, "matches", "a domain of the protein again", len(joined) - len(unique))
    return unique


def annotated_domains(annotations: pd.DataFrame, objects: Mapping[str, str]) -> pd.DataFrame:
    """Read the InterPro entries in the With/From column of electronic (IEA) annotations.

    Parameters
    ----------
    annotations : DataFrame
        As `read_gaf` returns it, of t0.
    objects : mapping of annotated object to gene

    Returns
    -------
    DataFrame, a row per gene and domain, each once, with the columns gene and domain
    """
    electronic = annotations[annotations["evidence"].astype(str) == "IEA"]
    rows = [
        (objects[str(name)], f"InterPro:{entry}")
        for name, text in zip(electronic["gene"], electronic["with_from"])
        if str(name) in objects
        for entry in _ENTRY.findall(str(text))
    ]
    return pd.DataFrame(rows, columns=["gene", "domain"], dtype=object).drop_duplicates().reset_index(drop=True)


def domain_features(domains: pd.DataFrame, genes: Sequence[str]) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Return the domains that two or more genes carry as columns of the sequence view.

    Parameters
    ----------
    domains : DataFrame
        Rows of gene and domain; repeated rows count once.
    genes : sequence of str, length n_genes

    Returns
    -------
    features : ndarray of float32, shape (n_genes, n_domains)
        1 where the gene carries the domain, else 0.
    names : tuple of str, length n_domains
    """
    counts = domains.drop_duplicates()["domain"].value_counts()
    names = sorted(counts.index[counts >= _FEWEST_CARRIERS])
    return carried_domains(domains, genes, names).toarray(), tuple(names)


def carried_domains(domains: pd.DataFrame, proteins: Sequence[str], names: Sequence[str]) -> csr_array:
    """Return 1 where a protein carries a domain of `names`, as csr_array of float32, shape (n_proteins, n_domains)."""
    rows = domains["gene"].map({protein: row for row, protein in enumerate(proteins)}).to_numpy(dtype=float)
    columns = domains["domain"].map({name: column for column, name in enumerate(names)}).to_numpy(dtype=float)
    kept = np.isfinite(rows) & np.isfinite(columns)
    places = (rows[kept].astype(np.intp), columns[kept].astype(np.intp))
    carried = csr_array(coo_array((np.ones(kept.sum(), dtype=np.float32), places), shape=(len(proteins), len(names))))
    carried.data[:] = 1.0  # repeated rows of the table were summed
    return carried


def domain_columns(feature_names: Sequence[str]) -> NDArray[np.intp]:
    """Find the columns of the sequence view that are domains."""
    is_domain = [":" in name and not name.startswith(_OTHER_FEATURES) for name in feature_names]
    return np.flatnonzero(is_domain)


def domain_similarity(carried: csr_array, other: csr_array | None = None) -> csr_array:
    """Compare proteins by the domains that they share; rare domains weigh more.

    s(a, b) = sum_d w(d)^2 x(a, d) x(b, d) / (|w x(a)| |w x(b)|), the cosine of the domains x, each weighted by its
    inverse document frequency w(d) = log(n / n(d)), where n(d) of all n proteins carry d.

    Parameters
    ----------
    carried : csr_array of float32, shape (n_proteins, n_domains)
        1 where the protein carries the domain.
    other : csr_array of float32, shape (n_others, n_domains), optional
        Proteins to compare with. By default the proteins are compared with each other and not with themselves.

    Returns
    -------
    csr_array of float32, shape (n_proteins, n_proteins) or (n_proteins, n_others), in (0, 1]
    """
    groups = [carried] if other is None else [carried, other]
    n_proteins = sum(group.shape[0] for group in groups)
    holding = np.sum([np.asarray(group.sum(axis=0), dtype=np.float64).ravel() for group in groups], axis=0)
    weights = np.log(n_proteins / np.maximum(holding, 1.0))
    vectors = [_unit_rows(csr_array(group.astype(np.float64) @ diags_array(weights))) for group in groups]
    similarity = coo_array(vectors[0] @ vectors[-1].T)
    kept = similarity.data > 0
    if other is None:
        kept &= similarity.row != similarity.col
    # Rounding must not give a similarity above that of identical proteins, which is 1.
    data = np.minimum(similarity.data[kept], 1.0).astype(np.float32)
    return csr_array(coo_array((data, (similarity.row[kept], similarity.col[kept])), shape=similarity.shape))


def _unit_rows(matrix: csr_array) -> csr_array:
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64)).ravel()
    inverse = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return csr_array(diags_array(inverse) @ matrix)
