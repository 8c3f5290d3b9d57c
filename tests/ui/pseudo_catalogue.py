#!/usr/bin/env python3
"""Makes a translation that nobody has to write: each text in double brackets, and a third longer, as German or Finnish would
be. What stands on a screen outside of the brackets was never translated; what has no closing bracket was cut.
pseudo_catalogue.py IN.pot OUT.po"""
import re
import sys

OPEN, CLOSE, PAD = '\u27e6', '\u27e7', '~'


def longer(text):
    """Spaces and newlines around it stay outside."""
    m = re.match(r'((?: |\\n)*)(.*?)((?: |\\n)*)$', text, re.S)
    before, inner, after = m.groups()
    if not re.search('[A-Za-z]', re.sub(r'%[-#0 +\'.*\d]*(?:hh|h|ll|l|j|z|t|L)?[a-zA-Z%]|\\.', '', inner)):
        return text
    return f'{before}{OPEN}{inner}{PAD * ((len(inner) + 2) // 3 if len(inner) < 60 else 20)}{CLOSE}{after}'


def entries(pot):
    for chunk in pot.split('\n\n'):
        texts, flags, name = {}, [], None
        for line in chunk.split('\n'):
            m = re.match(r'(msgid|msgid_plural|msgstr(?:\[\d\])?) "(.*)"$', line)
            if m:
                name = m.group(1)
                texts[name] = m.group(2)
            elif line.startswith('"') and name:
                texts[name] += line[1:-1]
            elif line.startswith('#,') and 'fuzzy' not in line:
                flags.append(line)
        if texts.get('msgid'):
            yield texts, flags


def main():
    out = ['msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"\n']
    for texts, flags in entries(open(sys.argv[1], encoding='utf-8').read()):
        lines = flags + [f'msgid "{texts["msgid"]}"']
        if 'msgid_plural' in texts:
            lines += [f'msgid_plural "{texts["msgid_plural"]}"', f'msgstr[0] "{longer(texts["msgid"])}"',
                      f'msgstr[1] "{longer(texts["msgid_plural"])}"']
        else:
            lines += [f'msgstr "{longer(texts["msgid"])}"']
        out.append('\n'.join(lines) + '\n')
    open(sys.argv[2], 'w', encoding='utf-8').write('\n'.join(out))


main()
