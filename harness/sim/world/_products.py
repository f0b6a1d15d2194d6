"""An installation's licences as rows: what SoftwareLicensingProduct enumerates and slmgr.vbs reads.

Property names: slmgr.vbs. Activation ids, extended PIDs and installation ids are invented, stable per product.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid5

from harness.sim.world._clock import FILETIME_ZERO
from harness.sim.world._installation import Installation
from harness.sim.world._keys import KeyChannel
from harness.sim.world._licence import Licence, Status, minutes_left
from harness.sim.world._systems import AZURE_EDITION, OperatingSystem

__all__ = ["OFFICE_APPLICATION", "WINDOWS_APPLICATION", "Row", "digits", "family_name", "primary_row", "product_rows"]

Row = dict[str, object]
"""One instance: property name to value."""

WINDOWS_APPLICATION = "55c92734-d682-4d71-983e-d6ec3f16059f"
OFFICE_APPLICATION = "0ff1ce15-a989-479d-af46-f275c6370663"
_NAMESPACE = UUID("6f1f6c3e-6d1f-5d8e-9d5e-2c1a1f3a4b5c")
_AZURE_FAMILIES = {
    "turbine": ("ServerTurbine", "ServerTurbineCor"),
    "azure_cor": ("ServerAzureCor", "ServerAzureCor"),
    "datacenter_azure": ("ServerDatacenterAzureEdition", "ServerDatacenterAzureEdition"),
}
_DESCRIPTIONS = {
    KeyChannel.GVLK: "Windows(R) Operating System, VOLUME_KMSCLIENT channel",
    KeyChannel.MAK: "Windows(R) Operating System, VOLUME_MAK channel",
    KeyChannel.RETAIL: "Windows(R) Operating System, RETAIL channel",
    KeyChannel.OEM: "Windows(R) Operating System, OEM_COA_NSLP channel",
    KeyChannel.EVALUATION: "Windows(R) Operating System, TIMEBASED_EVAL channel",
}
_AVMA_DESCRIPTIONS = {
    "operating_system": "Windows(R) Operating System, VIRTUAL_MACHINE_ACTIVATION channel",
    "server": "Windows Server(R) Operating System, VIRTUAL_MACHINE_ACTIVATION channel",
}


def digits(seed: str, count: int) -> str:
    """Invented digits, the same for the same seed."""
    text = ""
    while len(text) < count:
        text += str(int.from_bytes(hashlib.sha256(f"{seed}{len(text)}".encode()).digest()))
    return text[:count]


def family_name(system: OperatingSystem, variants: Mapping[str, str]) -> str:
    """LicenseFamily; for Azure Edition it is a variant."""
    if system.edition == AZURE_EDITION:
        return _AZURE_FAMILIES[variants["azure_edition_family"]][system.core]
    return system.licence_family


def _description(channel: KeyChannel, variants: Mapping[str, str]) -> str:
    return _AVMA_DESCRIPTIONS[variants["description_text"]] if channel is KeyChannel.AVMA else _DESCRIPTIONS[channel]


def _blank(windows: Installation, channel: KeyChannel, variants: Mapping[str, str]) -> Row:
    """A product whose licence files are there and whose key is not."""
    family = family_name(windows.os, variants)
    return {
        "ADActivationObjectDN": "",
        "ADActivationObjectName": "",
        "ApplicationID": WINDOWS_APPLICATION,
        "AutomaticVMActivationHostDigitalPid2": "",
        "AutomaticVMActivationHostMachineName": "",
        "AutomaticVMActivationLastActivationTime": FILETIME_ZERO,
        "Description": _description(channel, variants),
        "DiscoveredKeyManagementServiceMachineIpAddress": "",
        "DiscoveredKeyManagementServiceMachineName": "",
        "DiscoveredKeyManagementServiceMachinePort": 0,
        "EvaluationEndDate": FILETIME_ZERO,
        "ExtendedGrace": 0xFFFFFFFF,
        "GenuineStatus": 0,
        "GracePeriodRemaining": 0,
        "IAID": "",
        "ID": str(uuid5(_NAMESPACE, f"{windows.os.release}/{family}/{channel}")),
        "KeyManagementServiceLookupDomain": "",
        "KeyManagementServiceMachine": "",
        "KeyManagementServicePort": 0,
        "KeyManagementServiceProductKeyID": "",
        "LicenseDependsOn": "",
        "LicenseFamily": family,
        "LicenseIsAddon": False,
        "LicenseStatus": 0,
        "LicenseStatusReason": 0xC004F014,
        "MachineURL": "",
        "Name": f"Windows(R), {family} edition",
        "OfflineInstallationId": "",
        "PartialProductKey": None,
        "ProcessorURL": "",
        "ProductKeyChannel": None,
        "ProductKeyID": "",
        "ProductKeyURL": "",
        "RemainingAppReArmCount": windows.licence.rearm_windows,
        "RemainingSkuReArmCount": windows.licence.rearm_sku,
        "RequiredClientCount": 0,
        "TrustedTime": FILETIME_ZERO,
        "UseLicenseURL": "",
        "ValidationURL": "",
        "VLActivationType": 0,
        "VLActivationTypeEnabled": 0,
    }


def primary_row(windows: Installation, now: datetime, variants: Mapping[str, str]) -> Row | None:
    """The product that holds the installed key; None without a key."""
    licence = windows.licence
    if licence.key is None:
        return None
    channel = licence.key.channel
    row = _blank(windows, channel, variants)
    seed = f"{windows.computer_name}/{licence.key.last5}"
    row |= {
        "GracePeriodRemaining": minutes_left(licence, now),
        "LicenseStatus": int(licence.status),
        "LicenseStatusReason": licence.reason,
        "OfflineInstallationId": digits(seed, 63),
        "PartialProductKey": licence.key.last5,
        "ProductKeyChannel": str(channel),
        "ProductKeyID": _extended_pid(windows, seed),
        "TrustedTime": now,
    }
    if channel is KeyChannel.AVMA:
        row |= _avma(windows, variants)
    elif channel is KeyChannel.GVLK:
        row |= _kms(licence)
    elif channel in {KeyChannel.MAK, KeyChannel.RETAIL, KeyChannel.OEM}:
        row |= _urls(channel)
    return row


def _extended_pid(windows: Installation, seed: str) -> str:
    number = digits(seed, 17)
    build = windows.os.build
    return f"{number[:5]}-{number[5:10]}-{number[10:13]}-000000-03-{windows.language.lcid:04d}-{build}.0000-0012026"


def _avma(windows: Installation, variants: Mapping[str, str]) -> Row:
    grant = windows.licence.grant
    row: Row = {"IAID": _iaid(windows, variants)}
    if grant is not None:
        row |= {
            "AutomaticVMActivationHostMachineName": grant.host,
            "AutomaticVMActivationLastActivationTime": grant.time,
            "AutomaticVMActivationHostDigitalPid2": grant.pid2,
        }
    return row


def _iaid(windows: Installation, variants: Mapping[str, str]) -> str:
    form = variants["iaid_format"]
    if form == "empty" and windows.licence.grant is None:
        return ""
    identity = uuid5(_NAMESPACE, windows.fqdn)
    if form == "guid":
        return str(identity)
    return identity.hex if form == "hex" else digits(windows.fqdn, 63)


def _kms(licence: Licence) -> Row:
    found = licence.kms.reachable and licence.status is Status.LICENSED
    return {
        "DiscoveredKeyManagementServiceMachineName": licence.kms.machine if found else "",
        "DiscoveredKeyManagementServiceMachinePort": licence.kms.port if found else 0,
        "KeyManagementServiceProductKeyID": digits(licence.kms.machine, 20) if found else "",
        "RequiredClientCount": 5,
        "VLActivationType": 2 if found else 0,
    }


def _urls(channel: KeyChannel) -> Row:
    extension = {KeyChannel.MAK: "MAK", KeyChannel.RETAIL: "Retail"}.get(channel, "OEM")
    service = "https://activation-v2.sls.microsoft.com/SLActivateProduct/SLActivateProduct.asmx"
    return {
        "UseLicenseURL": f"{service}?configextension={extension}",
        "ValidationURL": "https://validation-v2.sls.microsoft.com/SLWGA/slwga.asmx",
    }


def product_rows(windows: Installation, now: datetime, variants: Mapping[str, str]) -> list[Row]:
    """Everything SoftwareLicensingProduct enumerates: products without a key, the primary one, add-ons, Office."""
    primary = primary_row(windows, now, variants)
    rows = [_blank(windows, channel, variants) for channel in KeyChannel if _offered(windows, channel)]
    if primary is not None:
        rows = [primary if row["ID"] == primary["ID"] else row for row in rows]
        if primary not in rows:
            rows.append(primary)
    return rows + [_addon(windows, addon, variants) for addon in windows.addons]


def _offered(windows: Installation, channel: KeyChannel) -> bool:
    """An evaluation knows no other channel, 2012 and older no AVMA."""
    if windows.os.evaluation or channel is KeyChannel.EVALUATION:
        return windows.os.evaluation and channel is KeyChannel.EVALUATION
    return channel is not KeyChannel.AVMA or windows.os.rank >= 30


def _addon(windows: Installation, addon: str, variants: Mapping[str, str]) -> Row:
    """``esu``: Extended Security Updates, an add-on of Windows; ``office``: a product of another application."""
    row = _blank(windows, KeyChannel.MAK, variants)
    office = addon == "office"
    name = (
        "Office 21, Office21ProPlus2021VL_MAK_AE edition"
        if office
        else "Windows(R), ServerESU-Year1 add-on for ServerStandard"
    )
    row |= {
        "ApplicationID": OFFICE_APPLICATION if office else WINDOWS_APPLICATION,
        "Description": "Office 21, VOLUME_MAK channel" if office else "Windows(R) Operating System, VOLUME_MAK channel",
        "ID": str(uuid5(_NAMESPACE, f"{windows.os.release}/{addon}")),
        "LicenseFamily": "Office21ProPlus2021VL_MAK_AE" if office else "ServerESU-Year1",
        "LicenseIsAddon": not office,
        "LicenseStatus": 1,
        "LicenseStatusReason": 0,
        "Name": name,
        "PartialProductKey": "8XY7Z" if office else "4QX9P",
        "ProductKeyChannel": "Volume:MAK",
    }
    return row
