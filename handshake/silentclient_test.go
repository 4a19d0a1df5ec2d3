package handshake_test

import (
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
)

// silenced makes a client leave supported_groups out.
func silenced(cc *handshake.Config) {
	cc.Edit(func(m message.Message) {
		if m, ok := m.(*message.ClientHello); ok {
			without(&m.Extensions, iana.ExtSupportedGroups)
		}
	})
}

// A client that does not name its groups may be given any (RFC 8422 §4): P-256, where the
// server has it, since a client that is older than the extension has no younger curve.
func TestSilentAboutGroups(t *testing.T) {
	for _, test := range []struct {
		suite iana.CipherSuite
		has   []kx.Group
		want  iana.Group
		why   event.Why
	}{
		{ecdheECDSA, nil, iana.P256, event.WhyClientSilent},
		{ecdheRSA, []kx.Group{kx.X25519, kx.X448, kx.P521, kx.P256}, iana.P256, event.WhyClientSilent},
		{ecdheECDSA, []kx.Group{kx.P256, kx.X25519}, iana.P256, event.WhyClientSilent},
		{ecdheRSA, []kx.Group{kx.X25519, kx.P384}, iana.X25519, event.WhyClientSilent},
		{dheRSA, []kx.Group{kx.X25519, kx.P256, kx.FFDHE3072, kx.FFDHE2048}, iana.FFDHE3072, event.WhyClientSilent},
	} {
		cc, sc := pairFor(test.suite)
		silenced(cc)
		cc.Groups, sc.Groups = kx.All(), test.has
		c := connect(t, cc, sc).run(nil).completes()
		if got := c.ends[server].Summary().Group; got != test.want {
			t.Errorf("%v, a server with %v: %v, want %v", test.suite, test.has, got, test.want)
		}
		if why := c.decisions(server, event.DecisionGroup); len(why) != 1 || why[0] != test.why {
			t.Errorf("%v: for %v", test.suite, why)
		}
	}
	cc, sc := pairFor(ecdheECDSA)
	cc.Groups, sc.Groups = []kx.Group{kx.P256, kx.X25519}, []kx.Group{kx.X25519, kx.P256}
	c := connect(t, cc, sc).run(nil).completes()
	if got, why := c.ends[server].Summary().Group, c.decisions(server, event.DecisionGroup); got != iana.X25519 || len(why) != 1 || why[0] != event.WhyServerPreference {
		t.Errorf("a client that names its groups: %v for %v", got, why)
	}
}
