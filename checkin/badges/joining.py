"""Several documents of ours joined into one, page after page, still tagged: a long list or hundreds of certificates
are set part by part, which takes the memory of one part, says how far it is, and can be broken off.

What typst writes is read, and nothing else: objects that stand plainly in the file (ISO 32000-1, 7.3 to 7.5), a
structure tree of one Document (14.7), top headings as outline. A part's numbers are moved behind those of the parts
before it; pages, parents of structure, ids of table heads and outline are strung together. Each part becomes a Part
of the one Document; PDF/UA-1 asks no more of it than of the parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO

Told = Callable[[int, int], None]
"""Hears how much of how much is done, from the thread that does it; whatever it raises breaks the work off."""

_TOKEN = re.compile(
    rb"\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)"  # a text: whatever looks like a reference in it is none
    rb"|(?P<reference>\d+) 0 R"
    rb"|/StructParents? (?P<parent>\d+)",
    re.S,
)
_HEAD_ID = re.compile(rb"\(U\d+x\d+y\d+\)")
_TRAILER = re.compile(rb"trailer\s*<<(.*?)>>\s*startxref\s*(\d+)\s*%%EOF\s*$", re.S)
_TRAILER_TAIL_BYTES = 4_096
_HEAD = b"%PDF-1.7\n%\x80\x80\x80\x80\n"
_CATALOG, _PAGES, _TREE, _DOCUMENT, _PARENTS, _OUTLINES, _METADATA, _INFO = range(1, 9)
"""The numbers of what belongs to all parts together."""
_SHARED = 8


def nobody_told(done: int, total: int) -> None:
    """For work that nobody follows."""


class Joined:
    """A document in `out` that parts are added to; `end` completes it. `pages`: how many it has."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._at: dict[int, int] = {}
        self._size = _SHARED + 1
        self._parts = 0
        self._page_trees: list[int] = []
        self._documents: list[int] = []
        self._parents: list[bytes] = []
        self._parents_next = 0
        self._heads: list[bytes] = []
        self._outline: list[int] = []
        self._last_heading: tuple[int, bytes] | None = None
        self._catalog = b""
        self._role_map = b""
        self._id = b""
        self.pages = 0
        self._length = out.write(_HEAD)

    def add(self, part: bytes) -> None:
        """Another document that typst has made."""
        found = _TRAILER.search(part, len(part) - _TRAILER_TAIL_BYTES)
        assert found is not None, "this is no document of typst's"
        trailer, objects = found[1], _objects(part, int(found[2]))
        catalog = objects[_number(trailer, b"Root")]
        pages, tree = _number(catalog, b"Pages"), _number(catalog, b"StructTreeRoot")
        base = self._size - 1
        shared = {_number(trailer, b"Root"): _CATALOG, tree: _DOCUMENT}
        outlines = _number(catalog, b"Outlines", missing=0)
        if outlines:
            shared[outlines] = _OUTLINES
        metadata, info = _number(catalog, b"Metadata"), _number(trailer, b"Info")
        self._parts += 1
        if self._parts == 1:
            shared |= {metadata: _METADATA, info: _INFO}

        def moved(match: re.Match[bytes]) -> bytes:
            if match["reference"] is not None:
                old = int(match["reference"])
                return b"%d 0 R" % shared.get(old, base + old)
            if match["parent"] is not None:
                return match[0].rsplit(b" ", 1)[0] + b" %d" % (self._parents_next + int(match["parent"]))
            return b"(P%05d%s" % (self._parts, match[0][1:]) if _HEAD_ID.fullmatch(match[0]) else match[0]

        def rewritten(object: bytes) -> bytes:
            dictionary, stream, rest = object.partition(b"\nstream\n")
            return _TOKEN.sub(moved, dictionary) + stream + rest

        headings = self._headings(objects, outlines)
        for number, object in objects.items():
            if number in (_number(trailer, b"Root"), tree, outlines) or (
                self._parts > 1 and number in (metadata, info)
            ):
                continue
            written = rewritten(object)
            if number == pages:
                written = written.replace(b"<<", b"<</Parent %d 0 R" % _PAGES, 1)
                self.pages += int(re.search(rb"/Count (\d+)", object)[1])  # type: ignore[index]
            elif re.match(rb"<</Type/StructElem/S/Document/", object):
                written = written.replace(b"/S/Document/", b"/S/Part/", 1)
                self._documents.append(base + number)
            new = shared.get(number, base + number)
            if number in headings[:1] and self._outline:
                written = written.replace(b"<<", b"<</Prev %d 0 R" % self._outline[-1], 1)
                self._end_outline(next=new)
            if number in headings[-1:]:
                self._last_heading = (new, written)
            else:
                self._put(new, written)
        self._outline += [base + number for number in headings]
        self._page_trees.append(base + pages)
        self._keep_tree(rewritten(objects[tree]), objects[tree])
        self._size += max(objects)
        if self._parts == 1:
            self._catalog = rewritten(catalog)
            self._id = re.search(rb"/ID\s*\[.*?\]", trailer, re.S)[0]  # type: ignore[index]

    def end(self) -> None:
        """Complete the document. At least one part was added."""
        self._end_outline(next=None)
        catalog = re.sub(rb"/Pages \d+ 0 R", b"/Pages %d 0 R" % _PAGES, self._catalog)
        catalog = re.sub(rb"/StructTreeRoot \d+ 0 R", b"/StructTreeRoot %d 0 R" % _TREE, catalog)
        catalog = re.sub(rb"/Outlines \d+ 0 R", b"", catalog)
        if self._outline:
            catalog = catalog.rstrip()[:-2] + b"/Outlines %d 0 R>>" % _OUTLINES
            ends = (self._outline[0], self._outline[-1], len(self._outline))
            self._put(_OUTLINES, b"<</Type/Outlines/First %d 0 R/Last %d 0 R/Count %d>>" % ends)
        self._put(_CATALOG, catalog)
        self._put(_PAGES, b"<</Type/Pages/Count %d/Kids[%s]>>" % (self.pages, _references(self._page_trees)))
        heads = b"/IDTree<</Names[%s]>>" % b"".join(self._heads) if self._heads else b""
        self._put(
            _TREE,
            b"<</Type/StructTreeRoot/RoleMap%s/K[%d 0 R]/ParentTree %d 0 R%s/ParentTreeNextKey %d>>"
            % (self._role_map, _DOCUMENT, _PARENTS, heads, self._parents_next),
        )
        self._put(_DOCUMENT, b"<</Type/StructElem/S/Document/P %d 0 R/K[%s]>>" % (_TREE, _references(self._documents)))
        self._put(_PARENTS, b"<</Nums[%s]>>" % b" ".join(self._parents))
        self._write_table()

    def _headings(self, objects: dict[int, bytes], outlines: int) -> list[int]:
        """The numbers of the top entries of a part's outline, in order."""
        found = []
        at = _number(objects[outlines], b"First", missing=0) if outlines else 0
        while at:
            found.append(at)
            at = _number(objects[at], b"Next", missing=0)
        return found

    def _end_outline(self, next: int | None) -> None:
        """Write the last heading so far, now that it is known what follows on it."""
        if self._last_heading is not None:
            number, written = self._last_heading
            if next is not None:
                written = written.replace(b"<<", b"<</Next %d 0 R" % next, 1)
            self._put(number, written)
            self._last_heading = None

    def _keep_tree(self, tree: bytes, before: bytes) -> None:
        """What a part's root of structure says of its pages and table heads; keys moved behind the earlier ones."""
        nums = re.search(rb"/ParentTree<</Nums\[(.*?)\]>>", tree, re.S)
        assert nums is not None, "this document is not tagged"
        entries = re.findall(rb"(\d+) (\d+ 0 R)", nums[1])
        self._parents += [b"%d %s" % (self._parents_next + int(key), reference) for key, reference in entries]
        self._parents_next += int(re.search(rb"/ParentTreeNextKey (\d+)", before)[1])  # type: ignore[index]
        names = re.search(rb"/IDTree<</Names\[(.*?)\]>>", tree, re.S)
        if names is not None:
            self._heads.append(names[1])
        if not self._role_map:
            self._role_map = re.search(rb"/RoleMap(<<.*?>>)", tree, re.S)[1]  # type: ignore[index]

    def _put(self, number: int, object: bytes) -> None:
        self._at[number] = self._length
        self._length += self._out.write(b"%d 0 obj\n%s\nendobj\n" % (number, object))

    def _write_table(self) -> None:
        """The cross-reference table, with the numbers that nothing has as free."""
        lines = [b"0000000000 65535 f \n"]
        lines += [
            b"%010d 00000 n \n" % self._at[number] if number in self._at else b"0000000000 65535 f \n"
            for number in range(1, self._size)
        ]
        ends = b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (
            (self._size, _CATALOG, _INFO, self._id, self._length)
        )
        self._out.write(b"xref\n0 %d\n%s%s" % (self._size, b"".join(lines), ends))


def _objects(part: bytes, table_at: int) -> dict[int, bytes]:
    """number → what stands between `obj` and `endobj`, by the table of a document."""
    lines = part[table_at:].split(b"trailer", 1)[0].split()
    assert lines[0] == b"xref", "a document with a table in a stream"
    count = int(lines[2])
    starts = [(int(lines[3 + 3 * number]), number) for number in range(1, count) if lines[3 + 3 * number + 2] == b"n"]
    starts.sort()
    ends = [start for start, _ in starts[1:]] + [table_at]
    found = {}
    for (start, number), end in zip(starts, ends, strict=True):
        content = part[start:end]
        opens, closes = content.index(b"obj") + 3, content.rindex(b"endobj")
        found[number] = content[opens:closes].strip(b"\r\n")
    return dict(sorted(found.items()))


def _number(dictionary: bytes, key: bytes, missing: int | None = None) -> int:
    """The object that a dictionary refers to under this key."""
    found = re.search(rb"/%s (\d+) 0 R" % key, dictionary)
    if found is None:
        assert missing is not None, f"no {key.decode()} in a document"
        return missing
    return int(found[1])


def _references(numbers: list[int]) -> bytes:
    return b" ".join(b"%d 0 R" % number for number in numbers)
