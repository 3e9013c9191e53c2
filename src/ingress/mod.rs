//! Traefik labels → routes → an HTTPS reverse proxy that knows which service and task answered.
