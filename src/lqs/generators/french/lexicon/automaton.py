"""A minimal acyclic automaton: a set of byte strings in one flat buffer that can be mapped from a file.

Strings that share a beginning share its way, and strings that share an ending share its nodes. A node is a run of
arcs; an arc is one little-endian 32-bit word: the label in the low 8 bits, then a bit for the last arc of its node, a
bit for the end of a string, and 22 bits for the index of the first arc of the node it leads to (0: none).
"""

import struct
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial

Arc = tuple[int, bool, int]
"""Label, whether a string ends here, and the node it leads to."""

_WORD = struct.Struct("<I")
_LABEL = 0xFF
_LAST = 1 << 8
_FINAL = 1 << 9
_TARGET = 10
_NO_NODE = 0
_NEAR = 4
"""So many labels from the root, nodes have many arcs to pass by, and most strings begin like others."""


class Builder:
    """Writes the buffer. Nodes are handed in from the leaves up; equal ones are kept once."""

    def __init__(self) -> None:
        self._arcs: list[int] = [0]  # index 0 means "no node"
        self._known: dict[tuple[Arc, ...], int] = {(): _NO_NODE}

    def node(self, arcs: Iterable[Arc]) -> int:
        """The number of the node with exactly these arcs, which must be in ascending order of their labels."""
        key = tuple(arcs)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self._arcs)
            for position, (label, final, target) in enumerate(key):
                last = _LAST if position == len(key) - 1 else 0
                self._arcs.append(label | last | (_FINAL if final else 0) | target << _TARGET)
        return found

    def tree(self, strings: Iterable[tuple[bytes, int]]) -> int:
        """The node of the given strings, each non-empty, in ascending order, and ending in an arc to its own node.

        A string that leads to no node ends there.
        """
        path: list[tuple[int, list[Arc]]] = [(0, [])]  # the label that led here, and the arcs found so far
        before, before_target = b"", _NO_NODE
        for string, target in strings:
            shared = _shared(before, string)
            self._close(path, shared, before_target)
            path.extend((label, []) for label in string[shared:])
            before, before_target = string, target
        self._close(path, 0, before_target)
        return self.node(path[0][1])

    def _close(self, path: list[tuple[int, list[Arc]]], depth: int, target: int) -> None:
        """Finish the nodes below `depth`; the deepest one leads to `target`."""
        while len(path) > depth + 1:
            label, arcs = path.pop()
            following = self.node(arcs) if arcs else target
            path[-1][1].append((label, following == _NO_NODE, following))

    def buffer(self, root: int) -> bytes:
        """The finished automaton: the number of the root, then every arc."""
        return b"".join(map(_WORD.pack, [root, *self._arcs]))


def _shared(one: bytes, other: bytes) -> int:
    for position, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return position
    return min(len(one), len(other))


class Automaton:
    """Reads what `Builder` wrote, from any buffer, without copying it."""

    def __init__(self, buffer: bytes | memoryview) -> None:
        words = _words(buffer)
        self._arcs = words[1:]
        self._beginning = lru_cache(maxsize=2048)(partial(self._led_to, words[0]))
        self._endings = lru_cache(maxsize=4096)(self._below)  # words that inflect alike share them

    def after(self, prefix: bytes) -> tuple[bytes, ...]:
        """What follows `prefix` in every string that begins with it, in ascending order of the bytes."""
        node = self._led_to(self._beginning(prefix[:_NEAR]), prefix[_NEAR:])
        return () if node == _NO_NODE else self._endings(node)

    def _led_to(self, node: int, labels: bytes) -> int:
        """The node that labels lead to from a node; none where they lead nowhere."""
        arcs = self._arcs
        for label in labels:
            if node == _NO_NODE:
                break
            index = node
            while (found := (arc := arcs[index]) & _LABEL) < label:
                if arc & _LAST:
                    return _NO_NODE
                index += 1
            node = arc >> _TARGET if found == label else _NO_NODE
        return node

    def _below(self, node: int) -> tuple[bytes, ...]:
        return tuple(self._strings(node, b""))

    def _strings(self, node: int, read: bytes) -> Iterator[bytes]:
        index = node
        while True:
            arc = self._arcs[index]
            string = read + bytes((arc & _LABEL,))
            if arc & _FINAL:
                yield string
            else:
                yield from self._strings(arc >> _TARGET, string)
            if arc & _LAST:
                return
            index += 1


def _words(buffer: bytes | memoryview) -> Sequence[int]:
    """The 32-bit words of a buffer, in place where the machine orders bytes as the file does."""
    if sys.byteorder == "little":
        return memoryview(buffer).cast("I")
    swapped = array("I", bytes(buffer))
    swapped.byteswap()
    return swapped
