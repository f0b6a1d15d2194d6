"""`avma jea`: the files of a least-privilege endpoint."""

from collections.abc import Sequence
from pathlib import Path

from harness.cli._options import Options, Output
from harness.core.errors import InputError
from harness.windows.endpoint import EXTRAS, host_grants
from harness.windows.endpoint_files import ENDPOINT, endpoint_files

__all__ = ["jea"]


def jea(options: Options, directory: str, group: str, managed_account: str | None, extras: Sequence[str] = ()) -> int:
    """Write the files; `avma/jea/1` tells where and what they grant."""
    for extra in extras:
        if extra not in EXTRAS:
            raise InputError(
                "There is no such thing to let through.", target=extra, hint=f"There are: {', '.join(EXTRAS)}."
            )
    grants = host_grants(extras)
    files = endpoint_files(grants, group=group, managed_account=managed_account)
    folder = Path(directory)
    try:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"The folder cannot be written: {error.strerror}.", target=directory) from error
    if options.output is not Output.TEXT:
        commands = [
            {
                "name": grant.name,
                "parameters": None
                if grant.parameters is None
                else [{"name": one.name, "values": one.values} for one in grant.parameters],
            }
            for grant in grants
        ]
        options.document(
            {
                "schema": "avma/jea/1",
                "name": ENDPOINT,
                "directory": str(folder),
                "files": list(files),
                "commands": commands,
            }
        )
        return 0
    options.console().print(f"{len(grants)} commands for members of {group}. How to register them: {folder}/README.md")
    return 0
