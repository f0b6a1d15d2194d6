"""The tracking table: what guests tell their hosts, marked for what it is."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.core.tracking import Tracking
from harness.report._text import visible

__all__ = ["tracking_table"]

_COLUMNS = ("Guest", "Host", "FQDN", "System", "Service pack", "Architecture", "IPv4", "IPv6", "RDP")


def tracking_table(rows: Sequence[Tracking]) -> RenderableType:
    """One line per VM. A field that the guest itself contradicts is red."""
    table = Table(
        title="What guests tell through Data Exchange (unverified)",
        title_justify="left",
        title_style="bold",
        header_style="bold",
        expand=False,
    )
    for column in _COLUMNS:
        table.add_column(column, overflow="fold")
    for row in rows:
        wrong = row.contradicted or ()
        table.add_row(
            _cell(row.name),
            _cell(row.host),
            _cell(row.fqdn, wrong="fqdn" in wrong) if row.told else Text("nothing", style="dim"),
            _cell(" ".join(filter(None, (row.os_name, row.os_version))), wrong="os_version" in wrong),
            _cell(row.service_pack),
            _cell(row.architecture),
            _cell("\n".join(row.ipv4)),
            _cell("\n".join(row.ipv6)),
            _cell("\n".join((*row.rdp_ipv4, *row.rdp_ipv6))),
        )
    note = (
        "Hearsay: the administrator of a guest can write anything here. Red: the guest itself, asked inside, differs."
    )
    return Group(table, Text(note, style="dim"))


def _cell(text: str | None, *, wrong: bool = False) -> Text:
    lines = [visible(line) for line in (text or "").split("\n")]
    return Text("\n".join(lines), style="red" if wrong else "")
