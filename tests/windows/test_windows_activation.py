"""What may be concluded from an unrecorded answer, and the key that must show nowhere."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr
from ruamel.yaml import YAML

from harness.core.errors import ConnectionLostError, Sent
from harness.remoting.decode import EnumValue, RemoteObject
from harness.remoting.fake import Answer, FakeSession, error
from harness.windows import read_host_activation, set_host_key
from harness.windows.activation import host_activation

CASES: list[Mapping[str, object]] = YAML(typ="safe").load(Path("tests/cases/windows/activation.yaml"))
KEY = "BCDFG-HJKMP-QRTVW-XY234-67892"
CUSTOM = ("System.Management.Automation.PSCustomObject", "System.Object")


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_an_answer_is_read_cautiously(case: Mapping[str, object]) -> None:
    raw = case["raw"]
    assert isinstance(raw, list)
    found = host_activation(raw)
    assert found.configured is case["configured"]
    assert found.last5 == case.get("last5")
    assert found.version == case.get("version")
    assert list(found.raw) == case.get("evidence", raw)


def test_an_object_with_an_enum_is_read_by_the_enums_name() -> None:
    value = RemoteObject(CUSTOM, {"PartialProductKey": None, "ActivationStatus": EnumValue("NotActivated", 0)})
    found = host_activation([value])
    assert found.configured is False
    assert found.raw == ({"PartialProductKey": None, "ActivationStatus": "NotActivated"},)


def test_reading_sends_one_untrimmed_statement() -> None:
    session = FakeSession({"Get-VMAutomaticActivation": [{"ProductKey": "78VHK", "Status": "Active"}]})
    found = read_host_activation(session, seconds=5)
    assert found is not None
    assert found.configured is True
    assert session.commands == ["Get-VMAutomaticActivation"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(
            errors=[error("Microsoft.PowerShell.Commands.WriteErrorException,Get-VMAutomaticActivation", "nothing")]
        ),
        Answer(errors=[error("Get-VMAutomaticActivation", "not set up")], terminating=True),
    ],
)
def test_an_error_instead_of_an_answer_is_no_reading(answer: Answer) -> None:
    assert read_host_activation(FakeSession({"Get-VMAutomaticActivation": answer}), seconds=5) is None


def test_a_host_without_the_command_has_no_reading() -> None:
    assert read_host_activation(FakeSession(), seconds=5) is None


def test_a_key_is_sent_once_and_positionally() -> None:
    session = FakeSession({"Set-VMAutomaticActivation": []})
    set_host_key(session, SecretStr(KEY), seconds=5)
    (call,) = session.calls("Set-VMAutomaticActivation")
    assert call.arguments == (KEY,)
    assert call.parameters == {}
    assert len(session.ran) == 1


def test_what_a_command_says_of_a_key_is_kept_without_the_key() -> None:
    told = error(
        f"ParameterArgumentValidationError {KEY},Set-VMAutomaticActivation", f"The argument '{KEY}' was refused."
    )
    said = RemoteObject(CUSTOM, {"Key": KEY, "Note": KEY.replace("-", "")})
    session = FakeSession({"Set-VMAutomaticActivation": Answer([said, f"Applied {KEY}"], [told])})
    answer = set_host_key(session, SecretStr(KEY), seconds=5)
    assert KEY not in repr(answer)
    assert KEY.replace("-", "") not in repr(answer)
    assert "67892" in answer.errors[0].message
    assert "67892" in str(answer.output)


@pytest.mark.parametrize(
    ("output", "refusal"),
    [
        ({"Status": "Failed", "ErrorCode": "0xC004F210"}, "its output says status Failed, errorcode 0xC004F210"),
        ({"Result": "Error"}, "its output says result Error"),
        ({"HResult": -1073422834}, "its output says hresult -1073422834"),
        ({"Inner": {"ErrorCode": 0xC004F050}}, "its output says errorcode 3221549136"),
        (False, "its output says output False"),
        ({"Status": "Success", "ErrorCode": "0x00000000"}, None),
        ({"ErrorCode": 0, "Error": "Failed to say more"}, None),
        ("The product key was applied successfully.", None),
        (True, None),
        ({"Status": "Pending"}, None),
    ],
)
def test_an_output_that_plainly_says_no_is_a_refusal(output: object, refusal: str | None) -> None:
    said = RemoteObject(CUSTOM, output) if isinstance(output, dict) else output
    answer = set_host_key(FakeSession({"Set-VMAutomaticActivation": [said]}), SecretStr(KEY), seconds=5)
    assert answer.refusal == refusal


def test_an_error_is_a_refusal_in_its_own_words() -> None:
    told = error("Microsoft.PowerShell.Commands.WriteErrorException,Set-VMAutomaticActivation", "It didn't work.")
    session = FakeSession({"Set-VMAutomaticActivation": Answer([], [told])})
    assert set_host_key(session, SecretStr(KEY), seconds=5).refusal == "It didn't work."


def test_a_lost_answer_is_raised_without_the_key_and_not_sent_again() -> None:
    lost = ConnectionLostError(f"Lost while sending {KEY}.", sent=Sent.MAYBE, hint=f"Do not send {KEY} again.")
    session = FakeSession({"Set-VMAutomaticActivation": lost})
    with pytest.raises(ConnectionLostError) as caught:
        set_host_key(session, SecretStr(KEY), seconds=5)
    assert KEY not in str(caught.value) + repr(caught.value)
    assert caught.value.sent is Sent.MAYBE
    assert len(session.ran) == 1
