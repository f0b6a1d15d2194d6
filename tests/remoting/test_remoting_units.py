"""The parts that need no wire: decoding, values, records, faults, endpoints, deadlines."""

import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree.ElementTree import canonicalize, tostring

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from pypsrp.complex_objects import ApartmentState, CommandParameter, HostInfo, Pipeline, RemoteStreamOptions
from pypsrp.complex_objects import Command as PsrpCommand
from pypsrp.exceptions import SerializationError
from pypsrp.messages import CreatePipeline
from pypsrp.serializer import Serializer, TaggedValue
from ruamel.yaml import YAML

from harness.core import errors
from harness.core.errors import InputError
from harness.core.model import Auth
from harness.remoting import Credential, EnumValue, RemoteObject, to_plain
from harness.remoting._deadline import Deadline
from harness.remoting._endpoint import Endpoint, Trust, tls_context
from harness.remoting._faults import Fault, read_fault, refusal
from harness.remoting._records import error_detail
from harness.remoting._serializer import OutputSerializer
from harness.remoting._values import holds_secret, wire_value
from harness.remoting._winrs import command_line, signed
from harness.remoting.decode import from_clixml

CASES = Path(__file__).parents[1] / "cases" / "remoting"


def cases(name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = YAML(typ="safe").load((CASES / name).read_text(encoding="utf-8"))
    return loaded


# ---- decoding ----


@pytest.mark.parametrize("case", cases("clixml.yaml"), ids=lambda case: case["name"])
def test_clixml_becomes_plain_python(case: dict[str, Any]) -> None:
    assert to_plain(from_clixml(case["xml"])) == case["plain"]


@settings(deadline=None)
@given(st.text())
def test_every_string_that_pypsrp_writes_is_read_back(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert from_clixml(Serializer().serialize(text)) == text  # type: ignore[arg-type]


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.text("aé_x0", max_size=6),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=3), inner, max_size=3),
    )
)
def test_every_structure_that_pypsrp_writes_is_read_back_and_fits_json(value: object) -> None:
    decoded = from_clixml(Serializer().serialize(value))  # type: ignore[arg-type]
    assert decoded == value
    assert json.loads(json.dumps(to_plain(decoded))) == value


@pytest.mark.parametrize("text", ["<Bogus/>", "<I32>x</I32>", "<I32/>", "<S>", ""])
def test_what_is_no_clixml_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, SyntaxError)):
        from_clixml(text)


def test_plain_values_hold_nothing_that_json_cannot() -> None:
    value = {"o": RemoteObject(("T",), {"e": EnumValue("Off"), "n": [math.inf, b"\x01"]}), "d": Decimal("1.5")}
    assert to_plain(value) == {"o": {"e": "Off", "n": ["inf", "AQ=="]}, "d": "1.5"}
    assert str(EnumValue("Off", 3)) == "Off"


# ---- values ----


@pytest.mark.parametrize(
    ("value", "tag", "text"),
    [
        (2**31, "I64", "2147483648"),
        (-(2**31) - 1, "I64", "-2147483649"),
        (2**63, "U64", "9223372036854775808"),
        (0.1, "Db", "0.1"),
        (1e300, "Db", "1e+300"),
    ],
)
def test_numbers_travel_in_a_type_that_holds_them(value: object, tag: str, text: str) -> None:
    sent = wire_value(value)
    assert isinstance(sent, TaggedValue)
    element = Serializer().serialize(sent)
    assert element is not None
    assert (element.tag, element.text) == (tag, text)


def test_values_that_pypsrp_sends_rightly_are_left_alone() -> None:
    for value in (None, True, "a", 2**31 - 1, b"x", UUID(int=1)):
        assert wire_value(value) is value or wire_value(value) == value
    assert wire_value((1, ("a",))) == [1, ["a"]]
    assert wire_value({1: (2,)}) == {"1": [2]}


def test_moments_travel_as_text_that_any_culture_parses() -> None:
    assert wire_value(datetime(2026, 11, 22, 10, tzinfo=UTC)) == "2026-11-22T10:00:00+00:00"
    assert wire_value(date(2026, 11, 22)) == "2026-11-22"


@pytest.mark.parametrize(
    "value", [Auth.BASIC, {1}, object(), 2**64, -(2**63) - 1, math.nan, math.inf, "\udc00", ["a", {1}], Decimal(1)]
)
def test_what_has_no_net_type_is_refused_by_its_own(value: object) -> None:
    with pytest.raises(InputError) as caught:
        wire_value(value)
    assert caught.value.code == "parameter_not_sendable"


