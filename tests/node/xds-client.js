// Calls an xds: target once for each line of its input, on one channel for each target, by grpc-js.
'use strict';
const readline = require('readline');
const grpc = require('@grpc/grpc-js');
const xds = require('@grpc/grpc-js-xds');
xds.register();

const patienceMs = 60_000;
const clients = new Map();
const clear = grpc.credentials.createInsecure();
const credentials = process.env.XDS_CREDENTIALS ? new xds.XdsChannelCredentials(clear) : clear;
const same = bytes => bytes;

function call(name) {
  if (!clients.has(name)) {
    clients.set(name, new grpc.Client(name.startsWith('xds:') ? name : `xds:///${name}`, credentials));
  }
  return new Promise(resolve => clients.get(name).makeUnaryRequest(
    '/test.Backend/Who', same, same, Buffer.alloc(0), { deadline: Date.now() + patienceMs },
    (error, answer) => resolve(error
      ? `${grpc.status[error.code]} ${error.details.replace(/\n/g, ' ')}`
      : `ok ${answer.toString()}`)));
}

async function main() {
  console.log('ready');
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(await call(line.trim()));
  }
  process.exit(0);
}

main();
