"""What a user's mistake is answered by is in the catalogs: no text of a problem is left in English alone."""

import ast
import re
from collections.abc import Iterator, Sequence

from command import ROOT
from source_files import files, tree_of

# Whose errors authors of plugins meet, in English (docs/extend.md says which): a plugin that breaks its
# contract, a mistake of the harness.
FOR_AUTHORS = (
    "conformance/",
    "registry/",
    "scaffold/",
    "errors.py",
    "estimators/guard.py",
    "tables/table.py",
)

PROBLEMS = {"Problem", "Mistake", "at", "refuse", "wrong", "echo"}
NAMES = {"what", "hint", "expected", "remedy"}
ENGLISH = re.compile("[a-z]{2} .*[a-z]{2}|[a-z]{2} | [a-z]{2}")
# An option of the command, with its value.
OPTION = re.compile(r"--\w+( \w+)?")


def english(node: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression may be, without those that are marked."""
    match node:
        case ast.Constant(value=str(text)) if ENGLISH.search(OPTION.sub("", text)):
            yield text
        case ast.JoinedStr(values=parts):
            texts = [part.value for part in parts if isinstance(part, ast.Constant)]
            if any(ENGLISH.search(OPTION.sub("", str(text))) for text in texts):
                yield ast.unparse(node)
        case ast.BinOp(left=one, right=other) | ast.IfExp(body=one, orelse=other):
            yield from (*english(one), *english(other))
        case ast.BoolOp(values=parts) | ast.Tuple(elts=parts):
            yield from (text for part in parts for text in english(part))


def unmarked(tree: ast.Module) -> Iterator[str]:
    """Yield the texts of problems that are in no catalog."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=function, args=given, keywords=named):
                if ast.unparse(function).rpartition(".")[2] in PROBLEMS:
                    yield from (
                        text for one in (*given, *(key.value for key in named)) for text in english(one)
                    )
            case ast.Assign(targets=[target], value=value):
                if NAMES & {name.id for name in ast.walk(target) if isinstance(name, ast.Name)}:
                    yield from english(value)


def assigned(nodes: Sequence[ast.AST]) -> dict[str, list[str]]:
    """Return the texts that names are given and that are not marked."""
    given: dict[str, list[str]] = {}
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                given.setdefault(name, []).extend(english(value))
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                given.setdefault(name, []).extend(english(value))
    return given


def composed(tree: ast.Module) -> Iterator[str]:
    """Yield English texts that fill places of messages, there or by a name of the same function or module."""
    of_module = assigned(tree.body)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        nodes = [*ast.walk(function)]
        given = of_module | assigned(nodes)
        for node in nodes:
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Coded":
                for key in node.keywords:
                    yield from english(key.value)
                    yield from given.get(key.value.id, ()) if isinstance(key.value, ast.Name) else ()


def test_texts_of_problems_are_marked_and_no_message_is_composed_of_english_parts():
    texts = {}
    for path in (*files("harness"), *files("plugins")):
        module = path.relative_to(ROOT).as_posix()
        if not module.removeprefix("harness/").startswith(FOR_AUTHORS):
            tree = tree_of(path)
            texts[module] = [*unmarked(tree), *composed(tree)]
    assert len(texts) > 300
    assert not {module: several for module, several in texts.items() if several}
