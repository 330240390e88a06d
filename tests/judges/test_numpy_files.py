"""NumPy's files that lie: they are refused in one line, and no memory is taken for what is not there."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hantei.errors import CardError
from hantei.judges import numpy_files
from hantei.judges.builtin import weights
from hantei.judges.numpy_files import array_in, read_arrays
from hantei.judges.profile import Profile


def stating(shape: tuple[int, ...], kind: str, data: bytes) -> bytes:
    """Return a ``.npy`` file whose header states this shape, whatever the data are."""
    stream = io.BytesIO()
    header: Any = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + data


def archive(file: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in members.items():
            written.writestr(f"{name}.npy", data)
    return file


def test_what_numpy_wrote_is_read(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"a": np.arange(6).reshape(2, 3), "b": np.array(0.5), "c": np.array(["x", "yy"])}
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    found = read_arrays(tmp_path / "a.npz")
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


@pytest.mark.parametrize(
    "data",
    [
        stating((10**15,), "<f8", b"\0" * 80),  # 8 PB
        stating((10**6, 10**6, 10**6), "<u8", b""),
        stating((2,), "<u8", b"\0" * 8),
        stating((2,), "<u8", b"\0" * 24),
        stating((2,), "|O", pickle.dumps([1, 2])),
        b"\x93NUMPY",
        b"not an array",
        b"",
    ],
)
def test_an_array_is_as_large_as_its_bytes_or_none(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        array_in(data)
    file = archive(tmp_path / "a.npz", vocabulary=data, answer=data, languages=data)
    for read in (weights.read, Profile.load):
        with pytest.raises(CardError, match="expected the") as caught:
            read(file)
        assert "\n" not in str(caught.value)


def test_an_archive_that_explodes_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_files, "MAX_BYTES", 1_000_000)
    file = archive(tmp_path / "a.npz", vocabulary=stating((10**7,), "|u1", b"\0" * 10**7))
    assert file.stat().st_size < 20_000
    with pytest.raises(CardError, match="more than 1,000,000"):
        Profile.load(file)


@pytest.mark.parametrize("change", [b"", b"PK", b"PK\x03\x04" + b"\0" * 100])
def test_what_is_no_archive_is_refused(tmp_path: Path, change: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(change)
    with pytest.raises(CardError):
        weights.read(tmp_path / "a.npz")


def test_safetensors_that_state_more_than_they_hold_are_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("safetensors.torch", reason="the extra 'encoder' is not installed")
    from hantei.errors import UsageError
    from hantei.judges.encoder.pretrained import one_line_errors

    header = b'{"w":{"dtype":"F32","shape":[1000000000,1000000],"data_offsets":[0,4000000000000000]}}'
    for raw in (
        len(header).to_bytes(8, "little") + header + b"\0" * 64,
        (2**62).to_bytes(8, "little") + header,
        len(header).to_bytes(8, "little") + header.replace(b"4000000000000000", b"64"),
    ):
        (tmp_path / "model.safetensors").write_bytes(raw)
        with pytest.raises(UsageError, match="expected an encoder"), one_line_errors("here"):
            torch.load_file(tmp_path / "model.safetensors")
