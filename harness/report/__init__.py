"""Subscribers and renderers: terminal, lines, JSON documents, NDJSON, JUnit, HTML."""

from harness.report._bundle import BundleCheck, bundle, check_bundle
from harness.report._capture import capture_document, capture_tables
from harness.report._doctor import checkup_tables, doctor_document
from harness.report._documents import (
    apply_document,
    facts_document,
    plain,
    plan_document,
    run_document,
    verify_document,
)
from harness.report._fixes import fixes_playbook
from harness.report._html import html_page
from harness.report._junit import junit_xml
from harness.report._lines import json_lines, text_lines
from harness.report._live import LiveProgress
from harness.report._log import log_lines
from harness.report._moves import moves_document, moves_tables
from harness.report._preflight import preflight_document, preflight_tables
from harness.report._rundiff import rundiff_document, rundiff_tables
from harness.report._summary import facts_tables, plan_tables, print_record, verdict_tables
from harness.report._text import visible
from harness.report._tracking import tracking_table
from harness.report._trial_folder import TrialFolder
from harness.report._usage import usage_csv, usage_document, usage_tables

__all__ = [
    "BundleCheck",
    "LiveProgress",
    "TrialFolder",
    "apply_document",
    "bundle",
    "capture_document",
    "capture_tables",
    "check_bundle",
    "checkup_tables",
    "doctor_document",
    "facts_document",
    "facts_tables",
    "fixes_playbook",
    "html_page",
    "json_lines",
    "junit_xml",
    "log_lines",
    "moves_document",
    "moves_tables",
    "plain",
    "plan_document",
    "plan_tables",
    "preflight_document",
    "preflight_tables",
    "print_record",
    "run_document",
    "rundiff_document",
    "rundiff_tables",
    "text_lines",
    "tracking_table",
    "usage_csv",
    "usage_document",
    "usage_tables",
    "verdict_tables",
    "verify_document",
    "visible",
]
