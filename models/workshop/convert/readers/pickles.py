"""A pickle of weights looked at before anything unpickles it: it may only say what PyTorch writes for tensors in dictionaries."""

import io
import pickletools
from collections import deque

from workshop.convert.readers import Damaged

LARGEST = 1 << 20  # bytes of one pickle; the weights lie beside it
DEEPEST = 50  # how deep its values may lie in one another: Python's hash of deeper tuples overflows the C stack

NUMBERS = ("Float", "Double", "Half", "Long", "Int", "Short", "Char", "Byte", "Bool")
KNOWN = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    *(f"torch {kind}Storage" for kind in NUMBERS),
}
PUTS, GETS = ("BINPUT", "LONG_BINPUT"), ("BINGET", "LONG_BINGET")
WHOLE = ("BININT", "BININT1", "BININT2", "LONG1")
GROWING = ("APPEND", "APPENDS", "SETITEM", "SETITEMS", "BUILD")
MAKING = (
    "EMPTY_DICT",
    "EMPTY_LIST",
    "EMPTY_TUPLE",
    "TUPLE",
    "TUPLE1",
    "TUPLE2",
    "TUPLE3",
    "GLOBAL",
    "REDUCE",
    "BINPERSID",
)
PLAIN = ("BINUNICODE", "BINFLOAT", "NONE", "NEWTRUE", "NEWFALSE")
SAID = {"PROTO", "STOP", "MARK", *PUTS, *GETS, *WHOLE, *GROWING, *MAKING, *PLAIN}


def look(data: bytes, room: int, name: str) -> int:
    """Hold the pickle at the front of `data` against those bounds, running none of it; returns its length.

    `room`: bytes of the file `name`, more numbers than which its storages may not claim.
    """
    stream = io.BytesIO(data[:LARGEST])
    nest, claimed, last = Nest(), 0, deque(maxlen=3)
    try:
        for operation, argument, _ in pickletools.genops(stream):
            said = operation.name
            if said not in SAID:
                raise Damaged(f"{name} says {said}, which no file of weights does")
            if said == "GLOBAL" and argument not in KNOWN:
                raise Damaged(
                    f"{name} names {argument.replace(' ', '.')[:80]!r}, which is nothing that weights are made of"
                )
            if said == "BINPERSID":
                claimed += count(list(last))
            if claimed > room:
                raise Damaged(f"{name} claims {claimed:,} numbers in {room:,} bytes")
            if nest.step(operation, argument) > DEEPEST:
                raise Damaged(f"{name} holds values more than {DEEPEST} deep in one another")
            if said not in PUTS:
                last.append((said, argument))
    except (ValueError, IndexError, KeyError, UnicodeError):  # cut off, or a stack that does not come out even
        raise Damaged(f"{name} is not a PyTorch file: there is no whole pickle of at most {LARGEST:,} bytes") from None
    return stream.tell()


def count(last: list[tuple]) -> int:
    """The numbers that a storage claims: the last of the tuple just made, but for the None of the old layout."""
    if last and last[-1][0] == "TUPLE":
        told = [step for step in last[:-1] if step[0] != "NONE"]
        if told and told[-1][0] in WHOLE and told[-1][1] >= 0:
            return told[-1][1]
    raise ValueError("a storage without a size")


class Nest:
    """A pickle's stack and memo with the depth of each value in the place of the value."""

    def __init__(self):
        self.stack, self.marks, self.memo = [], [], {}

    def step(self, operation: pickletools.OpcodeInfo, argument) -> int:
        """Take one operation; the depth of what it makes (0: nothing that holds values)."""
        if operation.name == "MARK":
            self.marks.append(len(self.stack))
        elif operation.name in PUTS:
            self.memo[argument] = self.stack[-1]
        elif operation.name in GETS:
            self.stack.append(self.memo[argument])
        else:
            return self.made(operation)
        return 0

    def made(self, operation: pickletools.OpcodeInfo) -> int:
        """Take the operation's values off the stack and put its result there."""
        before = operation.stack_before
        marked = pickletools.markobject in before
        start = self.marks.pop() - before.index(pickletools.markobject) if marked else len(self.stack) - len(before)
        if start < 0:
            raise ValueError("an empty stack")
        taken = self.stack[start:]
        del self.stack[start:]
        if operation.name in GROWING:
            depth = max(taken[0], 1 + max(taken[1:], default=0))
        else:
            depth = 1 + max(taken) if taken else int(operation.name in MAKING)
        self.stack += [depth] * len(operation.stack_after)
        return depth
