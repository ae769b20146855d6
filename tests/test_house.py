"""How classes are built, and that each public name says what it takes: the rules of the house."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import twirec
from tests.parts import methods, parts
from twirec.celery import add_tasks
from twirec.flask import Twirec, disclosed
from twirec.model import errors

HOUSE = Path(twirec.__file__).parent
MOST_METHODS = 12
ROOTS = {
    *("Protocol", "Exception", "Warning"),
    *("Enum", "StrEnum", "IntEnum", "Flag"),
}
"""What may be built upon: a Protocol says a form, errors are one tree, and enums have to."""

Sources = Mapping[str, str]


parsed = cache(ast.parse)  # each test looks at the same files


@cache
def walked(source: str) -> Sequence[ast.AST]:
    return list(ast.walk(parsed(source)))


@cache
def sources() -> dict[str, str]:
    return {
        path.relative_to(HOUSE).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(HOUSE.rglob("*.py"))
    }


Def = ast.FunctionDef | ast.AsyncFunctionDef


def stated(of: ast.AST) -> Iterator[ast.stmt]:
    """Yield what a body states, under `if`, `with` and `try` too, but not what a function or class
    in it has inside."""
    for each in ast.iter_child_nodes(of):
        if isinstance(each, ast.stmt):
            yield each
        if isinstance(each, ast.stmt | ast.excepthandler | ast.match_case) and not isinstance(
            each, Def | ast.ClassDef
        ):
            yield from stated(each)


@dataclass(frozen=True)
class Class:
    """A class of a file.

    Attributes:
        place: of the file.
        name: with those of the classes and functions that it is in.
        node: as it is written.
    """

    place: str
    name: str
    node: ast.ClassDef


def classes(files: Sources) -> list[Class]:
    """Return the classes of all files."""

    def within(place: str, of: ast.AST, scope: str) -> Iterator[Class]:
        for each in stated(of):
            if isinstance(each, ast.ClassDef):
                yield Class(place, f"{scope}{each.name}", each)
            if isinstance(each, Def | ast.ClassDef):
                yield from within(place, each, f"{scope}{each.name}.")

    return [each for place, source in files.items() for each in within(place, parsed(source), "")]


@cache
def names(source: str) -> dict[str, str]:
    """Return what the names of a file stand for that it imports, or gives to what is there."""
    found: dict[str, str] = {}
    for node in walked(source):
        if isinstance(node, ast.Import):
            found.update({each.asname: each.name for each in node.names if each.asname})
        elif isinstance(node, ast.ImportFrom):
            module = node.module
            found.update({each.asname or each.name: f"{module}.{each.name}" for each in node.names})
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(
            node.value, ast.Name | ast.Attribute
        ):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    found[target.id] = ast.unparse(node.value)
    return found


class Known:
    """The classes of files, as bases name them."""

    def __init__(self, files: Sources) -> None:
        self.files = files
        self.classes = classes(files)
        self._by_name = {(each.place, each.name): each for each in self.classes}

    def bases(self, of: Class) -> list[tuple[str, Class | None]]:
        """Return what a class is built upon, as it is written, and the class of ours that it is."""
        named = (base.value if isinstance(base, ast.Subscript) else base for base in of.node.bases)
        said = [ast.unparse(base) for base in named]
        return [(each, self._find(of.place, each, of, 9)) for each in said]

    def _find(self, place: str, said: str, asking: Class | None, deep: int) -> Class | None:
        scope = asking.name.split(".")[:-1] if asking else []
        for inner in range(len(scope), -1, -1):
            found = self._by_name.get((place, ".".join([*scope[:inner], said])))
            if found and found != asking:
                return found
        first, _, rest = said.partition(".")
        means = names(self.files[place]).get(first, "twirec" if first == "twirec" else "")
        whole = f"{means}.{rest}".rstrip(".")
        if not means or not deep:
            return None
        parts = whole.split(".")
        for upto in range(len(parts), 0, -1) if parts[0] == "twirec" else ():
            for other in ("/".join(parts[1:upto]), "/".join([*parts[1:upto], "__init__"])):
                if other in self.files and upto < len(parts):
                    return self._find(other, ".".join(parts[upto:]), None, deep - 1)
        return self._find(place, whole, asking, deep - 1)

    def is_built_on(self, of: Class, roots: set[str]) -> bool:
        return any(
            self.is_built_on(ours, roots) if ours else said.rpartition(".")[2] in roots
            for said, ours in self.bases(of)
        )

    def does_something(self, of: Class) -> bool:
        """Say whether a class, or one that it is built upon, has a method that does something."""
        own = any(isinstance(each, Def) and not is_only_said(each) for each in stated(of.node))
        return own or any(self.does_something(ours) for _, ours in self.bases(of) if ours)


def is_only_said(method: Def) -> bool:
    """Say whether a method does nothing, as one of a Protocol."""
    said = ("...", "pass", "raise NotImplementedError", "raise NotImplementedError()")
    return all(
        isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
        for each in method.body
        if ast.unparse(each) not in said
    )


def built_on_ours(files: Sources) -> list[str]:
    """Return the classes with a base class of ours that is no Protocol, error or enum.

    A Protocol whose methods do something is a base class to whoever is none.
    """
    known = Known(files)

    def may(of: Class, base: Class) -> bool:
        if known.is_built_on(base, ROOTS - {"Protocol"}):
            return True
        plain = is_protocol(of) or not known.does_something(base)
        return known.is_built_on(base, {"Protocol"}) and plain

    def is_protocol(of: Class) -> bool:
        return any(not ours and said.endswith("Protocol") for said, ours in known.bases(of))

    return [
        f"{of.place}: {of.name}({said.rpartition('.')[2]})"
        for of in known.classes
        for said, base in known.bases(of)
        if base and not may(of, base)
    ]


def is_public(name: str) -> bool:
    return not name.startswith("_")


def is_repeated(node: Def) -> bool:
    """Say whether it is another form of what is there already."""
    return any(ast.unparse(how).endswith((".setter", "overload")) for how in node.decorator_list)


def is_property(node: Def) -> bool:
    """Say whether it is a value, which is no deed."""
    return any(ast.unparse(how).endswith("property") for how in node.decorator_list)


WRAPPERS = ("staticmethod", "classmethod", "partial", "partialmethod")


@cache
def functions(source: str) -> Collection[str]:
    return {each.name for each in walked(source) if isinstance(each, Def)}


def public_methods(node: ast.ClassDef, known: Collection[str]) -> set[str]:
    """Return the methods of a class, and the known functions that it gives a name to."""
    found = set()
    for each in stated(node):
        if isinstance(each, Def):
            if not is_repeated(each) and not is_property(each):
                found.add(each.name)
        elif isinstance(each, ast.Assign) and does(each.value, known):
            found.update(each.id for each in each.targets if isinstance(each, ast.Name))
    return {name for name in found if is_public(name)}


def does(value: ast.expr, known: Collection[str]) -> bool:
    """Say whether a value is a function, also one with something around it."""
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).endswith(WRAPPERS)
    return isinstance(value, ast.Lambda) or ast.unparse(value) in known


def too_many_methods(files: Sources) -> list[str]:
    """Return the classes that do more than one thing: with more public methods than that."""
    found = []
    for of in classes(files):
        count = len(public_methods(of.node, functions(files[of.place])))
        if count > MOST_METHODS:
            found.append(f"{of.place}: {of.name} has {count}")
    return found


def without_docstring(files: Sources) -> list[str]:
    """Return the public functions, classes and methods of public classes that say nothing."""

    def named(of: ast.AST) -> Iterator[Def | ast.ClassDef]:
        for each in stated(of):
            if isinstance(each, Def | ast.ClassDef) and is_public(each.name):
                yield each

    found = []
    for place, source in files.items():
        said: list[tuple[str, Any]] = [(place, parsed(source))]
        for node in named(parsed(source)):
            said.append((f"{place}: {node.name}", node))
            if isinstance(node, ast.ClassDef):
                inner = ((f"{place}: {node.name}.{each.name}", each) for each in named(node))
                said += [(name, each) for name, each in inner if isinstance(each, Def)]
        found += [
            name
            for name, node in said
            if not ast.get_docstring(node) and not (isinstance(node, Def) and is_repeated(node))
        ]
    return found


def says_nothing_of(method: Callable[..., Any]) -> set[str]:
    """Return the parameters that a docstring does not name under `Args:` or `Attributes:`."""
    said = inspect.getdoc(method) or ""
    listed = re.findall(r"^(?:Args|Attributes):\n((?: {4}.*\n?|\n)+)", said, re.M)
    named = re.findall(r"^ {4}([\w, *]+):", "\n".join(listed), re.M)
    taken = {each.strip(" *") for names in named for each in names.split(",")}
    return set(inspect.signature(method).parameters) - taken - {"self"}


def made_by_users() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the functions that apps import, and the classes whose constructor is written out."""
    for name in twirec.__all__:
        each = getattr(twirec, name)
        if inspect.isfunction(each) or (
            inspect.isclass(each)
            and inspect.isfunction(vars(each).get("__init__"))
            and not is_dataclass(each)
            and not issubclass(each, Exception)
            and not getattr(each, "_is_protocol", False)
        ):
            yield name, each
    yield "Twirec", Twirec
    yield "disclosed", disclosed
    yield "add_tasks", add_tasks


