/*
 * No new connections: see deaf.h.  One that a socket about to be closed has not accepted yet is
 * reset, and the call on it lost.  A socket bound to a network interface that does not exist gets
 * nothing new: a client is refused at once and asks another gateway.  Connections whose first
 * packet had come before go on, as they are looked up by themselves.
 *
 * Binding is allowed to anybody since Linux 5.7 (c427bfec18f2).  Before, a filter drops the first
 * packet of each connection; the client sends it again a second later, is refused, and asks
 * elsewhere.  (Only privileged processes may filter TCP since 5d39580f68e6, 2026, which stable
 * kernels have too.)
 */
#include "faas/nginx/deaf.h"

#include <linux/filter.h>

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62 /* asm-generic/socket.h */
#endif

enum { NO_INTERFACE = INT_MAX }; /* indices count up from 1 */

static int bind_to_nothing(int fd)
{
	int index = NO_INTERFACE, have = 0;
	socklen_t len = sizeof(have);

	/* What is bound cannot be bound again. */
	if (getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &have, &len) == 0 && have == index)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof(index));
}

static int filter_first_packets(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13), /* flags of the TCP header */
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1), /* SYN without ACK */
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* The length of the accept queue (tcp_get_info() of the kernel). */
static int count_waiting(int fd, ngx_uint_t *waiting)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1)
		return -1;
	*waiting += info.tcpi_unacked;
	return 0;
}

ngx_int_t deaf_listen(ngx_log_t *log, ngx_uint_t *ret_waiting)
{
	ngx_listening_t *all = ngx_cycle->listening.elts;

	*ret_waiting = 0;
	for (ngx_uint_t i = 0; i < ngx_cycle->listening.nelts; i++) {
		if (all[i].sockaddr->sa_family == AF_UNIX)
			continue;
		if ((bind_to_nothing(all[i].fd) == -1 && filter_first_packets(all[i].fd) == -1) ||
			count_waiting(all[i].fd, ret_waiting) == -1) {
			ngx_log_error(NGX_LOG_ERR, log, ngx_errno, "unable to end listening on %V",
				&all[i].addr_text);
			return NGX_ERROR;
		}
	}
	return NGX_OK;
}
