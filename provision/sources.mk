PROVISION_SRC := \
	provision/docker.c \
	provision/firewall.c \
	provision/packages.c \
	provision/provision.c \
	provision/swarm.c
