"""Kept files: few, small in sum, not for long, and each behind a name that nobody can guess."""

from groundup.web import saved_predictions


def test_a_file_is_fetched_by_its_token_until_it_is_too_old():
    now = 0.0
    files = saved_predictions.SavedPredictions(now=lambda: now)
    token = files.add("a.csv", b"x")
    assert len(token) >= 22
    now = saved_predictions.MAX_AGE_S
    assert files.get(token).data == b"x"
    now += 1
    assert files.get(token) is None


def test_the_oldest_go_when_there_are_too_many():
    files = saved_predictions.SavedPredictions()
    tokens = [files.add(f"{i}.csv", b"x") for i in range(saved_predictions.MAX_FILES + 3)]
    assert len(set(tokens)) == len(tokens)
    assert [files.get(t) is None for t in tokens] == [True] * 3 + [False] * saved_predictions.MAX_FILES


def test_they_are_bounded_in_sum(monkeypatch):
    monkeypatch.setattr(saved_predictions, "MAX_BYTES", 10)
    files = saved_predictions.SavedPredictions()
    assert files.add("large.csv", b"x" * 11) == ""
    first, second, third = (files.add("a.csv", b"x" * 4) for _ in range(3))
    assert files.get(first) is None
    assert files.get(second) is not None
    assert files.get(third) is not None
