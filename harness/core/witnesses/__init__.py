"""Pure parsers from raw answers to records: what each of the five witnesses said, before anybody judges it."""

from harness.core.witnesses._decode import decode_answer
from harness.core.witnesses.cim import licence_record, licence_records, moment, uint32
from harness.core.witnesses.events import PastedEvent, parse_event, parse_event_text
from harness.core.witnesses.explain import ExplainedCode, ExplainedProduct, Explanation, Verdict, explain
from harness.core.witnesses.kvp import KvpItems, parse_kvp_items, read_kvp_items
from harness.core.witnesses.slmgr import AvmaClient, SlmgrKind, SlmgrProduct, SlmgrReport, parse_slmgr

__all__ = [
    "AvmaClient",
    "ExplainedCode",
    "ExplainedProduct",
    "Explanation",
    "KvpItems",
    "PastedEvent",
    "SlmgrKind",
    "SlmgrProduct",
    "SlmgrReport",
    "Verdict",
    "decode_answer",
    "explain",
    "licence_record",
    "licence_records",
    "moment",
    "parse_event",
    "parse_event_text",
    "parse_kvp_items",
    "parse_slmgr",
    "read_kvp_items",
    "uint32",
]
