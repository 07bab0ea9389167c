"""Both ends of the firewall test's connections, standard library only.

  net_probe.py serve PORT...          TCP and UDP on each port, v4 and v6: answers "ok <peer address>"
  net_probe.py ask SECONDS < LINES    each line: ID tcp|udp|icmp HOST PORT [SOURCE]
                                      prints "ID open", "ID refused" or, after SECONDS, "ID silent"
  net_probe.py hold HOST PORT         connects, says "held"; for each line of input sends it and
                                      prints what comes back
"""

import socket
import sys
import threading

WAIT = 0.0  # seconds until an answer counts as not coming


def resolve(host, port, kind):
    return socket.getaddrinfo(host, int(port), type=kind, flags=socket.AI_NUMERICHOST)[0]


def tcp_session(conn):
    with conn:
        while True:
            data = conn.recv(65536)
            if not data:
                return
            conn.sendall(b"ok " + data)


def tcp_server(sock):
    while True:
        conn, _ = sock.accept()
        threading.Thread(target=tcp_session, args=(conn,), daemon=True).start()


def udp_server(sock):
    while True:
        data, peer = sock.recvfrom(65536)
        sock.sendto(b"ok " + data[:16], peer)


def serve(ports):
    for port in ports:
        for kind, run in ((socket.SOCK_STREAM, tcp_server), (socket.SOCK_DGRAM, udp_server)):
            sock = socket.socket(socket.AF_INET6, kind)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("::", int(port)))
            if kind == socket.SOCK_STREAM:
                sock.listen(64)
            threading.Thread(target=run, args=(sock,), daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


def ping(host):
    v6 = ":" in host
    proto = socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP
    request, reply, skip = (128, 129, 0) if v6 else (8, 0, 20)
    packet = bytearray([request, 0, 0, 0, 0x53, 0x56, 0, 1])
    if not v6:  # the kernel fills in the other one's checksum
        total = sum(int.from_bytes(packet[i : i + 2], "big") for i in range(0, 8, 2))
        packet[2:4] = (~((total & 0xFFFF) + (total >> 16)) & 0xFFFF).to_bytes(2, "big")
    family = socket.AF_INET6 if v6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_RAW, proto) as sock:
        sock.settimeout(WAIT)
        sock.connect((host, 0))
        sock.send(packet)
        while True:
            data = sock.recv(2048)[skip:]
            if data[0] == reply and data[4:6] == b"SV":
                return "open"


def ask_one(proto, host, port, source):
    kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
    family, kind, _, _, address = resolve(host, port, kind)
    with socket.socket(family, kind) as sock:
        sock.settimeout(WAIT)
        if source:
            sock.bind(resolve(source, 0, kind)[4])
        try:
            sock.connect(address)
            sock.send(b"x" * (9000 if proto == "udp" else 1))
            return "open" if sock.recv(64).startswith(b"ok") else "odd"
        except ConnectionRefusedError:
            return "refused"
        except socket.timeout:
            return "silent"
        except OSError as e:
            return "error:" + e.strerror.replace(" ", "-")


def ask(wait):
    global WAIT
    WAIT = float(wait)

    def run(words):
        name, proto, host, port, *source = words
        try:
            if proto == "icmp":
                results[name] = ping(host)
            else:
                results[name] = ask_one(proto, host, port, source[0] if source else None)
        except socket.timeout:
            results[name] = "silent"

    lines = [line.split() for line in sys.stdin if line.strip()]
    results = {}
    threads = [threading.Thread(target=run, args=(words,)) for words in lines]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for words in lines:
        print(words[0], results.get(words[0], "failed"))


def hold(host, port):
    family, kind, _, _, address = resolve(host, port, socket.SOCK_STREAM)
    with socket.socket(family, kind) as sock:
        sock.settimeout(3)
        sock.connect(address)
        print("held", flush=True)
        for line in sys.stdin:
            sock.sendall(line.strip().encode())
            print(sock.recv(64).decode(), flush=True)


if __name__ == "__main__":
    {"serve": lambda: serve(sys.argv[2:]), "ask": lambda: ask(sys.argv[2]), "hold": lambda: hold(*sys.argv[2:])}[sys.argv[1]]()