def test_a_refusal_does_not_quote_the_value() -> None:
    with pytest.raises(InputError) as caught:
        wire_value("hunter2\ud800")
    assert "hunter2" not in str(caught.value)


def test_only_secrets_need_the_session_key() -> None:
    assert not holds_secret({"a": ["b", {"c": 1}], "d": "secret"})


# ---- the pipeline message ----

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**63)
    | st.text("aé<&>\"'_x0\n😀", max_size=6)
    | st.binary(max_size=3)
)
secrets = st.builds(SecretStr, st.text(max_size=4)) | st.builds(
    Credential, st.text(max_size=3), st.builds(SecretStr, st.text(max_size=3))
)
values = st.recursive(
    scalars | st.uuids() | st.floats(allow_nan=False, allow_infinity=False) | secrets,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab<", max_size=3), inner, max_size=3),
    max_leaves=6,
)
stages = st.tuples(
    st.text("Get-VM<&", min_size=1, max_size=6),
    st.booleans(),
    st.dictionaries(st.text("Nam<", max_size=3), values, max_size=3),
    st.lists(values, max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(stages, min_size=1, max_size=3), min_size=1, max_size=3), st.sampled_from(["2.1", "2.2", "2.3"])
)
def test_a_pipeline_is_written_as_pypsrp_writes_it(statements: Any, version: str) -> None:
    def message() -> CreatePipeline:
        commands = []
        for statement in statements:
            for name, script, named, positional in statement:
                parts = [CommandParameter(name=key, value=wire_value(value)) for key, value in named.items()]
                parts += [CommandParameter(value=wire_value(value)) for value in positional]
                commands.append(PsrpCommand(name, protocol_version=version, is_script=script, args=parts))
            commands[-1].end_of_statement = True
        pipeline = Pipeline(is_nested=False, cmds=commands, history=None, redirect_err_to_out=False)
        return CreatePipeline(
            True, ApartmentState(value=2), RemoteStreamOptions(value=0), False, HostInfo(host=None), pipeline, False
        )

    theirs, ours = Serializer(), OutputSerializer()
    theirs.cipher = ours.cipher = Cipher(algorithms.AES(b"k" * 32), modes.CBC(b"\0" * 16))
    try:
        expected = theirs.serialize(message())
    except (InputError, UnicodeEncodeError):
        with pytest.raises((InputError, UnicodeEncodeError)):
            ours.serialize(message())
        return
    assert expected is not None
    assert canonicalize(ours.serialize(message()).decode()) == canonicalize(tostring(expected, "unicode"))


def test_a_secret_without_a_session_key_is_not_written() -> None:
    command = PsrpCommand("x", is_script=False, args=[CommandParameter(value=wire_value(SecretStr("s")))])
    with pytest.raises(SerializationError):
        OutputSerializer().serialize(CreatePipeline(pipeline=Pipeline(cmds=[command])))


# ---- error records ----


def record(**more: object) -> RemoteObject:
    thrown = RemoteObject(("Demo.Exception", "System.Exception"), {"Message": "boom"}, "boom")
    return RemoteObject(
        ("System.Management.Automation.ErrorRecord",),
        {"Exception": thrown, "FullyQualifiedErrorId": "Boom,Demo.Cmd", "ErrorCategory_Category": 13, **more},
        "boom",
    )


def thrown_with(**properties: object) -> object:
    return record(Exception=RemoteObject(("X",), properties))


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (thrown_with(HResult=-1073418219), 0xC004F015),
        (thrown_with(HResult=-2146233088, StatusCode=3221549093), 0xC004F025),
        (thrown_with(HResult=-2146233088, ErrorCode=-2147024891), 0x80070005),
        (thrown_with(HResult=-2146233088, Message="Error 0xC004F074 occurred"), 0xC004F074),
        (thrown_with(HResult=-2146233088, Message="nothing"), None),
        (thrown_with(StatusCode=0, HResult=0, Message="0x1234"), None),
        (record(), None),
    ],
)
def test_the_code_is_the_one_that_means_something(raised: object, code: int | None) -> None:
    assert error_detail(raised).hresult == code


def test_an_error_keeps_what_no_language_changes() -> None:
    detail = error_detail(record(ErrorCategory_TargetName="vm1", ErrorDetails_Message="in detail"))
    assert (detail.error_id, detail.command) == ("Boom", "Demo.Cmd")
    assert (detail.category, detail.exception_type, detail.target) == ("ObjectNotFound", "Demo.Exception", "vm1")
    assert detail.message == "in detail"