ERRORS = {name for name, each in vars(errors).items() if inspect.isclass(each)}


def raised(of: ast.ClassDef) -> dict[str, set[str]]:
    """Return which errors of ours each method of a class raises, itself or by another of its."""
    own = {each.name: each for each in stated(of) if isinstance(each, Def)}

    def by(name: str, on_the_way: frozenset[str]) -> Iterator[str]:
        if name in on_the_way or name not in own:
            return
        for node in ast.walk(own[name]):
            if isinstance(node, ast.Raise) and node.exc:
                error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                yield ast.unparse(error).rpartition(".")[2]
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self":
                yield from by(node.attr, on_the_way | {name})

    return {name: ERRORS.intersection(by(name, frozenset())) for name in own}


def raised_unsaid(of: ast.ClassDef) -> dict[str, set[str]]:
    """Return the errors that public methods raise and do not name under `Raises:`."""
    docs = {
        each.name: ast.get_docstring(each) or "" for each in stated(of) if isinstance(each, Def)
    }
    unsaid = {
        name: {each for each in found if not re.search(rf"\b{each}\b", said_to_raise(docs[name]))}
        for name, found in raised(of).items()
        if is_public(name)
    }
    return {name: found for name, found in unsaid.items() if found}


def said_to_raise(docstring: str) -> str:
    return docstring.partition("\nRaises:\n")[2]


