// server.js CHAIN KEY: a server of Node's for HTTP/2 and HTTP/1.1, WebSocket by hand. It says its port.
'use strict';
const fs = require('fs'), http2 = require('http2'), { createHash } = require('crypto');

const [chain, key] = process.argv.slice(2).map((f) => fs.readFileSync(f));
const server = http2.createSecureServer({ cert: chain, key, allowHTTP1: true }, (request, reply) => {
  const parts = [];
  request.on('data', (p) => parts.push(p)).on('end', () => {
    const body = Buffer.concat(parts);
    reply.sendDate = false;
    reply.setHeader('X-Asked', `${request.httpVersion} ${request.method} ${request.url} ${body.length} ${createHash('sha256').update(body).digest('hex').slice(0, 16)}`);
    reply.setHeader('Set-Cookie', ['b=2', 'a=1']);
    switch (request.url) {
      case '/hints':
        reply.writeEarlyHints({ link: '</style.css>; rel=preload' });
        return reply.end('behind the hints\n');
      case '/pieces':
        if (request.method === 'HEAD') return reply.end();
        reply.setHeader('Trailer', 'X-Last');
        reply.write('one '); reply.write('two '.repeat(20000));
        reply.addTrailers({ 'X-Last': 'the end' });
        return reply.end('three\n');
      case '/none':
        reply.statusCode = 204;
        return reply.end();
      case '/teapot':
        reply.statusCode = 418;
        if (request.httpVersion === '1.1') reply.statusMessage = 'Short And Stout';
        return reply.end('no coffee\n');
    }
    reply.end(body.length ? body : 'hello from Node\n');
  });
});
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nsec-websocket-accept: ' + accept + '\r\n\r\n');
  let held = Buffer.alloc(0);
  socket.on('data', (p) => { // frames of up to 125 bytes, masked
    held = Buffer.concat([held, p]);
    while (held.length >= 6 && held.length >= 6 + (held[1] & 127)) {
      const n = held[1] & 127, text = Buffer.from(held.subarray(6, 6 + n));
      for (let i = 0; i < n; i++) text[i] ^= held[2 + i % 4];
      socket.write(Buffer.concat([Buffer.from([held[0], n]), text]));
      if ((held[0] & 15) === 8) socket.end();
      held = held.subarray(6 + n);
    }
  }).on('error', () => {});
});
server.listen(0, '127.0.0.1', () => console.log('listening on ' + server.address().port));
