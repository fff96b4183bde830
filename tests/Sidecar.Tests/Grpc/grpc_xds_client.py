"""Calls an xds: target once for each line of its input, on one channel for each target."""
import sys

import grpc

PATIENCE_SECONDS = 60

calls = {}
print("ready", flush=True)
for line in sys.stdin:
    name = line.strip()
    if name not in calls:
        calls[name] = grpc.insecure_channel(
            name if name.startswith("xds:") else "xds:///" + name).unary_unary("/test.Backend/Who")
    try:
        print("ok", calls[name](b"", timeout=PATIENCE_SECONDS).decode(), flush=True)
    except grpc.RpcError as error:
        print(error.code().name, error.details().replace("\n", " "), flush=True)
