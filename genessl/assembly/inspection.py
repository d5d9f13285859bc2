"""A look at the first lines of every file, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from genessl.data.formats.aliases import ALIAS_FORMATS
from genessl.data.formats.annotations import ANNOTATION_FORMATS
from genessl.data.formats.domains import DOMAIN_FORMATS
from genessl.data.formats.format import Format, recognise
from genessl.data.formats.ontologies import ONTOLOGY_FORMATS
from genessl.data.formats.sequences import SEQUENCE_FORMATS
from genessl.data.networks import check_network
from genessl.data.text_files import read_head
from genessl.errors import InputError
from genessl.features.embeddings import check_embeddings

_KINDS: dict[str, tuple[Sequence[Format], str]] = {
    "sequences": (SEQUENCE_FORMATS, "protein sequences"),
    "annotations": (ANNOTATION_FORMATS, "annotations"),
    "later_annotations": (ANNOTATION_FORMATS, "annotations"),
    "ontology": (ONTOLOGY_FORMATS, "an ontology"),
    "identifiers": (ALIAS_FORMATS, "an alias table"),
    "domains": (DOMAIN_FORMATS, "domains"),
}


def inspect_files(settings: Mapping[str, Any]) -> None:
    """Check the first lines of each file that exists against what the settings say of it.

    What is found here would end the build of the dataset later: another kind of file, another format, nucleotides in
    place of proteins, channels or columns that a network does not have. Files that are still to be made or downloaded
    are passed over.

    Parameters
    ----------
    settings : mapping
        The configuration, with paths.

    Raises
    ------
    InputError
        For the first file that cannot be what the settings say; the sentence begins with its key.
    """
    for key, kind, path in _named_files(settings):
        formats, what = _KINDS[kind]
        with _Named(key):
            recognise(read_head(path), formats, what)
    for name, network in (settings.get("networks") or {}).items():
        if _exists(network["file"]):
            with _Named(f"networks.{name}"):
                check_network(
                    network["file"],
                    network.get("format"),
                    channels=network.get("channels"),
                    columns=network.get("columns"),
                )
    for path in _as_list(settings.get("embeddings")):
        if _exists(path):
            with _Named("embeddings"):
                check_embeddings(path)


def _named_files(settings: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield key, kind and path of each existing file, networks and embeddings aside."""
    places = [
        ("", settings),
        *((f"references[{i}].", entry) for i, entry in enumerate(settings.get("references") or [])),
    ]
    for prefix, entry in places:
        for kind in _KINDS:
            for path in _as_list(entry.get(kind)):
                if _exists(path):
                    yield prefix + kind, kind, path


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _exists(path: Any) -> bool:
    return isinstance(path, str) and Path(path).is_file()


class _Named:
    """Put the key of the configuration before the sentence of an error."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InputError):
            raise InputError(f"{self._key}: {error}") from error
