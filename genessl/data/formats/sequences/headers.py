"""Headers of FASTA as the databases write them: the name of a record, its other names, and its gene."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# Sources of aliases; their names rank them (see `AliasTable`): accessions, identifiers, names of genes.
ACCESSION, ENTRY_NAME, GENE_NAME = "UniProt_AC", "entry name", "gene_name"
GENE, TRANSCRIPT, PROTEIN, RECORD = "gene_id", "transcript_id", "protein_id", "record_id"
NCBI_GENE, GI, PACID, WORMPEP, JGI = "NCBI_gene_id", "gi_id", "pacid_id", "wormpep_id", "jgi_id"

# Values that programs write where they know none.
_NO_VALUE = frozenset(("", "-", ".", "na", "n/a", "nan", "none", "null", "unknown", "undefined"))
_QUOTED = re.compile(r'"[^"]*"')
_DESCRIPTION = re.compile(r"\bdescription[:=].*", re.DOTALL)
_BRACKETED = re.compile(r"\[(\w+)=([^\[\]]*)\]")
_ATTRIBUTE = re.compile(
    r"(?:^|[\s;|])(gene|gene_id|gene_symbol|gene_name|locus|locus_tag|transcript|transcript_id|polypeptide|parent"
    r"|protein_id|dbxref|ID|name|pacid|wormpep|uniprot)[=:]([^\s;|]+)"
)
_SOURCES = {
    "gene": GENE, "gene_id": GENE, "locus_tag": GENE, "locus": GENE,
    "gene_symbol": GENE_NAME, "gene_name": GENE_NAME,
    "transcript": TRANSCRIPT, "transcript_id": TRANSCRIPT, "polypeptide": TRANSCRIPT,
    "protein_id": PROTEIN, "ID": RECORD, "pacid": PACID, "wormpep": WORMPEP, "uniprot": ACCESSION,
}  # fmt: skip
_GENE_KEYS = ("gene", "gene_id", "locus_tag", "locus")  # those that name one gene, the most telling first

# Cross-references `database:identifier` that name a gene or its protein, by database; others name families and terms.
_DATABASES = {
    "geneid": NCBI_GENE, "flybase": RECORD, "flybase_annotation_ids": RECORD, "sgd": GENE, "tair": GENE,
    "araport": GENE, "wormbase": GENE, "pombase": GENE, "mgi": GENE, "hgnc": GENE, "rgd": GENE, "zfin": GENE,
    "dictybase": GENE, "ecogene": GENE, "cgd": GENE, "aspgd": GENE, "refseq": PROTEIN, "gb_protein": PROTEIN,
    "genbank": PROTEIN, "ensembl": GENE, "uniprotkb/swiss-prot": ACCESSION, "uniprotkb/trembl": ACCESSION,
    "uniprot/swiss-prot": ACCESSION, "uniprot/trembl": ACCESSION, "uniprotkb": ACCESSION,
}  # fmt: skip

_UNIPROT_GENE = re.compile(r".*\sGN=(.+?)(?=\s[A-Z]{2}=|$)")
_SGD = re.compile(r"\S+\s+(\S+)\s+(?:SGD|CGD|AspGD)ID:([^\s,]+)")
_TAIR_SYMBOLS = re.compile(r"\|\s*Symbols:\s*([^|]*)")
_POMBASE_SYMBOL = re.compile(r"\S+:pep\s+([^\s|]+)\|")
_FLYBASE_PROTEIN = re.compile(r"-P[A-Z]{1,2}$")
_LCL_PROTEIN = re.compile(r"_prot_([A-Z]{1,3}_?\d+\.\d+)_\d+$")
# Tags before an identifier in words such as gi|1001|ref|NP_900001.1|.
_NCBI_TAGS = {"gi": GI, **dict.fromkeys(("ref", "gb", "emb", "dbj", "tpg", "tpe", "tpd", "pir", "prf"), PROTEIN)}
_UNIPROT_TAGS = ("sp", "tr")
_ENSEMBL = re.compile(r"(?:ENS[A-Z]*|OTT[A-Z]+)([GTP])\d{6,}(?:\.\d+)?")
_GENCODE_PARTS, _GENCODE_SYMBOL = 8, 6
_ENSEMBL_KINDS = {"G": GENE, "T": TRANSCRIPT, "P": PROTEIN}
_VERSIONED = re.compile(r"(ENS[A-Z]*[GTP]\d{6,}|[ANXYW]P_\d{6,}|[A-Z]{3}(?:\d{5}|\d{7}))\.\d+")

_OF_ACCESSION = re.compile(
    r"(?:UniRef(?:100|90|50)_|(?:AFDB:)?AF-)([A-Z][A-Z0-9]{5,9})(?:-F1\S*)?"
)  # UniRef, AlphaFold
_ISOFORM = re.compile(r"([A-Z](?=[A-Z]*\d)[A-Z0-9]{5,9})-\d{1,2}")
# Names of transcripts and proteins whose gene is the part before the last, by the rules of one database each.
_GENE_OF_WORD = (
    re.compile(r"(AT[1-5CM]G\d{5})\.\d+"),  # TAIR and Araport
    re.compile(r"(LOC_Os\d{2}g\d{5})\.\d+"),  # rice of MSU
    re.compile(r"(Zm\d{5}[a-z]{1,2}\d{6}|GRMZM\d[A-Z]\d{6})_[PT]\d{2,3}"),  # MaizeGDB
    re.compile(r"(SP[A-Z]+\d*[A-Z]?\w*\.\w+)\.\d+:pep"),  # PomBase
    re.compile(r"([A-Z][a-z]{3,5}\.[A-Z]?\d{2,3}G\d{6})\.\d+"),  # Phytozome: Glyma.01G000100.1
    re.compile(r"(\S+)\.\d+\.p"),  # and any of its proteins
    re.compile(r"(Traes\w+G\d{6}(?:LC)?|HORVU[\w.]*G\d{6,7})\.\d+"),  # wheat and barley
    re.compile(r"(Solyc\d{2}g\d{6})\.\d+\.\d+"),  # tomato
    re.compile(r"((?:[A-Z]{4}|CG)\d{4,6})-[PR][A-Z]"),  # VectorBase, FlyBase's CG numbers
    re.compile(r"(\S+)\.t\d+"),  # AUGUSTUS and BRAKER
    re.compile(r"(\S+)-mRNA-\d+"),  # MAKER
    re.compile(r"(\w+_\d{4,})-T\d+"),  # funannotate
    re.compile(r"(TRINITY_\w+_g\d+)_i\d+\.p\d+"),  # TransDecoder
)
_RICE_OF_RAP = re.compile(r"(Os\d{2})t(\d{7})-\d{2}")  # a transcript of the gene Os01g0100100
# Identifiers of genes that stand among others in a first word, such as DDB0191090|DDB_G0274085|Protein.
_GENE_AMONG_BARS = re.compile(r"FBgn\d{7}|WBGene\d{8}|AT[1-5CM]G\d{5}|Os\d{2}g\d{7}|DDB_G\d{7}")
_OLD_WORMPEP = re.compile(r"(?:\S+\s+)?(WBGene\d{8})\b")


@dataclass(frozen=True)
class Header:
    """What a header says.

    Parameters
    ----------
    name : str
        The accession of a ``sp|accession|name`` or ``tr|accession|name``, else the first word.
    gene : str or None
        What the records of one gene have in common: an identifier of the gene, not a symbol.
    of_uniprot : bool
        Whether the header has UniProt's form.
    aliases : tuple of (str, str)
        Other names and their sources, each once, without the name.
    """

    name: str
    gene: str | None = None
    of_uniprot: bool = False
    aliases: tuple[tuple[str, str], ...] = field(default=())


def read_header(header: str) -> Header:
    """Read the name of a record, its other names and its gene from its header.

    Parameters
    ----------
    header : str
        Without its '>', with at least one word.
    """
    word, _, rest = header.replace("\t", " ").partition(" ")
    name = gene_of_word(word)
    found = [*_names_in_word(word), *_names_in_text(word, rest)]
    aliases: dict[str, str] = {}
    for alias, source in found:
        if alias.lower() not in _NO_VALUE and alias != name:
            aliases.setdefault(alias, source)
            if versioned := _VERSIONED.fullmatch(alias):
                aliases.setdefault(versioned[1], source)
    gene = next((alias for alias, source in found if source == GENE and alias.lower() not in _NO_VALUE), None)
    if gene is None:
        gene = next((f"GeneID:{alias}" for alias, source in found if source == NCBI_GENE), None)
    return Header(name, gene, word != name, tuple(aliases.items()))


def gene_of_word(word: str) -> str:
    """Return the accession of a ``sp|accession|name`` or ``tr|accession|name``, and any other word unchanged.

    >>> gene_of_word("sp|P12345|AATM_RABIT"), gene_of_word("4932.YAL001C")
    ('P12345', '4932.YAL001C')
    """
    parts = word.split("|")
    return parts[1] if parts[0] in _UNIPROT_TAGS and len(parts) > 1 and parts[1] else word


def gene_of_isoform(name: str) -> str | None:
    """Return the accession of an isoform's name, and None for any other name.

    >>> gene_of_isoform("P12345-2"), gene_of_isoform("YAL001C-A")
    ('P12345', None)
    """
    match = _ISOFORM.fullmatch(name)
    return match[1] if match else None


def _names_in_word(word: str) -> Iterator[tuple[str, str]]:
    """Yield the names within the first word, such as those of gi|1001|ref|NP_900001.1| and ENSP…|ENST…|ENSG…."""
    yield from _gene_of_transcript(word)
    if versioned := _VERSIONED.fullmatch(word):
        yield versioned[1], PROTEIN
    if match := _OF_ACCESSION.fullmatch(word):
        yield match[1], ACCESSION
    if "|" in word:
        yield from _names_between_bars(word.split("|"))


def _gene_of_transcript(word: str) -> Iterator[tuple[str, str]]:
    if match := next(filter(None, (pattern.fullmatch(word) for pattern in _GENE_OF_WORD)), None):
        yield match[1], GENE
    if match := _RICE_OF_RAP.fullmatch(word):
        yield f"{match[1]}g{match[2]}", GENE


def _names_between_bars(parts: list[str]) -> Iterator[tuple[str, str]]:
    yield from ((part, GENE) for part in parts if _GENE_AMONG_BARS.fullmatch(part))
    for part in parts:
        for gene in _gene_of_transcript(part):
            yield gene
            yield part, TRANSCRIPT
        if part.startswith("PACid:"):
            yield f"PAC:{part.removeprefix('PACid:')}", PACID
    if parts[0] == "jgi" and len(parts) > 2 and parts[2].isdecimal():
        yield from ((f"jgi|{parts[1]}|{parts[2]}", RECORD), (parts[2], JGI))
    if match := _LCL_PROTEIN.search(parts[-1]):
        yield match[1], PROTEIN
    for k, (part, following) in enumerate(zip(parts, [*parts[1:], ""])):
        if part in _NCBI_TAGS and k % 2 == 0:
            yield following, _NCBI_TAGS[part]
        elif part in _UNIPROT_TAGS and k % 2 == 0:
            yield following.partition(".")[0], ACCESSION
            yield (parts[k + 2] if len(parts) > k + 2 else ""), ENTRY_NAME
        elif ensembl := _ENSEMBL.fullmatch(part):
            yield part, _ENSEMBL_KINDS[ensembl[1]] if part.startswith("ENS") else RECORD
    if len(parts) == _GENCODE_PARTS and _ENSEMBL.fullmatch(parts[0]):
        yield parts[_GENCODE_SYMBOL], GENE_NAME


def _names_in_text(word: str, rest: str) -> Iterator[tuple[str, str]]:
    """Yield the names in the rest of a header: attributes and what stands at a database's fixed places."""
    header = f"{word} {rest}"
    if word.startswith(("sp|", "tr|")):
        if match := _UNIPROT_GENE.match(header):
            yield match[1], GENE_NAME
        return
    if match := _SGD.match(header):
        yield match[2], RECORD
        yield match[1], GENE_NAME
    if match := _POMBASE_SYMBOL.match(header):
        yield match[1], GENE_NAME
    if (match := _TAIR_SYMBOLS.search(rest)) and "no symbol" not in match[1].lower():
        yield from ((symbol, GENE_NAME) for symbol in match[1].replace(",", " ").split())
    if match := _OLD_WORMPEP.match(rest):
        yield match[1], GENE
    if "=" in rest or ":" in rest:
        yield from _attributes(_DESCRIPTION.sub("", _QUOTED.sub("", rest)))


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    bracketed = dict(_BRACKETED.findall(text))
    if bracketed:
        yield from _bracketed_names(bracketed)
        text = _BRACKETED.sub("", text)
    values = dict(reversed(_ATTRIBUTE.findall(text)))  # the first of repeated attributes counts
    flybase = "parent" in values
    if flybase:
        yield from _flybase_names(values)
    symbol_at_locus = "gene" in values and "pacid" not in values  # of WormBase, whose gene= is the identifier
    for key in (*_GENE_KEYS, *(key for key in _SOURCES if key not in _GENE_KEYS)):
        if key in values and not (flybase and key == "ID"):
            source = GENE_NAME if key == "locus" and symbol_at_locus else _SOURCES[key]
            yield f"PAC:{values[key]}" if key == "pacid" else values[key], source


