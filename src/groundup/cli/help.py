"""The help of verbs: a flag takes no value, so none is named behind it."""

from __future__ import annotations

from typer.core import TyperCommand, TyperGroup


def _plain(params: list) -> list:
    """Have the flags among `params` shown without the type of a value."""
    for param in params:
        if getattr(param, "is_flag", False) and param.metavar is None:
            param.metavar = ""
    return params


class Verb(TyperCommand):
    """A command with such a help."""

    def get_params(self, ctx):
        """Return the parameters, as the help shows them too."""
        return _plain(super().get_params(ctx))


class Verbs(TyperGroup):
    """The group of the commands, with such a help."""

    def get_params(self, ctx):
        """Return the parameters, as the help shows them too."""
        return _plain(super().get_params(ctx))