def outside_the_sandbox() -> dict[str, str]:
    return {place: text for place, text in sources().items() if not place.startswith("sandbox/")}


def test_no_class_is_built_on_a_class_of_ours() -> None:
    assert built_on_ours(sources()) == []


def test_no_class_has_more_than_twelve_public_methods() -> None:
    assert too_many_methods(sources()) == []


def test_every_public_name_says_what_it_is() -> None:
    assert without_docstring(outside_the_sandbox()) == []


def test_a_method_of_the_archive_says_of_each_parameter_what_it_takes() -> None:
    for part, name, method in methods():
        assert not says_nothing_of(method), f"{part}.{name}"


def test_what_apps_make_and_call_says_of_each_parameter_what_it_takes() -> None:
    unsaid = {name: says_nothing_of(each) for name, each in made_by_users()}
    assert {"Archive", "may", "Twirec"} <= unsaid.keys()
    assert {name: parameters for name, parameters in unsaid.items() if parameters} == {}


def test_a_method_of_the_archive_says_what_it_raises() -> None:
    of_parts = {kind.__name__ for kind in parts().values()} | {"Archive"}
    unsaid = {
        f"{each.place}: {each.name}": raised_unsaid(each.node)
        for each in classes(sources())
        if each.place.startswith("archive/") and each.name in of_parts
    }
    assert len(unsaid) > 20
    assert {name: methods for name, methods in unsaid.items() if methods} == {}


