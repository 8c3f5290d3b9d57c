/* i18n.h - marks text for translation.
 *
 * _() translates now; N_() only marks a string that stands in a table and is translated where it is shown.
 */
#ifndef PC_BASE_I18N_H
#define PC_BASE_I18N_H

#include "config.h"

#ifndef ENABLE_NLS
#define ENABLE_NLS 0		/* configure leaves it out with --disable-nls */
#endif

#if ENABLE_NLS
#include <libintl.h>
#define _(text) gettext(text)
#define P_(one, many, n) ngettext(one, many, n)
#else
#define _(text) (text)
#define P_(one, many, n) ((n) == 1 ? (one) : (many))
#endif
#define N_(text) text

#endif
