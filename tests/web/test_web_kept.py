"""Kept files: few, small in sum, not for long, and each behind a name that nobody can guess."""

from groundup.web import kept


def test_a_file_is_fetched_by_its_token_until_it_is_too_old():
    now = 0.0
    files = kept.Kept(now=lambda: now)
    token = files.put("a.csv", b"x")
    assert len(token) >= 22
    now = kept.MAX_AGE_S
    assert files.get(token).data == b"x"
    now += 1
    assert files.get(token) is None


def test_the_oldest_go_when_there_are_too_many():
    files = kept.Kept()
    tokens = [files.put(f"{i}.csv", b"x") for i in range(kept.MAX_FILES + 3)]
    assert len(set(tokens)) == len(tokens)
    assert [files.get(t) is None for t in tokens] == [True] * 3 + [False] * kept.MAX_FILES


def test_they_are_bounded_in_sum(monkeypatch):
    monkeypatch.setattr(kept, "MAX_BYTES", 10)
    files = kept.Kept()
    assert files.put("large.csv", b"x" * 11) == ""
    first, second, third = (files.put("a.csv", b"x" * 4) for _ in range(3))
    assert files.get(first) is None
    assert files.get(second) is not None
    assert files.get(third) is not None
