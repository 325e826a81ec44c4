"""What can be changed. Another operation is one more entry: a function from the call to Amazon's answer."""

from collections.abc import Callable
from typing import Any, Final

from .call import Call
from .changes import associate, disassociate
from .requests import accept, reject
from .types import create, delete, update

CHANGES: Final[dict[str, Callable[[Call], dict[str, Any]]]] = {
    "AssociateQualificationWithWorker": associate,
    "DisassociateQualificationFromWorker": disassociate,
    "AcceptQualificationRequest": accept,
    "RejectQualificationRequest": reject,
    "CreateQualificationType": create,
    "UpdateQualificationType": update,
    "DeleteQualificationType": delete,
}
