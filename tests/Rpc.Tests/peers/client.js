// @grpc/grpc-js as a client of the echo service: prints one line per check, exits 1 at the first that fails.
'use strict';
const path = require('path');
const grpc = require(path.join(process.argv[3], 'node_modules', '@grpc', 'grpc-js'));

const client = new grpc.Client(process.argv[2], grpc.credentials.createInsecure());
const raw = (bytes) => bytes;
const name = (method) => `/test.Echo/${method}`;

function check(what, condition, seen) {
  if (!condition) {
    console.error(`${what}: failed, saw ${JSON.stringify(seen)}`);
    process.exit(1);
  }
  console.log(what);
}

function unary(method, request, metadata = new grpc.Metadata(), options = { deadline: Date.now() + 120000 }) {
  return new Promise((resolve) => {
    const result = {};
    const call = client.makeUnaryRequest(name(method), raw, raw, request, metadata, options, (error, response) => {
      result.error = error;
      result.response = response;
    });
    call.on('metadata', (headers) => { result.headers = headers; });
    call.on('status', (status) => { resolve({ ...result, status }); });
  });
}

async function main() {
  const metadata = new grpc.Metadata();
  metadata.set('echo-a', '1');
  metadata.set('echo-b-bin', Buffer.from([0, 255, 1]));
  const first = await unary('Unary', Buffer.from('hello'), metadata);
  check('unary', first.response.toString() === 'hello', first.error);
  check('metadata', first.headers.get('echo-b-bin')[0].equals(Buffer.from([0, 255, 1])), first.headers);
  check('trailers', first.status.metadata.get('echo-a')[0] === '1', first.status);
  const big = Buffer.alloc(3 << 20);
  check('big', (await unary('Unary', big)).response.equals(big));
  const limit = await unary('Unary', Buffer.alloc(5 << 20));
  check('limit', limit.status.code === grpc.status.RESOURCE_EXHAUSTED, limit.status);
  const failed = await unary('Fail', Buffer.from('why'));
  check('details', failed.status.code === grpc.status.FAILED_PRECONDITION
    && failed.status.details === 'wrong % \u00e9tat'
    && failed.status.metadata.get('grpc-status-details-bin')[0].includes('why'), failed.status);
  const unknown = await unary('Nothing', Buffer.alloc(0));
  check('unimplemented', unknown.status.code === grpc.status.UNIMPLEMENTED, unknown.status);
  const late = await unary('Hang', Buffer.alloc(0), new grpc.Metadata(), { deadline: Date.now() + 300 });
  check('deadline', late.status.code === grpc.status.DEADLINE_EXCEEDED, late.status);

  const chat = client.makeBidiStreamRequest(name('Chat'), raw, raw);
  const answers = [];
  chat.on('data', (answer) => {
    answers.push(Number(answer));
    if (answers.length < 50) {
      chat.write(Buffer.from(String(answers.length)));
    } else {
      chat.end();
    }
  });
  chat.write(Buffer.from('0'));
  const over = await new Promise((resolve) => { chat.on('status', resolve); });
  check('bidi', over.code === grpc.status.OK && answers.every((n, i) => n === i) && answers.length === 50, answers);
  const health = await new Promise((resolve) => {
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', raw, raw, Buffer.alloc(0), (error, response) => {
      resolve(error || response);
    });
  });
  check('health', Buffer.isBuffer(health) && health.equals(Buffer.from([8, 1])), health);

  const flood = client.makeServerStreamRequest(name('Flood'), raw, raw, Buffer.alloc(0));
  flood.on('error', () => {});
  flood.once('data', () => flood.cancel());
  const cut = await new Promise((resolve) => { flood.on('status', resolve); });
  check('cancel', cut.code === grpc.status.CANCELLED, cut);
  check('after', (await unary('Unary', Buffer.from('still'))).response.toString() === 'still');
  client.close();
}

main();
