package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"tlslab/handshake/mitm/relay"
)

// Hook sees what passes, and may change it, answer it, or hold it. Either function may be nil.
//
// Request is called once for each request, when its head has come and before any of it has gone
// on; Reply once for the reply. Each call has a goroutine of its own: for as long as it lasts that
// message is held, and nothing else is (in HTTP/1.1 what stands behind it on its connection waits
// too). What a hook does not change goes on byte for byte as it came.
//
// A hook that waits has to look at Context, which ends with the exchange: one that does not keeps its
// goroutine, though no connection, and Proxy.Close waits for it.
// Hooks of different exchanges run at the same time. What a hook was given is its own until it
// returns; a call on it after that changes nothing. The reader that a function of Body gets may be
// read later, and from wherever: once the exchange is over it fails. A hook that panics ends its
// exchange, with a Fault of CauseHook, and no other.
//
// Not held are replies of 1xx, what a connection is upgraded to, and hosts that are left alone.
type Hook struct {
	Name    string // what the list calls it: "--block"; "" is "a hook"
	Request func(*HeldRequest)
	Reply   func(*HeldReply)
}

// HeldMessage is what a request and a reply have in common while a hook holds them. Each hook has one of
// its own, which begins with what those before it wanted.
type HeldMessage struct {
	ctx  context.Context
	head *relay.Head
	of   Side
	by   string // the hook that it is with

	mu       sync.Mutex
	returned bool // the hook: nothing changes any more
	wanted
}

// wanted is what the hooks so far want of a message.
type wanted struct {
	fields   []relay.Placed
	touched  bool // the fields
	changes  []Change
	err      error
	bodies   []heldBody
	trailers []heldTrailers
}

// heldBody is what a hook wants of a body.
type heldBody struct {
	by   string
	read func(io.Reader) io.Reader
}

// heldTrailers is what a hook wants of what comes behind a body.
type heldTrailers struct {
	by   string
	make func([]relay.Field) []relay.Field
}

// HeldRequest is a request while a hook holds it.
type HeldRequest struct {
	HeldMessage
	scheme, host   string
	method, target string
	answer         *heldAnswer
}

// heldAnswer is what a hook answers.
type heldAnswer struct {
	by   string
	head relay.Answer
	body io.Reader
}

// HeldReply is a reply while a hook holds it.
type HeldReply struct {
	HeldMessage
	request *relay.Head
	status  int
	reason  string
}

// Change is what a hook changed in a message.
type Change struct {
	By     string     // the hook's name
	Of     Side       // SideClient: of the request; SideServer: of the reply
	Kind   ChangeKind // what
	Detail string     // the field's name, the new first line, the status
}

// Message is "request" or "response".
func (c Change) Message() string {
	if c.Of == SideClient {
		return "request"
	}
	return "response"
}

// ChangeKind says what was changed. It is a stable key.
type ChangeKind string

// The kinds.
const (
	ChangeSet      ChangeKind = "field_set"     // a field was added, or got another value
	ChangeRemoved  ChangeKind = "field_removed" // a field was taken out
	ChangeLine     ChangeKind = "first_line"    // method, target or status
	ChangeBody     ChangeKind = "body"
	ChangeTrailers ChangeKind = "trailers"
	ChangeAnswered ChangeKind = "answered" // no server was asked
	ChangeServer   ChangeKind = "server"   // another server was asked
)

// ChangeKinds lists every ChangeKind.
func ChangeKinds() []ChangeKind {
	return []ChangeKind{ChangeSet, ChangeRemoved, ChangeLine, ChangeBody, ChangeTrailers, ChangeAnswered, ChangeServer}
}

// maxChanges is how many changes of one message an entry tells of: a list's reader needs no more.
const maxChanges = 32

// HookError is what a hook did that ends its exchange.
type HookError struct {
	Hook  string
	Panic any    // what it panicked with; nil if it did not
	Stack string // where it did
	Err   error  // else what it did wrong
}

func (e *HookError) Error() string {
	if e.Panic != nil {
		return fmt.Sprintf("%s panicked: %.200q", e.Hook, fmt.Sprint(e.Panic))
	}
	return e.Hook + ": " + e.Err.Error()
}

// Unwrap returns the error behind it.
func (e *HookError) Unwrap() error { return e.Err }

// Context ends when the exchange does, whoever ends it.
func (m *HeldMessage) Context() context.Context { return m.ctx }

