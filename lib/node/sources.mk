LIB_NODE_SRC := \
	lib/node/change.c \
	lib/node/facts.c \
	lib/node/facts_docker.c \
	lib/node/kind_daemon.c \
	lib/node/kind_directory.c \
	lib/node/kind_file.c \
	lib/node/kind_image.c \
	lib/node/kind_label.c \
	lib/node/kind_network.c \
	lib/node/kind_package.c \
	lib/node/kind_secret.c \
	lib/node/kind_stack.c \
	lib/node/kind_swarm.c \
	lib/node/kind_sysctl.c \
	lib/node/kind_unit.c \
	lib/node/known_hosts.c \
	lib/node/link.c \
	lib/node/link_auth.c \
	lib/node/link_fake.c \
	lib/node/link_hostkey.c \
	lib/node/link_run.c \
	lib/node/link_ssh.c \
	lib/node/link_tcp.c \
	lib/node/resource.c \
	lib/node/script.c \
	lib/node/template.c \
	lib/node/undo.c
