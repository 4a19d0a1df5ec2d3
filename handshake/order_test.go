package handshake_test

import (
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// TestSuiteOrder: by whose order a server takes a suite, in both versions and in resumption, and
// why it says it does.
func TestSuiteOrder(t *testing.T) {
	const (
		aes12, gcm256, chacha12, cbc = 0xc02b, 0xc02c, 0xcca9, 0xc023
		aes13, chacha13, aes256      = 0x1301, 0x1303, 0x1302
	)
	type ids = []iana.CipherSuite
	for _, test := range []struct {
		name           string
		order          handshake.SuiteOrder
		server, client ids
		want           iana.CipherSuite
		why            event.Why
		grease         bool
	}{
		{"1.2, the server's", handshake.OwnOrder, ids{gcm256, aes12, chacha12}, ids{chacha12, aes12, gcm256}, gcm256, event.WhyServerPreference, false},
		{"1.3, the server's", handshake.OwnOrder, ids{aes256, aes13, chacha13}, ids{chacha13, aes13, aes256}, aes256, event.WhyServerPreference, false},
		{"1.2, the client's", handshake.ClientOrder, ids{gcm256, aes12, chacha12}, ids{aes12, chacha12, gcm256}, aes12, event.WhyClientPreference, false},
		{"1.3, the client's", handshake.ClientOrder, ids{aes256, aes13, chacha13}, ids{aes13, chacha13, aes256}, aes13, event.WhyClientPreference, false},
		{"1.2, the client's, whose first the server lacks", handshake.ClientOrder, ids{gcm256, aes12}, ids{chacha12, aes12, gcm256}, aes12, event.WhyClientPreference, false},
		{"1.2, ChaCha20 first", handshake.ChaChaFirst, ids{gcm256, aes12, chacha12}, ids{chacha12, aes12, gcm256}, chacha12, event.WhyClientPutsChaChaFirst, false},
		{"1.3, ChaCha20 first", handshake.ChaChaFirst, ids{aes256, aes13, chacha13}, ids{chacha13, aes13, aes256}, chacha13, event.WhyClientPutsChaChaFirst, false},
		{"1.3, ChaCha20 first, behind a reserved value", handshake.ChaChaFirst, ids{aes256, aes13, chacha13}, ids{chacha13, aes13, aes256}, chacha13, event.WhyClientPutsChaChaFirst, true},
		{"1.2, ChaCha20 second", handshake.ChaChaFirst, ids{gcm256, aes12, chacha12}, ids{aes12, chacha12, gcm256}, gcm256, event.WhyServerPreference, false},
		{"1.2, ChaCha20 first, which the server lacks", handshake.ChaChaFirst, ids{gcm256, aes12}, ids{chacha12, aes12, gcm256}, gcm256, event.WhyClientPutsChaChaFirst, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			cc, sc := ends13(world("ecdsa"))
			cc.Suites, sc.Suites, sc.SuiteOrder, cc.GREASE = only(test.client...), only(test.server...), test.order, test.grease
			c := connect(t, cc, sc).run(nil).completes()
			if got := c.ends[server].Summary().Suite.ID; got != test.want {
				t.Errorf("the suite is %v", got)
			}
			if why := c.decisions(server, event.DecisionCipherSuite); !slices.Equal(why, []event.Why{test.why}) {
				t.Errorf("the server says %v", why)
			}
		})
	}
}

// TestSuiteOrderAcrossVersions: what the client puts first counts, though it is a suite of the
// version that is not spoken.
func TestSuiteOrderAcrossVersions(t *testing.T) {
	cc, sc := ends13(world("ecdsa"))
	cc.Suites, sc.Suites = only(0x1303, 0x1301, 0xc02b, 0xcca9), only(0xc02b, 0xcca9)
	sc.SuiteOrder = handshake.ChaChaFirst
	if got := connect(t, cc, sc).run(nil).completes().ends[server].Summary().Suite.ID; got != 0xcca9 {
		t.Errorf("the suite is %v", got)
	}
}

// TestSuiteOrderResumed: a session goes on with its own suite, whatever the client puts first, and
// that is the reason that is told.
func TestSuiteOrderResumed(t *testing.T) {
	for _, order := range []handshake.SuiteOrder{handshake.OwnOrder, handshake.ChaChaFirst, handshake.ClientOrder} {
		cc, sc := ticketed()
		cc.Suites, sc.Suites, sc.SuiteOrder = only(0x1301), only(0x1301, 0x1303), order
		connect(t, cc, sc).run(nil).completes()
		cc.Suites = only(0x1303, 0x1301)
		c := connect(t, cc, sc).run(nil).completes()
		s := c.ends[server].Summary()
		if why := c.decisions(server, event.DecisionCipherSuite); !s.Resumed || s.Suite.ID != 0x1301 || !slices.Equal(why, []event.Why{event.WhySuiteOfKey}) {
			t.Errorf("%v: resumed %v, %v, %v", order, s.Resumed, s.Suite, why)
		}
	}
	if _, err := handshake.NewServer(&handshake.Config{SuiteOrder: 9}); err == nil {
		t.Error("an order that there is not")
	}
}
