#!/usr/bin/env python3
"""Makes a translation that nobody has to write: every second letter of each word, in full width. Each text takes as many
columns as in English, but no character is one column wide.   wide.py IN.pot OUT.po"""
import re
import sys


def wide(text):
    parts = re.split(r'(%[-#0 +\'.*\d]*(?:hh|h|ll|l|j|z|t|L)?[a-zA-Z%]|\\.)', text)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub('[A-Za-z]+', lambda m: ''.join(chr(0xFF00 + ord(c) - 0x20) for c in m.group()[::2]), parts[i])
    return ''.join(parts)


def block(lines):
    """One message: its msgid, msgid_plural, and what they become."""
    texts, name, keep = {}, None, []
    for line in lines:
        m = re.match(r'(msgid|msgid_plural|msgstr|msgstr\[\d\]) "(.*)"$', line)
        if m:
            name = m.group(1)
            texts[name] = m.group(2)
        elif line.startswith('"') and name:
            texts[name] += line[1:-1]
        else:
            keep.append(line)
    return texts, keep


def main():
    out = ['msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=1; plural=0;\\n"\n']
    for chunk in open(sys.argv[1], encoding='utf-8').read().split('\n\n'):
        texts, keep = block(chunk.split('\n'))
        if not texts.get('msgid'):
            continue
        flags = [k for k in keep if k.startswith('#,') and 'fuzzy' not in k]
        lines = flags + [f'msgid "{texts["msgid"]}"']
        if 'msgid_plural' in texts:
            lines += [f'msgid_plural "{texts["msgid_plural"]}"', f'msgstr[0] "{wide(texts["msgid_plural"])}"']
        else:
            lines += [f'msgstr "{wide(texts["msgid"])}"']
        out.append('\n'.join(lines) + '\n')
    open(sys.argv[2], 'w', encoding='utf-8').write('\n'.join(out))


main()
