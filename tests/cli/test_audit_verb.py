"""``groundup audit``, and what build and show say of an audit."""

import pytest

QUICK = ("--max-fits", 2, "--learner", "LogisticRegression")


def flat(text):
    return " ".join(text.split())


def test_a_leak_is_shown_with_both_ways_out(groundup):
    said = groundup("audit", "sample:churn", "--target", "churned")
    assert said.code == 3
    told = flat(said.out)
    assert "stops 'exit_survey' reveals 'churned'" in told
    assert "--ignore exit_survey" in told
    assert "--accept exit_survey" in told
    assert "94.2%" in told
    assert said.err == ""


def test_without_the_leak_the_next_command_is_shown(groundup):
    said = groundup("audit", "sample:churn", "--target", "churned", "--ignore", "exit_survey")
    assert said.code == 0
    assert "groundup build sample:churn --target churned --ignore exit_survey" in said.out


def test_as_an_object(groundup):
    said = groundup("audit", "sample:churn", "--target", "churned", "--json")
    assert said.code == 3
    assert said.json["ok"] is False
    assert said.json["findings"][0]["columns"] == ["exit_survey"]
    assert said.json["scores"][0]["auc"] > 0.97


def test_clean_and_without_a_target(groundup):
    assert "no leak found in 4 columns" in groundup("audit", "sample:iris", "--target", "species").out
    assert groundup("audit", "sample:iris").code == 0


@pytest.mark.parametrize("words", [("--accept", "none"), ("--target", "none"), ("--ignore", "none")])
def test_wrong_words(groundup, table, words):
    said = groundup("audit", table, "--target", "left", *words)
    assert said.code == 2
    assert said.err.startswith("error: ")


def test_build_refuses_and_leaves_nothing(groundup, tmp_path):
    words = ("build", "sample:churn", "--target", "churned", *QUICK, "--project", tmp_path / "p")
    said = groundup(*words)
    assert said.code == 3
    assert said.err.startswith("error: 'exit_survey' reveals 'churned'")
    assert "Leave out the columns that are not known when you predict: --ignore exit_survey" in said.err
    assert "Accept the finding if it is no leak: --accept exit_survey" in said.err
    assert not (tmp_path / "p").exists()
    assert groundup(*words, "--json").json["error"]["code"] == 3


def test_an_accepted_leak_is_said_by_build_and_show(groundup, tmp_path):
    words = ("build", "sample:churn", "--target", "churned", *QUICK, "--project", tmp_path / "p")
    said = groundup(*words, "--accept", "exit_survey:missingness")
    assert said.code == 0, said.err
    for told in (flat(said.out), flat(groundup("show", tmp_path / "p").out)):
        assert "accepted 'exit_survey' reveals 'churned'" in told
        assert "Accepted finding: 'exit_survey'" in told
    stored = groundup("show", tmp_path / "p", "--json").json
    assert stored["audit"]["findings"][-1]["accepted"] is True
    assert stored["settings"]["accept"] == ["exit_survey:missingness"]
