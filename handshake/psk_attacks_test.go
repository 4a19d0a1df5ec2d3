package handshake_test

import (
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// What either end can say wrong about pre-shared keys and early data in the hellos and in
// EncryptedExtensions, and how the other refuses.

// withTicket is the setup of an attack on a connection that resumes.
func withTicket(c, s *handshake.Config) {
	kc, ks := ticketed()
	c.Sessions, s.Tickets = kc.Sessions, ks.Tickets
	first, err1 := handshake.NewClient(c)
	second, err2 := handshake.NewServer(s)
	if err1 != nil || err2 != nil {
		panic("the setup of an attack")
	}
	pump(first, second)
	if !first.Done() || len(kc.Sessions.(growing).frozen) == 0 {
		panic("no ticket: " + first.State().String())
	}
}

// withEarlyData is the same, with early data offered.
func withEarlyData(c, s *handshake.Config) {
	c.EarlyData, s.MaxEarlyData = true, 1000
	withTicket(c, s)
}

func TestServerHelloPSK(t *testing.T) {
	const x = "server_hello.extensions."
	illegal := func(r reason.Reason, field string) want {
		return want{r, field, anywhere, iana.IllegalParameter, event.WaitServerHello}
	}
	withModes := func(modes ...iana.PSKKeyExchangeMode) func(c, s *handshake.Config) {
		return func(c, s *handshake.Config) {
			c.PSKModes, s.PSKModes = modes, modes
			withTicket(c, s)
		}
	}
	share := &message.KeyShareServer{Entry: message.KeyShareEntry{Group: iana.X25519, Share: append([]byte{9}, zero32[1:]...)}}
	for _, a := range []attack{
		{name: "an identity that was not offered", setup: withTicket, change: serverHello(replaceExt(&message.PreSharedKeyServer{Selected: 1})),
			want: illegal(reason.NotOffered, x+"pre_shared_key.selected_identity")},
		{name: "the last identity of all", setup: withTicket, change: serverHello(replaceExt(&message.PreSharedKeyServer{Selected: 65535})),
			want: illegal(reason.NotOffered, x+"pre_shared_key.selected_identity")},
		{name: "a suite of another hash", setup: withTicket, change: serverHello(func(m *message.ServerHello) { m.CipherSuite = 0x1302 }),
			want: illegal(reason.BadValue, x+"pre_shared_key.selected_identity")},
		{name: "no share under psk_dhe_ke", setup: withTicket, change: serverHello(func(m *message.ServerHello) { without(&m.Extensions, iana.ExtKeyShare) }),
			want: illegal(reason.BadValue, x+"key_share")},
		{name: "a share under psk_ke", setup: withModes(iana.PSKOnly), change: serverHello(addExt(share)),
			want: illegal(reason.BadValue, x+"key_share")},
		{name: "no key, and no share", setup: withModes(iana.PSKOnly), change: serverHello(func(m *message.ServerHello) { without(&m.Extensions, iana.ExtPreSharedKey) }),
			want: want{reason.MissingExtension, "server_hello.extensions", anywhere, iana.MissingExtension, event.WaitServerHello}},
		{name: "the modes echoed", setup: withTicket, change: serverHello(addExt(&message.Raw{ExtType: iana.ExtPSKKeyExchangeModes, Data: []byte{1, 1}})),
			want: illegal(reason.BadValue, x+"psk_key_exchange_modes")},
		{name: "early_data in ServerHello", setup: withEarlyData, change: serverHello(addExt(&message.Raw{ExtType: iana.ExtEarlyData})),
			want: illegal(reason.BadValue, x+"early_data")},
		{name: "TLS 1.2 to early data", setup: func(c, s *handshake.Config) { withEarlyData(c, s); s.MaxVersion = iana.TLS12 },
			change: serverHello(func(*message.ServerHello) {}),
			want:   want{reason.UnsupportedVersion, "server_hello.server_version", anywhere, iana.ProtocolVersion, event.WaitServerHello}},
	} {
		a.kind = message.KindServerHello
		a.run(t, server)
	}

	// A key that did not come to be selected: another one's Finished does not verify, nor
	// does anything before it open.
	two := func(c, s *handshake.Config) {
		c.PSKs = []handshake.PSK{{Identity: []byte("a"), Key: []byte("0123456789abcdef")}, {Identity: []byte("b"), Key: []byte("fedcba9876543210")}}
		s.PSKs = c.PSKs[:1]
	}
	attack{name: "the other key", setup: two, kind: message.KindServerHello, change: serverHello(replaceExt(&message.PreSharedKeyServer{Selected: 1})),
		want: want{reason.BadRecordMAC, "record.fragment", anywhere, iana.BadRecordMAC, event.WaitEncryptedExtensions}}.run(t, server)
}

func TestEncryptedExtensionsEarlyData(t *testing.T) {
	const field = "encrypted_extensions.extensions.early_data"
	ee := func(f func(*message.EncryptedExtensions)) func(message.Message) {
		return func(m message.Message) { f(m.(*message.EncryptedExtensions)) }
	}
	add := ee(func(m *message.EncryptedExtensions) { m.Extensions.Add(&message.EarlyData{}) })
	unsolicited := want{reason.UnsolicitedExtension, field, anywhere, iana.UnsupportedExtension, event.WaitEncryptedExtensions}
	illegal := func(r reason.Reason) want {
		return want{r, field, anywhere, iana.IllegalParameter, event.WaitEncryptedExtensions}
	}
	protocols := func(c, s *handshake.Config) { c.ALPN, s.ALPN = []string{"a", "b"}, []string{"a", "b"} }
	for _, a := range []attack{
		{name: "not asked for", change: add, want: unsolicited},
		{name: "not asked for, with a ticket", setup: withTicket, change: add, want: unsolicited},
		{name: "after a retry", setup: func(c, s *handshake.Config) { withEarlyData(c, s); s.RetryWithCookie = true }, change: add, want: unsolicited},
		{name: "without the key", setup: func(c, s *handshake.Config) { withEarlyData(c, s); s.Tickets = nil }, change: add, want: illegal(reason.NotOffered)},
		{name: "with a key that is not the first", setup: func(c, s *handshake.Config) {
			withEarlyData(c, s)
			c.PSKs = []handshake.PSK{{Identity: []byte("a"), Key: []byte("0123456789abcdef")}}
			s.Tickets, s.PSKs = nil, c.PSKs
		}, change: add, want: illegal(reason.NotOffered)},
		{name: "under another suite than the ticket's", setup: func(c, s *handshake.Config) {
			s.Suites = only(aes128GCM)
			withEarlyData(c, s)
			s.Suites = only(0x1303)
		}, change: add, want: illegal(reason.BadValue)},
		{name: "under another protocol than the ticket's", setup: func(c, s *handshake.Config) {
			protocols(c, s)
			withEarlyData(c, s)
			s.ALPN = []string{"b"}
		}, change: add, want: illegal(reason.BadValue)},
		{name: "with something in it", setup: withEarlyData, change: ee(func(m *message.EncryptedExtensions) {
			without(&m.Extensions, iana.ExtEarlyData)
			m.Extensions.Add(&message.Raw{ExtType: iana.ExtEarlyData, Data: []byte{0, 0, 4, 0}})
		}), want: want{reason.TrailingBytes, field, anywhere, iana.DecodeError, event.WaitEncryptedExtensions}},
	} {
		a.kind = message.KindEncryptedExtensions
		a.run(t, server)
	}
}

func TestClientHelloPSK(t *testing.T) {
	const psk = "client_hello.extensions.pre_shared_key"
	ch := func(f func(*message.ClientHello)) func(message.Message) {
		return func(m message.Message) { f(m.(*message.ClientHello)) }
	}
	illegal := func(field string, in event.State) want {
		return want{reason.BadValue, field, anywhere, iana.IllegalParameter, in}
	}
	first := func(m *message.ClientHello, x message.Extension) {
		m.Extensions.List = slices.Insert(m.Extensions.List, 0, x)
	}
	for _, a := range []attack{
		{name: "not the last extension", setup: withTicket, change: ch(func(m *message.ClientHello) { m.Extensions.Add(&message.Raw{ExtType: 0x4444}) }),
			want: illegal(psk, event.Start)},
		{name: "no modes", setup: withTicket, change: ch(func(m *message.ClientHello) { without(&m.Extensions, iana.ExtPSKKeyExchangeModes) }),
			want: want{reason.MissingExtension, "client_hello.extensions", anywhere, iana.MissingExtension, event.Start}},
		{name: "no share under psk_dhe_ke", setup: withTicket, change: ch(func(m *message.ClientHello) { without(&m.Extensions, iana.ExtKeyShare) }),
			want: want{reason.MissingExtension, "client_hello.extensions", anywhere, iana.MissingExtension, event.Start}},
		{name: "a second time, without modes", setup: func(c, s *handshake.Config) { withTicket(c, s); s.RetryWithCookie = true }, nth: 1,
			change: ch(func(m *message.ClientHello) { without(&m.Extensions, iana.ExtPSKKeyExchangeModes) }),
			want:   illegal("client_hello.extensions", event.WaitSecondClientHello)},
		{name: "early data in a second ClientHello", setup: func(c, s *handshake.Config) { withEarlyData(c, s); s.RetryWithCookie = true }, nth: 1,
			change: ch(func(m *message.ClientHello) { first(m, &message.EarlyData{}) }),
			want:   illegal("client_hello.extensions.early_data", event.WaitSecondClientHello)},
	} {
		a.kind = message.KindClientHello
		a.run(t, client)
	}

	// The binders, on the wire: whoever has not the key can change nothing.
	bad := want{reason.BadBinder, psk + ".binders", anywhere, iana.DecryptError, event.Start}
	for name, test := range map[string]struct {
		change func(*message.ClientHello)
		want   want
	}{
		"another binder": {func(m *message.ClientHello) { edit[*message.PreSharedKeyClient](m).Binders[0][31] ^= 1 }, bad},
		"a longer binder": {func(m *message.ClientHello) {
			b := edit[*message.PreSharedKeyClient](m).Binders
			b[0] = append(b[0], 0)
		}, bad},
		"another random":   {func(m *message.ClientHello) { m.Random[0] ^= 1 }, bad},
		"another age":      {func(m *message.ClientHello) { edit[*message.PreSharedKeyClient](m).Identities[0].ObfuscatedAge++ }, bad},
		"another share":    {func(m *message.ClientHello) { edit[*message.KeyShareClient](m).Shares[0].Share[0] ^= 1 }, bad},
		"another protocol": {func(m *message.ClientHello) { first(m, &message.ALPN{Protocols: []string{"x"}}) }, bad},
		"early data":       {func(m *message.ClientHello) { first(m, &message.EarlyData{}) }, bad},
		"a binder too many": {func(m *message.ClientHello) {
			x := edit[*message.PreSharedKeyClient](m)
			x.Binders = append(x.Binders, zero32)
		}, illegal(psk+".binders", event.Start)},
		"an identity too many": {func(m *message.ClientHello) {
			x := edit[*message.PreSharedKeyClient](m)
			x.Identities = append(x.Identities, message.PSKIdentity{Identity: []byte("x")})
		}, illegal(psk+".binders", event.Start)},
	} {
		t.Run(name, func(t *testing.T) {
			cc, sc := pair13()
			withTicket(cc, sc)
			connect(t, cc, sc).run(edited(t, helloCtx, client, message.KindClientHello, func(m message.Message) { test.change(clientHello(m)) })).refuses(server, test.want)
		})
	}

	// A thief of a ticket who has not its secret.
	cc, sc := pair13()
	withTicket(cc, sc)
	stolen := edit[*message.PreSharedKeyClient](clientHello(firstHello(t, cc, sc))).Identities[0].Identity
	thief, _ := pair13()
	thief.PSKs = []handshake.PSK{{Identity: stolen, Key: []byte("a guess, of course")}}
	connect(t, thief, sc).run(nil).refuses(server, bad)
}

// firstHello is what a client would say.
func firstHello(t *testing.T, cc, sc *handshake.Config) message.Message {
	t.Helper()
	c := connect(t, cc, sc)
	c.ends[client].drive()
	return c.sent(client, message.KindClientHello)[0]
}

// A ticket for longer than a week, and what has no place in one.
func TestTicketRefused(t *testing.T) {
	ticket := func(f func(*message.NewSessionTicket13)) func(message.Message) {
		return func(m message.Message) { f(m.(*message.NewSessionTicket13)) }
	}
	const x = "new_session_ticket."
	for _, a := range []attack{
		{name: "for eight days", change: ticket(func(m *message.NewSessionTicket13) { m.Lifetime = 8 * 24 * 3600 }),
			want: want{reason.BadValue, x + "ticket_lifetime", anywhere, iana.IllegalParameter, event.Connected}},
		{name: "an extension of another message", change: ticket(func(m *message.NewSessionTicket13) {
			m.Extensions.Add(&message.Raw{ExtType: iana.ExtKeyShare, Data: []byte{0, 29}})
		}), want: want{reason.BadValue, x + "extensions.key_share", anywhere, iana.IllegalParameter, event.Connected}},
		{name: "early data without a number", change: ticket(func(m *message.NewSessionTicket13) {
			m.Extensions.Add(&message.Raw{ExtType: iana.ExtEarlyData})
		}), want: want{reason.Truncated, x + "extensions.early_data.max_early_data_size", anywhere, iana.DecodeError, event.Connected}},
		{name: "an empty ticket", change: ticket(func(m *message.NewSessionTicket13) { m.Ticket = nil }),
			want: want{reason.BadLength, x + "ticket", anywhere, iana.DecodeError, event.Connected}},
	} {
		a.setup = func(c, s *handshake.Config) {
			kc, ks := ticketed()
			c.Sessions, s.Tickets = kc.Sessions, ks.Tickets
		}
		a.kind = message.KindNewSessionTicket
		a.run(t, server)
	}
}
