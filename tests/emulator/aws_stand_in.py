"""As much of the AWS command line as the documentation uses, for machines without it: `aws mturk …`.

An option that the real one does not have is refused, as names come from the same description of the API.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import boto3
import jmespath
from botocore import xform_name
from botocore.session import get_session


def main(arguments: list[str]) -> None:
    service, name, *rest = arguments
    model = get_session().get_service_model(service)
    operations = {xform_name(operation, "-"): operation for operation in model.operation_names}
    operation = operations[name]
    shape = model.operation_model(operation).input_shape
    members = shape.members if shape is not None else {}
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for option in ("--endpoint-url", "--query", "--output"):
        parser.add_argument(option)
    for member, kind in members.items():
        option = f"--{xform_name(member, '-')}"
        if kind.type_name == "boolean":
            parser.add_argument(option, dest=member, action=argparse.BooleanOptionalAction)
        else:
            parser.add_argument(option, dest=member, type=int if kind.type_name in ("integer", "long") else str)
    given = vars(parser.parse_args(rest))
    client = boto3.client(service, endpoint_url=given["endpoint_url"])
    params = {member: given[member] for member in members if given[member] is not None}
    answer = getattr(client, xform_name(operation))(**params)
    answer.pop("ResponseMetadata")
    say(jmespath.search(given["query"], answer) if given["query"] else answer, given["output"])


def say(content: Any, output: str | None) -> None:
    if not content:
        return
    if output != "text":
        sys.stdout.write(f"{json.dumps(content, default=str)}\n")
        return
    for row in content if isinstance(content, list) else [[content]]:
        sys.stdout.write("\t".join(map(str, row)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
