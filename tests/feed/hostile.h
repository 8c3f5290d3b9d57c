/* hostile.h - the archives that make_hostile.py crafts, for the tests that read them. */
#ifndef PC_TESTS_FEED_HOSTILE_H
#define PC_TESTS_FEED_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>

/* Group set-up and tear-down: a temporary folder with the archives in it, below hostile_folder(). */
int hostile_setup(void **state);
int hostile_teardown(void **state);
const char *hostile_folder(void);
/* FOLDER/below; heap. */
char *hostile_path(const char *below);

/* Opens FOLDER/kind/name for reading; fails the test when it is not there. */
int hostile_open(const char *kind, const char *name);

/* An empty folder FOLDER/sandbox/deep/down/N to unpack into, and whether anything but that appeared in the sandbox. */
int hostile_sandbox(void);
bool hostile_escaped(void);

/* Runs a program and returns its exit code; its output goes nowhere. -1: it could not be run. */
int hostile_run(const char *const argv[]);

#endif
