"""What every command shares: the common options, environment names, consoles, progress, errors."""

from __future__ import annotations

import functools
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

LOG_FORMATS = ("text", "json")


class State:
    """The common options of this process."""

    quiet = False
    verbose = False
    log_format = "text"
    no_color = False


_COMMON: dict[str, tuple[Any, Any]] = {
    "quiet": (
        Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")],
        False,
    ),
    "verbose": (
        Annotated[bool, typer.Option("--verbose", "-v", help="Show details, and tracebacks of errors.")],
        False,
    ),
    "log_format": (
        Annotated[str, typer.Option("--log-format", help="Messages as text or json.", metavar="text|json")],
        "text",
    ),
    "no_color": (
        Annotated[bool, typer.Option("--no-color", help="No colour; NO_COLOR is honoured as well.")],
        False,
    ),
}


def command(app: typer.Typer, name: str, **settings: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command with the common options; every option also reads AUDITOR_<OPTION>."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())
        shared = [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
            for key, (kind, default) in _COMMON.items()
        ]
        parameters = [_with_environment(parameter) for parameter in [*own, *shared]]

        @functools.wraps(function)
        def wrapper(**values: Any) -> None:
            _configure({key: values.pop(key) for key in _COMMON})
            function(**values)

        keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
        # Typer reads both.
        vars(wrapper)["__signature__"] = signature.replace(parameters=keyword)
        wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
        app.command(name, **settings)(wrapper)
        return function

    return register


def _with_environment(parameter: inspect.Parameter) -> inspect.Parameter:
    for info in getattr(parameter.annotation, "__metadata__", ()):
        if isinstance(info, typer.models.OptionInfo) and info.envvar is None:
            declared = [text for text in info.param_decls or () if text.startswith("--")]
            option = declared[0].split("/")[0] if declared else parameter.name
            info.envvar = "AUDITOR_" + option.lstrip("-").replace("-", "_").upper()
            info.show_envvar = False
    return parameter


def _configure(values: dict[str, Any]) -> None:
    from auditor.errors import UsageError

    State.quiet = values["quiet"]
    State.verbose = values["verbose"]
    State.no_color = values["no_color"] or bool(os.environ.get("NO_COLOR"))
    if values["log_format"] not in LOG_FORMATS:
        raise UsageError(f"--log-format {values['log_format']!r} is neither text nor json")
    State.log_format = values["log_format"]


def console(*, stderr: bool = False) -> Console:
    """A rich console that honours the common options; without a terminal it is 80 columns wide."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else 80
    return Console(file=stream, no_color=State.no_color, highlight=False, soft_wrap=False, width=width)


def say(message: str) -> None:
    """Tell the person at the terminal something, on standard error, unless --quiet."""
    if not State.quiet:
        emit("info", message)


def emit(level: str, message: str) -> None:
    """One message on standard error, in the chosen log format."""
    if State.log_format == "json":
        text = json.dumps({"level": level, "message": message}, ensure_ascii=True)
    else:
        text = printable(message if level == "info" else f"{level}: {message}")
    print(text, file=sys.stderr)


def printable(text: str) -> str:
    """Outside text made safe for a terminal: control and bidirectional characters as escapes."""
    from auditor.findings.inert import inert

    return inert(text)


@contextmanager
def progress(label: str) -> Iterator[Callable[[str, int], None]]:
    """A progress line on a terminal's standard error for work over a second; silent elsewhere."""
    if State.quiet or State.log_format == "json" or not sys.stderr.isatty():
        yield lambda _what, _count: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
        console=console(stderr=True),
        transient=True,
    )
    with bar:
        tasks: dict[str, Any] = {}

        def advance(what: str, count: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(f"{label} {what}", total=None)
            bar.advance(tasks[what], count)

        yield advance
