"""The command `needle-grade`."""

from __future__ import annotations

import importlib

import click

_COMMANDS = {
    "run": "Grade submissions.",
    "points": "Show what each check is worth.",
    "explain": "Show all that is known of one check of a result.",
    "diff": "Compare two results, or two folders of them.",
    "skeleton": "Write what is handed out to students.",
    "carry": "Take solved symbols along to the next stage.",
    "pack-gradescope": "Write the autograder of a stage for Gradescope.",
    "lint": "Check the checks of a stage.",
    "doctor": "Say which isolation works on this machine.",
}


class _Commands(click.Group):
    """The commands; each is imported when it is used, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"needle_shared.grading.commands.{name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table, without importing the commands."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Hand out assignments, and grade submissions that nobody trusts."""


if __name__ == "__main__":
    main()
