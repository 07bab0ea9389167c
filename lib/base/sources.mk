LIB_BASE_SRC := \
	lib/base/arena.c \
	lib/base/base64.c \
	lib/base/buf.c \
	lib/base/clock.c \
	lib/base/err.c \
	lib/base/file.c \
	lib/base/path.c \
	lib/base/quote.c \
	lib/base/table.c \
	lib/base/width.c \
	lib/base/xalloc.c
