package har

import (
	"encoding/base64"
	"time"
	"unicode/utf8"
)

// WebSocketMessage is a message of a WebSocket, as Chromium's developer tools write them into
// _webSocketMessages. What begins with an underscore is ours.
type WebSocketMessage struct {
	Type       string  `json:"type"`   // "send" from the client, "receive" from the server
	Time       float64 `json:"time"`   // when it was over, in seconds since 1970
	Opcode     int     `json:"opcode"` // RFC 6455 §11.8: 1 text, 2 binary; and 8 close, 9 ping, 10 pong, which Chromium leaves out
	Data       string  `json:"data"`   // text; of every other opcode base64
	Encoding   string  `json:"_encoding,omitempty"`
	Cut        bool    `json:"_cut,omitempty"`        // Data is only the beginning
	Compressed bool    `json:"_compressed,omitempty"` // it passed compressed (RFC 7692); Data is not
	WireSize   int64   `json:"_wireSize"`             // bytes of the payload as they passed
}

// The two types.
const (
	WebSocketSend    = "send"
	WebSocketReceive = "receive"
)

// ResourceWebSocket is the _resourceType of an entry that has become a WebSocket.
const ResourceWebSocket = "websocket"

// NewWebSocketMessage is one with this payload. A text that is no UTF-8, as no peer may send it
// (RFC 6455 §5.6), is base64 too, and its Encoding says so.
func NewWebSocketMessage(fromClient bool, at time.Time, opcode int, data []byte, cut bool) WebSocketMessage {
	m := WebSocketMessage{Type: WebSocketReceive, Time: float64(at.UnixMicro()) / 1e6, Opcode: opcode, Cut: cut}
	if fromClient {
		m.Type = WebSocketSend
	}
	if opcode != 1 {
		m.Data = base64.StdEncoding.EncodeToString(data)
		return m
	}
	if cut {
		data = wholeRunes(data)
	}
	if utf8.Valid(data) {
		m.Data = string(data)
	} else {
		m.Data, m.Encoding = base64.StdEncoding.EncodeToString(data), "base64"
	}
	return m
}
