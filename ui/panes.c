/* The panes, in the order of the bar: `1` to `5` choose them. */
#include "pane.h"

const struct pane_ops *const panes[PANES_MAX] = {
	[0] = &pane_update,
	[1] = &pane_proxy,
	[2] = &pane_certs,
	[3] = &pane_log,
	[4] = &pane_check,
};
