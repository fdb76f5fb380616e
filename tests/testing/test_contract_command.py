"""``python -m groundup.testing``: help, wrong usage."""

import pytest

from groundup.testing.__main__ import main


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help(word, capsys):
    assert main([word]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("usage: python -m groundup.testing MODULE:CLASS")
    assert printed.err == ""


@pytest.mark.parametrize("words", [[], ["--quick"], ["none_such:Learner"]])
def test_wrong_usage(words, capsys):
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "MODULE:CLASS" in printed.err
