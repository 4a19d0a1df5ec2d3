package handshake_test

import (
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/suite"
)

// A client that offers no suite of elliptic curves says nothing of them (RFC 8422 §4: it MUST
// NOT), and names groups of the kind alone that a suite of its can use (RFC 7919 §4).
func TestGroupsFitSuites(t *testing.T) {
	for _, row := range []struct {
		suites        []iana.CipherSuite
		curves, field bool
	}{
		{[]iana.CipherSuite{0x009c}, false, false},
		{[]iana.CipherSuite{0x009e}, false, true},
		{[]iana.CipherSuite{0xc02f}, true, false},
		{[]iana.CipherSuite{0x009c, 0x009e, 0xc02f}, true, true},
	} {
		var suites []*suite.Suite
		for _, id := range row.suites {
			suites = append(suites, suite.ByID(id))
		}
		var hello *message.ClientHello
		c, err := handshake.NewClient(&handshake.Config{MaxVersion: iana.TLS12, Suites: suites, ServerName: "www.lab.test", Listener: event.ListenerFunc(func(e event.Event) {
			if m, ok := e.(*event.Message); ok {
				hello, _ = m.Msg.(*message.ClientHello)
			}
		})})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Step(); err != nil || hello == nil {
			t.Fatal(err)
		}
		curves, field := false, false
		if x, ok := message.Get[*message.SupportedGroups](&hello.Extensions); ok {
			for _, g := range x.Groups {
				curves, field = curves || !g.FiniteField(), field || g.FiniteField()
			}
		}
		_, formats := message.Get[*message.ECPointFormats](&hello.Extensions)
		if curves != row.curves || field != row.field || formats != row.curves {
			t.Errorf("%v: curves %t, finite fields %t, point formats %t", row.suites, curves, field, formats)
		}
	}
}
