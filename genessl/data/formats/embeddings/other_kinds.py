"""What people give as embeddings and what is none, or none that is read."""

from __future__ import annotations

import zipfile
from pathlib import Path

from genessl.errors import InputError

REMEDY = "write it by numpy.savez(file, ids=names, embeddings=matrix)"
_PYTORCH = ("a file of PyTorch, such as ESM's .pt, which could run code", f"load it by torch.load and {REMEDY}")
_MARKS = (
    (b"\x93NUMPY", "a single array of NumPy, which has no names", REMEDY),
    (b"\x1f\x8b", "a file compressed by gzip", "unpack it"),
    (b"BZh", "a file compressed by bzip2", "unpack it"),
    (b"\xfd7zXZ\x00", "a file compressed by xz", "unpack it"),
    (b"PK\x03\x04", "a damaged zip archive", "download or write it again"),
    (b"PAR1", "Parquet", REMEDY),
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer instead of the file", "run 'git lfs pull'"),
    (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19", *_PYTORCH),
    (b"\x80", "a pickle of Python, which could run code", f"load it yourself and {REMEDY}"),
)
_WEB_PAGES = (b"<!doctype html", b"<html")


def other_kind(path: Path) -> InputError:
    """Return the error of a file that holds no embeddings in a format that is read, which says what it is."""
    kind, remedy = _kind_of_zip(path) if zipfile.is_zipfile(path) else _kind(path)
    return InputError(f"{path}: found {kind}, expected embeddings as HDF5 or npz; {remedy}")


def _kind(path: Path) -> tuple[str, str]:
    with path.open("rb") as file:
        start = file.read(1024)
    if not start:
        return "an empty file", "download or copy it again"
    found = next(((kind, remedy) for mark, kind, remedy in _MARKS if start.startswith(mark)), None)
    if found is not None:
        return found
    if start.lstrip().lower().startswith(_WEB_PAGES):
        return "a web page instead of the file", "download it again from its own address"
    if start[8:10] == b'{"':
        return "safetensors", REMEDY
    if b"\x00" not in start:
        return "text", REMEDY
    return "another kind of file", "convert the file"


def _kind_of_zip(path: Path) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, UnicodeError):
        return "a damaged zip archive", "download or write it again"
    if any(name.endswith("data.pkl") for name in names):
        return _PYTORCH
    return (f"a zip archive of '{names[0][:40]}'", "unpack it") if names else ("an empty archive", "write it again")
