#!/usr/bin/env python3
"""Draws a captured terminal screen (text with SGR sequences, as "tmux capture-pane -e -p" gives it) as SVG.
screen_svg.py COLUMNS ROWS TITLE < SCREEN > FILE.svg"""
import re
import sys
import unicodedata
from html import escape

CELL, LINE, SIZE, EDGE = 8.4, 18, 14, 12
GROUND, INK = '#16181d', '#d7dae0'
BASE = ['#2b2f38', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d7dae0',
        '#7f848e', '#ff7a85', '#b5e890', '#ffd68a', '#82c4ff', '#e09bf5', '#7adbe6', '#ffffff']


def colour(n):
    if n < 16:
        return BASE[n]
    if n >= 232:
        return '#%02x%02x%02x' % ((8 + (n - 232) * 10,) * 3)
    n -= 16
    return '#%02x%02x%02x' % tuple(0 if v == 0 else 55 + v * 40 for v in (n // 36, n // 6 % 6, n % 6))


class Style:
    def __init__(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.reverse = self.underline = False

    def take(self, codes):
        codes = [int(c or 0) for c in codes.replace(':', ';').split(';')]
        while codes:
            c = codes.pop(0)
            if c == 0:
                self.__init__()
            elif c in (38, 48) and len(codes) >= 2:
                kind = codes.pop(0)
                value = colour(codes.pop(0)) if kind == 5 else '#%02x%02x%02x' % tuple(codes.pop(0) for _ in range(3))
                setattr(self, 'fg' if c == 38 else 'bg', value)
            elif 30 <= c <= 37 or 90 <= c <= 97:
                self.fg = colour(c - 30 if c < 90 else c - 82)
            elif 40 <= c <= 47 or 100 <= c <= 107:
                self.bg = colour(c - 40 if c < 100 else c - 92)
            elif c in (39, 49):
                setattr(self, 'fg' if c == 39 else 'bg', None)
            else:
                for name, on, off in (('bold', 1, 22), ('dim', 2, 22), ('underline', 4, 24), ('reverse', 7, 27)):
                    if c in (on, off):
                        setattr(self, name, c == on)

    def colours(self):
        fg, bg = self.fg or INK, self.bg
        return (bg or GROUND, fg) if self.reverse else (fg, bg)

    def key(self):
        return self.colours() + (self.bold, self.dim, self.underline)


def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in text)


def runs(line, style):
    """(column, text, style) of the parts of a row that look alike."""
    out, column = [], 0
    for part in re.split(r'(\x1b\[[0-9;:]*m|\x0e|\x0f)', line):
        m = re.match(r'\x1b\[([0-9;:]*)m', part)
        if m:
            style.take(m.group(1))
        elif part and part not in '\x0e\x0f':
            if out and out[-1][2] == style.key():
                out[-1][1] += part
            else:
                out.append([column, part, style.key()])
            column += width(part)
    return out


def main():
    columns, rows, title = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    w, h = columns * CELL + 2 * EDGE, rows * LINE + 2 * EDGE
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{w:.0f}" height="{h:.0f}" viewBox="0 0 {w:.1f} {h}">')
    print(f'<title>{escape(title)}</title>')
    print(f'<rect width="100%" height="100%" rx="6" fill="{GROUND}"/>')
    print(f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{SIZE}" xml:space="preserve">')
    style = Style()
    for row, line in enumerate(sys.stdin.read().split('\n')[:rows]):
        for column, text, (fg, bg, bold, dim, underline) in runs(line, style):
            x, y, cells = EDGE + column * CELL, EDGE + row * LINE, width(text)
            if bg:
                print(f'<rect x="{x:.1f}" y="{y}" width="{cells * CELL:.1f}" height="{LINE}" fill="{bg}"/>')
            if not text.strip():
                continue
            more = (' font-weight="bold"' if bold else '') + (' opacity="0.6"' if dim else '') + \
                   (' text-decoration="underline"' if underline else '')
            print(f'<text x="{x:.1f}" y="{y + SIZE}" fill="{fg}" textLength="{cells * CELL:.1f}"{more}>{escape(text)}</text>')
    print('</g>\n</svg>')


main()
