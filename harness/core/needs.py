"""What a test needs of a lab, held against what each place has to offer; an unmet need is told in words. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.core.catalogue import normal_release
from harness.core.errors import InputError
from harness.core.model import Flavour, Licensing

__all__ = ["NEEDS", "Needs", "Offer"]

NEEDS = ("os", "edition", "flavour", "licensing", "nodes", "jea")
"""What a test may ask for, in the order in which it is told."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What one place has: for a cluster the releases, editions and flavours of all its nodes.

    ``licensing`` is by what right its host or cluster activates, as the inventory says: host, byol or subscription;
    ``nodes`` is the number of nodes of its cluster, 0 outside of one; ``jea`` whether it is reached by a restricted
    endpoint. An empty set is what nobody could tell.
    """

    os: frozenset[str]
    edition: frozenset[str]
    flavour: frozenset[str]
    licensing: frozenset[str]
    nodes: int
    jea: bool

    @classmethod
    def of_all(cls, offers: Iterable["Offer"]) -> "Offer":
        """What several hosts offer together."""
        each = list(offers)
        return cls(
            frozenset().union(*(one.os for one in each)),
            frozenset().union(*(one.edition for one in each)),
            frozenset().union(*(one.flavour for one in each)),
            frozenset().union(*(one.licensing for one in each)),
            max((one.nodes for one in each), default=0),
            all(one.jea for one in each),
        )


@dataclass(frozen=True, slots=True)
class Needs:
    """What a test asks for; what it does not name is all the same to it. ``nodes`` is how many there are at least."""

    os: tuple[str, ...] = ()
    edition: tuple[str, ...] = ()
    flavour: tuple[str, ...] = ()
    licensing: tuple[str, ...] = ()
    nodes: int = 0
    jea: bool | None = None

    @classmethod
    def read(cls, asked: Mapping[str, object]) -> "Needs":
        """The needs as a test spells them: texts, a number, True or False.

        Raises:
            InputError: a need that does not exist, or a value that it cannot have.

        Example:
            >>> Needs.read({"os": "2022", "nodes": 3})
            Needs(os=('2022',), edition=(), flavour=(), licensing=(), nodes=3, jea=None)
        """
        for name in asked:
            if name not in NEEDS:
                raise _wrong(f"There is no need {name!r}", f"There are: {', '.join(NEEDS)}.")
        nodes, jea = asked.get("nodes", 0), asked.get("jea")
        if isinstance(nodes, bool) or not isinstance(nodes, int) or nodes < 0:
            raise _wrong(f"nodes={nodes!r} is no number of nodes", "Write nodes=3.")
        if not isinstance(jea, bool | None):
            raise _wrong(f"jea={jea!r} is neither True nor False", "Write jea=True.")
        flavours, licensing = _chosen(asked, "flavour", Flavour), _chosen(asked, "licensing", Licensing)
        releases = tuple(normal_release(text) or text for text in _texts(asked, "os"))
        return cls(releases, _texts(asked, "edition"), flavours, licensing, nodes, jea)

    def unmet(self, offer: Offer) -> tuple[str, ...]:
        """What the place lacks, each as words; empty where it meets all needs."""
        words = [
            *_lack("os", self.os, offer.os),
            *_lack("edition", self.edition, offer.edition),
            *_lack("flavour", self.flavour, offer.flavour),
            *_lack("licensing", self.licensing, offer.licensing),
        ]
        if offer.nodes < self.nodes:
            words.append(f"{offer.nodes or 'no'} cluster node{'' if offer.nodes == 1 else 's'}, not {self.nodes}")
        if self.jea is not None and offer.jea is not self.jea:
            words.append("no restricted endpoint" if self.jea else "a restricted endpoint")
        return tuple(words)

    def __str__(self) -> str:
        texts = [(name, " or ".join(getattr(self, name))) for name in NEEDS[:4]]
        words = [f"{name}={text}" for name, text in texts if text]
        words += [f"nodes={self.nodes}"] if self.nodes else []
        words += [f"jea={self.jea}"] if self.jea is not None else []
        return ", ".join(words) or "anything"


def _lack(name: str, wanted: tuple[str, ...], had: frozenset[str]) -> list[str]:
    allowed = {text.casefold() for text in wanted}
    if not wanted or (had and all(text.casefold() in allowed for text in had)):
        return []
    return [f"{name} {' and '.join(sorted(had)) or 'unknown'}, not {' or '.join(wanted)}"]


def _texts(asked: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = asked.get(name, ())
    several = (value,) if isinstance(value, str) else value
    if not isinstance(several, tuple | list) or not all(isinstance(text, str) for text in several):
        raise _wrong(f"{name}={value!r} is no text", f'Write {name}="..."; several stand in a list.')
    return tuple(several)


def _chosen(asked: Mapping[str, object], name: str, known: type[Flavour] | type[Licensing]) -> tuple[str, ...]:
    texts = _texts(asked, name)
    for text in texts:
        if text not in set(known):
            raise _wrong(f"There is no {name} {text!r}", f"There are: {', '.join(known)}.")
    return texts


def _wrong(message: str, hint: str) -> InputError:
    return InputError(f"{message}.", target="@pytest.mark.avma", hint=hint)
