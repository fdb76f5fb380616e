"""The help of commands: flags are shown without the type of a value."""

from __future__ import annotations

from typer.core import TyperCommand, TyperGroup


def _without_flag_types(params: list) -> list:
    """Return parameters whose flags are shown without the type of a value."""
    for param in params:
        if getattr(param, "is_flag", False) and param.metavar is None:
            param.metavar = ""
    return params


class Verb(TyperCommand):
    """A command with this help."""

    def get_params(self, ctx):
        """Return the parameters, also for the help."""
        return _without_flag_types(super().get_params(ctx))


class Verbs(TyperGroup):
    """The group of commands with this help."""

    def get_params(self, ctx):
        """Return the parameters, also for the help."""
        return _without_flag_types(super().get_params(ctx))
