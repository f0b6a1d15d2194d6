"""Whether clusters are covered: each node, and what stands in the way."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from harness.core.model import ClusterCoverage, NodeCoverage
from harness.report._words import cell, table

__all__ = ["cluster_tables"]

_COVERED = {True: Text("yes", style="green"), False: Text("no", style="red"), None: Text("unknown", style="yellow")}
_CANARY = {
    True: Text("activated", style="green"),
    False: Text("not activated", style="red"),
    None: Text("not sent", style="yellow"),
}
_WORDS = {
    True: Text("covered: guests stay activated wherever they move.", style="green"),
    False: Text("NOT COVERED: guests fall out within seven days after they move to a node that is not.", style="red"),
    None: Text("not known to be covered: at least one node could not be judged.", style="yellow"),
}


def cluster_tables(clusters: Iterable[ClusterCoverage]) -> RenderableType:
    """One table for each cluster, its verdict on the line above it."""
    parts: list[RenderableType] = []
    for cluster in clusters:
        parts.append(Text.assemble("Cluster ", cell(cluster.name), " is ", _WORDS[cluster.covered]))
        parts += [Text.assemble(cell(cause.message), " ", cell(cause.next_step)) for cause in cluster.causes]
        tried = any(node.proven is not None for node in cluster.nodes)
        columns = ("Node", "State", "Can activate", "By", "Key", *("Canary",) * tried, "Why", "Next step")
        nodes = table(f"Nodes of {cluster.name}", *columns)
        for node in cluster.nodes:
            nodes.add_row(*_row(node, tried=tried))
        parts.append(nodes)
    return Group(*parts)


def _row(node: NodeCoverage, *, tried: bool) -> tuple[Text, ...]:
    cause = node.cause
    canary = (_CANARY[node.proven],) if tried else ()
    return (
        cell(node.name),
        cell(node.state or "-"),
        _COVERED[node.covered],
        cell(node.right or "-"),
        cell(node.key_version or "-"),
        *canary,
        cell(cause.message if cause else ""),
        cell(cause.next_step if cause else ""),
    )
