#!/usr/bin/env python3
"""Looks for text that is not translated, or that is cut, in screens that were made with pseudo_catalogue.py.
pseudo_screens.py DATA SCREEN...   DATA: regular expressions, one a line, for what is no text of ours: host names, keys, paths."""
import re
import sys

OPEN, CLOSE, CUT = '\u27e6', '\u27e7', '\u2026>'
FRAME = '\u2502\u2500\u250c\u2510\u2514\u2518\u251c\u2524\u252c\u2534\u253c\u2501'


def cells(row):
    """The parts of a row that stand for themselves: between frames."""
    return re.split(f'[{FRAME}]+', row)


def outside(row, depth):
    """What of a row is in no brackets, and how deep it ends. Closing without opening: all before it was inside."""
    kept, deepest = '', depth
    for c in row:
        if c == OPEN:
            depth += 1
        elif c == CLOSE:
            if depth == 0:
                kept = re.sub(r'\S+(?: \S+)*\s*$', '', kept)
            else:
                depth -= 1
        elif depth == 0:
            kept += c
        else:
            kept += ' '
    return kept, depth


def cut(row):
    """Texts that begin and are cut by an ellipsis."""
    return re.findall(f'{OPEN}[^{OPEN}{CLOSE}]*\u2026', row)


def main():
    data = [re.compile(line) for line in open(sys.argv[1], encoding='utf-8').read().split('\n')
            if line.strip() and not line.startswith('#')]
    untranslated, clipped = {}, {}
    for path in sys.argv[2:]:
        rows = open(path, encoding='utf-8').read().split('\n')
        name = path.rsplit('/', 1)[1].replace('-wide', '')
        depth, in_log = 0, False
        for row in rows[:-2]:
            # The log strip shows what others wrote.
            in_log = in_log or bool(re.match('\u2500 .*\u2500$', row) and not row.startswith(('\u250c', '\u2514')))
            if in_log and not re.match(r' .*' + OPEN, row):
                depth = 0
                if not row.startswith('\u2500'):
                    continue
            for text in cut(row):
                clipped.setdefault(text, name)
            for cell in cells(row):
                rest, depth = outside(cell, depth)
                for pattern in data:
                    rest = pattern.sub(' ', rest)
                for word in re.findall('[A-Za-z]{3,}', rest):
                    untranslated.setdefault(word, f'{name}: {row.strip()}')
            if not re.search(f'[{OPEN}]', row) or row.rstrip().endswith(CLOSE):
                depth = 0 if CLOSE in row or depth > 4 else depth
    for word, where in sorted(untranslated.items()):
        print(f'not translated: {word}   {where}')
    for text, where in sorted(clipped.items()):
        print(f'cut: {text}   {where}')
    sys.exit(1 if untranslated or clipped else 0)


main()
