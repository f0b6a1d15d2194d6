"""The version of the file format, looked at before anything else."""

from harness.lab._document import Document
from harness.lab._problems import LabFileError, Problem

__all__ = ["refuse_other_versions"]


def refuse_other_versions(document: Document) -> None:
    """A file of another version is told so and nothing else: the rest would be noise.

    Raises:
        LabFileError: ``version`` is a number other than 1.
    """
    version = document.data.get("version")
    if isinstance(version, int) and not isinstance(version, bool) and version != 1:
        message, advice = "This version of the format is not known.", "This harness reads `version: 1`."
        raise LabFileError([Problem(document.place(("version",)), "unsupported_version", message, advice)])