// Fields are the fields as they would go on now, in order; of HTTP/2 without those that stand for
// the first line. The slice is the caller's.
func (m *HeldMessage) Fields() []relay.Field {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]relay.Field, 0, len(m.fields))
	for _, p := range m.fields {
		if !strings.HasPrefix(p.Name, ":") {
			out = append(out, p.Field)
		}
	}
	return out
}

// Get is the first value of the field of this name, whatever its case; "" for none.
func (m *HeldMessage) Get(name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.fields {
		if strings.EqualFold(p.Name, name) {
			return p.Value
		}
	}
	return ""
}

// Set gives the field of this name this value: in the place of the first that there is, and of all
// others; else behind the last. A name or a value that cannot stand there (relay.CheckField) ends
// the exchange with a Fault.
func (m *HeldMessage) Set(name, value string) { m.edit(name, value, true) }

// Add adds a field behind the last. It minds what Set minds.
func (m *HeldMessage) Add(name, value string) { m.edit(name, value, false) }

func (m *HeldMessage) edit(name, value string, replace bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := relay.CheckField(relay.Field{Name: name, Value: value}); err != nil {
		m.wrong(err)
		return
	}
	if m.returned {
		return
	}
	as := name
	if len(m.head.Fields) > 0 && m.of == SideClient && strings.HasPrefix(m.head.Fields[0].Name, ":") && strings.EqualFold(name, "host") && m.at(":authority") >= 0 {
		as = ":authority" // which is Host in HTTP/2 (RFC 9113 §8.3.1)
		replace = true
	}
	p := relay.Placed{Field: relay.Field{Name: as, Value: value}}
	at := m.at(as)
	switch {
	case !replace || at < 0:
		m.fields = append(m.fields, p)
	case m.fields[at].Value == value && m.at2(as, at+1) < 0:
		return // as it is
	default:
		if m.fields[at].Came > 0 {
			p.Name = m.fields[at].Name // in the case in which it came
		}
		m.fields[at] = p
		m.fields = append(m.fields[:at+1:at+1], slices.DeleteFunc(slices.Clone(m.fields[at+1:]), func(x relay.Placed) bool { return strings.EqualFold(x.Name, as) })...)
	}
	m.touched = true
	m.changed(ChangeSet, name)
}

// Del takes every field of this name out.
func (m *HeldMessage) Del(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := relay.CheckField(relay.Field{Name: name}); err != nil {
		m.wrong(err)
		return
	}
	if m.returned || m.at(name) < 0 {
		return
	}
	m.fields = slices.DeleteFunc(m.fields, func(x relay.Placed) bool { return strings.EqualFold(x.Name, name) })
	m.touched = true
	m.changed(ChangeRemoved, name)
}

func (m *HeldMessage) at(name string) int { return m.at2(name, 0) }

func (m *HeldMessage) at2(name string, from int) int {
	for i := from; i < len(m.fields); i++ {
		if strings.EqualFold(m.fields[i].Name, name) {
			return i
		}
	}
	return -1
}

// Body has the body go on as f makes it: f is called once, on a goroutine of the proxy's, with the
// body as it comes, and what it returns is read to its end; it is closed then if it is an
// io.Closer. It may read ahead, or not at all: what it leaves is dropped. Several hooks' functions
// read each other's. A message without a body, as a GET, a reply to HEAD, a 204, is not asked; nor
// is what a request in HTTP/1.0 has, which could get no other length. The body is as it travels:
// what Content-Encoding names is not undone, and a field that counts its bytes or sums them up is
// the hook's to change. The length is the proxy's.
func (m *HeldMessage) Body(f func(io.Reader) io.Reader) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.returned {
		m.bodies = append(m.bodies, heldBody{m.by, f})
	}
}

// Trailers has what comes behind the body go on as f makes it. Where there is a body to come only,
// and in HTTP/1.1 only where it goes on in chunks. The slice is f's.
func (m *HeldMessage) Trailers(f func([]relay.Field) []relay.Field) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.returned {
		m.trailers = append(m.trailers, heldTrailers{m.by, f})
	}
}

// wrong notes what a hook may not do. mu is held.
func (m *HeldMessage) wrong(err error) {
	if m.err == nil && !m.returned {
		m.err = &HookError{Hook: m.by, Err: err}
	}
}

// changed notes a change. mu is held.
func (m *HeldMessage) changed(k ChangeKind, detail string) {
	c := Change{By: m.by, Of: m.of, Kind: k, Detail: detail}
	if len(m.changes) < maxChanges && !slices.Contains(m.changes, c) {
		m.changes = append(m.changes, c)
	}
}

