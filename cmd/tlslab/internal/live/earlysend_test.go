package live

import (
	"bytes"
	"testing"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/session"
)

// Only whole requests with safe methods may be sent again unasked.
func TestChangesNothing(t *testing.T) {
	for data, want := range map[string]bool{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n":                                         true,
		"HEAD /a HTTP/1.0\n\n\n":                                                    true,
		"GET / HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n":    true,
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi":                  true,
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nhi":                  false, // not all of it
		"GET / HTTP/1.1\r\nHost: a\r\n":                                             false,
		"GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /pay HTTP/1.1\r\nHost: a\r\n\r\n":    false,
		"POST /pay HTTP/1.1\r\nHost: a\r\nX-HTTP-Method-Override: GET\r\n\r\n":      false,
		"GET / HTTP/1.1\r\nHost: a\r\n\r\npay 100 to mallory":                       false,
		"pay 100 to mallory\n":                                                      false,
		"get / HTTP/1.1\r\nHost: a\r\n\r\n":                                         false, // methods are case-sensitive
		"DELETE / HTTP/1.0\r\n\r\n":                                                 false,
		"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n": false,
		"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n":  true,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00":      false,
		"\x00\x01\x02": false,
	} {
		if got := changesNothing([]byte(data)); got != want {
			t.Errorf("%q: %v", data, got)
		}
	}
}

// A jar hands out each ticket once, the newest first, keeps so many and no more, and
// knows what it has handed out since it was asked last.
func TestSessionJar(t *testing.T) {
	j, now := new(sessionJar), time.Now()
	ticket := func(n byte) []byte {
		b, err := (&session.Session{Version: iana.TLS13, Suite: 0x1301, PSK: []byte{n}, Created: now, Lifetime: time.Hour}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for n := range byte(maxTickets + 2) {
		if err := j.Put("ticket:0:a", ticket(n), now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if b, _ := j.Get("client:a", now); b != nil {
		t.Error("a ticket was handed out for a session of TLS 1.2")
	}
	for n := byte(maxTickets + 1); n > 1; n-- {
		if b, _ := j.Take("ticket:0:b", now); !bytes.Equal(b, ticket(n)) {
			t.Fatalf("ticket %d: %x", n, b)
		}
		if o := j.lastOffer(); o.ticket == nil || o.session != nil || o.ticket.PSK[0] != n {
			t.Fatalf("ticket %d: it says %+v", n, o)
		}
	}
	if b, _ := j.Take("ticket:0:a", now); b != nil {
		t.Error("more were kept")
	}
	if o := j.lastOffer(); o != (offered{}) {
		t.Errorf("it says %+v", o)
	}
}
