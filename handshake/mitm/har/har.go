package har

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"time"
)

// Document is a whole file, for those who read one. Writer does not need it.
type Document struct {
	Log Log `json:"log"`
}

// Log is all there is in a file.
type Log struct {
	Version string   `json:"version"` // "1.2"
	Creator Creator  `json:"creator"`
	Browser *Creator `json:"browser,omitempty"`
	Pages   []Page   `json:"pages,omitempty"`
	Entries []Entry  `json:"entries"`
	Comment string   `json:"comment,omitempty"`
}

// Creator is a program, which wrote the file, or which browsed.
type Creator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Comment string `json:"comment,omitempty"`
}

// Page groups entries. A proxy knows of none.
type Page struct {
	Started time.Time   `json:"startedDateTime"`
	ID      string      `json:"id"`
	Title   string      `json:"title"`
	Timings PageTimings `json:"pageTimings"`
	Comment string      `json:"comment,omitempty"`
}

// PageTimings are milliseconds since the page was begun, -1 for unknown.
type PageTimings struct {
	OnContentLoad float64 `json:"onContentLoad"`
	OnLoad        float64 `json:"onLoad"`
	Comment       string  `json:"comment,omitempty"`
}

// Entry is one request and its response.
type Entry struct {
	PageRef    string     `json:"pageref,omitempty"`
	Started    time.Time  `json:"startedDateTime"`
	Time       float64    `json:"time"` // milliseconds; Writer.Add sets it to Timings.Total
	Request    Request    `json:"request"`
	Response   Response   `json:"response"`
	Cache      Cache      `json:"cache"`
	Timings    Timings    `json:"timings"`
	ServerIP   netip.Addr `json:"serverIPAddress,omitzero"` // Writer.Add drops a zone
	Connection string     `json:"connection,omitempty"`     // whatever tells the connection from others
	Comment    string     `json:"comment,omitempty"`

	// As Chromium's developer tools have them, of a WebSocket:
	ResourceType string             `json:"_resourceType,omitempty"`
	Messages     []WebSocketMessage `json:"_webSocketMessages,omitzero"`

	// Ours:
	LeftOut        int    `json:"_webSocketMessagesLeftOut,omitempty"` // how many more there were
	WebSocketError string `json:"_webSocketError,omitempty"`           // why Messages end before the connection did

	TLS      *TLS     `json:"_tls,omitempty"`
	Fault    *Fault   `json:"_fault,omitempty"`       // who gave up, and why; nil if nobody did
	Besides  *Fault   `json:"_clientFault,omitempty"` // how the client refused what it then was to be told
	Warnings []string `json:"_warnings,omitempty"`    // what worked, and one should know of; stable keys
	Notes    []string `json:"_notes,omitempty"`       // what was changed on the way because the RFCs want it; stable keys
	Upgraded string   `json:"_upgraded,omitempty"`    // what the connection, or the stream, became

	Error string `json:"_error,omitempty"`           // why there is no response, or no whole one
	Own   bool   `json:"_answeredByProxy,omitempty"` // the response is the proxy's own

	Changes []Change `json:"_changes,omitempty"`
}

// Change is what was changed on the way: request and response are what was said.
type Change struct {
	By     string `json:"by"`
	Of     string `json:"of"` // "request" or "response"
	What   string `json:"what"`
	Detail string `json:"detail,omitempty"`
}

// TLS is what each leg of an intercepted connection came to; nil for one without TLS.
type TLS struct {
	Client *Leg `json:"client,omitempty"` // between the client and us
	Server *Leg `json:"server,omitempty"` // between us and the server
}

// Leg is a handshake's outcome, in the registries' names.
type Leg struct {
	Version    string `json:"version"`
	Suite      string `json:"cipherSuite,omitempty"`
	Group      string `json:"group,omitempty"`
	Scheme     string `json:"signatureScheme,omitempty"`
	ServerName string `json:"serverName,omitempty"`
	ALPN       string `json:"alpn,omitempty"`
	Resumed    bool   `json:"resumed,omitempty"`

	Certificate *Certificate `json:"certificate,omitempty"` // the leaf that was shown on it: on the client's the forged one
}

// Certificate is what tells one from another.
type Certificate struct {
	Subject     string    `json:"subject"` // RFC 4514
	Issuer      string    `json:"issuer"`
	Serial      string    `json:"serialNumber"` // in hex
	NotBefore   time.Time `json:"notBefore"`
	NotAfter    time.Time `json:"notAfter"`
	Fingerprint string    `json:"sha256"` // of all of it, in hex
}

// Fault is why something failed, in stable keys.
type Fault struct {
	Side  string `json:"side"`  // the leg on which it did: "client", "server"; "proxy" if neither
	By    string `json:"by"`    // who gave up
	Cause string `json:"cause"` // the likely one
	Alert string `json:"alert,omitempty"`
	Error string `json:"error"`          // for a person
	Rule  string `json:"rule,omitempty"` // of HTTP, that what was refused broke: "body_length"
	Ref   string `json:"ref,omitempty"`  // the section that has it
}

// Request is the head of a request, and its body in PostData.
type Request struct {
	Method      string    `json:"method"`
	URL         string    `json:"url"`               // absolute, without a fragment
	Host        string    `json:"_host,omitempty"`   // what was said for its host, where that can be in no URL
	Target      string    `json:"_target,omitempty"` // what was said for its path, where the URL has it otherwise
	HTTPVersion string    `json:"httpVersion"`
	Cookies     []Cookie  `json:"cookies"`
	Headers     []Pair    `json:"headers"`
	Query       []Pair    `json:"queryString"`
	PostData    *PostData `json:"postData,omitempty"`
	HeadersSize int64     `json:"headersSize"` // bytes; -1 for unknown
	BodySize    int64     `json:"bodySize"`    // bytes; -1 for unknown
	Comment     string    `json:"comment,omitempty"`
	Trailers    []Pair    `json:"_trailers,omitempty"`
}

