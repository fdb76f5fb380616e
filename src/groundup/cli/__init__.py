"""The command line: one module per command.

A command imports what it needs when it runs, so that ``groundup --help`` loads no Numba, scikit-learn or Polars.
"""

from __future__ import annotations

from groundup._version import __version__

__all__ = ["main"]


def application():
    """Return the Typer application with all commands."""
    import typer

    from groundup.cli import (
        audit,
        build,
        doctor,
        explain,
        models,
        predict,
        report,
        runs,
        serve,
        show,
        use,
        warmup,
    )
    from groundup.cli.help import Verb, Verbs

    app = typer.Typer(
        name="groundup",
        cls=Verbs,
        help="Machine learning from the ground up: from a table to a tested model and its predictions.",
        epilog="Start with: [bold]groundup build sample:churn --target churned --ignore exit_survey[/]",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for verb, panel in (
        (build, "Model"),
        (audit, "Model"),
        (predict, "Model"),
        (explain, "Model"),
        (show, "Model"),
        (runs, "Model"),
        (use, "Model"),
        (report, "Model"),
        (serve, "Model"),
        (models, "Model"),
        (warmup, "Machine"),
        (doctor, "Machine"),
    ):
        app.command(verb.NAME, cls=Verb, epilog=verb.EXAMPLES, rich_help_panel=panel)(verb.command)

    @app.callback()
    def root(
        version: bool = typer.Option(
            False, "--version", help="Print the version and exit.", callback=_version, is_eager=True
        ),
    ) -> None:
        """Options of all commands."""

    return app


def _version(wanted: bool) -> None:
    import platform

    import typer

    if wanted:
        typer.echo(
            f"groundup {__version__} (Python {platform.python_version()}, {platform.system()} {platform.machine()})"
        )
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    from groundup.cli.console import escape_unencodable_text, repeat_lost_interrupts

    escape_unencodable_text()
    repeat_lost_interrupts()
    application()(prog_name="groundup")
