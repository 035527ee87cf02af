"""What runs on AWS: one module a service, each with the operations it calls (`CALLS`) and `read`."""
