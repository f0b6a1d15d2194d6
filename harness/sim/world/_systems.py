"""Operating systems as the lab knows them: builds, SKU numbers, captions, licence families.

A table of its own, apart from the catalogue's: the lab is a second opinion. Builds: Microsoft Learn release health and
the Windows SDK's PRODUCT_* constants (winnt.h), read 2026-11-22.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["AZURE_EDITION", "LANGUAGES", "Language", "OperatingSystem"]

AZURE_EDITION = "Datacenter: Azure Edition"

Family = Literal["server", "client", "azure", "hyperv_server"]

_SERVER = {  # release: (build, revision, rank); releases of one rank share their AVMA keys
    "2008 R2": (7601, 24545, 10),
    "2012": (9200, 24975, 20),
    "2012 R2": (9600, 22175, 30),
    "2016": (14393, 7699, 40),
    "1709": (16299, 2166, 40),
    "1803": (17134, 2208, 40),
    "2019": (17763, 6659, 50),
    "1809": (17763, 1935, 50),
    "1903": (18362, 1256, 50),
    "1909": (18363, 1556, 50),
    "2004": (19041, 1415, 55),
    "20H2": (19042, 1889, 55),
    "2022": (20348, 2527, 60),
    "23H2": (25398, 1611, 65),
    "2025": (26100, 4652, 70),
}
_CLIENT = {"10": (19045, 4651, 0), "11": (26100, 4652, 0)}
_AZURE = {
    "20H2": (17784, 3748, 0),
    "21H2": (20348, 2527, 0),
    "22H2": (20349, 2582, 0),
    "23H2": (25398, 1611, 0),
    "24H2": (26100, 4652, 0),
}
_TABLES = {"server": _SERVER, "client": _CLIENT, "azure": _AZURE, "hyperv_server": _SERVER}

_SKU = {  # (edition, core, evaluation): (OperatingSystemSKU, licence family)
    ("Datacenter", False, False): (8, "ServerDatacenter"),
    ("Datacenter", True, False): (12, "ServerDatacenterCore"),
    ("Standard", False, False): (7, "ServerStandard"),
    ("Standard", True, False): (13, "ServerStandardCore"),
    ("Essentials", False, False): (50, "ServerSolution"),
    ("Datacenter", False, True): (80, "ServerDatacenterEval"),
    ("Datacenter", True, True): (80, "ServerDatacenterEvalCore"),
    ("Standard", False, True): (79, "ServerStandardEval"),
    ("Standard", True, True): (79, "ServerStandardEvalCore"),
    (AZURE_EDITION, False, False): (407, "ServerTurbine"),
    (AZURE_EDITION, True, False): (408, "ServerTurbineCor"),
    ("Azure Stack HCI", True, False): (406, "ServerAzureStackHCICor"),
    ("Hyper-V Server", True, False): (42, "ServerHyperCore"),
    ("Pro", False, False): (48, "Professional"),
    ("Enterprise", False, False): (4, "Enterprise"),
}


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """A Windows as installed. ``release`` is "2012 R2" ... "2025", a client's "10"/"11", an Azure node's "22H2"."""

    family: Family
    release: str
    edition: str
    core: bool = False
    evaluation: bool = False
    domain_controller: bool = False

    def __post_init__(self) -> None:
        if self.release not in _TABLES[self.family]:
            raise ValueError(f"the lab has no {self.family} release {self.release!r}")
        if (self.edition, self.core, self.evaluation) not in _SKU:
            kind = "core " * self.core + "evaluation " * self.evaluation
            raise ValueError(f"the lab has no {kind}edition {self.edition!r}")

    @property
    def build(self) -> int:
        return _TABLES[self.family][self.release][0]

    @property
    def rank(self) -> int:
        """Order of server releases: a host of rank r may be the parent of a guest of rank <= r."""
        return _TABLES[self.family][self.release][2]

    @property
    def version(self) -> str:
        """As Win32_OperatingSystem.Version: "10.0.20348"."""
        major = {7601: "6.1", 9200: "6.2", 9600: "6.3"}.get(self.build, "10.0")
        return f"{major}.{self.build}"

    @property
    def full_version(self) -> str:
        """As the licensing service's own version: "10.0.20348.2527"."""
        return f"{self.version}.{_TABLES[self.family][self.release][1]}"

    @property
    def sku(self) -> int:
        return _SKU[(self.edition, self.core, self.evaluation)][0]

    @property
    def licence_family(self) -> str:
        return _SKU[(self.edition, self.core, self.evaluation)][1]

    @property
    def product_type(self) -> int:
        """Win32_OperatingSystem.ProductType: 1 client, 2 domain controller, 3 server."""
        if self.family == "client":
            return 1
        return 2 if self.domain_controller else 3

    @property
    def caption(self) -> str:
        if self.family == "client":
            return f"Microsoft Windows {self.release} {self.edition}"
        if self.family == "azure":
            return "Microsoft Azure Stack HCI"
        if self.family == "hyperv_server":
            return f"Microsoft Hyper-V Server {self.release}"
        edition = self.edition.replace(":", "") + " Evaluation" * self.evaluation
        semi_annual = self.release[0] not in "2" or self.release in {"2004", "20H2", "23H2"}
        return (
            f"Microsoft Windows Server {edition}"
            if semi_annual
            else f"Microsoft Windows Server {self.release} {edition}"
        )

    @property
    def powershell_protocol(self) -> str:
        """The PSRP version of the Windows PowerShell in the box."""
        return {7601: "2.1", 9200: "2.2", 9600: "2.2"}.get(self.build, "2.3")


@dataclass(frozen=True, slots=True)
class Language:
    """A user-interface language: its locale id, the console's code page and how it writes date and time."""

    tag: str
    culture: str
    lcid: int
    oem_code_page: int
    date_format: str


LANGUAGES = {
    language.tag: language
    for language in (
        Language("en", "en-US", 0x0409, 437, "{month}/{day}/{year} {hour12}:{minute:02}:{second:02} {half}"),
        Language("de", "de-DE", 0x0407, 850, "{day:02}.{month:02}.{year} {hour:02}:{minute:02}:{second:02}"),
        Language("fr", "fr-FR", 0x040C, 850, "{day:02}/{month:02}/{year} {hour:02}:{minute:02}:{second:02}"),
        Language("es", "es-ES", 0x0C0A, 850, "{day:02}/{month:02}/{year} {hour}:{minute:02}:{second:02}"),
        Language("ja", "ja-JP", 0x0411, 932, "{year}/{month:02}/{day:02} {hour}:{minute:02}:{second:02}"),
        Language("zh-CN", "zh-CN", 0x0804, 936, "{year}/{month}/{day} {hour}:{minute:02}:{second:02}"),
        Language("ru", "ru-RU", 0x0419, 866, "{day:02}.{month:02}.{year} {hour}:{minute:02}:{second:02}"),
    )
}
"""The user-interface languages the lab can speak."""
