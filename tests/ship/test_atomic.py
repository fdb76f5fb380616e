"""The n-th operation on the disk fails, for every n: the old file or the new one, whole, and nothing beside it."""

import errno
import os
from pathlib import Path

import pytest

from groundup.ship.bundle import atomic
from groundup.ship.bundle.atomic import write_atomic

OLD, NEW = b"old" * 100, b"new" * 20_000


class Disk:
    """Counts operations, and fails one of them."""

    def __init__(self, monkeypatch, fails_at: int, error: BaseException):
        self.n = 0
        monkeypatch.setattr(atomic, "os", self)
        real = Path.replace

        def replace(path, target):
            self._count(fails_at, error)
            return real(path, target)

        monkeypatch.setattr(Path, "replace", replace)
        for name in ("open", "fsync", "close"):
            setattr(self, name, self._counted(getattr(os, name), fails_at, error))
        # A slow disk takes a few bytes at a time.
        self.write = self._counted(lambda f, data: os.write(f, bytes(data[:16_000])), fails_at, error)

    def __getattr__(self, name):
        return getattr(os, name)

    def _count(self, fails_at, error):
        self.n += 1
        if self.n == fails_at:
            raise error

    def _counted(self, call, fails_at, error):
        def counted(*args, **kwargs):
            self._count(fails_at, error)
            return call(*args, **kwargs)

        return counted


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr
)
def test_fail_the_nth_operation_until_none_fails(tmp_path, monkeypatch, error):
    path = tmp_path / "model"
    outcomes = []
    for n in range(1, 40):
        path.write_bytes(OLD)
        with monkeypatch.context() as patched:
            disk = Disk(patched, n, error)
            try:
                write_atomic(path, NEW, confirm=lambda temporary: temporary.read_bytes() == NEW or 1 / 0)
            except type(error):
                pass
        outcomes.append(path.read_bytes())
        assert outcomes[-1] in (OLD, NEW)
        assert [p.name for p in tmp_path.iterdir()] == ["model"]
        if disk.n < n:
            break
    assert outcomes[0] == OLD
    assert outcomes[-1] == NEW
    assert len(outcomes) > 8


def test_a_confirmation_that_fails_keeps_the_old_file(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(OLD)

    def refuse(temporary):
        assert temporary.read_bytes() == NEW
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        write_atomic(path, NEW, confirm=refuse)
    assert path.read_bytes() == OLD
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
