"""Refusals in the words of the command line: Python's arguments become options, and typer's boxes one line."""

import re

import typer

MISUSE = typer.BadParameter.__mro__[2]  # ClickException, of the click that typer brings or of its own

NUMBERS = {  # what typer says of numbers, and what we say
    r"valid number|valid float": "a number",
    r"valid integer": "a whole number",
    r"greater than or equal to (\S+)|in the range x>=(\S+)\Z": r"\1\2 or more",
    r"less than or equal to (\S+)": r"\1 or less",
}


def misuse(error, arguments: list[str]) -> str:
    """What typer refused, in one line."""
    message = " ".join(error.format_message().split()).rstrip(".")
    message = message[:1].lower() + message[1:]
    value = _value(getattr(error, "param", None), arguments)
    if value is not None:
        message = _expected(message, value)
    if value is not None and (not value or value not in message):
        message += f" (got {value!r})"
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "minimix"
    if message.startswith("no such command") and " " in command and not message.endswith("?"):
        message += f": there are {', '.join(context.command.commands)}; `{command}` alone shows what there is"
    return f"{message}{'' if message.endswith('?') else ';'} see {command} --help"


def _expected(message: str, value: str) -> str:
    """What is wrong with a number, as all of minimix says it.

    >>> _expected("invalid value for '--lr': Input should be a valid number, unable to parse string as a number", "abc")
    "--lr: expected a number, not 'abc'"
    >>> _expected("invalid value for '--top': Input should be greater than or equal to 1", "0")
    "--top: expected 1 or more, not '0'"
    """
    option, _, reason = message.removeprefix("invalid value for ").partition(": ")
    for pattern, expected in NUMBERS.items():
        if found := re.search(pattern, reason):
            return f"{option.strip(chr(39))}: expected {found.expand(expected)}, not {value!r}"
    return message


def _value(parameter, arguments: list[str]) -> str | None:
    """What was typed for an option; None where that is not to be seen."""
    for word, following in zip(arguments, [*arguments[1:], None], strict=True):
        name, sign, value = word.partition("=")
        if name.startswith("-") and name in getattr(parameter, "opts", ()):
            return value if sign else following
    return None


def in_options(message: str, app: typer.Typer, arguments: list[str]) -> str:
    """The message of a Python function, with the options that a user can type in place of its arguments.

    >>> from minimix.cli import app
    >>> in_options("batch_size: expected a whole number, 1 or more, not 0", app, ["train", "--batch-size", "0"])
    '--batch-size: expected a whole number, 1 or more, not 0'
    >>> in_options("width must be above 0", app, ["summary", "-o", "width=0"])  # no option was typed
    'width must be above 0'
    """
    options = _options(app, arguments)
    typed = {word.partition("=")[0] for word in arguments if word.startswith("-")}
    for argument, names in options.items():
        given = next((name for name in names if name in typed), None)
        option = given or max(names, key=len)
        message = re.sub(rf"^{argument.rstrip('_')}_?(?=: )", option, message)
        if given is not None and "_" in argument:
            message = re.sub(rf"(?<![\w.'\"-]){argument}(?![\w'\"=])", option, message)
        elif given is not None:
            message = re.sub(rf"(?:^|(?<=: )|(?<=; )){argument}(?= (?:must|was|is|probability)\b)", option, message)
    return re.sub(r"\bresume='([^']*)'(?= to )", r"`minimix train --resume \1`", message)


def failed(error: OSError) -> str:
    """What the system refused, with the file first.

    >>> failed(FileExistsError(17, "File exists", "runs"))
    'runs is a file, but a folder is needed'
    >>> failed(PermissionError(13, "Permission denied", "runs/a"))
    'runs/a: permission denied'
    """
    if error.filename is None or not error.strerror:
        return error.strerror or str(error)
    if isinstance(error, FileExistsError):
        return f"{error.filename} is a file, but a folder is needed"
    return f"{error.filename}: {error.strerror[:1].lower()}{error.strerror[1:]}"


def _options(app: typer.Typer, arguments: list[str]) -> dict[str, list[str]]:
    """{argument of the Python function: its options' names} of the command that was called."""
    command = typer.main.get_command(app)
    for word in arguments:
        if word in getattr(command, "commands", {}):
            command = command.commands[word]
    found = {parameter.name: [name for name in parameter.opts if name.startswith("--")] for parameter in command.params}
    names = {argument: options for argument, options in found.items() if options}
    for argument, name in (("num_classes", "classes"), ("model_options", "option")):
        if name in names:
            names[argument] = names[name]
    return names
