package handshake_test

import (
	"slices"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/sig"
)

// flows13 are the ways a handshake of TLS 1.3 can go: with and without the disguise,
// sent back for a group, a cookie or both, with client certificates, compressed and
// not, with every extension, with tickets and changes of keys behind it.
func flows13() []*flow {
	type change = func(c, s *handshake.Config)
	make := func(name, alg string, id iana.CipherSuite, changes ...change) *flow {
		c, s := ends13(world(alg))
		c.Suites, s.Suites = only(id), only(id)
		c.SeparateRecords, s.SeparateRecords = true, true // so that one may be changed alone
		c.Groups, s.Groups = []kx.Group{kx.X25519, kx.P256}, []kx.Group{kx.X25519, kx.P256}
		for _, f := range changes {
			f(c, s)
		}
		return &flow{name: "1.3, " + name, client: *c, server: *s}
	}
	plainly := func(c, s *handshake.Config) { c.NoCompatibilityMode = true }
	shareless := func(c, s *handshake.Config) { c.KeyShares = []iana.Group{} }
	cookie := func(c, s *handshake.Config) { s.RetryWithCookie = true }
	asked := func(c, s *handshake.Config) {
		s.ClientAuth, s.Roots = handshake.RequestClientCert, world("ecdsa").Roots
	}
	mutual := func(c, s *handshake.Config) {
		l := world("ecdsa")
		is, key, err := l.Client("alice")
		if err != nil {
			panic(err)
		}
		c.Certificates = []handshake.Certificate{{Chain: is.Chain, Key: key}}
		s.ClientAuth, s.Roots = handshake.RequireClientCert, l.Roots
	}
	packed := func(c, s *handshake.Config) {
		c.CertificateCompression = []*certcompress.Method{certcompress.Zlib, brotli.Method}
		s.CertificateCompression = []*certcompress.Method{brotli.Method}
	}
	everything := func(c, s *handshake.Config) {
		c.Stapling, c.GREASE = true, true
		c.ALPN, s.ALPN = []string{"h2", "http/1.1"}, []string{"http/1.1"}
		c.RecordSizeLimit, s.RecordSizeLimit = 16385, 16385
		c.CertificateSchemes, s.CertificateSchemes = sig.Defaults(), sig.Defaults()
		c.SendCertificateAuthorities = true
		c.Padding = func(n int) int { return 3 }
	}
	ticketed := func(c, s *handshake.Config) {
		c.Sessions, s.Tickets = frozen{}, session.NewTicketKeys(seeded("ticket keys"), 0)
	}
	updates := func(f *flow, role event.Role, requests ...bool) *flow {
		f.after[role] = func(e *handshake.Endpoint) {
			for _, request := range requests {
				if err := e.UpdateKeys(request); err != nil {
					panic(err)
				}
			}
		}
		return f
	}
	return []*flow{
		make("ecdsa", "ecdsa", aes128GCM),
		make("rsa", "rsa", aes128GCM),
		make("hybrid", "ecdsa", 0x1303, func(c, s *handshake.Config) { c.Groups, s.Groups = nil, nil }),
		make("no disguise", "ecdsa", 0x1302, plainly),
		make("integrity only", "ecdsa", sha256Only, func(c, s *handshake.Config) { c.Weak.NULL, s.Weak.NULL = true, true }),
		make("retried for a group", "ecdsa", aes128GCM, shareless),
		make("retried for a group, no disguise", "ecdsa", aes128GCM, shareless, plainly),
		make("retried for a cookie", "ecdsa", aes128GCM, cookie),
		make("retried for both", "ecdsa", aes128GCM, shareless, cookie),
		make("client asked in vain", "ecdsa", aes128GCM, asked),
		make("client certificate", "ecdsa", aes128GCM, mutual),
		make("compressed", "ecdsa", aes128GCM, packed),
		make("compressed, client certificate", "ecdsa", aes128GCM, packed, mutual),
		make("every extension", "ecdsa", aes128GCM, everything),
		make("every extension, client certificate", "ecdsa", aes128GCM, everything, mutual, shareless, ticketed),
		make("tickets", "ecdsa", aes128GCM, ticketed),
		updates(make("keys updated by the client", "ecdsa", aes128GCM), client, true, false),
		updates(make("keys updated by the server", "ecdsa", aes128GCM, ticketed), server, false, true),
	}
}

// flowsWithKey are the ways for TLS 1.3 to begin with a key: by ticket, with and without a
// key exchange, retried, with early data taken and not, and by a key from elsewhere.
func flowsWithKey() (all []*flow) {
	type change = func(c, s *handshake.Config)
	add := func(name string, resumed bool, changes ...change) {
		c, s := ends13(world("ecdsa"))
		c.Suites, s.Suites = only(aes128GCM), only(aes128GCM)
		c.SeparateRecords, s.SeparateRecords = true, true
		c.Groups, s.Groups = []kx.Group{kx.X25519}, []kx.Group{kx.X25519}
		c.Sessions, s.Tickets = frozen{}, session.NewTicketKeys(seeded("ticket keys"), 0)
		for _, f := range changes {
			f(c, s)
		}
		f := &flow{name: "1.3, " + name, client: *c, server: *s}
		if resumed {
			f = f.second()
		}
		all = append(all, f)
	}
	early := func(c, s *handshake.Config) { c.EarlyData, s.MaxEarlyData = true, 1000 }
	keyOnly := func(c, s *handshake.Config) {
		c.PSKModes, s.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly}, []iana.PSKKeyExchangeMode{iana.PSKOnly}
	}
	plainly := func(c, s *handshake.Config) { c.NoCompatibilityMode = true }
	add("resumed", true)
	add("resumed without a key exchange", true, keyOnly)
	add("resumed after a retry", true, func(c, s *handshake.Config) { c.KeyShares, s.RetryWithCookie = []iana.Group{}, true })
	add("early data", true, early)
	add("early data, no disguise", true, early, plainly)
	add("early data, rejected for a retry", true, early, func(c, s *handshake.Config) { s.RetryWithCookie = true })
	add("an external key", false, func(c, s *handshake.Config) {
		c.PSKs = []handshake.PSK{{Identity: []byte("a"), Key: []byte("0123456789abcdef")}, {Identity: []byte("lab"), Key: []byte("0123456789abcdef")}}
		s.PSKs = c.PSKs[1:]
	})
	return all
}

// legalIn is what a table says of a state under a version, 0 before that is settled:
// the part that starts there, the HelloRequest that a client of TLS 1.2 ignores, and the
// ChangeCipherSpec that TLS 1.3 drops.
func legalIn(role event.Role, v iana.Version, state event.State) (rows []event.Move) {
	for _, m := range handshake.Moves(role) {
		if m.In == state && (v == 0 || m.Version == 0 || m.Version == v) {
			rows = append(rows, m)
		}
	}
	waits := slices.ContainsFunc(rows, func(m event.Move) bool { return m.Dir == event.Receive })
	if v != iana.TLS13 && waits && role == event.Client && state != event.Start && state != event.Connected {
		rows = append(rows, event.Move{Role: role, Version: iana.TLS12, In: state, Dir: event.Receive,
			Msg: message.KindHelloRequest, To: state, Ref: "RFC 5246 §7.4.1.1"})
	}
	if v != iana.TLS12 && waits && state != event.Start && state != event.Connected {
		rows = append(rows, event.Move{Role: role, Version: iana.TLS13, In: state, Dir: event.Receive,
			Msg: message.KindChangeCipherSpec, To: state, Ref: "RFC 9846 §5"})
	}
	return rows
}
