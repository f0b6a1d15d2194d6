"""Whether clusters are covered: each node, and what stands in the way."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from harness.core.model import ClusterCoverage, NodeCoverage
from harness.report._words import cell, table

__all__ = ["cluster_tables"]

_COVERED = {True: Text("yes", style="green"), False: Text("no", style="red"), None: Text("unknown", style="yellow")}
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
        nodes = table(f"Nodes of {cluster.name}", "Node", "State", "Can activate", "By", "Key", "Why", "Next step")
        for node in cluster.nodes:
            nodes.add_row(*_row(node))
        parts.append(nodes)
    return Group(*parts)


def _row(node: NodeCoverage) -> tuple[Text, ...]:
    cause = node.cause
    return (
        cell(node.name),
        cell(node.state or "-"),
        _COVERED[node.covered],
        cell(node.right or "-"),
        cell(node.key_version or "-"),
        cell(cause.message if cause else ""),
        cell(cause.next_step if cause else ""),
    )
