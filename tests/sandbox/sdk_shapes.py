"""Run by the Python of the SDK's environment: compares documents with the SDK's models.

Reads ``[[module, model, document], …]`` as JSON and prints what does not fit, one problem to a line: a value of another
type, a field that the model has and the document lacks, a field that the model does not know.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module

from pydantic import BaseModel, ValidationError


def problems(name: str, model: type[BaseModel], document: object) -> list[str]:
    if isinstance(document, list):
        return sorted({problem for one in document for problem in problems(name, model, one)})
    try:
        read = model.model_validate(document)
    except ValidationError as error:
        return [f"{name}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    return sorted(set(_fields(name, read, document)))


def _fields(name: str, read: BaseModel, document: dict[str, object]):
    known = {(field.alias or attribute): attribute for attribute, field in type(read).model_fields.items()}
    known.pop("additional_properties", None)
    for missing in known.keys() - document.keys():
        yield f"{name}: {missing} is missing"
    for unknown in document.keys() - known.keys():
        yield f"{name}: {unknown} is not in the model"
    for alias in known.keys() & document.keys():
        value, raw = getattr(read, known[alias]), document[alias]
        pairs = zip(value, raw, strict=True) if isinstance(value, list) else [(value, raw)]
        for part, rough in pairs:
            if isinstance(part, BaseModel):
                yield from _fields(f"{name}.{alias}", part, rough)


for module, model, document in json.load(sys.stdin):
    for problem in problems(model, getattr(import_module(module), model), document):
        print(problem)
