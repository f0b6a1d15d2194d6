"""A new answer file that holds the key, and the language where one is wanted."""

from harness.core.unattend._wanted import Wanted

__all__ = ["render"]

_NAMES = 'xmlns="urn:schemas-microsoft-com:unattend"'
_IDENTITY = 'processorArchitecture="{0}" publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS"'


def render(wish: Wanted) -> str:
    """The file's text, for UTF-8: pass specialize with the key, and pass oobeSystem with the language.

    Example:
        >>> from harness.core.unattend import wanted
        >>> "<ProductKey>YDFWN-" in render(wanted("2022", "Standard"))
        True
    """
    identity = _IDENTITY.format(wish.architecture)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f"<!-- Windows Server {wish.release} {wish.edition}: its public AVMA key, for guests of a licensed host -->",
        f"<unattend {_NAMES}>",
        '  <settings pass="specialize">',
        f'    <component name="Microsoft-Windows-Shell-Setup" {identity}>',
        f"      <ProductKey>{wish.key}</ProductKey>",
        "    </component>",
        "  </settings>",
        *_language(wish, identity),
        "</unattend>",
    ]
    return "\n".join(lines) + "\n"


def _language(wish: Wanted, identity: str) -> list[str]:
    if wish.language is None:
        return []
    names = ("InputLocale", "SystemLocale", "UILanguage", "UserLocale")
    return [
        '  <settings pass="oobeSystem">',
        f'    <component name="Microsoft-Windows-International-Core" {identity}>',
        *(f"      <{name}>{wish.language}</{name}>" for name in names),
        "    </component>",
        "  </settings>",
    ]
