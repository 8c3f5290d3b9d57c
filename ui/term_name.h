/* term_name.h - the terminfo entry to use for a terminal.
 *
 * Appliances know few terminals, and ssh hands on the name of whichever the admin has: where that one is not known, its next of kin
 * will do.
 */
#ifndef PC_UI_TERM_NAME_H
#define PC_UI_TERM_NAME_H

/* `name` itself when it is known here, else its kin's; NULL when neither is, or the terminal cannot address the cursor. */
const char *term_name_find(const char *name);

#endif
