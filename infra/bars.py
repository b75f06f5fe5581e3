"""The progress bar of long work at a terminal: what it is, how far it is, and what else a command knows of it."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn


def progress_bar(console: Console, *more: ProgressColumn) -> Progress:
    """Give a bar that is gone when the work is done, and is not there where nobody looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *more)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
