// reader.js: a server of plain HTTP that answers each request with what it understood of it.
'use strict';
const http = require('http');
const server = http.createServer((request, reply) => {
  const parts = [];
  request.on('data', (p) => parts.push(p)).on('end', () => {
    const say = (s) => Buffer.from(s, 'latin1').toString('base64');
    reply.end('@@' + [say(request.method), say(request.url), Buffer.concat(parts).toString('base64')].join(' ') + '@@\n');
  });
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => console.log('listening on ' + server.address().port));
