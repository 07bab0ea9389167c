/*
 * What svarm and its agent on a node say to each other: frames, a line "WORD ID LENGTH" and that
 * many bytes.  ID is the command's number, chosen by svarm, from 1; 0 where no command is meant.
 *
 * To the node:
 *	start ID    "MILLISECONDS CONTAINER|- ARGUMENTS\n", each argument and a NUL, the input
 *	stop ID     end it
 *	alive 0     said often enough, or the agent ends
 * From the node:
 *	hello 0     "svarm-agent 1": it runs, and its file is gone
 *	out ID, err ID   bytes of its standard output, standard error
 *	end ID      its exit status; the last frame of that ID
 */
#pragma once

#include <stdbool.h>

#include "lib/base/buf.h"

enum {
	AGENT_FRAME_MAX_WORD = 8,
	AGENT_FRAME_MAX_OUTPUT = 64 * 1024,       /* what a node may send at once */
	AGENT_FRAME_MAX_START = 64 * 1024 * 1024, /* what a node is sent at once */
	AGENT_FRAME_MAX_ARGS = 256,
};

struct agent_frame {
	char word[AGENT_FRAME_MAX_WORD + 1];
	unsigned long id;
	const char *data; /* followed by a byte that is not part of it */
	size_t len;
};

struct agent_frame_reader {
	struct buf in;
	size_t at;  /* bytes of @in that were read */
	size_t max; /* longer frames are an error */
};

void agent_frame_reader_done(struct agent_frame_reader *r);
/* Frames given out before are no longer valid. */
void agent_frame_feed(struct agent_frame_reader *r, const char *data, size_t len);
/* 1 and a frame, valid until the next agent_frame_feed(); 0: more bytes are needed; -EBADMSG, and
 * from then on always. */
int agent_frame_next(struct agent_frame_reader *r, struct agent_frame *ret, struct err *err)
	_must_check_;
void agent_frame_add(
	struct buf *out, const char *word, unsigned long id, const void *data, size_t len);

/* A command as "start" carries it. */
struct agent_frame_start {
	unsigned long msec;                         /* killed after that long; never 0 */
	const char *container;                      /* 64 hexadecimal digits; NULL: none */
	const char *argv[AGENT_FRAME_MAX_ARGS + 1]; /* at least one; ended by NULL */
	const char *input;
	size_t input_len;

	char id_text[65];
};

void agent_frame_add_start(struct buf *out, unsigned long id, const struct agent_frame_start *s);
/* *@ret points into @f's bytes.  -EBADMSG. */
int agent_frame_parse_start(
	const struct agent_frame *f, struct agent_frame_start *ret, struct err *err) _must_check_;
/* 64 hexadecimal digits, in small letters, and nothing else? */
bool agent_frame_is_container(const char *id);
/* The exit status in an "end" frame, -1 when it is none. */
int agent_frame_status(const struct agent_frame *f);
