"""The page of the command line, from the commands themselves: what ``minimix COMMAND --help`` says, in one place."""

import re

import typer
from docstrings import inline

from minimix import cli

KINDS = {r"<int.*?>|INTEGER( RANGE)?": "N", r"<float.*?>|FLOAT( RANGE)?": "X", "<path>": "PATH", "<str>": "TEXT"}


def page() -> str:
    """All commands, in reStructuredText: usage, explanation, arguments and options."""
    group = typer.main.get_command(cli.app)
    title = ["The command line", "================", "", inline(group.help or ""), ""]
    return "\n".join([*title, *_commands(group, group.make_context("minimix", [], resilient_parsing=True))])


def _commands(group, context) -> list[str]:
    lines = []
    for name, command in group.commands.items():
        below = command.make_context(name, [], parent=context, resilient_parsing=True)
        lines += _commands(command, below) if hasattr(command, "commands") else _command(command, below)
    return lines


def _command(command, context) -> list[str]:
    heading = context.command_path
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = [heading, "-" * len(heading), "", "::", "", f"    {usage}", ""]
    lines += [text for paragraph in (command.help or "").split("\n\n") for text in (inline(" ".join(paragraph.split())), "")]
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            lines += _parameter(*record)
    return lines


def _parameter(names: str, said: str) -> list[str]:
    """A parameter's names, what it does, and its default."""
    if not names.startswith("-"):
        names = re.sub(r" <.*?>", "", names)  # an argument's name says what it is
    for kind, word in KINDS.items():
        names = re.sub(kind, word, names)
    said, facts, *_ = [*re.split(r"  \\?\[", said), ""]
    facts = re.sub(r"\bdefault: \((.*)\)", r"default: \1", facts.removesuffix("]"))
    return [f"``{names}``", f"    {inline(said)}" + (f" *({inline(facts)})*" if facts else ""), ""]
