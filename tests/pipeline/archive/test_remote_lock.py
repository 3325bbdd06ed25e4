"""The lock of an object store that does not answer now and then: fsspec's store in memory, and reads that fail."""

from __future__ import annotations

import pytest
from speechzip.pipeline import InputError, OutputError
from speechzip.pipeline.archive import lock
from speechzip.pipeline.archive.lock import NAME, locked
from speechzip.pipeline.archive.stores import RemoteStore


class Unreliable(RemoteStore):
    """A store whose next reads fail."""

    failing = 0

    def read(self, name: str, limit: int | None = None) -> bytes:
        if self.failing:
            self.failing -= 1
            raise InputError(f"{name} cannot be read: 503") from OSError("503")
        return super().read(name, limit)


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Unreliable:
    return Unreliable(f"memory://{tmp_path_factory.mktemp('archive').name}")


def test_a_lock_that_cannot_be_read_is_not_taken(store: Unreliable) -> None:
    other = Unreliable(store.url)
    with locked(store) as mine:
        other.failing = 1
        with pytest.raises(OutputError, match=r"lock of the archive cannot be read: .*503; try again"), locked(other):
            pass
        mine.check()
    assert not list(store.state_files(""))


def test_a_lock_is_kept_while_its_store_does_not_answer(store: Unreliable, monkeypatch: pytest.MonkeyPatch) -> None:
    with locked(store) as mine:
        store.failing = 3
        for _ in range(3):
            mine.check()
        monkeypatch.setattr(lock, "STALE_S", lock.RENEW_S)  # as if nothing had been heard for so long
        store.failing = 1
        with pytest.raises(OutputError, match="cannot be read"):
            mine.check()


def test_a_lock_that_another_took_is_lost(store: Unreliable) -> None:
    with locked(store) as mine:
        store.write(NAME, b'{"token": "of another"}')
        with pytest.raises(OutputError, match="another one took over"):
            mine.check()
    assert store.read(NAME) == b'{"token": "of another"}'
