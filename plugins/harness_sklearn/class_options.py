"""Objects of scikit-learn, and of packages that are trusted, as plain options, and made again from them.

An object is the path of its class with the parameters that differ from its defaults, other objects among
them: ``{class: sklearn.linear_model.Ridge, options: {alpha: 2.0}}``. What a spec names is imported where it
is public in scikit-learn, or its package is trusted: named by ``harness --package``, or that of an object
which a script gave.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from harness import plugin

CLASS, OPTIONS = "class", "options"

# A class of a public module of scikit-learn.
PUBLIC = re.compile(r"sklearn\.([a-z][a-z_]*)(\.(?!tests\b)[a-z][a-z_]*)*\.[A-Z]\w*")

# The path of a class at the top of a module.
PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


def described(value: Any) -> Any:  # noqa: ANN401 - any parameter of an object
    """Return a value as options have it, and trust the packages of the objects in it.

    Raises
    ------
    ValueError
        Where it is or holds what no spec can name, such as a function.
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): described(given) for key, given in value.items()}
    if isinstance(value, list | tuple):
        return [described(given) for given in value]
    kind = type(value)
    if not is_described(value):
        message = f"a {kind.__name__} is neither an estimator nor a splitter, so no spec can name it"
        raise ValueError(message)
    return {CLASS: path_of(kind), OPTIONS: changed_parameters(value)}


def is_described(value: object) -> bool:
    """Whether a class or object has parameters by name, as estimators, kernels and splitters have."""
    return hasattr(value, "get_params") or hasattr(value, "get_n_splits")


def path_of(kind: type) -> str:
    """Return the public path of a class, whose package is trusted from now on.

    Raises
    ------
    ValueError
        Where the class is not at the top of a module.
    """
    path = f"{kind.__module__.partition('._')[0]}.{kind.__qualname__}"
    paths = (path, f"{kind.__module__}.{kind.__qualname__}")
    importable = next((one for one in paths if PATH.fullmatch(one) and _member(one) is kind), None)
    if importable is None:
        message = f"'{path}' is not a class at the top of a module, so it cannot be imported again"
        raise ValueError(message)
    if PUBLIC.fullmatch(importable) is None:
        plugin.trust_package(importable.partition(".")[0])
    return importable


def changed_parameters(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - an object with parameters
    """Return the parameters of an object that differ from the defaults of its class, as options."""
    kind = type(value)
    try:
        defaults = _parameters(kind())
    except TypeError:
        signature = inspect.signature(kind).parameters
        defaults = {name: one.default for name, one in signature.items()}
    given = _parameters(value).items()
    changed = {key: one for key, one in given if key not in defaults or repr(one) != repr(defaults[key])}
    return {key: described(one) for key, one in changed.items()}


def _parameters(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as above
    if hasattr(value, "get_params"):
        parameters: Mapping[str, Any] = value.get_params(deep=False)
        return parameters
    return {name: getattr(value, name) for name in inspect.signature(type(value)).parameters}


def made(options: Any) -> Any:  # noqa: ANN401 - any parameter of an object
    """Return the value that options describe.

    Raises
    ------
    ValueError
        Where a class may not be imported, is not there, or takes no such parameters.
    """
    if isinstance(options, list | tuple):
        return [made(one) for one in options]
    if not isinstance(options, Mapping):
        return options
    if CLASS in options and options.keys() <= {CLASS, OPTIONS}:
        return object_of(options[CLASS], options.get(OPTIONS, {}))
    return {key: made(one) for key, one in options.items()}


def object_of(path: str, options: Mapping[str, Any]) -> Any:  # noqa: ANN401 - an object of any class
    """Return an object of the class at a path, made with options.

    Raises
    ------
    ValueError
        As `made` does.
    """
    kind = _imported(path)
    given = {key: made(one) for key, one in options.items()}
    signature = inspect.signature(kind).parameters
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in signature.values())
    unknown = [] if takes_any else [name for name in options if name not in signature]
    if unknown:
        raise ValueError(f"options: {kind.__name__} has no '{unknown[0]}', only {', '.join(signature)}")
    try:
        value = kind(**given)
        if hasattr(value, "_parameter_constraints"):
            value._validate_params()
    except (TypeError, ValueError) as error:
        raise ValueError(f"options: {error}") from error
    return value


def _imported(path: str) -> type:
    import sklearn

    public, package = PUBLIC.fullmatch(path), path.partition(".")[0]
    trusted = plugin.trusted_packages()
    is_public = public is not None and public[1] in sklearn.__all__
    kind = _member(path) if is_public or (package in trusted and PATH.fullmatch(path)) else None
    if isinstance(kind, type) and is_described(kind):
        return kind
    message = f"class: a regressor of scikit-learn, such as sklearn.linear_model.Ridge; found '{path}'"
    if package == "__main__":
        message += ", which a script or notebook defined: put it into a module that can be imported"
    elif package in trusted:
        message += f", and '{package}' is trusted: it is not installed here, or has no such class"
    elif PATH.fullmatch(path) and package != "sklearn":
        message += f"; to import it from '{package}', whose code then runs: harness --package {package}"
    raise ValueError(message)


def _member(path: str) -> object:
    """Return what is at a path; None where nothing is."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name, None)
    except ImportError:
        return None
