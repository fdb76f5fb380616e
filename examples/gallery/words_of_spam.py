r"""
Which words are spam?
=====================

A text as a row: one column for each word, 1 where it occurs. Most columns say nothing, so we let logistic regression
pay for each coefficient:

.. math:: \min_{w, b} \; \|w\|_1 + C \sum_i \log\left(1 + e^{-y_i (b + w^\top x_i)}\right)

What is left is short enough to be read.
"""

# %%
# The SMS Spam Collection is read where it lies beside this repository; else a few hundred messages are put together
# from pieces, enough to see how it works. Rows are kept sparse: only the words that occur take memory.
from pathlib import Path

import altair as alt
import numpy as np
import polars as pl
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import train_test_split

from groundup.models import LogisticRegression

FOUND = [folder / "shared/data/sms_spam/sms_spam.csv" for folder in Path.cwd().parents]


def messages():
    """Return texts and whether they are spam."""
    for path in FOUND:
        if path.exists():
            frame = pl.read_csv(path)
            return (
                f"{frame.height:,} messages of the SMS Spam Collection",
                frame["text"],
                frame["label"] == "spam",
            )
    rng = np.random.default_rng(0)
    bait = ["free", "prize", "claim", "now", "call", "txt", "urgent", "cash", "winner", "reply"]
    talk = ["home", "later", "dinner", "sorry", "love", "you", "meet", "work", "tomorrow", "ok"]
    both = ["the", "to", "a", "your", "is", "on", "at", "for", "today", "please"]
    spam = rng.random(600) < 0.2
    texts = [" ".join(rng.choice((bait if s else talk) * 2 + both + talk, 9)) for s in spam]
    return "600 made messages", texts, spam


told, texts, spam = messages()
words = CountVectorizer(binary=True, min_df=5)
X, y = words.fit_transform(texts).astype(float), np.asarray(spam)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
print(f"{told}, {X.shape[1]:,} words, {X.nnz / X.shape[0]:.0f} in a message")

# %%
model = LogisticRegression(l1_ratio=1.0, C=1.0).fit(X_train, y_train)
used = np.flatnonzero(model.coef_[0])
hit = model.predict(X_test)
print(f"{len(used)} words are used; of the spam kept for the test {hit[y_test].mean():.0%} is found,")
print(f"and {hit[~y_test].mean():.1%} of the other messages are taken for spam")

# %%
# A coefficient is what a word adds to the log-odds of spam.
names = words.get_feature_names_out()
strongest = used[np.argsort(-np.abs(model.coef_[0][used]))][:20]
strongest = strongest[np.argsort(-model.coef_[0][strongest])]
rows = [{"word": names[j], "log-odds": round(float(model.coef_[0][j]), 3)} for j in strongest]
alt.Chart(alt.Data(values=rows)).mark_bar().encode(
    x=alt.X("log-odds:Q", title="log-odds of spam"), y=alt.Y("word:N", sort=None, title=None)
).properties(
    title="The words that count most",
    description=f"“{rows[0]['word']}” speaks most for spam, “{rows[-1]['word']}” least.",
    height=22 * len(rows),
)