def test_what_is_raised_and_not_said_is_found() -> None:
    source = """class A:
    def f(self):
        '''Do it.

        Raises:
            NotFound: there is none.
        '''
        raise NotFound("x")
    def g(self):
        '''Do it.'''
        self._h()
    def _h(self):
        self.g()
        raise errors.InvalidQuery("x")
    def i(self):
        '''Do it; NotFound is raised.'''
        raise NotFound
    def k(self):
        raise KeyError"""
    (of,) = classes({"x": source})
    assert raised_unsaid(of.node) == {"g": {"InvalidQuery"}, "i": {"NotFound"}}


def reaching_behind(files: Sources) -> list[str]:
    """Return the lines that take from an archive's catalog what its parts are to give."""
    return [
        f"{place}: {node.lineno}"
        for place, source in files.items()
        for node in walked(source)
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
        ("class A:\n    class B: ...\n    class C(B): ...", ["x: A.C(B)"]),
        ("class A(Protocol): ...\nclass B(A, Protocol): ...", []),
        ("class A(Exception): ...\nclass B(A): ...\nclass C(B): ...", []),
        ("class A(StrEnum): ...", []),
        ("class A:\n    class B: ...\nclass C:\n    class B(A.B): ...", ["x: C.B(B)"]),
        ("class A: ...\n_B = A\nclass C(_B): ...", ["x: C(_B)"]),
        ("from twirec.y import Y as _Y\nclass C(_Y): ...", ["x: C(_Y)"]),
        ("from twirec.y import Y\nclass Y(Y): ...", ["x: Y(Y)"]),
        ("from twirec import y as m\n_B = m.Y\nclass C(_B): ...", ["x: C(_B)"]),
        ("import twirec.y\nclass C(twirec.y.Y[int]): ...", ["x: C(Y)"]),
        ("from twirec.z import Y as Z\nclass C(Z): ...", ["x: C(Z)"]),
        ("from other import Y\nclass C(Y): ...", []),
        ("class A: ...\nclass B:\n    class A(Protocol): ...\n    class C(A): ...", []),
        ("class A(Protocol):\n    def f(self): ...\nclass B(A): ...", []),
        ("class A(Protocol):\n    def f(self):\n        go()\nclass B(A): ...", ["x: B(A)"]),
        ("class A(Protocol):\n    def f(self):\n        go()\nclass B(A, Protocol): ...", []),
        ("class A(dict[str, int]): ...", []),
    ],
)
def test_a_base_class_of_ours_is_found(source: str, wrong: list[str]) -> None:
    beside = {"y": "class Y: ...", "z": "from twirec.y import Y"}
    assert built_on_ours({"x": source, **beside}) == wrong


def test_too_many_methods_are_found() -> None:
    def source(count: int) -> str:
        lines = [f"    def m{number}(self): ..." for number in range(count)]
        return "\n".join(["class A:", "    def _own(self): ...", *lines])

    assert too_many_methods({"x": source(12)}) == []
    assert too_many_methods({"x": source(13)}) == ["x: A has 13"]
    assert too_many_methods({"x": source(12) + "\n    @property\n    def p(self): ..."}) == []
    assert too_many_methods({"x": source(12) + "\n    p = property(_own)\n    q = 5"}) == []
    for more in ("m = _own", "m = lambda self: 5", "m = partial(_own, 5)", "m = f"):
        text = f"def f(self): ...\n{source(12)}\n    {more}"
        assert too_many_methods({"x": text}) == ["x: A has 13"]
    text = source(12) + "\n    if True:\n        def m(self): ..."
    assert too_many_methods({"x": text, "y": "class A: ..."}) == ["x: A has 13"]


def test_what_has_no_docstring_is_found() -> None:
    source = '"""D."""\nclass A:\n    """D."""\n    def f(self): ...\n    def _g(self): ...\n'
    source += "def h(): ..."
    assert without_docstring({"x": source}) == ["x: A.f", "x: h"]
    assert without_docstring({"x": ""}) == ["x"]
    source = (
        '"""D."""\nasync def f(): ...\nif True:\n    def g(): ...\n    class A:\n        """D."""'
    )
    source += "\n        if True:\n            async def h(): ..."
    assert without_docstring({"x": source}) == ["x: f", "x: g", "x: A.h"]


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
    nodes = walked(source)
    told = {
        id(each.value)
        for each in nodes
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
    }
    texts = (
        each.value
        for each in nodes
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
