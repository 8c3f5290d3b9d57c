#!/bin/bash
# The engine (src/) links without curses: no file of it names curses, and no object of it needs a curses symbol.
set -eu
status=0
if grep -rnE '#[[:space:]]*include[[:space:]]*[<"](n?curses|ncursesw|panel|form|menu)' "$top_srcdir/src"; then
	echo "src/ includes curses"
	status=1
fi
wanted=$(nm -u "$top_builddir/libengine.a" 2>/dev/null |
	grep -E ' U (initscr|newterm|endwin|wrefresh|wnoutrefresh|doupdate|stdscr|w?getch|waddn?w?str|mvprintw|setupterm|tputs)$' || true)
if [ -n "$wanted" ]; then
	echo "the engine needs curses symbols: $wanted"
	status=1
fi
# The check itself can read the library.
nm "$top_builddir/libengine.a" 2>/dev/null | grep ' T text_sanitise$' >/dev/null || { echo "cannot read libengine.a"; status=1; }
exit $status