// Method is the request's method.
func (r *HeldRequest) Method() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.method
}

// Target is the request's target: the path and what follows, but for OPTIONS * and CONNECT.
func (r *HeldRequest) Target() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.target
}

// Host is whom the request asks, as it names it; with a port if that is not the usual one.
func (r *HeldRequest) Host() string { return r.host }

// URL is scheme, host and target: "https://www.example.org/a?b". It need not be one that package
// net/url takes.
func (r *HeldRequest) URL() string { return r.scheme + "://" + r.host + r.Target() }

// SetMethod changes the method. From or to HEAD and CONNECT it cannot be: whether the reply has a
// body hangs on that.
func (r *HeldRequest) SetMethod(method string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	special := func(m string) bool { return m == http.MethodHead || m == http.MethodConnect }
	switch {
	case relay.CheckField(relay.Field{Name: method}) != nil:
		r.wrong(fmt.Errorf("%.40q is no method (RFC 9110 §9.1)", method))
	case method != r.method && (special(method) || special(r.method)):
		r.wrong(fmt.Errorf("%s cannot become %s: the client waits for another kind of reply", r.method, method))
	case !r.returned && method != r.method:
		r.method = method
		r.changed(ChangeLine, r.method+" "+r.target)
	}
}

// SetTarget changes the target: the path and what follows.
func (r *HeldRequest) SetTarget(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	bad := !strings.HasPrefix(target, "/") || strings.ContainsFunc(target, func(c rune) bool { return c <= ' ' || c == 0x7f })
	switch {
	case bad:
		r.wrong(fmt.Errorf("%.40q is no target: it begins with a slash and has no white space (RFC 9112 §3.2.1)", target))
	case !r.returned && target != r.target:
		r.target = target
		r.changed(ChangeLine, r.method+" "+r.target)
	}
}

// Answer answers the request, so that no server is asked. The body is read to its end, and closed
// if it is an io.Closer, also where nobody waits for it any more; nil is an empty one. What the request
// still brings is dropped. No other hook is called for it. A second answer, or one that comes after the
// hook has returned, is not taken: its body is neither read nor closed.
func (r *HeldRequest) Answer(status int, fields []relay.Field, body io.Reader) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.returned || r.answer != nil {
		return
	}
	if status < 200 || status > 999 {
		r.wrong(fmt.Errorf("%d is no status of an answer (RFC 9110 §15)", status))
	}
	for _, f := range fields {
		if err := relay.CheckField(f); err != nil {
			r.wrong(err)
		}
	}
	a := &heldAnswer{by: r.by, head: relay.Answer{Status: status, Fields: slices.Clone(fields), Length: -1}, body: body}
	switch b := body.(type) {
	case nil:
		a.head.Length = 0
	case interface{ Len() int }: // strings.Reader, bytes.Reader, bytes.Buffer
		a.head.Length = int64(b.Len())
	}
	r.answer = a
	r.changed(ChangeAnswered, fmt.Sprint(status))
}

// Status is the reply's status.
func (r *HeldReply) Status() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Request is the head of the request as it came.
func (r *HeldReply) Request() *relay.Head { return r.request }

// SetStatus changes the status; reason "" is what net/http calls it, and HTTP/2 has none. A status
// that has no body (1xx, 204, 304) cannot take the place of one that has, nor the other way.
func (r *HeldReply) SetStatus(status int, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	without := func(n int) bool { return n == http.StatusNoContent || n == http.StatusNotModified }
	switch {
	case status < 200 || status > 999:
		r.wrong(fmt.Errorf("%d is no status of a reply (RFC 9110 §15)", status))
	case without(status) != without(r.status):
		r.wrong(fmt.Errorf("%d cannot become %d: one has a body and the other none (RFC 9112 §6.3)", r.status, status))
	case relay.CheckField(relay.Field{Name: "reason", Value: reason}) != nil:
		r.wrong(fmt.Errorf("%.40q is no reason phrase", reason))
	case !r.returned && (status != r.status || reason != r.reason):
		r.status, r.reason = status, reason
		r.changed(ChangeLine, strings.TrimSpace(fmt.Sprint(status, " ", reason)))
	}
}

// errOver is what a hook's reader says when the exchange is over before the body was.
var errOver = errors.New("the exchange is over, and the body was not")
