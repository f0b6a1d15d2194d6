"""What setup accepts in an answer file, as far as it bears on the key.

Source: Microsoft Learn, Unattended Windows Setup Reference and "Answer files (unattend.xml)" (read 2026-11);
MicrosoftDocs/windowsserverdocs issue 1580 (2018) for AVMA keys, which setup itself refuses.
"""

import re
from collections.abc import Iterator

from harness.core.catalogue import key_by_tail, normal_release
from harness.core.unattend._decode import Source
from harness.core.unattend._problems import FileProblem
from harness.core.unattend._tree import CPI, UNATTEND, Element
from harness.core.unattend._wanted import KEY, Wanted

__all__ = ["SHELL", "SPECIALIZE", "problems_of"]

SHELL = "Microsoft-Windows-Shell-Setup"
SPECIALIZE = "specialize"
_PASSES = ("windowsPE", "offlineServicing", "generalize", "specialize", "auditSystem", "auditUser", "oobeSystem")
_NEEDED = ("name", "processorArchitecture", "publicKeyToken", "language", "versionScope")
_ARCHITECTURES = frozenset({"x86", "amd64", "arm", "arm64", "ia64", "wow64"})
_TOKEN = "31bf3856ad364e35"  # noqa: S105 - the public key token of Windows' own components
_IMAGE = re.compile(r"(?P<release>20\d\d(?: R2)?).*?SERVER(?P<edition>STANDARD|DATACENTER|SOLUTION)", re.IGNORECASE)
_IMAGE_EDITIONS = {"standard": "Standard", "datacenter": "Datacenter", "solution": "Essentials"}


def problems_of(source: Source, root: Element, wish: Wanted) -> Iterator[FileProblem]:
    """Everything for which setup would refuse the file, or the key in it; nothing for a good one."""
    if (root.space, root.name) != (UNATTEND, "unattend"):
        text = "The root of an answer file is `unattend` in the namespace urn:schemas-microsoft-com:unattend."
        yield _at(source, root, "wrong_root", text, "Start from a file that Windows System Image Manager wrote.")
        return
    yield from _top(source, root)
    for settings in root.all("settings"):
        yield from _components(source, settings)
        for component in settings.all("component"):
            yield from _keys(source, settings, component)
            yield from _fits(source, component, wish)


def _at(source: Source, element: Element, code: str, message: str, advice: str) -> FileProblem:
    return FileProblem(source.place(element.start), code, message, advice)


def _top(source: Source, root: Element) -> Iterator[FileProblem]:
    seen: set[str] = set()
    for child in root.children:
        if child.space == CPI or (child.space == UNATTEND and child.name == "servicing"):
            continue
        if (child.space, child.name) != (UNATTEND, "settings"):
            text = f"`{child.name}` does not belong directly under `unattend`."
            yield _at(source, child, "unknown_element", text, "Move it into a component, or take it out.")
            continue
        name = child.attributes.get("pass", "")
        if name not in _PASSES:
            text = f"`settings` is for no configuration pass: pass is {name!r}."
            yield _at(source, child, "unknown_pass", text, f"Use one of {', '.join(_PASSES)}.")
        elif name in seen:
            text = f"There are two `settings` for the pass {name}; which of them counts is not documented."
            yield _at(source, child, "pass_twice", text, "Join the two.")
        seen.add(name)


def _components(source: Source, settings: Element) -> Iterator[FileProblem]:
    seen: set[tuple[str, ...]] = set()
    for component in settings.children:
        if (component.space, component.name) != (UNATTEND, "component"):
            text = f"`{component.name}` does not belong directly under `settings`."
            yield _at(source, component, "unknown_element", text, "Move it into a component.")
            continue
        told = component.attributes
        missing = [name for name in _NEEDED if not told.get(name)]
        if missing:
            text = f"This component lacks {', '.join(missing)}, so setup ignores it."
            yield _at(source, component, "component_incomplete", text, "Copy the attributes of another component.")
            continue
        yield from _attributes(source, component)
        identity = tuple(told[name].casefold() for name in ("name", "processorArchitecture", "language"))
        if identity in seen:
            text = f"{told['name']} stands twice for {told['processorArchitecture']} in this pass."
            yield _at(source, component, "component_twice", text, "Join the two.")
        seen.add(identity)


