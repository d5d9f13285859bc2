"""All file formats that genessl reads, by what they hold, and the page that lists them."""

from __future__ import annotations

from dataclasses import dataclass

from genessl.data.formats.aliases import ALIAS_FORMATS
from genessl.data.formats.annotations import ANNOTATION_FORMATS
from genessl.data.formats.domains import DOMAIN_FORMATS
from genessl.data.formats.embeddings import EMBEDDING_FORMATS
from genessl.data.formats.format import Format
from genessl.data.formats.networks import NETWORK_FORMATS
from genessl.data.formats.ontologies import ONTOLOGY_FORMATS
from genessl.data.formats.sequences import SEQUENCE_FORMATS


@dataclass(frozen=True)
class Kind:
    """What some formats have in common.

    Parameters
    ----------
    title : str
    keys : str
        The keys of the configuration that take these files.
    formats : tuple of Format
        In the order in which they are tried.
    """

    title: str
    keys: str
    formats: tuple[Format, ...]


KINDS = (
    Kind("Sequences", "`sequences`, `contamination.sequences`, `references[].sequences`", SEQUENCE_FORMATS),
    Kind("Annotations", "`annotations`, `later_annotations`, `references[].annotations`", ANNOTATION_FORMATS),
    Kind("Ontology", "`ontology`", ONTOLOGY_FORMATS),
    Kind("Alias tables", "`identifiers`, `references[].identifiers`", ALIAS_FORMATS),
    Kind("Networks", "`networks.NAME.file`", NETWORK_FORMATS),
    Kind("Domains", "`domains`, `references[].domains`", DOMAIN_FORMATS),
    Kind("Embeddings", "`embeddings`", EMBEDDING_FORMATS),
)
_HEAD = """# Files that genessl reads

This page is written by `genessl formats` from the table of formats in `genessl/data/formats`; change it there.

A file's content decides its format, never its name. Text may be plain or compressed by gzip, bzip2, xz, or as a zip of
one file; it is UTF-8, UTF-16 with a byte order mark, or Latin-1 (with a warning). A Git LFS pointer, a web page, a PDF,
an Excel workbook and any other binary file end in a sentence that says what they are. A line may have eight million
characters. Within a kind the formats are tried in the order below.

What is repaired or left out is counted by reason in `coverage.tsv` and told once in the log. What cannot be read ends
in one sentence with the file, the line, what was found, what was expected, and the remedy.
"""


def formats_page() -> str:
    """Return the page of all formats as Markdown."""
    parts = [_HEAD]
    for kind in KINDS:
        rows = "\n".join(
            f"| **{form.title}** | {_cell(form.recognised)} | {_cell(form.gives)} | {_cell(form.refuses)} |"
            for form in kind.formats
        )
        parts.append(
            f"## {kind.title}\n\nKeys: {kind.keys}\n\n"
            f"| format | recognised by | gives | refuses or leaves out |\n|---|---|---|---|\n{rows}\n"
        )
    return "\n".join(parts)


def _cell(sentence: str) -> str:
    """Return a sentence as a cell of a table: with a capital, without its full stop, its bars escaped."""
    text = sentence.strip().removesuffix(".").replace("|", "\\|")
    return text[:1].upper() + text[1:]
