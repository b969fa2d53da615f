"""Which studies: from the words of a command line, or from a file such as book/pages.yml."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import yaml

from ..foundations.choices import check_choice
from ..study import Study

FIELDS = tuple(field.name for field in dataclasses.fields(Study))
_NUMBERS = ("repetitions", "seed")


def parse(words: Iterable[str]) -> list[Study]:
    """The studies that the words name, each once, in their order.

    Args:
        words: each one of ``resnet20:quick`` (network and scale), ``network=resnet20,scale=reduced,methods=WT+FT``
            (any field of a Study; the others keep their defaults), or a YAML file with a list of such words or of
            mappings, or with pages of the book, whose parameters are taken.

    Raises:
        ValueError: a word is none of these, or its study is not valid; the message begins with the word.
        OSError: a file cannot be read.
    """
    studies = []
    for word in words:
        try:
            found = _from_file(Path(word)) if word.endswith((".yml", ".yaml")) else [_from_word(word)]
        except (ValueError, TypeError) as error:
            raise ValueError(f"{word}: {error}") from error
        studies += found
    return list(dict.fromkeys(studies))


def _from_word(word: str) -> Study:
    if "=" not in word:
        network, _, scale = word.partition(":")
        return Study(network=network, **({"scale": scale} if scale else {}))
    pairs = [pair.partition("=") for pair in word.split(",")]
    for name, _, value in pairs:
        check_choice("field of a study", name, FIELDS)
        if not value:
            raise ValueError(f"{name}: got no value, expected something like scale=quick,repetitions=3")
    return _from_mapping({name: value for name, _, value in pairs})


def _from_mapping(values: dict) -> Study:
    for name in values:
        check_choice("field of a study", name, FIELDS)
    values = dict(values)
    if isinstance(values.get("methods"), str):
        values["methods"] = values["methods"].split("+")
    if "methods" in values:
        values["methods"] = tuple(values["methods"])
    for name in _NUMBERS:
        if isinstance(values.get(name), str):
            if not values[name].isdecimal():
                raise ValueError(f"{name}: got {values[name]!r}, expected a whole number")
            values[name] = int(values[name])
    return Study(**values)


def _from_file(path: Path) -> list[Study]:
    try:
        content = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from error
    if isinstance(content, list):
        return [_from_mapping(item) if isinstance(item, dict) else _from_word(str(item)) for item in content]
    if not isinstance(content, dict) or not all(isinstance(page, dict) for page in content.values()):
        raise ValueError(
            "expected a list of studies, such as '- resnet20:quick', or pages with parameters as in book/pages.yml"
        )
    # Pages also have parameters that choose what is shown; they do not change what is run.
    parameters = [page.get("parameters") or {} for page in content.values()]
    return [
        _from_mapping({name: value for name, value in page.items() if name in FIELDS})
        for page in parameters
        if "network" in page
    ]
