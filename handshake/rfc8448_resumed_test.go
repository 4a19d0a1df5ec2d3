package handshake

import (
	"testing"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
)

// The resumed handshake of RFC 8448 goes on where the simple one ended: what the ticket of
// that one stands for, as each end of this one has to know it. The ticket itself only its
// maker can open, and he is not here: Config.openTicket does it in his place.

// resumes reports whether the trace begins with a pre-shared key.
func (tr *trace) resumes() bool { return len(tr.find("client", "calculate PSK binder")) > 0 }

// resumed is the session that the ticket stands for.
func (tr *trace) resumed(t testing.TB, cfg *Config) *session.Session {
	t.Helper()
	simple := readTrace(t, "simple")
	raw := simple.message(t, "server", "NewSessionTicket", 0)
	m, err := message.Parse(message.Context{Version: iana.TLS13, FromServer: true}, raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	given := m.(*message.NewSessionTicket13)
	most, _ := message.Get[*message.EarlyDataLimit](&given.Extensions)
	psk := simple.find("server", `generate resumption secret "tls13 resumption"`)
	if len(psk) != 1 || most == nil {
		t.Fatal("the simple handshake has no one ticket for early data")
	}
	return &session.Session{Version: iana.TLS13, Suite: 0x1301, PSK: psk[0].get(t, "expanded"), AgeAdd: given.AgeAdd, MaxEarlyData: most.Max,
		ServerName: "server", Created: cfg.now(), Lifetime: seconds(given.Lifetime)}
}

// keepTicket gives a client the ticket, as old as it makes it out to be.
func (tr *trace) keepTicket(t testing.TB, cfg *Config) {
	t.Helper()
	m, err := message.Parse(message.Context{Version: iana.TLS13}, tr.message(t, "client", "ClientHello", 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	x, ok := message.Get[*message.PreSharedKeyClient](&m.(*message.ClientHello).Extensions)
	if !ok {
		t.Fatalf("%s: the ClientHello offers no key", tr.name)
	}
	at := time.UnixMilli(1_500_000_000_000)
	cfg.Time = func() time.Time { return at }
	s := tr.resumed(t, cfg)
	s.Ticket = x.Identities[0].Identity
	s.PeerChain = [][]byte{readTrace(t, "simple").certificate(t, "server").Raw}
	s.Created = at.Add(-time.Duration(x.Identities[0].ObfuscatedAge-s.AgeAdd) * time.Millisecond)
	b, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Sessions.Put(ticketKey(s.ServerName, 0), b, at.Add(s.Lifetime)); err != nil {
		t.Fatal(err)
	}
	cfg.EarlyData = true
}
