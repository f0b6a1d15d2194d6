"""Subscribers and renderers: terminal, lines, JSON documents, NDJSON, JUnit, HTML."""

from harness.report._doctor import checkup_tables, doctor_document
from harness.report._documents import (
    apply_document,
    facts_document,
    plain,
    plan_document,
    run_document,
    verify_document,
)
from harness.report._html import html_page
from harness.report._junit import junit_xml
from harness.report._lines import json_lines, text_lines
from harness.report._live import LiveProgress
from harness.report._log import log_lines
from harness.report._summary import facts_tables, plan_tables, print_record, verdict_tables
from harness.report._text import visible

__all__ = [
    "LiveProgress",
    "apply_document",
    "checkup_tables",
    "doctor_document",
    "facts_document",
    "facts_tables",
    "html_page",
    "json_lines",
    "junit_xml",
    "log_lines",
    "plain",
    "plan_document",
    "plan_tables",
    "print_record",
    "run_document",
    "text_lines",
    "verdict_tables",
    "verify_document",
    "visible",
]
