// client.js VERSION BASE ROOTS [PROXY-HOST PROXY-PORT]: what Node's https or http2 gets, as text.
'use strict';
const fs = require('fs'), http = require('http'), https = require('https'), http2 = require('http2'), tls = require('tls'), { createHash } = require('crypto');

const [version, base, roots, proxyHost, proxyPort] = process.argv.slice(2);
const site = new URL(base);
const body = Buffer.alloc(179200, 'all the letters that there are, and some more\n');
const asked = [['GET', '/hello'], ['POST', '/echo', body], ['GET', '/pieces'], ['HEAD', '/pieces'], ['GET', '/50%25/x?a=%2F&b=;'], ['GET', '/missing'], ['GET', '/moved']];

function tell(what, status, fields, content, trailers) {
  console.log(what, status, JSON.stringify(fields), JSON.stringify(trailers), content.length, createHash('sha256').update(content).digest('hex').slice(0, 16));
}

// reach is a socket of TLS to the site.
function reach(protocol) {
  const options = { servername: site.hostname, ca: fs.readFileSync(roots), ALPNProtocols: [protocol] };
  return new Promise((resolve, reject) => {
    const shake = (more) => {
      const s = tls.connect({ ...options, ...more }, () => resolve(s));
      s.on('error', reject);
    };
    if (!proxyHost) return shake({ host: site.hostname, port: site.port });
    const connect = http.request({ host: proxyHost, port: proxyPort, method: 'CONNECT', path: site.host });
    connect.on('connect', (reply, socket) => reply.statusCode === 200 ? shake({ socket }) : reject(new Error('CONNECT: ' + reply.statusCode)));
    connect.on('error', reject).end();
  });
}

async function overHTTP1() {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = (_, done) => { reach('http/1.1').then((socket) => done(null, socket), done); };
  for (const [method, path, content] of asked) {
    await new Promise((resolve, reject) => {
      const r = https.request({ agent, host: site.hostname, port: site.port, method, path, headers: { 'X-Twice': ['1', '2'] } }, (reply) => {
        const parts = [];
        reply.on('data', (p) => parts.push(p)).on('error', reject).on('end', () => {
          tell(method + ' ' + path, reply.statusCode + ' ' + reply.statusMessage, reply.rawHeaders, Buffer.concat(parts), reply.rawTrailers);
          resolve();
        });
      }).on('error', reject);
      r.end(content);
    });
  }
  agent.destroy();
}

async function overHTTP2() {
  const socket = await reach('h2');
  const session = http2.connect(base, { createConnection: () => socket });
  session.on('error', (e) => { throw e; });
  const one = ([method, path, content]) => new Promise((resolve, reject) => {
    const r = session.request({ ':method': method, ':path': path, 'x-twice': ['1', '2'] }, { endStream: !content });
    let fields, trailers = [], parts = [];
    r.on('response', (_, __, raw) => { fields = raw; }).on('trailers', (_, __, raw) => { trailers = raw; }).on('error', reject);
    r.on('data', (p) => parts.push(p)).on('close', () => { tell(method + ' ' + path, r.rstCode, fields, Buffer.concat(parts), trailers); resolve(); });
    if (content) r.end(content);
  });
  for (const a of asked) await one(a);
  const many = await Promise.all(Array.from({ length: 50 }, (_, i) => new Promise((resolve, reject) => {
    const r = session.request({ ':method': 'POST', ':path': '/echo?' + i });
    const parts = [];
    r.on('data', (p) => parts.push(p)).on('error', reject).on('end', () => resolve(i + ':' + Buffer.concat(parts)));
    r.end(String(i).repeat(i));
  })));
  console.log(many.join(' '));
  session.close();
}

(version === 'h2' ? overHTTP2() : overHTTP1()).then(() => console.log('that was all')).catch((e) => { console.error(e); process.exit(1); });
