TUNE_SRC := \
	tune/nginx.c \
	tune/sysctl.c \
	tune/tune.c
