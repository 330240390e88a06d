"""Reading NumPy's files that may come from anywhere: no pickle, and no array larger than the bytes that are there."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

MAX_BYTES = 1 << 28
"""The most that the arrays of one file may hold together: a hundred times what a judge's weights do."""


def read_arrays(file: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a ``.npz`` file by name. Nothing in the file is executed.

    Raises:
        ValueError: it is no such file, is larger unpacked than ``MAX_BYTES``, or states sizes that are not true.
        OSError: it cannot be read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
            total = sum(member.file_size for member in archive.infolist())
            if total > MAX_BYTES:
                raise ValueError(f"its arrays would take {total:,} bytes, more than {MAX_BYTES:,}")
            return {one.filename.removesuffix(".npy"): array_in(archive.read(one)) for one in archive.infolist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(str(error) or "it is damaged") from None


def array_in(data: bytes) -> NDArray[Any]:
    """Return the array in the bytes of a ``.npy`` file.

    Raises:
        ValueError: it is none, holds Python objects, or its header states another size than the data have.
    """
    stream = io.BytesIO(data)
    major, _ = npy.read_magic(stream)
    read_header = npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0
    shape, _, kind = read_header(stream)
    stated, there = math.prod(shape) * kind.itemsize, len(data) - stream.tell()
    if kind.hasobject or stated != there:
        raise ValueError(f"its header states {stated:,} bytes, there are {there:,}")
    array: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return array
