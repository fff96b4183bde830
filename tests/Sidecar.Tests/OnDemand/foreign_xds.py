"""A control plane of somebody else: aggregated xDS, state of the world and delta, on a loopback port.

    foreign_xds.py [PORT]
It takes the port, or any, and prints `held PORT`; whoever calls there is turned away until it is told to serve. It may
take that of another one which has not ended yet. Lines on stdin, each answered by `ok`:
    serve                   take calls from now on
    set TYPE NAME BASE64    serve these bytes as a resource of that type (a short name: cds, eds)
    drop TYPE NAME          serve it no more
    seen                    instead of `ok`: `refused N`, how many responses a client refused
Clusters go to who asks for everything, endpoints to who names them; of endpoints that it does not have it never says
anything, so that their cluster warms for ever.
"""
import base64
import concurrent.futures
import queue
import socket
import sys
import threading

import grpc

PREFIX = "type.googleapis.com/envoy.config."
TYPES = {"cds": PREFIX + "cluster.v3.Cluster", "eds": PREFIX + "endpoint.v3.ClusterLoadAssignment"}
SERVICE = "/envoy.service.discovery.v3.AggregatedDiscoveryService/"

lock = threading.Lock()
world = {url: {} for url in TYPES.values()}  # type -> name -> (version, bytes)
streams = set()
counter = 0
refused = 0


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, value):
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """Number and bytes of each field; varints are skipped."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            _, at = read_varint(data, at)
        elif key & 7 == 2:
            size, at = read_varint(data, at)
            yield key >> 3, data[at:at + size]
            at += size
        else:
            at += 8 if key & 7 == 1 else 4


def packed(url, data):
    return field(1, url) + field(2, data)


class Stream:
    """What one client asks for and holds."""

    def __init__(self, delta):
        self.delta = delta
        self.events = queue.Queue()
        self.names = {}  # type -> names; None for everything
        self.held = {}  # type -> name -> version
        self.nonce = 0

    def take(self, data):
        global refused
        url, names, gone, is_refusal = "", [], [], False
        numbers = (2, 3, 4, 7) if self.delta else (4, 3, None, 6)
        for number, value in fields(data):
            if number == numbers[0]:
                url = value.decode()
            elif number == numbers[1]:
                names.append(value.decode())
            elif number == numbers[2]:
                gone.append(value.decode())
            elif number == numbers[3]:
                is_refusal = True
        if is_refusal:
            with lock:
                refused += 1
        if url not in world:
            return
        first = url not in self.names
        if self.delta:
            asked = self.names.setdefault(url, None if not names and url.endswith("Cluster") else set())
            if asked is not None:
                asked |= set(names)
                asked -= set(gone)
        elif first or names:
            fresh = set(names) - (self.names.get(url) or set())
            self.names[url] = set(names) if names else None
            for name in fresh:
                self.held.get(url, {}).pop(name, None)
        if first:
            self.held[url] = {}
            yield from self.due(url, first=True)
        elif names:
            yield from self.due(url)

    def due(self, url, first=False):
        if url not in self.names:
            return
        with lock:
            everything = dict(world[url])
        asked, held = self.names[url], self.held[url]
        is_full = url.endswith("Cluster")
        if asked is None and not is_full:
            return
        now = {name: one for name, one in everything.items() if asked is None or name in asked}
        changed = {name: one for name, one in now.items() if held.get(name) != one[0]}
        gone = [name for name in held if name not in now]
        if not changed and not gone and not (first and is_full):
            return
        self.nonce += 1
        self.held[url] = {name: one[0] for name, one in now.items()}
        if self.delta:
            out = field(4, url) + field(5, str(self.nonce))
            for name, (version, data) in changed.items():
                out += field(2, field(1, str(version)) + field(2, packed(url, data)) + field(3, name))
            for name in gone:
                out += field(6, name)
            yield out
            return
        out = field(1, str(counter)) + field(4, url) + field(5, str(self.nonce))
        for name, (version, data) in (now if is_full else changed).items():
            out += field(2, packed(url, data))
        yield out

    def serve(self, requests, context):
        def read():
            try:
                for data in requests:
                    self.events.put(data)
            except Exception:  # the client is gone
                pass
            self.events.put(None)

        threading.Thread(target=read, daemon=True).start()
        with lock:
            streams.add(self)
        try:
            while (event := self.events.get()) is not None:
                if event is True:
                    for url in TYPES.values():
                        yield from self.due(url)
                else:
                    yield from self.take(event)
        finally:
            with lock:
                streams.discard(self)


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        if not details.method.startswith(SERVICE):
            return None
        delta = details.method.endswith("DeltaAggregatedResources")
        return grpc.stream_stream_rpc_method_handler(
            lambda requests, context: Stream(delta).serve(requests, context))


def command(line):
    global counter
    if line == ["seen"]:
        return f"refused {refused}"
    with lock:
        counter += 1
        if line[0] == "set":
            world[TYPES[line[1]]][line[2]] = (counter, base64.b64decode(line[3]))
        else:
            world[TYPES[line[1]]].pop(line[2], None)
        for stream in streams:
            stream.events.put(True)
    return "ok"


def hold(port):
    """A socket that keeps the port, on which nobody listens: as gRPC's own do, it shares it with others."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("127.0.0.1", port))
    return held


def main():
    held = hold(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    port = held.getsockname()[1]
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
    server.add_generic_rpc_handlers((Handler(),))
    print(f"held {port}", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words == ["serve"]:
            server.add_insecure_port(f"127.0.0.1:{port}")
            server.start()
            print("ok", flush=True)
        else:
            print(command(words), flush=True)
    server.stop(0)


main()
