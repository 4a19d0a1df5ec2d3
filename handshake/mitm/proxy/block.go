package proxy

import (
	"cmp"
	"errors"
	"net"
	"strings"

	"tlslab/handshake/mitm/relay"
	"tlslab/handshake/reason"
)

// Block is what is not to be reached: a host, or what begins with a URL. Who asks for it reads 403.
type Block struct {
	text   string
	host   Pattern
	scheme string // of a URL; "" for a host
	path   string
}

// String is the rule as it was written.
func (b Block) String() string { return b.text }

// ParseBlock reads a pattern of hosts, as ParsePattern does, or the beginning of a URL of http or
// https. The error says what is wrong with it.
func ParseBlock(text string) (Block, error) {
	b := Block{text: text, path: "/"}
	host := text
	if scheme, rest, ok := strings.Cut(text, "://"); ok {
		b.scheme = strings.ToLower(scheme)
		if b.scheme != "http" && b.scheme != "https" {
			return b, reason.Because("\"%v\" is no URL of http or https, as https://www.example.org/ads/ is", text)
		}
		host = rest
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			host, b.path = rest[:i], rest[i:]
		}
		if strings.ContainsAny(host, "?#@") {
			return b, reason.Because("between the scheme and the path stands a host, or HOST:PORT, alone: https://www.example.org/ads/")
		}
	} else if strings.Contains(text, "/") {
		return b, reason.Because("a path wants the whole URL in front of it, https://www.example.org/ads/; else it is a host")
	}
	p, err := ParsePattern(host)
	if b.scheme != "" && p.port == "" {
		p.port = usualPort(b.scheme)
	}
	b.host = p
	return b, err
}

// hostPort is whom a field Host names.
func hostPort(named, scheme string) (host, port string) {
	host, port, err := net.SplitHostPort(named)
	if err != nil {
		host, port = strings.Trim(named, "[]"), ""
	}
	return host, cmp.Or(port, usualPort(scheme))
}

func usualPort(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

// whole reports whether all of a host is blocked, whatever is asked of it.
func (b Block) whole() bool { return b.scheme == "" }

// ErrBlocked is what Options.Block has in it.
type ErrBlocked struct{ Rule Block }

func (e *ErrBlocked) Error() string { return "blocked: " + e.Rule.text }

// blockFault is why something is not reached.
func blockFault(b Block) *Fault {
	return &Fault{Side: SideProxy, By: SideProxy, Cause: CauseBlocked, Err: &ErrBlocked{b}}
}

// blocked is the rule that keeps a session from dialling; nil if there is none.
func (s *session) blocked() error {
	if b := s.p.blockOf(s.name, s.target); b != nil {
		return blockFault(*b)
	}
	return nil
}

// blockOf is the rule that blocks all of a host, by either of its names; nil if there is none.
func (p *Proxy) blockOf(name string, t target) *Block {
	for i := range p.o.Block {
		if b := &p.o.Block[i]; b.whole() && (b.host.matches(name, t.port) || b.host.matches(t.host, t.port)) {
			return b
		}
	}
	return nil
}

// blocks reports whether all of a host is blocked.
func (p *Proxy) blocks(t target) bool { return p.blockOf(t.host, t) != nil }

// blocking is the hook for what is asked on a connection that there is: a URL, or a host that the
// connection was not made for (RFC 9113 §9.1.1).
func blocking(rules []Block) Hook {
	return Hook{Name: "--block", Request: func(r *HeldRequest) {
		host, port := hostPort(r.host, r.scheme)
		for _, b := range rules {
			if b.host.matches(host, port) && (b.whole() || b.scheme == r.scheme && strings.HasPrefix(r.target, b.path)) {
				r.mu.Lock()
				r.err = blockFault(b)
				r.mu.Unlock()
				return
			}
		}
	}}
}

// ParseSetHeader reads NAME=VALUE. An empty VALUE stands for that the field is to go.
func ParseSetHeader(text string) (relay.Field, error) {
	name, value, ok := strings.Cut(text, "=")
	f := relay.Field{Name: name, Value: value}
	if !ok {
		return f, reason.Because("it takes NAME=VALUE, as X-Debug=1; NAME= removes the field")
	}
	e := (*relay.FieldError)(nil)
	if !errors.As(relay.CheckField(f), &e) {
		return f, nil
	}
	switch e.Why {
	case relay.FieldName:
		return f, reason.Because("\"%v\" is no name of a field: it has letters, digits and !#$%%&'*+-.^_`|~ (RFC 9110 §5.1)", e.Text)
	case relay.FieldFrames:
		return f, reason.Because("%v follows from the body, and nobody sets it", e.Text)
	case relay.FieldOfConnection:
		return f, reason.Because("%v is of the connection alone (RFC 9110 §7.6.1)", e.Text)
	case relay.FieldControl:
		return f, reason.Because("\"%v\" is no value of a field: it has a control character (RFC 9110 §5.5)", e.Text)
	}
	return f, reason.Because("\"%v\" begins or ends with white space, which no reader would see (RFC 9110 §5.5)", e.Text)
}

// SetHeaders is a hook that sets fields, of requests or of replies, or removes those without a value.
func SetHeaders(name string, of Side, fields ...relay.Field) Hook {
	set := func(m *HeldMessage) {
		for _, f := range fields {
			if f.Value == "" {
				m.Del(f.Name)
			} else {
				m.Set(f.Name, f.Value)
			}
		}
	}
	if of == SideClient {
		return Hook{Name: name, Request: func(r *HeldRequest) { set(&r.HeldMessage) }}
	}
	return Hook{Name: name, Reply: func(r *HeldReply) { set(&r.HeldMessage) }}
}
