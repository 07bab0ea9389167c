LIB_EXT_SRC := \
	lib/ext/archive.c \
	lib/ext/cert.c \
	lib/ext/hash.c \
	lib/ext/http.c \
	lib/ext/json.c \
	lib/ext/ssh.c \
	lib/ext/tls.c \
	lib/ext/yaml.c
