"""Lines of plain or compressed text, in bounded memory, with whatever is wrong with a file said in one sentence."""

from __future__ import annotations

import bz2
import gzip
import io
import logging
import lzma
import re
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import IO

from genessl.errors import InputError

_log = logging.getLogger(__name__)

_COMPRESSED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_ZIP = b"PK\x03\x04"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# What people take for a table or for sequences, by the first bytes: what it is, and what to do instead.
_OTHER_KINDS = (
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer instead of the file; run 'git lfs pull'"),
    (b"%PDF-", "a PDF; give the table itself as text"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook; save it as tab-separated text"),
    (b"\x28\xb5\x2f\xfd", "Zstandard compression; unpack it, or compress it by gzip"),
    (b"\x89HDF\r\n\x1a\n", "HDF5, expected text; name it under `embeddings` if it holds embeddings"),
    (b"PAR1", "Parquet; save it as tab-separated text"),
    (b"\x1f\x9d", "the compression of Unix (.Z); unpack it, or compress it by gzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack the one file you need"),
    (b"Rar!", "a RAR archive; unpack the one file you need"),
    (b"\x1f\x8b", "a file that is compressed twice; unpack it once"),
    (b"BZh", "a file that is compressed twice; unpack it once"),
    (b"\xfd7zXZ\x00", "a file that is compressed twice; unpack it once"),
    (b"PK\x03\x04", "a file that is compressed twice; unpack it once"),
    (b"RDX", "data of R; save them by write.table"),
    (b"X\n\x00\x00\x00", "data of R; save them by write.table"),
    (b"404: Not Found", "the answer of a server that has no such file; correct its address and download it again"),
    (b"404 page not found", "the answer of a server that has no such file; correct its address and download it again"),
)
_ANNEX = re.compile(rb"[./]*(git/)?annex/objects/")
_TAR, _TAR_AT = b"ustar", 257
_WEB_PAGES = (b"<!doctype html", b"<html", b"<head>", b"<body>")
_MAC_EXTRAS = ("__MACOSX/", ".DS_Store")
NO_PERMISSION = "found no permission to read the file; give it to yourself, as by 'chmod u+r', or ask its owner"
_CHUNK = 1 << 20
_LONGEST_LINE = 8 << 20  # characters; the longest protein known has 36,000 residues
_MOST_EXPANSION, _FREE_EXPANSION = 200, 64 << 20  # text compresses some 3 to 30 times
_DAMAGE = (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_PEEKED, _MOST_PEEKED = 200, 20_000  # lines that are no comments, and lines
_COMMENTS = ("#", "!", "%")


def read_lines(path: str | Path) -> Generator[tuple[int, str], None, None]:
    """Yield each line of a text file with its number, counted from 1, without its line end.

    The file's first bytes decide how it is compressed (gzip, bzip2, xz, or a zip of one file), never its name. Text is
    UTF-8, or UTF-16 with a byte order mark; a line that is not UTF-8 is read as Latin-1, with one warning per file.

    Raises
    ------
    InputError
        If the file is missing, a folder, empty, truncated, without permission to read it, no text (a Git LFS pointer,
        web page, workbook, PDF, archive or other binary file), a zip archive of several files, if a line exceeds 8
        million characters, or if more than 64 MB come out of a compressed file of less than a 200th of that.
    """
    for number, lines in read_blocks(path):
        yield from enumerate(lines, start=number)


def read_blocks(path: str | Path, *, warn: bool = True) -> Generator[tuple[int, list[str]], None, None]:
    """Yield about a megabyte of lines at once, with the number of the first; otherwise as `read_lines`."""
    path = Path(path)
    number = 0
    warned = not warn
    try:
        with _open_text(path) as text:
            for lines in _blocks(path, text):
                if not all(map(str.isascii, lines)):
                    warned = _read_as_latin_1(path, number, lines, warned)
                number += len(lines)
                yield number - len(lines) + 1, lines
    except _DAMAGE as error:
        after = f" after line {number}" if number else ""
        raise InputError(
            f"{path}: the compressed file is damaged{after} ({error}); download or copy it again"
        ) from error
    except PermissionError as error:
        raise InputError(f"{path}: {NO_PERMISSION}") from error
    except (UnicodeError, NotImplementedError, RuntimeError, OSError) as error:
        after = f" after line {number}" if number else ""
        raise InputError(f"{path}: the file cannot be read{after} ({error}); download or copy it again") from error
    if number == 0:
        raise InputError(f"{path}: the file is empty; download or copy it again")


@dataclass(frozen=True)
class Head:
    """The first lines of a text file, by which its format is recognised.

    Parameters
    ----------
    path : Path
    lines : tuple of (int, str)
        Number and text of the first lines that are not blank: at most 200, and the comments before and between them.
    """

    path: Path
    lines: tuple[tuple[int, str], ...]

    @property
    def first(self) -> tuple[int, str]:
        """Number and text of the first line that is not blank."""
        return self.lines[0]

    @cached_property
    def rows(self) -> tuple[tuple[int, str], ...]:
        """The lines that do not begin with '#' or '!', which most formats put before comments."""
        return tuple((number, line) for number, line in self.lines if not line.startswith(("#", "!")))

    @cached_property
    def header(self) -> tuple[str, ...]:
        """Tab-separated columns of the first line, stripped, in lower case and without a leading '#'."""
        return tuple(field.strip().lower() for field in self.first[1].lstrip("# ").split("\t"))

    def columns(self) -> tuple[list[str], ...]:
        """Tab-separated columns of each row."""
        return tuple(line.split("\t") for _, line in self.rows)


def read_head(path: str | Path) -> Head:
    """Read the first lines of a text file.

    Raises
    ------
    InputError
        As `read_lines`, and if the file holds blank lines only.
    """
    path = Path(path)
    with closing(read_blocks(path, warn=False)) as blocks:  # whoever reads the whole file warns of its letters
        lines = chain.from_iterable(enumerate(block, start=number) for number, block in blocks)
        found: list[tuple[int, str]] = []
        n_rows = size = 0
        for number, line in lines:
            if line.strip():
                found.append((number, line))
                n_rows += not line.startswith(_COMMENTS)
                size += len(line)
            if n_rows == _PEEKED or size > _LONGEST_LINE or len(found) == _MOST_PEEKED:
                break
    if not found:
        raise InputError(f"{path}: found blank lines only; download or copy it again")
    return Head(path, tuple(found))


def _open_text(path: Path) -> IO[str]:
    if path.is_dir():
        raise InputError(f"{path}: found a folder, expected a file; name the file in it")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    binary = _open_binary(path)
    start = _first_bytes(path, binary)
    utf_16 = start.startswith(_UTF_16)
    if not utf_16:
        _check_kind(path, start)
    encoding, errors = ("utf-16", "strict") if utf_16 else ("utf-8-sig", "surrogateescape")
    return io.TextIOWrapper(binary, encoding=encoding, errors=errors)


def _open_binary(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        magic = file.read(6)
    for mark, opened in _COMPRESSED.items():
        if magic.startswith(mark):
            return _Bounded(path, opened(path, "rb"))  # type: ignore[operator]
    if magic.startswith(_ZIP):
        return _Bounded(path, _only_member(path))
    return path.open("rb")


def _only_member(path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    members = [name for name in archive.namelist() if not name.endswith("/")]
    members = [name for name in members if not name.startswith(_MAC_EXTRAS[0]) and not name.endswith(_MAC_EXTRAS[1])]
    if "word/document.xml" in members:
        raise InputError(f"{path}: found a Word document; save its table as tab-separated text")
    if "[Content_Types].xml" in members:
        raise InputError(f"{path}: found an Excel workbook; save it as tab-separated text")
    if {"mimetype", "content.xml"} <= set(members):
        raise InputError(f"{path}: found an OpenDocument; save it as tab-separated text")
    if members and all(name.endswith(".npy") for name in members):
        raise InputError(f"{path}: found an npz of NumPy, expected text; name it under `embeddings` if it holds any")
    if len(members) != 1:
        shown = f", such as '{members[0][:40]}'" if members else ""
        raise InputError(f"{path}: expected a zip of one file, found {len(members)}{shown}; unpack the one you need")
    return archive.open(members[0])


class _Bounded(io.BufferedReader):
    """A stream of decompressed bytes that refuses to grow out of all proportion to the compressed file."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        super().__init__(stream, _CHUNK)  # type: ignore[arg-type]
        self._path = path
        self._most = max(_FREE_EXPANSION, _MOST_EXPANSION * path.stat().st_size)
        self._given = 0

    def read1(self, size: int = -1, /) -> bytes:
        data = super().read1(size)
        self._given += len(data)
        if self._given > self._most:
            raise InputError(
                f"{self._path}: more than {self._most >> 20} MB come out of {self._path.stat().st_size >> 10} KB, which"
                " no text does; unpack it yourself if it is meant to be so"
            )
        return data


def _first_bytes(path: Path, binary: IO[bytes]) -> bytes:
    assert isinstance(binary, io.BufferedReader)
    return binary.peek(_CHUNK)[:4096]


def _check_kind(path: Path, start: bytes) -> None:
    for mark, kind in _OTHER_KINDS:
        if start.startswith(mark):
            raise InputError(f"{path}:1: found {kind}")
    if _ANNEX.match(start):
        raise InputError(f"{path}:1: found a pointer of git-annex instead of the file; run 'git annex get'")
    if start[_TAR_AT:].startswith(_TAR):
        raise InputError(f"{path}: found a tar archive, expected one file; unpack the one you need")
    begins = start.lstrip().lower()
    if begins.startswith(b"<") and any(page in begins for page in _WEB_PAGES):
        raise InputError(f"{path}:1: found a web page instead of the file; download it again from its own address")
    if begins.startswith(b"<") and b"<error>" in begins:
        raise InputError(f"{path}:1: found an error message of a server instead of the file; download it again")
    if b"\x00" in start:
        number = start[: start.index(b"\x00")].count(b"\n") + 1
        raise InputError(f"{path}:{number}: found a binary file, expected text; give the file as text")


def _blocks(path: Path, text: IO[str]) -> Iterator[list[str]]:
    """Split a text at its line ends, a megabyte at once, without ever holding more than the longest line allowed."""
    rest = ""
    number = 0
    while chunk := text.read(_CHUNK):
        lines = (rest + chunk).split("\n")
        rest = lines.pop()
        number += len(lines)
        if lines:
            yield lines
        if len(rest) > _LONGEST_LINE:
            raise InputError(
                f"{path}:{number + 1}: found a line of more than {_LONGEST_LINE >> 20} million characters, expected"
                " rows of text; check that this is the right file"
            )
    if rest:
        yield [rest]


def _read_as_latin_1(path: Path, before: int, lines: list[str], warned: bool) -> bool:
    """Read the lines that are not UTF-8 as Latin-1, in place; return whether a warning was given, now or before."""
    for place, line in enumerate(lines):
        if not line.isascii() and _undecoded(line):
            if not warned:
                _warn_of_latin_1(path, before + place + 1, line)
                warned = True
            lines[place] = line.encode("utf-8", "surrogateescape").decode("latin-1")
    return warned


def _undecoded(line: str) -> bool:
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _warn_of_latin_1(path: Path, number: int, line: str) -> None:
    byte = next(ord(symbol) - 0xDC00 for symbol in line if 0xDC80 <= ord(symbol) <= 0xDCFF)
    _log.warning("%s:%d: byte 0x%02x is not UTF-8, such lines are read as Latin-1", path, number, byte)
