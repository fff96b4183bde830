"""A conformance harness in small, by grpcio: drives the adapter and reads the streams as the public one does, with its
quirks: an acknowledgement names the type and the names of the first subscription, whatever was answered; [""] gives all
names up; only the first request carries a node. Prints a line for each check, and `done`."""
import queue
import sys

import grpc

PREFIX = "type.googleapis.com/envoy.config."
CDS, EDS = PREFIX + "cluster.v3.Cluster", PREFIX + "endpoint.v3.ClusterLoadAssignment"
LDS = PREFIX + "listener.v3.Listener"
NODE = "harness"


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def field(number, value):
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def fields(data):
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 0:
            yield key >> 3, number()
        else:
            length = number()
            at += length
            yield key >> 3, data[at - length:at]


channel = grpc.insecure_channel(sys.argv[1])
grpc.channel_ready_future(channel).result(timeout=60)


def adapter(name, request):
    return list(fields(channel.unary_unary("/adapter.Adapter/" + name)(request, timeout=60)))


def resource(name, kind, version, one):
    request = field(1, NODE) + field(2, kind) + field(3, one) + field(4, version)
    assert adapter(name + "Resource", request) == [(1, 1)], name


class Stream:
    """A state-of-the-world stream, aggregated or of one type."""

    def __init__(self, path):
        self.requests = queue.Queue()
        self.first = None
        self.sent = self.received = 0
        self.call = channel.stream_stream(path)(iter(self.requests.get, None), timeout=90)

    def ask(self, kind, names, version="", nonce=""):
        node = b"" if self.first else field(2, field(1, NODE))
        self.first = self.first or (kind, names)
        self.sent += 1
        self.requests.put(node + field(1, version) + b"".join(field(3, name) for name in names) + field(4, kind)
                          + field(5, nonce))

    def take(self, is_acknowledging=True):
        got = {"names": []}
        for number, value in fields(next(self.call)):
            if number == 2:
                kind, message = (part[1] for part in fields(value))
                got["names"].append(dict(fields(message))[1].decode())
            elif number in (1, 4, 5):
                got[number] = value.decode()
        self.received += 1
        if is_acknowledging:
            self.ask(self.first[0], self.first[1], got[1], got[5])
        return got[4].rsplit(".", 1)[-1], got[1], sorted(got["names"]), got[5]

    def end(self):
        self.requests.put(None)
        return [len(list(self.call)), self.call.code().name]


class Deltas:
    """A stream of deltas, aggregated or of one type."""

    def __init__(self, path, kind, names):
        self.requests = queue.Queue()
        self.call = channel.stream_stream(path)(iter(self.requests.get, None), timeout=90)
        self.requests.put(field(1, field(1, NODE)) + field(2, kind) + b"".join(field(3, name) for name in names))

    def take(self):
        names, gone, kind, nonce = [], [], "", ""
        for number, value in fields(next(self.call)):
            if number == 2:
                names.append(dict(fields(value))[3].decode())
            elif number == 6:
                gone.append(value.decode())
            elif number in (4, 5):
                kind, nonce = (value.decode(), nonce) if number == 4 else (kind, value.decode())
        self.requests.put(field(2, kind) + field(6, nonce))
        return sorted(names), gone

    def end(self):
        self.requests.put(None)
        return [len(list(self.call)), self.call.code().name]


def check(what, got, wanted):
    assert got == wanted, f"{what}: {got}, not {wanted}"
    print("ok " + what, flush=True)


def put(*resources):
    packed = b"".join(field(3, field(1, kind) + field(2, field(1, name))) for kind, name in resources)
    assert adapter("SetState", field(1, NODE) + field(2, "1") + packed) == [(1, 1)]


put((CDS, "A"), (CDS, "B"), (EDS, "A"), (EDS, "B"), (LDS, "L"))
ads = Stream("/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources")
ads.ask(CDS, [])
check("everything", ads.take()[:3], ("Cluster", "1", ["A", "B"]))
ads.ask(EDS, ["A", "unknown"])
check("a second type", ads.take()[:3], ("ClusterLoadAssignment", "1", ["A"]))
resource("Update", EDS, "2", "A")
resource("Add", CDS, "2", "C")
check("the first goes on, never mind its acknowledgements", ads.take()[:3], ("Cluster", "2", ["A", "B", "C"]))
check("a half-close ends it, and there is nothing more", ads.end()[1], "OK")

eds = Stream("/envoy.service.endpoint.v3.EndpointDiscoveryService/StreamEndpoints")
eds.ask(EDS, ["A", "B"])
kind, version, names, nonce = eds.take()
check("names", (version, names), ("2", ["A", "B"]))
resource("Update", EDS, "3", "B")
kind, version, names, nonce = eds.take()
check("an update", (version, names), ("3", ["B"]))
eds.ask(EDS, [""], "", nonce)
eds.ask(EDS, ["B"], "", nonce)
kind, version, names, nonce = eds.take(is_acknowledging=False)
check("all given up, one again", (version, names), ("3", ["B"]))
eds.ask(EDS, ["B"], version, nonce)
resource("Update", EDS, "4", "A")
resource("Update", EDS, "5", "B")
check("what was given up is not told", eds.take(is_acknowledging=False)[1:3], ("5", ["B"]))
check("a half-close without an acknowledgement", eds.end(), [0, "OK"])
check("fewer answers than requests", eds.received < eds.sent, True)

for kind, path in (
        (EDS, "discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"),
        (EDS, "endpoint.v3.EndpointDiscoveryService/DeltaEndpoints"),
        (CDS, "cluster.v3.ClusterDiscoveryService/DeltaClusters")):
    deltas = Deltas("/envoy.service." + path, kind, ["A", "B"])
    check(path + ": names", deltas.take(), (["A", "B"], []))
    resource("Remove", kind, "6", "B")
    check(path + ": a removal", deltas.take(), ([], ["B"]))
    resource("Add", kind, "7", "B")
    check(path + ": and back", deltas.take(), (["B"], []))
    check(path + ": and nothing more", deltas.end(), [0, "OK"])
assert adapter("ClearState", field(1, NODE))[0][0] == 1
print("done", flush=True)
