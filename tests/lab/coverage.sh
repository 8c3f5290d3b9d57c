#!/bin/sh
# Every finding of the catalogue has a case in the lab, or a written reason why it can have none.
exec python3 "$top_srcdir/tests/lab/run" --coverage