def test_an_error_with_half_its_properties_is_still_an_error() -> None:
    assert error_detail(RemoteObject((), {}, "only text")).message == "only text"
    assert error_detail("no record").message == "no record"
    assert error_detail(record(ErrorCategory_Category=99)).category == "NotSpecified"
    assert error_detail(record(ErrorCategory_Category=EnumValue("OpenError", 1))).category == "OpenError"
    assert error_detail(record(TargetObject=RemoteObject((), {}, "t"))).target == "t"


# ---- faults ----


def envelope(code: int | None, subcode: str, detail: str = "wsman") -> bytes:
    bodies = {
        "wsman": '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" '
        f'Code="{code}"><f:Message>  the\n reason </f:Message></f:WSManFault>',
        "wmi": '<w:FaultDetail xmlns:w="u"/><p:MSFT_WmiError '
        'xmlns:p="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError">'
        f"<p:error_Code>{code}</p:error_Code></p:MSFT_WmiError>",
    }
    inside = "" if code is None else f"<s:Detail>{bodies[detail]}</s:Detail>"
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value>'
        f"<s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text>text</s:Text></s:Reason>{inside}"
        "</s:Fault></s:Body></s:Envelope>"
    ).encode()


@pytest.mark.parametrize("case", cases("faults.yaml"), ids=lambda case: f"{case['code']}-{case.get('subcode', '')}")
def test_a_fault_is_told_by_its_code_in_either_form(case: dict[str, Any]) -> None:
    for detail in ("wsman", "wmi"):
        fault = read_fault(envelope(case["code"], case.get("subcode", "s:Other"), detail))
        assert fault is not None
        error = refusal(fault)
        assert type(error) is getattr(errors, case["kind"])
        assert error.sent.value == case["sent"]
        assert case["says"] in error.message


def test_the_reason_of_an_unknown_fault_is_passed_on_in_one_line() -> None:
    fault = read_fault(envelope(42, "w:Strange"))
    assert fault == Fault(42, "Strange", "the reason")
    assert "Strange (code 42): the reason" in str(refusal(fault))


@pytest.mark.parametrize("body", [b"", b"<html>", b"<a/>", b"\xff"])
def test_a_body_without_a_fault_has_none(body: bytes) -> None:
    assert read_fault(body) is None


# ---- the rest ----


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("hv01.lab", "https://hv01.lab:5986/wsman"),
        ("10.0.0.1", "https://10.0.0.1:5986/wsman"),
        ("fe80:0:0::1", "https://[fe80::1]:5986/wsman"),
    ],
)
def test_an_endpoint_is_spelled_as_a_url_wants_it(address: str, url: str) -> None:
    assert Endpoint(address, 5986, "https").url == url


def test_a_tls_context_is_made_once_for_all_lanes_and_anew_for_a_renewed_file(tmp_path: Path) -> None:
    import os

    from harness.sim.server import CertificateAuthority

    path = CertificateAuthority(tmp_path).path
    trust = Trust(ca=str(path))
    first = tls_context(trust)
    assert tls_context(trust) is first
    os.utime(path, ns=(1, 1))
    assert tls_context(trust) is not first


def test_a_certificate_file_that_is_missing_or_no_pem_is_the_operators_to_mend(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        tls_context(Trust(ca=str(tmp_path / "none.pem")))
    (tmp_path / "bad.pem").write_text("no certificate")
    with pytest.raises(InputError, match=r"bad\.pem is not usable"):
        tls_context(Trust(ca=str(tmp_path / "bad.pem")))
    with pytest.raises(InputError, match="or its key"):
        tls_context(Trust(certificate=str(tmp_path / "bad.pem"), private_key=str(tmp_path / "bad.pem")))


def test_a_part_never_has_more_time_than_the_whole() -> None:
    now = [0.0]
    whole = Deadline(10.0, lambda: now[0])
    now[0] = 4.0
    assert (whole.left, whole.passed) == (6.0, False)
    assert whole.within(2.0).left == 2.0
    assert whole.within(20.0).left == 6.0
    assert repr(whole) == "<Deadline 6.0 s left of 10 s>"
    now[0] = 11.0
    assert (whole.left, whole.passed, whole.within(1.0).passed) == (0.0, True, True)


def test_exit_codes_are_signed_and_lines_quoted() -> None:
    assert [signed(code) for code in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)] == [0, 1, 0x7FFFFFFF, -1]
    assert command_line(["a", "b c", "", "%ProgramFiles(x86)%"]) == ["a", '"b c"', '""', "%ProgramFiles(x86)%"]
