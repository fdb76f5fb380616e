"""Use of a saved model: load, predict, explain, serve; the rows that come in and the files that go out."""
