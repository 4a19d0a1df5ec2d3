package handshake_test

import (
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
)

// What a server answers when it resumes, in either version. What belongs to the session
// was settled when it began: server_name (RFC 6066 §3), status_request (§8) and
// ec_point_formats (RFC 8422 §4) are then not to be said. What belongs to the connection is
// said again: ALPN (RFC 7301 §3.1), renegotiation_info (RFC 5746 §3.6), and extended master
// secret (RFC 7627 §5.3).
func TestWhatAServerSaysWhenItResumes(t *testing.T) {
	everything := func(c, s *handshake.Config) {
		c.Stapling, c.ALPN, s.ALPN = true, []string{"h2"}, []string{"h2"}
		c.EncryptThenMAC, s.EncryptThenMAC = true, true
		c.Time, s.Time = clock, clock
	}
	keyOnly := func(c, s *handshake.Config) {
		c.PSKModes, s.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly}, []iana.PSKKeyExchangeMode{iana.PSKOnly}
	}
	byID := func(c, s *handshake.Config) {
		c.MaxVersion, s.MaxVersion, s.Tickets = iana.TLS12, iana.TLS12, nil
		s.Sessions = session.NewMemory(0)
	}
	byTicket := func(c, s *handshake.Config) { c.MaxVersion, s.MaxVersion = iana.TLS12, iana.TLS12 }
	connection12 := []iana.ExtensionType{iana.ExtRenegotiationInfo, iana.ExtExtendedMasterSecret, iana.ExtALPN}
	for name, test := range map[string]struct {
		change func(c, s *handshake.Config)
		in     message.Kind
		first  iana.ExtensionType // what shows that it would else be said
		want   []iana.ExtensionType
	}{
		"TLS 1.2, by session ID":       {byID, message.KindServerHello, iana.ExtServerName, connection12},
		"TLS 1.2, by ticket":           {byTicket, message.KindServerHello, iana.ExtServerName, connection12},
		"TLS 1.3":                      {func(_, _ *handshake.Config) {}, message.KindEncryptedExtensions, iana.ExtServerName, []iana.ExtensionType{iana.ExtALPN}},
		"TLS 1.3, no key exchange":     {keyOnly, message.KindEncryptedExtensions, iana.ExtServerName, []iana.ExtensionType{iana.ExtALPN}},
		"TLS 1.3, after a retry":       {func(_, s *handshake.Config) { s.RetryWithCookie = true }, message.KindEncryptedExtensions, iana.ExtServerName, []iana.ExtensionType{iana.ExtALPN}},
		"TLS 1.3, with early data too": {func(c, s *handshake.Config) { c.EarlyData, s.MaxEarlyData = true, 100 }, message.KindEncryptedExtensions, iana.ExtServerName, []iana.ExtensionType{iana.ExtEarlyData, iana.ExtALPN}},
	} {
		t.Run(name, func(t *testing.T) {
			cc, sc := ticketed()
			everything(cc, sc)
			test.change(cc, sc)
			for i := range 2 {
				c := connect(t, cc, sc).run(nil).completes()
				if resumed := c.ends[server].Summary().Resumed; resumed != (i > 0) {
					t.Fatalf("connection %d: resumed %v", i, resumed)
				}
				var said []iana.ExtensionType
				for _, x := range answersOf(c.sent(server, test.in)[0]).List {
					said = append(said, x.Type())
				}
				if i == 0 && !slices.Contains(said, test.first) {
					t.Errorf("a full handshake answers %v, without %v", said, test.first)
				}
				if i == 1 && !slices.Equal(said, test.want) {
					t.Errorf("resuming it answers %v, want %v", said, test.want)
				}
			}
		})
	}
}

func answersOf(m message.Message) *message.Extensions {
	if m, ok := m.(*message.EncryptedExtensions); ok {
		return &m.Extensions
	}
	return &m.(*message.ServerHello).Extensions
}