def _attributes(source: Source, component: Element) -> Iterator[FileProblem]:
    told = component.attributes
    if told["processorArchitecture"].casefold() not in _ARCHITECTURES:
        text = f"{told['processorArchitecture']!r} is no processor architecture that setup knows."
        yield _at(source, component, "unknown_architecture", text, "Use amd64.")
    if told["name"].startswith("Microsoft-Windows-") and told["publicKeyToken"].casefold() != _TOKEN:
        text = f"{told['name']} has another public key token than Windows' own components."
        yield _at(source, component, "wrong_token", text, f"Use publicKeyToken={_TOKEN!r}.")


def _keys(source: Source, settings: Element, component: Element) -> Iterator[FileProblem]:
    """Where a product key stands, and whether it may stand there."""
    name, phase = component.attributes.get("name"), settings.attributes.get("pass")
    if name == SHELL:
        found = list(component.all("ProductKey"))
        for key in found:
            if phase != SPECIALIZE:
                text = f"ProductKey of {SHELL} is for the pass specialize, not {phase}."
                yield _at(source, key, "wrong_pass", text, 'Move it into `settings pass="specialize"`.')
            elif key.children:
                text = "ProductKey holds another element; here it is the key itself."
                yield _at(source, key, "key_not_plain", text, "Write <ProductKey>the key</ProductKey>.")
        for extra in found[1:]:
            yield _at(source, extra, "key_twice", "This component has a second ProductKey.", "Take one of them out.")
    elif name == "Microsoft-Windows-Setup":
        for key in _path(component, "UserData", "ProductKey", "Key"):
            row = key_by_tail(key.text.strip()[-5:]) if KEY.fullmatch(key.text.strip()) else None
            if row is not None and row.kind == "AVMA":
                text = "Setup refuses AVMA keys here; in the pass windowsPE the key only chooses the image."
                advice = "Put the GVLK of that edition here (avma keys GVLK), or choose the image by /IMAGE/INDEX."
                yield _at(source, key, "avma_key_in_setup", text, advice)


def _fits(source: Source, component: Element, wish: Wanted) -> Iterator[FileProblem]:
    """Whether what the file installs is what the key is for."""
    if component.attributes.get("processorArchitecture", "").casefold() != wish.architecture:
        return
    for value in _path(component, "ImageInstall", "OSImage", "InstallFrom", "MetaData", "Value"):
        match = _IMAGE.search(value.text)
        named = (normal_release(match["release"]), _IMAGE_EDITIONS[match["edition"].casefold()]) if match else None
        if named is not None and named != (wish.release, wish.edition.partition(":")[0]):
            text = f"The file installs {named[0]} {named[1]}; the key is for {wish.release} {wish.edition}."
            yield _at(source, value, "image_differs", text, "Give --os and --edition of the image, or change it.")
    for key in _path(component, "UserData", "ProductKey", "Key"):
        row = key_by_tail(key.text.strip()[-5:]) if KEY.fullmatch(key.text.strip()) else None
        if row is not None and row.kind == "GVLK" and (row.release, row.edition) != (wish.release, wish.edition):
            text = f"The file installs by the GVLK of {row.release} {row.edition}, not {wish.release} {wish.edition}."
            yield _at(source, key, "image_differs", text, "Give --os and --edition of that image, or change it.")
    for element in component.all("UILanguage") if wish.language else ():
        if element.text.strip() and element.text.strip().casefold() != (wish.language or "").casefold():
            text = f"The file sets UILanguage {element.text.strip()}; {wish.language} was asked for."
            yield _at(source, element, "language_differs", text, "Leave --language out, or change it there.")


def _path(element: Element, *names: str) -> Iterator[Element]:
    if not names:
        yield element
        return
    for child in element.all(names[0]):
        yield from _path(child, *names[1:])
