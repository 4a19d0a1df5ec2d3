// chat.js HOST:PORT COMPRESSED: two ends of a WebSocket by way of a proxy. It prints what each of
// them heard: the client's first.
const http = require("http");
const net = require("net");
const { WebSocket, WebSocketServer } = require("ws");

const [host, port] = process.argv[2].split(":");
const perMessageDeflate = process.argv[3] === "true" && { threshold: 0 };
const word = "All that is said here is said again and again. ";
const heard = { receive: [], send: [] };

function listen(ws, to) {
  const note = (opcode) => (data) => to.push([opcode, Buffer.from(data).toString("base64")]);
  ws.on("message", (data, binary) => note(binary ? 2 : 1)(data));
  ws.on("ping", note(9));
  ws.on("pong", note(10));
}

// say sends a few messages that a listener can get wrong; each end says the same.
function say(ws) {
  for (let i = 0; i < 5; i++) ws.send(word.repeat(i) + i);
  ws.send(Buffer.from([0, 255, 128]));
  ws.send("");
  ws.send("a part, ", { fin: false });
  ws.ping("amid");
  ws.send("its middle, ", { fin: false });
  ws.send("and its end \u{1f600}");
  ws.send(Buffer.alloc(5000, word));
  ws.send("bye");
}

const server = http.createServer().listen(0, "127.0.0.1", () => {
  new WebSocketServer({ server, perMessageDeflate }).on("connection", (ws) => {
    listen(ws, heard.send);
    ws.on("message", (data) => {
      if (String(data) === "bye") say(ws);
    });
  });
  const at = `127.0.0.1:${server.address().port}`;
  const tunnel = net.connect(port, host, () => tunnel.write(`CONNECT ${at} HTTP/1.1\r\nHost: ${at}\r\n\r\n`));
  tunnel.once("data", () => {
    const ws = new WebSocket(`ws://${at}/chat`, { perMessageDeflate, createConnection: () => tunnel });
    listen(ws, heard.receive);
    ws.on("open", () => say(ws));
    ws.on("message", (data) => {
      if (String(data) === "bye") ws.close(1000, "done");
    });
    ws.on("close", () => {
      console.log(JSON.stringify(heard));
      server.close();
    });
  });
});
