"""Calls test.Backend/Who through gRPC's own xDS resolver, once for each line of stdin: the timeout, and which of the
names is called where it is not the first."""
import sys

import grpc

channels = [grpc.insecure_channel("xds:///" + name) for name in sys.argv[1:]]
calls = [channel.unary_unary("/test.Backend/Who") for channel in channels]
print("ready", flush=True)
for line in sys.stdin:
    timeout, which = (line.split() + ["0"])[:2]
    try:
        print("ok " + calls[int(which)](b"", timeout=float(timeout)).decode(), flush=True)
    except grpc.RpcError as error:
        print(f"{error.code().name} {error.details()}", flush=True)
