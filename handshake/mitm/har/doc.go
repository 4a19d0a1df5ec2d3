// Package har writes HTTP Archives, which browsers' developer tools and most debugging
// proxies read: HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), with fields of
// our own, under names that begin with an underscore as the specification has it, for
// what TLS was like on each leg.
//
// Of an entry: _tls is what each leg's handshake came to, with the certificate that was shown on it,
// the forged and the genuine one. _fault is who gave up, on which leg, why, with which alert, and of a
// message that was refused the rule that it broke; _error the same in a sentence, and _clientFault how the client refused to be told. _answeredByProxy says
// that the response is not the server's. _warnings and _notes are keys: what one should know of,
// "other_host" where the request named another host than the handshake did, and what of RFC 9110 and
// 9112 made the proxy change. _upgraded is what the connection became.
//
// Of a WebSocket _resourceType and _webSocketMessages are as Chromium's developer tools write them
// (websocket.go); _webSocketMessagesLeftOut counts what is beyond the limits, and _webSocketError says
// why nothing was listened to any more.
//
// Of a request _host and _target are what was said where it cannot stand in a URL so: a URL is what
// browsers make of it, which escape some characters, and have every reader take it for one.
//
// Of a message _trailers are the fields behind its body; of postData _encoding is "base64" where it
// is no text, for which HAR 1.2 has nothing there.
//
// It is no reader, and it does not watch traffic: a proxy fills Entries and adds them.
//
// A Writer keeps a complete document under its name at every instant, and keeps no
// entry in memory but the last: see writer.go. The types are in har.go, what makes them
// of net/http's in message.go and body.go.
package har
