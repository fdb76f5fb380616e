"""Places: rows in memory and on disk look the same, and a wrong file is refused in words."""

import numpy as np
import pytest

from groundup.engine.kernels import kernel
from groundup.engine.rows import Memmap, Memory, RowSource, plain


@kernel
def _total(X):
    total = 0.0
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            total += X[i, j]
    return total


X = np.random.default_rng(0).normal(size=(1000, 4))


def _write(path, blocks=None, n_rows=1000, n_features=4, dtype="f8"):
    return Memmap.write(path, np.array_split(X, 7) if blocks is None else blocks, n_rows, n_features, dtype)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_rows_come_back_from_disk(tmp_path, dtype):
    place = _write(tmp_path / "X.npy", dtype=dtype)
    assert isinstance(place, RowSource)
    assert isinstance(Memory(X), RowSource)
    assert (place.n_rows, place.n_features, place.dtype) == (1000, 4, np.dtype(dtype))
    np.testing.assert_array_equal(place.load(10, 777), X[10:777].astype(dtype))
    np.testing.assert_array_equal(np.load(tmp_path / "X.npy"), X.astype(dtype))
    again = Memmap(str(tmp_path / "X.npy"))
    np.testing.assert_array_equal(again.load(0, 1000), X.astype(dtype))


def test_kernels_get_one_kind_of_array(tmp_path):
    """One compiled signature, whatever the rows come from: each further one would cost seconds at first use."""
    locked = X.copy()
    locked.flags.writeable = False
    unaligned = np.frombuffer(b"\0" + X.tobytes(), np.uint8)[1:].view("f8").reshape(X.shape)
    places = [
        _write(tmp_path / "X.npy"),
        Memory(X),
        Memory(locked),
        Memory(np.asfortranarray(X)),
        Memory(unaligned),
    ]
    totals = {_total(place.load(0, 1000)) for place in places}
    assert len(totals) == 1
    assert len(_total.signatures) == 1


def test_plain_shares_memory_and_keeps_it_alive():
    locked = np.arange(12.0).reshape(3, 4)
    locked.flags.writeable = False
    shown = plain(locked)
    assert np.shares_memory(shown, locked)
    assert type(shown) is np.ndarray
    address = shown.ctypes.data
    del locked
    junk = [np.zeros((3, 4)) for _ in range(100)]
    assert shown.ctypes.data == address
    assert shown.tolist() == np.arange(12.0).reshape(3, 4).tolist()
    del junk
    free = np.zeros((2, 2))
    assert plain(free) is free
    assert plain(np.array(["a"], dtype=object)).tolist() == ["a"]
    assert plain(np.float64(3.0)).shape == ()


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([X[:500]], "1000 rows were announced, but the blocks have 500"),
        ([X, X[:1]], r"a block of shape \(1, 4\) after 1000 rows does not fit"),
        ([X[:500, :3], X[500:]], r"a block of shape \(500, 3\) after 0 rows does not fit"),
        ([X[:500, 0], X[500:]], r"a block of shape \(500,\) after 0 rows does not fit"),
        ([], "1000 rows were announced, but the blocks held 0"),
    ],
)
def test_wrong_blocks_are_refused_and_leave_no_file(tmp_path, blocks, message):
    with pytest.raises(ValueError, match=message):
        _write(tmp_path / "X.npy", blocks)
    assert list(tmp_path.iterdir()) == []


def test_blocks_that_fail_leave_no_file(tmp_path):
    def blocks():
        yield X[:10]
        raise ZeroDivisionError("the source broke off")

    with pytest.raises(ZeroDivisionError):
        _write(tmp_path / "X.npy", blocks())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "values",
    [X[:, 0], X.astype(np.int64), X.astype(">f8"), np.asfortranarray(X), X[None], X.astype(np.float16)],
    ids=["1-D", "integers", "byte order", "Fortran order", "3-D", "half"],
)
def test_a_file_of_another_kind_of_array_is_refused(tmp_path, values):
    np.save(tmp_path / "X.npy", values)
    with pytest.raises(ValueError, match="a row source needs a 2-D matrix of float32 or float64 in C order"):
        Memmap(tmp_path / "X.npy")


def test_a_file_of_objects_is_never_unpickled(tmp_path):
    np.save(tmp_path / "X.npy", np.array([[print]], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        Memmap(tmp_path / "X.npy")


@pytest.mark.parametrize("content", [b"", b"no array at all", b"\x93NUMPY\x01\x00"])
def test_a_file_without_an_array_is_refused(tmp_path, content):
    (tmp_path / "X.npy").write_bytes(content)
    with pytest.raises((ValueError, EOFError)):
        Memmap(tmp_path / "X.npy")


def test_a_truncated_file_is_refused(tmp_path):
    _write(tmp_path / "X.npy")
    data = (tmp_path / "X.npy").read_bytes()
    (tmp_path / "X.npy").write_bytes(data[:-100])
    with pytest.raises(ValueError, match="mmap length"):
        Memmap(tmp_path / "X.npy")
