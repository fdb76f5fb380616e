"""The steps of a run, each a function of the results of the steps before it: see ``docs/design/0012-the-flow.md``."""
