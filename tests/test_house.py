"""How classes are built, and that each public name says what it takes: the rules of the house."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import twirec
from tests.parts import methods

HOUSE = Path(twirec.__file__).parent
MOST_METHODS = 12
ROOTS = {
    *("Protocol", "Exception", "Warning"),
    *("Enum", "StrEnum", "IntEnum", "Flag"),
}
"""What may be built upon: a Protocol says a form, errors are one tree, and enums have to."""

NOT_YET: set[str] = set()
"""Classes that break a rule still. It may only get shorter."""

Sources = Mapping[str, str]


parsed = cache(ast.parse)  # each test looks at the same files


@cache
def sources() -> dict[str, str]:
    return {
        path.relative_to(HOUSE).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(HOUSE.rglob("*.py"))
    }


def classes(files: Sources) -> dict[str, tuple[str, ast.ClassDef]]:
    """Return the classes of all files, by name, with the file that each is in."""
    return {
        node.name: (place, node)
        for place, source in files.items()
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.ClassDef)
    }


def bases(node: ast.ClassDef) -> list[str]:
    """Return the names of the classes that one is built upon, without modules and parameters."""
    named = (base.value if isinstance(base, ast.Subscript) else base for base in node.bases)
    return [ast.unparse(base).rpartition(".")[2] for base in named]


def built_on_ours(files: Sources) -> list[str]:
    """Return the classes with a base class of ours that is no Protocol, error or enum."""
    known = classes(files)

    def may(name: str) -> bool:
        if name in ROOTS:
            return True
        return name in known and any(may(base) for base in bases(known[name][1]))

    return [
        f"{place}: {name}({base})"
        for name, (place, node) in known.items()
        for base in bases(node)
        if base in known and base != name and not may(base)
    ]


def is_public(name: str) -> bool:
    return not name.startswith("_")


def is_repeated(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Say whether it is another form of what is there already."""
    return any(ast.unparse(how).endswith((".setter", "overload")) for how in node.decorator_list)


def is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Say whether it is a value, which is no deed."""
    return any(ast.unparse(how).endswith("property") for how in node.decorator_list)


def public_methods(node: ast.ClassDef) -> list[str]:
    return [
        each.name
        for each in node.body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        and is_public(each.name)
        and not is_repeated(each)
        and not is_property(each)
    ]


def too_many_methods(files: Sources) -> list[str]:
    """Return the classes that do more than one thing: with more public methods than that."""
    return [
        f"{place}: {name} has {len(public_methods(node))}"
        for name, (place, node) in classes(files).items()
        if len(public_methods(node)) > MOST_METHODS
    ]


def without_docstring(files: Sources) -> list[str]:
    """Return the public functions, classes and methods of public classes that say nothing."""
    found = []
    for place, source in files.items():
        tree = parsed(source)
        named: list[tuple[str, ast.AST]] = [(place, tree)]
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or not is_public(node.name):
                continue
            if isinstance(node, ast.FunctionDef) and is_repeated(node):
                continue
            named.append((f"{place}: {node.name}", node))
            if isinstance(node, ast.ClassDef):
                named += [
                    (f"{place}: {node.name}.{each.name}", each)
                    for each in node.body
                    if isinstance(each, ast.FunctionDef)
                    and is_public(each.name)
                    and not is_repeated(each)
                ]
        found += [name for name, node in named if not ast.get_docstring(node)]  # type: ignore[arg-type]
    return found


def says_nothing_of(method: Callable[..., Any]) -> set[str]:
    """Return the parameters that a docstring does not name under `Args:`."""
    said = inspect.getdoc(method) or ""
    listed = re.search(r"^Args:\n((?: {4}.*\n?|\n)+)", said, re.M)
    named = re.findall(r"^ {4}([\w, *]+):", listed[1], re.M) if listed else []
    taken = {each.strip(" *") for names in named for each in names.split(",")}
    return set(inspect.signature(method).parameters) - taken - {"self"}


def outside_the_sandbox() -> dict[str, str]:
    return {place: text for place, text in sources().items() if not place.startswith("sandbox/")}


def test_no_class_is_built_on_a_class_of_ours() -> None:
    assert [each for each in built_on_ours(sources()) if each not in NOT_YET] == []


def test_no_class_has_more_than_twelve_public_methods() -> None:
    assert [each for each in too_many_methods(sources()) if each not in NOT_YET] == []


def test_what_is_not_so_yet_still_is_not() -> None:
    assert set() == NOT_YET - {*built_on_ours(sources()), *too_many_methods(sources())}


def test_every_public_name_says_what_it_is() -> None:
    assert without_docstring(outside_the_sandbox()) == []


def test_a_method_of_the_archive_says_of_each_parameter_what_it_takes() -> None:
    for part, name, method in methods():
        assert not says_nothing_of(method), f"{part}.{name}"


def reaching_behind(files: Sources) -> list[str]:
    """Return the lines that take from an archive's catalog what its parts are to give."""
    return [
        f"{place}: {node.lineno}"
        for place, source in files.items()
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.Attribute)
        and node.attr == "catalog"
        and re.search(r"archive(\(\))?$", ast.unparse(node.value))
    ]


