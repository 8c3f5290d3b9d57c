"""The network lab: namespaces, servers, and the situations that the diagnosis has to tell apart."""
