"""Calls test.Backend/Who through gRPC's own xDS resolver, once for each line of stdin, which is the timeout."""
import sys

import grpc

channel = grpc.insecure_channel("xds:///" + sys.argv[1])
call = channel.unary_unary("/test.Backend/Who")
print("ready", flush=True)
for line in sys.stdin:
    try:
        print("ok " + call(b"", timeout=float(line)).decode(), flush=True)
    except grpc.RpcError as error:
        print(f"{error.code().name} {error.details()}", flush=True)
