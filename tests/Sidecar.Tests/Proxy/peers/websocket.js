'use strict';
// websocket.js server            prints its port, echoes until stdin ends
// websocket.js client URL HOST   sends texts and bytes, expects them back, closes; prints `ok`
const path = require('node:path');
const { WebSocket, WebSocketServer } = require(path.join(process.env.NODE_PACKAGES, 'node_modules', 'ws'));

if (process.argv[2] === 'server') {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'chat' });
  server.on('listening', () => console.log(server.address().port));
  server.on('connection', (socket, request) => {
    socket.send(`${request.headers.host} ${request.url}`);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  process.stdin.on('end', () => process.exit(0)).resume();
} else {
  const [url, host] = process.argv.slice(3);
  const socket = new WebSocket(url, ['chat'], { headers: { host } });
  const big = Buffer.alloc(1 << 20, 7);
  const expected = [`${host} /room?x=1`, 'h\u00e9llo', big];
  const fail = (why) => { console.error(why); process.exit(1); };
  socket.on('error', fail);
  socket.on('open', () => { socket.send('h\u00e9llo'); socket.send(big); });
  socket.on('message', (data, isBinary) => {
    const want = expected.shift();
    const same = isBinary ? Buffer.compare(data, want) === 0 : data.toString() === want;
    if (!same) fail(`expected ${want}, got ${data}`);
    if (expected.length === 0) socket.close(4001, 'done');
  });
  socket.on('close', (code, reason) => {
    if (socket.protocol !== 'chat' || code !== 4001 || reason.toString() !== 'done') fail(`closed ${code} ${reason} ${socket.protocol}`);
    console.log('ok');
    process.exit(0);
  });
  setTimeout(() => fail('too slow'), 120000).unref();
}
