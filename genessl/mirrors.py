"""Where the files of a configuration lie: a path, a mirror, or a URL to download."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from genessl.errors import InputError

_URL = re.compile(r"(https?|file)://", re.IGNORECASE)
_OTHER_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_WINDOWS = re.compile(r"[a-z]:[\\/]|[^/]*\\", re.IGNORECASE)


@dataclass(frozen=True)
class Location:
    """Where a file lies, or will lie once its URL is downloaded.

    Parameters
    ----------
    path : Path
    url : str, optional
        None where nothing has to be downloaded.
    """

    path: Path
    url: str | None = None


@dataclass(frozen=True)
class Mirror:
    """A folder, searched with its subfolders, or a base URL, in which files are looked up by name.

    Parameters
    ----------
    place : str
        A path, relative to the working directory or absolute, or a URL.

    Raises
    ------
    InputError
        If there is no such folder.
    """

    place: str

    def __post_init__(self) -> None:
        if not self.is_url and not self.folder.is_dir():
            raise InputError(f"mirror: found no folder '{self.place}'; give an existing folder or a base URL")

    @property
    def is_url(self) -> bool:
        """Whether the mirror is a base URL."""
        return _URL.match(self.place) is not None

    @property
    def folder(self) -> Path:
        """The mirror as a folder."""
        return Path(self.place).expanduser()

    @cached_property
    def files(self) -> dict[str, list[Path]]:
        """Files of the folder and its subfolders by name; a linked folder is entered once."""
        found: dict[str, list[Path]] = {}
        entered: set[str] = set()
        for folder, subfolders, names in os.walk(self.folder, followlinks=True):
            entered.add(os.path.realpath(folder))
            subfolders[:] = sorted(name for name in subfolders if os.path.realpath(Path(folder, name)) not in entered)
            for name in names:
                found.setdefault(name, []).append(Path(folder, name))
        return found

    def find(self, name: str, downloads: Path, available: Callable[[str], bool]) -> Location | None:
        """Return where the mirror has a file of that name, or None.

        Raises
        ------
        InputError
            If a folder holds two of them.
        """
        if self.is_url:
            url = f"{self.place.rstrip('/')}/{quote(name)}"
            return Location(downloads / name, url) if (downloads / name).is_file() or available(url) else None
        hits = self.files.get(name, [])
        if len(hits) > 1:
            raise InputError(
                f"mirror {self.place}: found '{name}' {len(hits)} times ({', '.join(map(str, sorted(hits)))}), expected"
                " it once; give the path of the one you mean"
            )
        return Location(hits[0]) if hits else None


def as_mirrors(places: str | Sequence[str] | None) -> list[Mirror]:
    """Return the mirrors of the configuration's `mirror`: none, one place or a list of them.

    Raises
    ------
    InputError
        If a folder does not exist.
    """
    return [Mirror(place) for place in ([places] if isinstance(places, str) else places or [])]


def locate(
    name: str,
    mirrors: Sequence[Mirror],
    downloads: Path,
    *,
    key: str = "file",
    made: Collection[str] = (),
    available: Callable[[str], bool] = lambda url: True,
) -> Location:
    """Find a file that the configuration names.

    An existing path is used as it is; else its base name, or a URL's last part, is looked for in each mirror in order;
    a URL that no mirror has will be downloaded.

    Parameters
    ----------
    name : str
        File name, path or URL (http, https, file).
    mirrors : sequence of Mirror
    downloads : Path
        Folder for what is downloaded.
    key : str, default="file"
        Key of the configuration, for the error's sentence.
    made : collection of str
        Paths that a rule of the workflow makes; used as they are.
    available : callable
        Whether a URL exists; asked for URLs below a mirror only.

    Raises
    ------
    InputError
        If the file is nowhere, twice in one mirror, or a folder.
    """
    is_url = _URL.match(name) is not None
    path = Path(unquote(urlsplit(name).path)) if is_url else Path(name).expanduser()
    if not is_url:
        if name in made or _holds(path, Path.is_file, key):
            return Location(path)
        if _holds(path, Path.is_dir, key):
            raise InputError(f"{key}: '{name}' is a folder, expected a file; name the file in it")
    if not path.name:
        raise InputError(f"{key}: '{name}' ends in no file name; give the URL or path of one file")
    for mirror in mirrors:
        hit = mirror.find(path.name, downloads, available)
        if hit is not None:
            return hit
    if is_url:
        return Location(downloads / path.name, name)
    if _OTHER_URL.match(name):
        raise InputError(f"{key}: found '{name}', expected an address that begins with https, http or file; correct it")
    if _WINDOWS.match(name):
        raise InputError(
            f"{key}: found no '{name}', which looks like a path of Windows, expected one with '/', such as"
            " /mnt/c/Users/me/genes.fasta; write it so"
        )
    places = ", ".join(["the working directory", *(f"the mirror {mirror.place}" for mirror in mirrors)])
    raise InputError(
        f"{key}: found no '{name}' in {places}; give its path or URL,"
        " or the folder that holds it by --config mirror=FOLDER"
    )


def _holds(path: Path, test: Callable[[Path], bool], key: str) -> bool:
    """Return what a test finds out about a path, or raise InputError where its folder may not be entered."""
    try:
        return test(path)
    except PermissionError as error:
        raise InputError(f"{key}: found no permission to enter the folder of '{path}'; ask its owner for it") from error
