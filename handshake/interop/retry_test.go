package interop_test

import (
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/tls"
)

// HelloRetryRequest.

func mustBeRetried(t testing.TB, got outcome, cookie bool) {
	t.Helper()
	if !got.Retried || got.w.Saw(message.KindClientHello) != 2 {
		t.Fatalf("settled %v, messages %v", got.Group, got.w.Kinds)
	}
	if has := got.w.Hellos[1].Extensions.Find(iana.ExtCookie) != nil; has != cookie {
		t.Errorf("the second ClientHello has a cookie: %v", has)
	}
}

// TestRetry13 has the server want the group of which no share comes, or a cookie, or both. An
// s_server gives out cookies if it is stateless, and our server if it is told to.
func TestRetry13(t *testing.T) {
	meetings(t, "retry", iana.TLS13, func(t *testing.T, m meeting) {
		for _, k := range []struct {
			name          string
			cookie, moves bool
			shares        []iana.Group // our client's
		}{
			{"another group", false, true, []iana.Group{iana.X25519}},
			{"no share", false, true, []iana.Group{}},
			{"no share, any group", false, false, []iana.Group{}},
			{"a cookie", true, false, nil},
			{"a cookie and another group", true, true, []iana.Group{iana.X25519}},
		} {
			topic := "retry: " + k.name
			if m.why(topic, m.version, m.role) != "" {
				continue
			}
			t.Run(k.name, func(t *testing.T) {
				// Both clients have the groups, and the peers' send a share of the first; gnutls-cli
				// of the first of each sort.
				want := kx.P384
				d := deal{offers: []kx.Group{kx.X25519, want}}
				if m.role == event.Server && m.peer == gnutls {
					want = kx.P521
					d.offers = []kx.Group{kx.X25519, kx.P256, want}
				}
				if k.moves {
					d.takes = []kx.Group{want}
				}
				if m.role == event.Client {
					// With -rev there is no -stateless, and a stateless s_server trips over the
					// ChangeCipherSpec of any client, s_client's too (openssl/openssl#18453).
					d.ours = func(cfg *tls.Config) { cfg.KeyShares, cfg.NoCompatibilityMode = k.shares, k.cookie }
					if k.cookie {
						d.words, d.typed = []string{"-stateless"}, true
					}
				} else {
					d.ours = func(cfg *tls.Config) { cfg.RetryWithCookie = k.cookie }
				}
				got := m.meet(t, nil, d)
				mustBeRetried(t, got, k.cookie)
				if moved := got.Group == want.ID(); moved != k.moves {
					t.Errorf("settled %v", got.Group)
				}
			})
		}
	})
}

// TestCookieOfDefaults: a cookie alone, where both ends are as they come.
func TestCookieOfDefaults(t *testing.T) {
	got := meeting{stdlib, iana.TLS13, event.Server}.meet(t, nil, deal{ours: func(cfg *tls.Config) { cfg.RetryWithCookie = true }})
	mustBeRetried(t, got, true)
	if got.Group != iana.X25519MLKEM768 {
		t.Errorf("settled %v", got.Group)
	}
}
