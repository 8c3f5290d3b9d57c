#!/usr/bin/env python3
"""Looks at golden screens in made-up languages.

pseudo_screens.py english DATA SCREEN...   screens of wide.py beside ../scripts, where every translated word is in full-width letters: what is in
                                           plain ones was never translated. DATA: regular expressions, one a line, for what is
                                           no text of ours: host names, keys, paths. Words that the screen's script puts
                                           into files, or takes from tests/ui/events, are none either.
pseudo_screens.py cut KNOWN SCREEN...      screens of pseudo_catalogue.py, where every translated text is in double brackets:
                                           what ends in an ellipsis before the closing one was cut. KNOWN: those that may be."""
import glob
import os
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


def given_words(folder):
    """For each golden screen: the words that its script gives to the console."""
    words = {}
    for script in glob.glob(f'{folder}/../scripts/*.ui'):
        text = open(script, encoding='utf-8').read()
        names = re.findall(r'^golden (\S+)', text, re.M)
        text = re.sub(r'^(see|gone|cursor|golden|keys|mask|#).*$', '', text, flags=re.M)
        for events in re.findall(r'tests/ui/(events/[\w-]+)', text):
            text += open(f'{folder}/../{events}', encoding='utf-8').read()
        for name in names:
            words[name] = set(re.findall('[A-Za-z]+', text))
    return words


def is_given(part, words):
    """A word may be cut at the end of its cell."""
    return part in words or any(word.startswith(part) or word.endswith(part) for word in words)


def main():
    kind, given, screens = sys.argv[1], [re.compile(x) for x in lines(sys.argv[2])], sys.argv[3:]
    found = {}
    words = given_words(os.path.dirname(screens[0])) if kind == 'english' else {}
    for path in screens:
        here = words.get(os.path.basename(path).split('.')[0], set())
        for row in rows(path):
            if kind == 'english':
                rest = row
                for pattern in given:
                    rest = pattern.sub(' ', rest)
                parts = [p for p in re.findall('[A-Za-z]{3,}', rest) if not is_given(p, here)]
            else:
                parts = [p for p in re.findall('\u27e6[^\u27e6\u27e7\u2502]*\u2026', row)
                         if not any(pattern.search(p) for pattern in given)]
            for part in parts:
                found.setdefault(part, f'{path.rsplit("/", 1)[1]}: {row.strip()}')
    for part, where in sorted(found.items()):
        print(f'{"not translated" if kind == "english" else "cut"}: {part}\n    {where}')
    sys.exit(1 if found else 0)


main()
