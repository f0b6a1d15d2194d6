"""JUnit XML: one test case per guest and per host, as CI servers read it."""

from xml.etree import ElementTree as ET

from harness.core.model import GuestVerdict, HostVerdict, Reason, Verdict
from harness.engine import RunRecord
from harness.report._text import xml_text

__all__ = ["junit_xml"]


def junit_xml(record: RunRecord) -> bytes:
    """The run's verdicts as JUnit XML (UTF-8): not activated is a failure, unknown an error, not applicable a skip."""
    root = ET.Element("testsuites", name="avma")
    verdict = record.verdict
    hosts = _suite(root, "hosts", record)
    guests = _suite(root, "guests", record)
    for host in verdict.hosts if verdict else ():
        _host_case(hosts, host)
    for guest in verdict.guests if verdict else ():
        _guest_case(guests, guest)
    for suite in (hosts, guests):
        cases = suite.findall("testcase")
        suite.set("tests", str(len(cases)))
        for kind, label in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            suite.set(label, str(sum(case.find(kind) is not None for case in cases)))
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _suite(root: ET.Element, name: str, record: RunRecord) -> ET.Element:
    suite = ET.SubElement(root, "testsuite", name=f"avma.{name}", timestamp=record.started)
    properties = ET.SubElement(suite, "properties")
    for key, value in (("run_id", record.run_id), ("inventory", record.inventory), ("playbook", record.playbook)):
        ET.SubElement(properties, "property", name=key, value=xml_text(value or ""))
    return suite


def _host_case(suite: ET.Element, host: HostVerdict) -> None:
    case = ET.SubElement(suite, "testcase", classname="avma.host", name=xml_text(host.name))
    if host.avma_ready is not True:
        kind = "failure" if host.avma_ready is False else "error"
        _explain(case, kind, "not ready" if kind == "failure" else "unknown", host.reasons)


def _guest_case(suite: ET.Element, guest: GuestVerdict) -> None:
    name = xml_text(f"{guest.host}.guest")
    case = ET.SubElement(suite, "testcase", classname=name, name=xml_text(f"{guest.name} [{guest.vm_id}]"))
    kinds = {Verdict.NOT_ACTIVATED: "failure", Verdict.UNKNOWN: "error", Verdict.NOT_APPLICABLE: "skipped"}
    if guest.verdict in kinds:
        _explain(case, kinds[guest.verdict], str(guest.verdict), guest.reasons)
    out = ET.SubElement(case, "system-out")
    out.text = xml_text("\n".join(f"{w.name}: {w.says}" for w in guest.witnesses))


def _explain(case: ET.Element, kind: str, label: str, reasons: tuple[Reason, ...]) -> None:
    first = reasons[0].message if reasons else label
    node = ET.SubElement(case, kind, message=xml_text(first))
    if kind != "skipped":
        node.set("type", reasons[0].code if reasons else label)
    node.text = xml_text("\n".join(f"{r.code}: {r.message} Next: {r.next_step}" for r in reasons))
