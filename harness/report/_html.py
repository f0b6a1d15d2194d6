"""The report as one self-contained HTML page: no script from elsewhere, no font, no image to fetch."""

from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.core.model import Verdict
from harness.engine import RunRecord
from harness.report._documents import verify_document
from harness.report._moves import move_groups
from harness.report._text import xml_text

__all__ = ["html_page"]


def html_page(record: RunRecord) -> str:
    """The run as an HTML page: totals, each guest's verdict with its evidence, each blocked one with its next step; the
    validation of an upgrade and the grid of moves, where the run made them.
    """
    environment = Environment(
        loader=PackageLoader("harness.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    environment.filters["safe_text"] = lambda text: xml_text("" if text is None else str(text))
    environment.filters["left"] = _left
    environment.filters["moment"] = _moment
    template = environment.get_template("report.html.j2")
    verdict = record.verdict
    order = {Verdict.NOT_ACTIVATED: 0, Verdict.UNKNOWN: 1, Verdict.ACTIVATED: 2, Verdict.NOT_APPLICABLE: 3}
    guests = sorted(verdict.guests, key=lambda g: (order[g.verdict], g.host, g.name)) if verdict else []
    return template.render(
        record=record,
        document=verify_document(record),
        hosts=verdict.hosts if verdict else (),
        guests=guests,
        blocked=record.plan.blocked if record.plan else (),
        results=record.results,
        moves=record.moves,
        move_groups=move_groups(record.moves) if record.moves else (),
    )


def _left(minutes: int | None) -> str:
    return "" if minutes is None else f"{minutes // 1440} d {minutes % 1440 // 60} h {minutes % 60} min"


def _moment(text: str) -> str:
    """An ISO 8601 UTC time as people read it; other text stays as it is."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except ValueError:
        return xml_text(text)
