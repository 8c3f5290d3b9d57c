/* state.h - what is read from an appliance in one go: its proxy, its trusted certificates, its deployment. */
#ifndef PC_APPLIANCE_STATE_H
#define PC_APPLIANCE_STATE_H

#include <stdbool.h>

#include "appliance/node.h"
#include "appliance/record.h"
#include "base/error.h"

/* The nodes of the deployment, as far as the account may see them. */
struct state_deployment {
	json_t *json;			/* array, owned; NULL: not to be seen */
	bool knows;			/* this node is among them */
	bool primary;			/* it takes changes: primary or standalone */
	char primary_name[256];		/* FQDN of the one that does; "" unknown */
};

struct state {
	struct record_proxy proxy;
	struct record_certificates certificates;
	struct state_deployment deployment;
};

/* Reads all of it. Clear also after a failure. */
bool state_read(struct node *node, struct state *out, struct error *err);
void state_clear(struct state *s);

/* The parts. */
bool state_read_proxy(struct node *node, struct record_proxy *out, struct error *err);
bool state_read_certificates(struct node *node, struct record_certificates *out, struct error *err);
/* Never fails for lack of rights: then nothing is known. */
bool state_read_deployment(struct node *node, struct state_deployment *out, struct error *err);
void state_deployment_clear(struct state_deployment *d);

/* Does this node take changes? False (node-not-primary, naming the one that does) where it is known not to. */
bool state_may_write(struct node *node, struct error *err);

/* From the list of nodes, for one of them that is called `host`. */
void state_deployment_judge(const json_t *nodes, const char *host, struct state_deployment *out);

#endif
