"""A question is one statement of a pipeline: where to look, which properties, and what its silence means.

Several questions travel in one pipeline message and their answers come back in one stream, so each question of a
pipeline asks for another set of properties: Select-Object always yields exactly the properties asked for, missing ones
as null, and that set tells the answers apart (docs/adr/0003).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.remoting import Command, Statement, cmd

__all__ = ["FULL", "QUALIFIED", "QUALIFIED_SELECT", "Projection", "Question", "distinct"]

QUALIFIED_SELECT = "Microsoft.PowerShell.Utility\\Select-Object"
"""The unrestricted Select-Object where a JEA endpoint shows its own stub under the bare name."""


@dataclass(frozen=True, slots=True)
class Projection:
    """How this endpoint can trim an answer before it travels.

    ``select`` is the name under which an unrestricted Select-Object is visible (a JEA role may show it by its full
    name only), or None where there is none: then whole objects arrive. ``json`` tells whether ConvertTo-Json is there.
    """

    select: str | None = "Select-Object"
    json: bool = True

    def tail(self, question: "Question") -> tuple[Command, ...]:
        """The commands after the question's source. What has no known properties travels as it is."""
        if not question.properties:
            return ()
        trim = (cmd(self.select, Property=list(question.properties)),) if self.select else ()
        if not (self.json and self.select and question.numeric):
            return trim
        return (*trim, cmd("ConvertTo-Json", Compress=True, Depth=question.depth))


FULL = Projection()
"""An endpoint with the full language: every Windows PowerShell since 3.0."""
QUALIFIED = Projection(QUALIFIED_SELECT)
"""Right for the full language and for a JEA endpoint that shows Select-Object by its full name alike."""


@dataclass(frozen=True, slots=True)
class Question:
    """One part of the facts.

    Args:
        name: the part's name, as in HostFacts.parts.
        source: the commands that fetch the objects.
        properties: what is asked of each object; empty for the one question whose answer has no known shape.
        depth: of ConvertTo-Json. Objects deeper than that arrive as text.
        numeric: numbers tell all. False where an enum is known by name only: JSON is smaller, but loses the names.
        expected: an answer without a single object is impossible, so silence means that something went wrong.
        several: each object is read for itself, so an error beside answers means that some are missing.
        subject: questions of one subject fail together.
        nothing: error ids (before the comma) by which this source says "there are none".
    """

    name: str
    source: tuple[Command, ...]
    properties: tuple[str, ...]
    depth: int = 3
    numeric: bool = True
    expected: bool = False
    several: bool = False
    subject: str = ""
    nothing: frozenset[str] = frozenset()

    @property
    def group(self) -> str:
        """The subject, or the part itself."""
        return self.subject or self.name

    @property
    def keys(self) -> frozenset[str]:
        """The property set, casefolded."""
        return frozenset(name.casefold() for name in self.properties)

    @property
    def commands(self) -> frozenset[str]:
        """The names of the commands it needs, casefolded."""
        return frozenset(command.name.casefold() for command in self.source)

    def statement(self, projection: Projection = FULL) -> Statement:
        """The statement to send."""
        return Statement((*self.source, *projection.tail(self)))


def distinct(questions: Iterable[Question]) -> tuple[Question, ...]:
    """These questions as one pipeline.

    Raises:
        ValueError: two of them could not be told apart, or two have no known shape. A mistake in this package.
    """
    listed = tuple(questions)
    names, shapes = [q.name for q in listed], [q.keys for q in listed]
    if len(set(names)) < len(names) or len(set(shapes)) < len(shapes):
        raise ValueError(f"These questions cannot share a pipeline: {', '.join(names)}")
    return listed
