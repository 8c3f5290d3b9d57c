#!/bin/bash
# Every file with text for people is in po/POTFILES.in, and nothing else.
set -eu
cd "$top_srcdir"
want=$(grep -lE '\b(_|N_|P_)\(' $(find src ui -name '*.c' -o -name '*.def' -o -name '*.h') | grep -v 'base/i18n.h' | sort)
have=$(grep -v '^#' po/POTFILES.in | sort)
diff <(printf '%s\n' "$want") <(printf '%s\n' "$have")
# A macro inside a text is not seen by xgettext: the text would be collected cut off, and never be found.
! grep -nE '\b(_|N_)\("([^"\\]|\\.)*" [A-Z]' $(grep -v '^#' po/POTFILES.in) | grep -v '" PRI[diux]'
