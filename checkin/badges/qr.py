"""The QR code of a badge."""

from __future__ import annotations

import qrcode

QR_VERSION = 2
QR_QUIET_MODULES = 4
"""The quiet zone that ISO/IEC 18004 asks for."""
QR_MASK = 3
"""Any mask is valid; choosing the prettiest of eight costs five times the whole matrix."""


def qr_matrix(code: str) -> list[list[bool]]:
    """The modules at level Q, row by row, dark ones True, quiet zone included."""
    matrix = qrcode.QRCode(
        version=QR_VERSION,
        error_correction=qrcode.constants.ERROR_CORRECT_Q,
        border=QR_QUIET_MODULES,
        mask_pattern=QR_MASK,
    )
    matrix.add_data(code, optimize=0)
    return matrix.get_matrix()


def link_matrix(link: str) -> list[list[bool]]:
    """The modules of a link at level M, in the smallest version that holds it."""
    matrix = qrcode.QRCode(
        error_correction=qrcode.constants.ERROR_CORRECT_M, border=QR_QUIET_MODULES, mask_pattern=QR_MASK
    )
    matrix.add_data(link)
    return matrix.get_matrix()


def qr_svg(code: str) -> str:
    """The code as an SVG of one path, a unit a module."""
    return svg_of(qr_matrix(code))


def svg_of(modules: list[list[bool]]) -> str:
    """Modules as an SVG of one path, a unit a module."""
    runs: list[str] = []
    for y, row in enumerate(modules):
        start = None
        for x, dark in enumerate([*row, False]):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                runs.append(f"M{start} {y}h{x - start}v1H{start}z")
                start = None
    side = len(modules)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f'<rect width="{side}" height="{side}" fill="#fff"/><path d="{"".join(runs)}"/></svg>'
    )
