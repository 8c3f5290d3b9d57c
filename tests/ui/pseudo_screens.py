#!/usr/bin/env python3
"""Looks at golden screens in made-up languages.

pseudo_screens.py english DATA SCREEN...   screens of wide.py, where every translated word is in full-width letters: what is in
                                           plain ones was never translated. DATA: regular expressions, one a line, for what is
                                           no text of ours: host names, keys, paths.
pseudo_screens.py cut KNOWN SCREEN...      screens of pseudo_catalogue.py, where every translated text is in double brackets:
                                           what ends in an ellipsis before the closing one was cut. KNOWN: those that may be."""
import re
import sys


def lines(path):
    with open(path, encoding='utf-8') as file:
        return [line for line in file.read().split('\n') if line.strip() and not line.startswith('#')]


def rows(path):
    """A screen's rows, without the place of the cursor, and without the log's records: others wrote those."""
    with open(path, encoding='utf-8') as file:
        all_rows = file.read().split('\n')
    for row in all_rows:
        if row.startswith('cursor '):
            return
        if not re.match(r'(\u2502 )?[ *>!]*(\d\d\d\d-\d\d-\d\d )?\d\d:\d\d:\d\d,\d\d\d ', row):
            yield row


def main():
    kind, given, screens = sys.argv[1], [re.compile(x) for x in lines(sys.argv[2])], sys.argv[3:]
    found = {}
    for path in screens:
        for row in rows(path):
            if kind == 'english':
                rest = row
                for pattern in given:
                    rest = pattern.sub(' ', rest)
                parts = re.findall('[A-Za-z]{3,}', rest)
            else:
                parts = [p for p in re.findall('\u27e6[^\u27e6\u27e7\u2502]*\u2026', row)
                         if not any(pattern.search(p) for pattern in given)]
            for part in parts:
                found.setdefault(part, f'{path.rsplit("/", 1)[1]}: {row.strip()}')
    for part, where in sorted(found.items()):
        print(f'{"not translated" if kind == "english" else "cut"}: {part}\n    {where}')
    sys.exit(1 if found else 0)


main()
