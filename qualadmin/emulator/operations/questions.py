"""What a HIT asks: a QuestionForm, HTMLQuestion or ExternalQuestion document, or a layout that is filled in."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from qualadmin.emulator.errors import bad_parameter, bad_xml, invalid_value
from qualadmin.emulator.operations.limits import check_length
from qualadmin.emulator.world import World
from qualadmin.questions.question_form import read_question_form
from qualadmin.questions.reading import MAX_BYTES, BadDocument, Element, read


class Frame(NamedTuple):
    namespace: str
    content: str


_SCHEMAS = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas"
HTML_QUESTION = f"{_SCHEMAS}/2011-11-11/HTMLQuestion.xsd"
EXTERNAL_QUESTION = f"{_SCHEMAS}/2006-07-14/ExternalQuestion.xsd"
_FRAMES = {
    "HTMLQuestion": Frame(HTML_QUESTION, "HTMLContent"),
    "ExternalQuestion": Frame(EXTERNAL_QUESTION, "ExternalURL"),
}
_PLACEHOLDER = re.compile(r"\$\{([^{}]+)\}")
_FRAME_HEIGHT = "450"


def question_of(world: World, owner: str, params: dict[str, Any]) -> str:
    """The document the HIT gets. Raises ApiError."""
    given, layout_id = params.get("Question"), params.get("HITLayoutId")
    if (given is None) == (layout_id is None):
        raise bad_parameter("Either a Question parameter or a HITLayoutId parameter must be provided.")
    if layout_id is not None:
        return _filled(world, owner, layout_id, params.get("HITLayoutParameters", []))
    if "HITLayoutParameters" in params:
        raise bad_parameter("HITLayoutParameters can be given only with a HITLayoutId.")
    check_question(params)
    return str(given)


def check_question(params: dict[str, Any]) -> None:
    xml: str = params["Question"]
    check_length(params, "Question", MAX_BYTES, 1)
    try:
        root = read(xml)
        if root.name == "QuestionForm":
            read_question_form(xml)
        else:
            _check_frame(root)
    except BadDocument as error:
        raise bad_xml(error.faults) from None


def _check_frame(root: Element) -> None:
    """An HTMLQuestion or ExternalQuestion: what is shown, and how high it is."""
    frame = _FRAMES.get(root.name)
    if frame is None or root.namespace != frame.namespace:
        raise BadDocument([root.fault(f"A question of the kind {root.name} of this namespace is not known.")])
    names = [child.name for child in root.children]
    if names != [frame.content, "FrameHeight"]:
        raise BadDocument([root.fault(f"{root.name} must hold {frame.content} and FrameHeight, in this order.")])
    content, height = root.children
    if not height.text.strip().isdecimal():
        raise BadDocument([height.fault("FrameHeight must be a number of pixels, 0 for the whole page.")])
    if root.name == "ExternalQuestion" and urlsplit(content.text.strip()).scheme not in ("https", "http"):
        raise BadDocument([content.fault("ExternalURL must be a web address.")])
    if not content.text.strip():
        raise BadDocument([content.fault(f"{frame.content} is empty.")])


def _filled(world: World, owner: str, layout_id: str, parameters: list[dict[str, str]]) -> str:
    layout = world.ledger.layouts.get(layout_id)
    if layout is None or layout.owner != owner:
        raise invalid_value(layout_id, "HITLayoutId")
    values = {row["Name"]: row["Value"] for row in parameters}
    wanted = set(_PLACEHOLDER.findall(layout.html))
    if wanted != values.keys():
        names = ", ".join(sorted(wanted ^ values.keys()))
        raise bad_parameter(f"HITLayoutParameters do not fit the placeholders of the layout: {names}.")
    html = _PLACEHOLDER.sub(lambda match: values[match[1]], layout.html).replace("]]>", "]]]]><![CDATA[>")
    content = f"<HTMLContent><![CDATA[{html}]]></HTMLContent><FrameHeight>{_FRAME_HEIGHT}</FrameHeight>"
    return f'<HTMLQuestion xmlns="{HTML_QUESTION}">{content}</HTMLQuestion>'
