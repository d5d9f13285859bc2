"""A look at every file before anything is computed: at all sequences, and at the first lines of all else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from genessl.data.aliases import alias_format
from genessl.data.formats.annotations import ANNOTATION_FORMATS
from genessl.data.formats.domains import DOMAIN_FORMATS
from genessl.data.formats.format import Format, recognise
from genessl.data.formats.ontologies import ONTOLOGY_FORMATS
from genessl.data.networks import check_network
from genessl.data.sequences import read_proteins, read_sequences
from genessl.data.text_files import read_head
from genessl.errors import InputError
from genessl.features.embeddings import read_embedding_file

_KINDS: dict[str, tuple[Sequence[Format], str]] = {
    "annotations": (ANNOTATION_FORMATS, "annotations"),
    "later_annotations": (ANNOTATION_FORMATS, "annotations"),
    "ontology": (ONTOLOGY_FORMATS, "an ontology"),
    "domains": (DOMAIN_FORMATS, "domains"),
}


def inspect_files(settings: Mapping[str, Any], *, made: Collection[str] = ()) -> None:
    """Check the sequences, and the first lines of each other file that exists, against what the settings say of it.

    What is found here would end the build of the dataset later: another kind of file, another format, nucleotides in
    place of proteins, channels or columns that a network does not have. Files that are still to be made or downloaded
    are passed over.

    Parameters
    ----------
    settings : mapping
        The configuration, with paths.
    made : collection of str
        Paths that the workflow itself writes, which are passed over.

    Raises
    ------
    InputError
        For the first file that cannot be what the settings say; the sentence begins with its key.
    """
    for prefix, entry in _places(settings):
        for path in _existing(entry.get("sequences"), made):
            with _Named(f"{prefix}sequences"):
                read_proteins(path)
        for kind, (formats, what) in _KINDS.items():
            for path in _existing(entry.get(kind), made):
                with _Named(f"{prefix}{kind}"):
                    head = read_head(path)
                    recognise(head, formats, what).check(head)
        for path in _existing(entry.get("identifiers"), made):
            with _Named(f"{prefix}identifiers"):
                head = read_head(path)
                alias_format(head).check(head)
    for path in _existing((settings.get("contamination") or {}).get("sequences"), made):
        with _Named("contamination.sequences"):
            read_sequences(path)
    for name, network in (settings.get("networks") or {}).items():
        options = {key: network.get(key) for key in ("channels", "columns", "sign")}
        for path in _existing(network["file"], made):
            with _Named(f"networks.{name}"):
                check_network(path, network.get("format"), **options)
    for path in _existing(settings.get("embeddings"), made):
        with _Named("embeddings"):
            read_embedding_file(path)


def _places(settings: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the settings of the organism and those of each reference, each with what comes before its keys."""
    yield "", settings
    for i, entry in enumerate(settings.get("references") or []):
        yield f"references[{i}].", entry


def _existing(value: Any, made: Collection[str]) -> list[str]:
    """Return the paths, of a path or a list of them, at which a user has put a file."""
    paths = value if isinstance(value, list) else [value]
    return [path for path in paths if isinstance(path, str) and path not in made and Path(path).is_file()]


class _Named:
    """Put the key of the configuration before the sentence of an error."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InputError):
            raise InputError(f"{self._key}: {error}") from error
