"""Lines of plain, gzipped or zipped text, with damage reported in one sentence."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from genessl.errors import InputError

_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Yield each line of a text file with its number, counted from 1, without its line end.

    The compression is recognised by the file's first bytes, never by its name.

    Raises
    ------
    InputError
        If the file is missing, empty, truncated, not UTF-8 text, or a zip archive of several files.
    """
    path = Path(path)
    number = 0
    try:
        with _open_binary(path) as binary, io.TextIOWrapper(binary, encoding="utf-8-sig") as text:
            for number, line in enumerate(text, start=1):
                yield number, line.rstrip("\r\n")
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path}: the compressed file is damaged after line {number} ({error}); download or copy it again"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: expected UTF-8 text, found byte 0x{error.object[error.start]:02x} after line {number};"
            " convert the file to UTF-8"
        ) from error
    if number == 0:
        raise InputError(f"{path}: the file is empty; download or copy it again")


def _open_binary(path: Path) -> IO[bytes]:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    with path.open("rb") as head:
        magic = head.read(4)
    if magic.startswith(_GZIP_MAGIC):
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if magic == _ZIP_MAGIC:
        archive = zipfile.ZipFile(path)
        members = [name for name in archive.namelist() if not name.endswith("/")]
        if len(members) != 1:
            raise InputError(f"{path}: expected a zip of one file, found {len(members)}; unpack the one you need")
        return archive.open(members[0])
    return path.open("rb")
