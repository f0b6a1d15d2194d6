"""Pure parsers from raw answers to records: what each of the five witnesses said, before anybody judges it."""

from harness.core.witnesses.slmgr import AvmaClient, SlmgrKind, SlmgrProduct, SlmgrReport, parse_slmgr

__all__ = ["AvmaClient", "SlmgrKind", "SlmgrProduct", "SlmgrReport", "parse_slmgr"]
