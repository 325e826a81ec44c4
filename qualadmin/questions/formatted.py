"""FormattedContent: the part of XHTML that Amazon lets into a QuestionForm.

Tags, attributes and address schemes are those of Amazon's table (API reference, "Formatted Content: XHTML").
Which tag may stand in which is not checked.
"""

from __future__ import annotations

import re

from qualadmin.questions.reading import BadDocument, Element, Fault, read_fragment

_XHTML = "http://www.w3.org/1999/xhtml"
_WRAPPER = "FormattedContent"
_OPENING = f'<{_WRAPPER} xmlns="{_XHTML}">'

_CELLS = "align char charoff valign"
_HEADERS = "abbr align axis bgcolor char charoff colspan headers height nowrap rowspan scope valign width"
_COLUMNS = "align char charoff span valign width"
_ATTRIBUTES = {
    "a": "accesskey charset coords href hreflang name rel rev shape tabindex target type",
    "area": "alt coords href nohref shape target",
    "blockquote": "cite",
    "col": _COLUMNS,
    "colgroup": _COLUMNS,
    "del": "cite datetime",
    "font": "color face size",
    "hr": "align noshade size width",
    "img": "align alt border height hspace ismap longdesc src usemap vspace width",
    "ins": "cite datetime",
    "li": "type value",
    "map": "name",
    "ol": "compact start type",
    "p": "align",
    "pre": "width",
    "q": "cite",
    "table": "align bgcolor border cellpadding cellspacing frame rules summary width",
    "tbody": _CELLS,
    "td": _HEADERS,
    "tfoot": _CELLS,
    "th": _HEADERS,
    "thead": _CELLS,
    "tr": f"{_CELLS} bgcolor",
    "ul": "compact type",
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "align"),
    **dict.fromkeys(("b", "big", "br", "center", "cite", "code", "dd", "dl", "em", "i"), ""),
    # The table lacks dt, yet a definition list without terms makes no sense.
    **dict.fromkeys(("dt", "small", "strong", "sub", "sup", "u"), ""),
}
TAGS = {tag: frozenset(attributes.split()) for tag, attributes in _ATTRIBUTES.items()}
_NEEDED = {"area": ("alt",), "img": ("alt", "src"), "map": ("name",)}
_ADDRESSES = frozenset({"cite", "href", "longdesc", "src"})
_SCHEMES = frozenset({"http", "https", "ftp", "news", "nntp", "mailto", "gopher", "telnet"})
_SCHEME = re.compile(r"[\x00-\x20]*([a-zA-Z][a-zA-Z0-9+.\-\x00-\x20]*):")


def faults(element: Element) -> list[Fault]:
    """What is wrong with the markup in a FormattedContent element, placed in the document around it.

    The column is exact if the markup stands in a CDATA section, as Amazon asks; escaped markup moves it.
    """
    try:
        root = read_fragment(element.text, _WRAPPER, _XHTML)
        found = [fault for child in root.children for fault in _faults(child)]
    except BadDocument as error:
        found = list(error.faults)
    return [_outer(fault, element) for fault in found]


def _outer(fault: Fault, element: Element) -> Fault:
    line, column = (element.text_line, element.text_column) if element.text else (element.line, element.column)
    if fault.line > 1:
        return fault._replace(line=fault.line + line - 1)
    return fault._replace(line=line, column=max(1, fault.column - len(_OPENING)) + column - 1)


def _faults(element: Element) -> list[Fault]:
    tag = element.name
    if tag not in TAGS or element.namespace != _XHTML:
        return [element.fault(f"The tag {tag} is not allowed in formatted content.")]
    allowed = TAGS[tag] | {"title"} | (set() if tag == "br" else {"dir", "lang"})
    found = []
    for name, value in element.attributes.items():
        if name not in allowed:
            found.append(element.fault(f"The attribute {name} is not allowed on the tag {tag}."))
        elif name in _ADDRESSES and not is_allowed_address(value):
            found.append(element.fault(f"The address in {name} of {tag} is of a kind that is not allowed."))
    for name in _NEEDED.get(tag, ()):
        if name not in element.attributes:
            found.append(element.fault(f"The tag {tag} needs the attribute {name}."))
    for child in element.children:
        found += _faults(child)
    return found


def is_allowed_address(address: str) -> bool:
    """Whether a link may go there: no scheme at all, or one of Amazon's list."""
    scheme = _SCHEME.match(address)
    return scheme is None or scheme[1].lower() in _SCHEMES