def test_doors_and_panel_take_what_they_need_from_parts() -> None:
    panel = HOUSE.parent / "examples/flask_app/callpanel"
    files = {path.name: path.read_text(encoding="utf-8") for path in panel.rglob("*.py")}
    assert len(files) > 10
    assert reaching_behind({**sources(), **files}) == []
    assert reaching_behind({"x": "f(archive().catalog.search)"}) == ["x: 1"]


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("class A: ...\nclass B(A): ...", ["x: B(A)"]),
        ("class A(Generic[T]): ...\nclass B(A[int]): ...", ["x: B(A)"]),
        ("import m\nclass A: ...\nclass B(m.A): ...", ["x: B(A)"]),
        ("class A:\n    class B: ...\n    class C(B): ...", ["x: C(B)"]),
        ("class A(Protocol): ...\nclass B(A, Protocol): ...", []),
        ("class A(Exception): ...\nclass B(A): ...\nclass C(B): ...", []),
        ("class A(StrEnum): ...", []),
        ("class A(dict[str, int]): ...", []),
    ],
)
def test_a_base_class_of_ours_is_found(source: str, wrong: list[str]) -> None:
    assert built_on_ours({"x": source}) == wrong


def test_too_many_methods_are_found() -> None:
    def source(count: int) -> str:
        lines = [f"    def m{number}(self): ..." for number in range(count)]
        return "\n".join(["class A:", "    def _own(self): ...", *lines])

    assert too_many_methods({"x": source(12)}) == []
    assert too_many_methods({"x": source(13)}) == ["x: A has 13"]
    assert too_many_methods({"x": source(12) + "\n    @property\n    def p(self): ..."}) == []


def test_what_has_no_docstring_is_found() -> None:
    source = '"""D."""\nclass A:\n    """D."""\n    def f(self): ...\n    def _g(self): ...\n'
    source += "def h(): ..."
    assert without_docstring({"x": source}) == ["x: A.f", "x: h"]
    assert without_docstring({"x": ""}) == ["x"]


def test_a_parameter_of_which_nothing_is_said_is_found() -> None:
    def f(a: int, b: int, c: int) -> None:
        """Do it.

        Args:
            a, b: numbers.
        """

    assert says_nothing_of(f) == {"c"}
    f.__doc__ = "Do it."
    assert says_nothing_of(f) == {"a", "b", "c"}


ADDRESS_ROOMS = ("calls/address", "sandbox/")
"""Where addresses are taken apart; the stand-in for Twilio shares none of our mistakes."""

TAKEN_APART = re.compile(
    r"(?:^|[(|^\"'])(?:sips?\??|client|whatsapp|sim|tel)(?::|[|)])\S*", re.IGNORECASE
)


def takes_addresses_apart(source: str) -> list[str]:
    """Return what a file looks for in addresses: texts in code, without sentences for people."""
    tree = parsed(source)
    told = {
        id(each.value)
        for each in ast.walk(tree)
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
    }
    texts = (
        each.value
        for each in ast.walk(tree)
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in told
    )
    imported = ["phonenumbers"] if re.search(r"^(import|from) phonenumbers", source, re.M) else []
    return imported + [text for text in texts if TAKEN_APART.match(text) and " " not in text]


def test_an_address_is_read_in_one_place() -> None:
    found = {
        place: takes_addresses_apart(source)
        for place, source in sources().items()
        if not place.startswith(ADDRESS_ROOMS)
    }
    assert {place: texts for place, texts in found.items() if texts} == {}
    assert takes_addresses_apart(sources()["calls/address"])


@pytest.mark.parametrize(
    "source",
    [
        'x.startswith("sip:")',
        'x.startswith(("client:", "sim:"))',
        're.match(r"(client|sips?|whatsapp):", x)',
        're.match("sips?:(.*)", x)',
        "import phonenumbers",
    ],
)
def test_it_is_found_out_who_takes_an_address_apart(source: str) -> None:
    assert takes_addresses_apart(source)
