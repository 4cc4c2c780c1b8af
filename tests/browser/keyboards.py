"""Keyboards as the system's own tables describe them (xkb): what a browser reports for a key on a host."""

from __future__ import annotations

import ctypes
import itertools
from typing import Any

PACKAGES = "libxkbcommon0 xkb-data libx11-data"
HOW_TO_GET_THEM = f"no xkb tables here; on Debian: apt-get install --no-install-recommends {PACKAGES}"

_ROWS = (
    ("TLDE AE01 AE02 AE03 AE04 AE05 AE06 AE07 AE08 AE09 AE10 AE11 AE12", "Backquote 1 2 3 4 5 6 7 8 9 0 Minus Equal"),
    ("AD01 AD02 AD03 AD04 AD05 AD06 AD07 AD08 AD09 AD10 AD11 AD12", "Q W E R T Y U I O P BracketLeft BracketRight"),
    ("AC01 AC02 AC03 AC04 AC05 AC06 AC07 AC08 AC09 AC10 AC11 BKSL", "A S D F G H J K L Semicolon Quote Backslash"),
    ("LSGT AB01 AB02 AB03 AB04 AB05 AB06 AB07 AB08 AB09 AB10", "IntlBackslash Z X C V B N M Comma Period Slash"),
    ("SPCE", "Space"),
)
_SHIFT, _LOCK, _ALTGR = b"Shift", b"Lock", b"Mod5"
_COMPOSING, _COMPOSED = 1, 2

Stroke = tuple[str, bool, bool]
"""The code of a key, whether with shift, whether with AltGr."""
Key = dict[str, Any]
"""A KeyboardEventInit: `key`, `code`, `shiftKey` and so on."""


class _Names(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("rules", "model", "layout", "variant", "options")]


def _library() -> Any:
    """libxkbcommon. Raises `OSError` where it is not installed."""
    xkb = ctypes.CDLL("libxkbcommon.so.0")
    pointers = "context_new keymap_new_from_names state_new compose_table_new_from_locale compose_state_new".split()
    for name in pointers:
        getattr(xkb, f"xkb_{name}").restype = ctypes.c_void_p
    return xkb


def _code(word: str) -> str:
    if word.isdigit():
        return f"Digit{word}"
    return f"Key{word}" if len(word) == 1 else word


PLACES = {
    place: _code(word) for places, words in _ROWS for place, word in zip(places.split(), words.split(), strict=True)
}


class Keyboard:
    """A layout of xkb, `de` or `ch(fr)`. Raises `OSError` where its tables are not installed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._xkb = xkb = _library()
        layout, _, variant = name.partition("(")
        context = ctypes.c_void_p(xkb.xkb_context_new(0))
        names = _Names(b"evdev", b"pc105", layout.encode(), variant.rstrip(")").encode(), b"")
        self._keymap = ctypes.c_void_p(xkb.xkb_keymap_new_from_names(context, ctypes.byref(names), 0))
        table = ctypes.c_void_p(xkb.xkb_compose_table_new_from_locale(context, b"en_US.UTF-8", 0))
        if not self._keymap or not table:
            raise OSError(f"no table for {name}")
        self._known: dict[str, list[Stroke]] = {}
        self._state = ctypes.c_void_p(xkb.xkb_state_new(self._keymap))
        self._compose = ctypes.c_void_p(xkb.xkb_compose_state_new(table, 0))
        self._numbers = {
            code: xkb.xkb_keymap_key_by_name(self._keymap, place.encode()) for place, code in PLACES.items()
        }

    def presses(self, strokes: list[Stroke], *, caps_lock: bool = False) -> list[Key]:
        """What a browser reports for these strokes, one after the other."""
        self._xkb.xkb_compose_state_reset(self._compose)
        return [self._press(*stroke, caps_lock) for stroke in strokes]

    def strokes_for(self, text: str) -> list[Stroke]:
        """How somebody types this text on this keyboard."""
        strokes: list[Stroke] = []
        for char in text:
            way = self._ways().get(char)
            if way is None:
                raise ValueError(f"{char!r} is not on this keyboard")
            strokes += way
        return strokes

    def _ways(self) -> dict[str, list[Stroke]]:
        """character → how it is typed; after a dead key with a space."""
        if not self._known:
            for altgr, shift, code in itertools.product((False, True), (False, True), PLACES.values()):
                way = [(code, shift, altgr)]
                if code == "IntlBackslash" and self.name == "us":
                    continue  # no keyboard of the US has this key
                if self.presses(way)[0]["key"] == "Dead":
                    way.append(("Space", False, False))
                self._known.setdefault(self.presses(way)[-1]["key"], way)
        return self._known

    def _press(self, code: str, shift: bool, altgr: bool, caps_lock: bool) -> Key:
        down = (self._mask(_SHIFT) if shift else 0) | (self._mask(_ALTGR) if altgr else 0)
        locked = self._mask(_LOCK) if caps_lock else 0
        self._xkb.xkb_state_update_mask(self._state, down, 0, locked, 0, 0, 0)
        symbol = self._xkb.xkb_state_key_get_one_sym(self._state, self._numbers[code])
        return {
            "key": self._key(symbol),
            "code": code,
            "shiftKey": shift,
            "modifierAltGraph": altgr,
            "modifierCapsLock": caps_lock,
        }

    def _mask(self, name: bytes) -> int:
        return 1 << int(self._xkb.xkb_keymap_mod_get_index(self._keymap, name))

    def _key(self, symbol: int) -> str:
        self._xkb.xkb_compose_state_feed(self._compose, symbol)
        status = self._xkb.xkb_compose_state_get_status(self._compose)
        if status == _COMPOSING:
            return "Dead"
        if status == _COMPOSED:
            text = ctypes.create_string_buffer(16)
            self._xkb.xkb_compose_state_get_utf8(self._compose, text, len(text))
            self._xkb.xkb_compose_state_reset(self._compose)
            return text.value.decode()
        point = self._xkb.xkb_keysym_to_utf32(symbol)
        return chr(point) if point and status == 0 else "Unidentified"