// Response is a response. Status 0 stands for none.
type Response struct {
	Status      int      `json:"status"`
	StatusText  string   `json:"statusText"`
	HTTPVersion string   `json:"httpVersion"`
	Cookies     []Cookie `json:"cookies"`
	Headers     []Pair   `json:"headers"`
	Content     Content  `json:"content"`
	RedirectURL string   `json:"redirectURL"` // Location; "" for none
	HeadersSize int64    `json:"headersSize"` // bytes; -1 for unknown
	BodySize    int64    `json:"bodySize"`    // bytes as they came, compressed perhaps; -1 for unknown
	Comment     string   `json:"comment,omitempty"`
	Trailers    []Pair   `json:"_trailers,omitempty"`
}

// Pair is a header or a parameter of a query.
type Pair struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Comment string `json:"comment,omitempty"`
}

// Cookie is one of a Cookie or Set-Cookie header.
type Cookie struct {
	Name     string    `json:"name"`
	Value    string    `json:"value"`
	Path     string    `json:"path,omitempty"`
	Domain   string    `json:"domain,omitempty"`
	Expires  time.Time `json:"expires,omitzero"`
	HTTPOnly bool      `json:"httpOnly,omitempty"`
	Secure   bool      `json:"secure,omitempty"`
	Comment  string    `json:"comment,omitempty"`
}

// PostData is the body of a request. HAR 1.2 has no base64 for it, so what is no text
// says so in a field of ours.
type PostData struct {
	MimeType string `json:"mimeType"`
	Text     string `json:"text"`
	Encoding string `json:"_encoding,omitempty"` // "base64", or "" for text
	Comment  string `json:"comment,omitempty"`
}

// Content is the body of a response.
type Content struct {
	Size        int64  `json:"size"`                  // bytes, decompressed where Text is
	Compression int64  `json:"compression,omitempty"` // bytes that compression saved
	MimeType    string `json:"mimeType"`
	Text        string `json:"text,omitempty"`
	Encoding    string `json:"encoding,omitempty"` // "base64", or "" for text
	Comment     string `json:"comment,omitempty"`
}

// Cache is what a cache did. A proxy has no cache.
type Cache struct {
	Comment string `json:"comment,omitempty"`
}

// Timings are the phases of an entry in milliseconds, one after the other, except that
// SSL is part of Connect. -1 stands for one that did not take place, as all of the first
// four on a connection that was open already. NewTimings makes them of durations.
type Timings struct {
	Blocked float64 `json:"blocked"` // waiting for a connection
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"` // TCP and TLS
	SSL     float64 `json:"ssl"`     // TLS alone
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"` // for the first byte of the response
	Receive float64 `json:"receive"`
	Comment string  `json:"comment,omitempty"`
}

// Phases are the durations that Timings are made of. A negative one of the first four
// did not take place; of the others it counts as 0, since they must not be missing.
// Connect is with SSL in it.
type Phases struct {
	Blocked, DNS, Connect, SSL time.Duration
	Send, Wait, Receive        time.Duration
}

// NotApplicable is a phase that did not take place.
const NotApplicable = time.Duration(-1)

// NewTimings rounds to microseconds. An SSL longer than its Connect, of which it is a
// part, is cut to that.
func NewTimings(p Phases) Timings {
	if p.SSL >= 0 {
		p.SSL = min(p.SSL, p.Connect)
	}
	ms := func(d time.Duration) float64 {
		if d < 0 {
			return -1
		}
		return float64(d.Round(time.Microsecond).Microseconds()) / 1000
	}
	return Timings{Blocked: ms(p.Blocked), DNS: ms(p.DNS), Connect: ms(p.Connect), SSL: ms(p.SSL),
		Send: ms(max(0, p.Send)), Wait: ms(max(0, p.Wait)), Receive: ms(max(0, p.Receive))}
}

// Total is the sum of the phases that took place, SSL being in Connect. It adds in the
// order of the specification's formula, so that a reader who checks it to the last bit
// finds it right.
func (t Timings) Total() float64 {
	sum := 0.0
	for _, x := range []float64{t.Blocked, t.DNS, t.Connect, t.Send, t.Wait, t.Receive} {
		if x >= 0 {
			sum += x
		}
	}
	return sum
}

// check is what the schema cannot say.
func (t Timings) check() error {
	switch {
	case t.SSL > t.Connect:
		return fmt.Errorf("timings: ssl %v is part of connect %v", t.SSL, t.Connect)
	case t.Send < 0 || t.Wait < 0 || t.Receive < 0:
		return fmt.Errorf("timings: send %v, wait %v and receive %v are never missing", t.Send, t.Wait, t.Receive)
	}
	return nil
}

// MarshalJSON writes empty lists, never null, which the schema does not allow.
func (r Request) MarshalJSON() ([]byte, error) {
	type plain Request
	r.Cookies, r.Headers, r.Query = list(r.Cookies), list(r.Headers), list(r.Query)
	return json.Marshal(plain(r))
}

// MarshalJSON writes empty lists, as that of Request does.
func (r Response) MarshalJSON() ([]byte, error) {
	type plain Response
	r.Cookies, r.Headers = list(r.Cookies), list(r.Headers)
	return json.Marshal(plain(r))
}

func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
