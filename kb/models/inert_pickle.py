"""What a pickle of torch's tensors describes, read without running it.

A pickle is a program of a small machine. Here the instructions that build plain values (strings, numbers, tuples,
dictionaries) are followed; nothing that it names is imported and nothing is called, so that it can run no code. A call
that would rebuild a tensor leaves the description of the tensor in its place, any other is refused.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """A class or function that a pickle names, as "module name"; nothing is looked up by it."""

    path: str


@dataclass(frozen=True, slots=True)
class Description:
    """What a tensor would be rebuilt from: its storage, offset, shape, strides and more."""

    arguments: tuple[object, ...]


def described(pickled: bytes) -> object:
    """The value that a pickle of tensors describes. Raises ValueError, LookupError or TypeError for any other."""
    stack: list[object] = []
    marks: list[int] = []
    memo: dict[object, object] = {}
    for opcode, argument, _ in pickletools.genops(pickled):
        match opcode.name:
            case "PROTO" | "FRAME":
                pass
            case "STOP":
                return stack.pop()
            case "MARK":
                marks.append(len(stack))
            case "BINUNICODE" | "SHORT_BINUNICODE" | "BININT" | "BININT1" | "BININT2" | "LONG1":
                stack.append(argument)
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[opcode.name])
            case "GLOBAL":
                stack.append(Name(str(argument)))
            case "EMPTY_DICT":
                stack.append({})
            case "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "EMPTY_TUPLE" | "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack.append(tuple(_popped(stack, {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}.get(opcode.name, 0))))
            case "TUPLE":
                stack.append(tuple(_popped(stack, len(stack) - marks.pop())))
            case "SETITEM":
                _set(stack, _popped(stack, 2))
            case "SETITEMS":
                _set(stack, _popped(stack, len(stack) - marks.pop()))
            case "BINPERSID":
                pass  # What it would look up is the description of a storage, which stays as it is.
            case "REDUCE":
                stack.append(_called(*_popped(stack, 2)))
            case "BUILD":
                stack.pop()  # The versions of a model's parts, which torch notes on its dictionary.
            case _:
                raise ValueError(f"it has the instruction {opcode.name}")
    raise ValueError("it ends too early")


def _popped(stack: list[object], count: int) -> list[object]:
    if count > len(stack):
        raise ValueError("it takes what is not there")
    taken = stack[len(stack) - count :]
    del stack[len(stack) - count :]
    return taken


def _set(stack: list[object], pairs: list[object]) -> None:
    target = stack[-1]
    if not isinstance(target, dict):
        raise ValueError("it sets an item of what is no dictionary")
    target.update(zip(pairs[::2], pairs[1::2], strict=True))


def _called(function: object, arguments: object) -> object:
    """What stands for the result of a call, which is not made."""
    match function, arguments:
        case Name("collections OrderedDict"), ():
            return {}
        case Name("torch._utils _rebuild_tensor_v2"), tuple(given):
            return Description(given)
        case Name("torch._utils _rebuild_parameter"), (Description() as tensor, *_):
            return tensor
    raise ValueError(f"it calls {function.path if isinstance(function, Name) else 'something'}")