def _bracketed_names(values: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the names of NCBI's ``[gene=rps12] [locus_tag=ArthCp047] [db_xref=GeneID:1466251] [GeneID=1466251]``."""
    for key, source in (("locus_tag", GENE), ("protein_id", PROTEIN), ("gene", GENE_NAME), ("GeneID", NCBI_GENE)):
        value = values.get(key, "").strip()
        if value and " " not in value:
            yield value, source
    yield from _cross_references(values.get("db_xref", ""))


def _flybase_names(values: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the names of FlyBase's ``ID=FBpp1; name=Nep3-PA; parent=FBgn1,FBtr1; dbxref=FlyBase:FBpp1,…``."""
    parents = values["parent"].split(",")
    genes = [parent for parent in parents if parent.startswith("FBgn")] or parents[: len(parents) // 2]
    yield from ((gene, GENE) for gene in genes[:1])
    yield from ((parent, TRANSCRIPT) for parent in parents if parent not in genes)
    yield values.get("ID", ""), RECORD
    for name in (values.get("name", ""), *_annotated(values.get("dbxref", ""))):
        yield name, RECORD
        if _FLYBASE_PROTEIN.search(name):
            yield _FLYBASE_PROTEIN.sub("", name), GENE_NAME
    yield from _cross_references(values.get("dbxref", ""))


def _annotated(references: str) -> Iterator[str]:
    marker = "FlyBase_Annotation_IDs:"
    yield from (reference[len(marker) :] for reference in references.split(",") if reference.startswith(marker))


def _cross_references(references: str) -> Iterator[tuple[str, str]]:
    for reference in references.split(","):
        database, _, identifier = reference.strip().partition(":")
        source = _DATABASES.get(database.lower())
        if source and identifier and " " not in identifier:
            whole = identifier.isdecimal() and source != NCBI_GENE  # a bare number could be of any database
            yield f"{database}:{identifier}" if whole else identifier, source
