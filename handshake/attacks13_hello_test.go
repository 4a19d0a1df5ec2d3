package handshake_test

import (
	"bytes"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// Attacks on the hellos of TLS 1.3, where all is chosen and nothing is protected yet.

// attack is what one end says wrong, and how the other has to refuse it.
type attack struct {
	name   string
	setup  func(c, s *handshake.Config) // nil: none
	kind   message.Kind
	nth    int // which of its kind; 0 is the first
	change func(message.Message)
	want   want
}

// run lets an end say it: in its own transcript, too, so that nothing but what the
// test is about can be found fault with.
func (a attack) run(t *testing.T, from event.Role) {
	t.Helper()
	t.Run(a.name, func(t *testing.T) {
		cc, sc := pair13()
		if a.setup != nil {
			a.setup(cc, sc)
		}
		seen, done := 0, false
		change := func(m message.Message) {
			if m.Kind() != a.kind {
				return
			}
			if seen == a.nth {
				done = true
				a.change(m)
			}
			seen++
		}
		if from == client {
			cc.Edit(change)
		} else {
			sc.Edit(change)
		}
		c := connect(t, cc, sc).run(nil)
		if !done {
			t.Fatalf("the %v has sent no such %v", from, a.kind)
		}
		c.refuses(other(from), a.want)
	})
}

// serverHello edits a ServerHello or HelloRetryRequest.
func serverHello(f func(*message.ServerHello)) func(message.Message) {
	return func(m message.Message) { f(m.(*message.ServerHello)) }
}

// without takes an extension away.
func without(x *message.Extensions, t iana.ExtensionType) {
	x.List = slices.DeleteFunc(x.List, func(x message.Extension) bool { return x.Type() == t })
}

func cookieWanted(_, s *handshake.Config) { s.RetryWithCookie = true }
func noShare(c, _ *handshake.Config)      { c.KeyShares = []iana.Group{} }

// A server that answers what was not offered, in fields that TLS 1.3 has frozen or
// under extensions that have no place there.
func TestServerHello13(t *testing.T) {
	const field = "server_hello."
	const x = field + "extensions."
	illegal := func(r reason.Reason, field string) want {
		return want{r, field, anywhere, iana.IllegalParameter, event.WaitServerHello}
	}
	for _, a := range []attack{
		{name: "TLS 1.2 in supported_versions", change: serverHello(replaceExt(&message.SelectedVersion{Version: iana.TLS12})),
			want: illegal(reason.NotOffered, x+"supported_versions.selected_version")},
		{name: "a version not offered", change: serverHello(replaceExt(&message.SelectedVersion{Version: 0x0305})),
			want: illegal(reason.NotOffered, x+"supported_versions.selected_version")},
		{name: "TLS 1.3 in legacy_version", change: serverHello(func(m *message.ServerHello) { m.Version = iana.TLS13 }),
			want: want{reason.UnsupportedVersion, field + "server_version", anywhere, iana.ProtocolVersion, event.WaitServerHello}},
		{name: "TLS 1.1 in legacy_version", change: serverHello(func(m *message.ServerHello) { m.Version = iana.TLS11 }),
			want: want{reason.UnsupportedVersion, field + "server_version", anywhere, iana.ProtocolVersion, event.WaitServerHello}},
		{name: "another session ID", change: serverHello(func(m *message.ServerHello) { m.SessionID = bytes.Repeat([]byte{7}, 32) }),
			want: illegal(reason.BadValue, field+"session_id")},
		{name: "no session ID", change: serverHello(func(m *message.ServerHello) { m.SessionID = nil }),
			want: illegal(reason.BadValue, field+"session_id")},
		{name: "a session ID where none was sent", setup: func(c, _ *handshake.Config) { c.NoCompatibilityMode = true },
			change: serverHello(func(m *message.ServerHello) { m.SessionID = []byte{1} }), want: illegal(reason.BadValue, field+"session_id")},
		{name: "compression", change: serverHello(func(m *message.ServerHello) { m.Compression = iana.CompressionDEFLATE }),
			want: illegal(reason.BadValue, field+"compression_method")},
		{name: "a suite of TLS 1.2", change: serverHello(func(m *message.ServerHello) { m.CipherSuite = ecdheECDSA }),
			want: illegal(reason.NotOffered, field+"cipher_suite")},
		{name: "a suite not offered", change: serverHello(func(m *message.ServerHello) { m.CipherSuite = sha256Only }),
			want: illegal(reason.NotOffered, field+"cipher_suite")},
		{name: "a suite of TLS 1.3 without its version", change: serverHello(func(m *message.ServerHello) { without(&m.Extensions, iana.ExtSupportedVersions) }),
			want: illegal(reason.NotOffered, field+"cipher_suite")},
		{name: "a group without a share", change: serverHello(func(m *message.ServerHello) { serverShare(m).Group = iana.P256 }),
			want: illegal(reason.NotOffered, x+"key_share.group")},
		{name: "a group not offered", change: serverHello(func(m *message.ServerHello) { serverShare(m).Group = iana.P521 }),
			want: illegal(reason.NotOffered, x+"key_share.group")},
		{name: "a share that is too short", change: serverHello(func(m *message.ServerHello) { serverShare(m).Share = make([]byte, 31) }),
			want: illegal(reason.BadShare, x+"key_share.key_exchange")},
		{name: "a share of small order", change: serverHello(func(m *message.ServerHello) { serverShare(m).Share = zero32 }),
			want: illegal(reason.BadShare, x+"key_share.key_exchange")},
		{name: "no share", change: serverHello(func(m *message.ServerHello) { without(&m.Extensions, iana.ExtKeyShare) }),
			want: want{reason.MissingExtension, field + "extensions", anywhere, iana.MissingExtension, event.WaitServerHello}},
		{name: "the same extension twice", change: serverHello(addExt(&message.SelectedVersion{Version: iana.TLS13})),
			want: illegal(reason.DuplicateExtension, field+"extensions")},
		{name: "an extension of EncryptedExtensions", change: serverHello(addExt(&message.ALPN{Protocols: []string{"h2"}})),
			setup: func(c, _ *handshake.Config) { c.ALPN = []string{"h2"} }, want: illegal(reason.BadValue, x+"application_layer_protocol_negotiation")},
		{name: "an extension of TLS 1.2", change: serverHello(addExt(&message.ExtendedMasterSecret{})),
			want: illegal(reason.BadValue, x+"extended_master_secret")},
		{name: "an extension not asked for", change: serverHello(addExt(&message.Raw{ExtType: 0x4444})),
			want: want{reason.UnsolicitedExtension, x + "0x4444", anywhere, iana.UnsupportedExtension, event.WaitServerHello}},
		{name: "a PSK that nobody offered", change: serverHello(addExt(&message.Raw{ExtType: iana.ExtPreSharedKey, Data: []byte{0, 0}})),
			want: want{reason.UnsolicitedExtension, x + "pre_shared_key", anywhere, iana.UnsupportedExtension, event.WaitServerHello}},
		{name: "a cookie outside HelloRetryRequest", change: serverHello(addExt(&message.Raw{ExtType: iana.ExtCookie, Data: []byte{0, 1, 1}})),
			want: want{reason.UnsolicitedExtension, x + "cookie", anywhere, iana.UnsupportedExtension, event.WaitServerHello}},
		{name: "another suite than in HelloRetryRequest", setup: cookieWanted, change: serverHello(func(m *message.ServerHello) { m.CipherSuite = 0x1303 }),
			want: illegal(reason.BadValue, field+"cipher_suite")},
		{name: "another group than in HelloRetryRequest", setup: noShare, change: serverHello(func(m *message.ServerHello) { serverShare(m).Group = iana.P256 }),
			want: illegal(reason.NotOffered, x+"key_share.group")},
		{name: "TLS 1.2 after HelloRetryRequest", setup: cookieWanted, change: serverHello(func(m *message.ServerHello) { without(&m.Extensions, iana.ExtSupportedVersions) }),
			want: want{reason.MissingExtension, field + "extensions", anywhere, iana.MissingExtension, event.WaitServerHello}},
	} {
		a.kind = message.KindServerHello
		a.run(t, server)
	}
}

func serverShare(m *message.ServerHello) *message.KeyShareEntry {
	x, _ := message.Get[*message.KeyShareServer](&m.Extensions)
	return &x.Entry
}

// A HelloRetryRequest that leads nowhere, or where the client would not have gone.
func TestHelloRetryRequestRefused(t *testing.T) {
	const field = "hello_retry_request."
	const x = field + "extensions."
	illegal := func(r reason.Reason, field string) want {
		return want{r, field, anywhere, iana.IllegalParameter, event.WaitServerHello}
	}
	for _, a := range []attack{
		{name: "nothing changes", change: serverHello(func(m *message.ServerHello) { without(&m.Extensions, iana.ExtCookie) }),
			want: illegal(reason.BadValue, field+"extensions")},
		{name: "a group shared already", change: serverHello(addExt(&message.KeyShareRetry{Group: iana.X25519})),
			want: illegal(reason.BadValue, x+"key_share")},
		{name: "a group not offered", change: serverHello(addExt(&message.KeyShareRetry{Group: iana.P521})),
			want: illegal(reason.NotOffered, x+"key_share")},
		{name: "a group that is GREASE", setup: func(c, _ *handshake.Config) { c.GREASE = true },
			change: serverHello(addExt(&message.KeyShareRetry{Group: 0x2a2a})), want: illegal(reason.NotOffered, x+"key_share")},
		{name: "TLS 1.2", change: serverHello(replaceExt(&message.SelectedVersion{Version: iana.TLS12})),
			want: illegal(reason.NotOffered, x+"supported_versions.selected_version")},
		{name: "no version", change: serverHello(func(m *message.ServerHello) { without(&m.Extensions, iana.ExtSupportedVersions) }),
			want: want{reason.MissingExtension, field + "extensions", anywhere, iana.MissingExtension, event.WaitServerHello}},
		{name: "legacy_version", change: serverHello(func(m *message.ServerHello) { m.Version = iana.TLS13 }),
			want: want{reason.UnsupportedVersion, field + "server_version", anywhere, iana.ProtocolVersion, event.WaitServerHello}},
		{name: "another session ID", change: serverHello(func(m *message.ServerHello) { m.SessionID = make([]byte, 32) }),
			want: illegal(reason.BadValue, field+"session_id")},
		{name: "compression", change: serverHello(func(m *message.ServerHello) { m.Compression = 1 }),
			want: illegal(reason.BadValue, field+"compression_method")},
		{name: "a suite not offered", change: serverHello(func(m *message.ServerHello) { m.CipherSuite = sha256Only }),
			want: illegal(reason.NotOffered, field+"cipher_suite")},
		{name: "an extension not asked for", change: serverHello(addExt(&message.Raw{ExtType: 0x4444})),
			want: want{reason.UnsolicitedExtension, x + "0x4444", anywhere, iana.UnsupportedExtension, event.WaitServerHello}},
		{name: "an extension of another message", change: serverHello(addExt(&message.Raw{ExtType: iana.ExtSupportedGroups, Data: []byte{0, 2, 0, 23}})),
			want: illegal(reason.BadValue, x+"supported_groups")},
	} {
		a.kind = message.KindHelloRetryRequest
		if setup := a.setup; setup != nil {
			a.setup = func(c, s *handshake.Config) { setup(c, s); cookieWanted(c, s) }
		} else {
			a.setup = cookieWanted
		}
		a.run(t, server)
	}

	// An empty cookie is no cookie: the form forbids it.
	attack{name: "an empty cookie", setup: cookieWanted, kind: message.KindHelloRetryRequest,
		change: serverHello(replaceExt(&message.Raw{ExtType: iana.ExtCookie, Data: []byte{0, 0}})),
		want:   want{reason.BadLength, x + "cookie.cookie", anywhere, iana.DecodeError, event.WaitServerHello}}.run(t, server)

	// A second one: once is enough to say what one wants (RFC 9846 §4.2.4).
	rec := recordedAs(t, "1.3, retried for a group, no disguise")
	s := rec.replay(t, client, 1)
	s.feed(rec.to(client)[0])
	if e := s.refused(t); e.Reason != reason.UnexpectedMessage || e.Field != "hello_retry_request" {
		t.Errorf("a second HelloRetryRequest: %v", e)
	}

	// One to a client that has not offered TLS 1.3.
	cc, _ := pairFor(ecdheECDSA)
	e := &subject{Endpoint: newEnd(t, client, cc)}
	e.drive()
	e.feed(rec.to(client)[0])
	if e := e.refused(t); e.Reason != reason.UnexpectedMessage || e.Field != "hello_retry_request" {
		t.Errorf("to a client of TLS 1.2: %v", e)
	}
}

// A ClientHello that TLS 1.3 cannot do with.
func TestClientHello13(t *testing.T) {
	const x = "client_hello.extensions."
	ch := func(f func(*message.ClientHello)) func(message.Message) {
		return func(m message.Message) { f(m.(*message.ClientHello)) }
	}
	missing := want{reason.MissingExtension, "client_hello.extensions", anywhere, iana.MissingExtension, event.Start}
	illegal := func(r reason.Reason, field string) want {
		return want{r, field, anywhere, iana.IllegalParameter, event.Start}
	}
	share := func(g iana.Group) message.KeyShareEntry { return message.KeyShareEntry{Group: g, Share: zero32} }
	for _, a := range []attack{
		{name: "no supported_groups", change: ch(func(m *message.ClientHello) { without(&m.Extensions, iana.ExtSupportedGroups) }), want: missing},
		{name: "no key_share", change: ch(func(m *message.ClientHello) { without(&m.Extensions, iana.ExtKeyShare) }), want: missing},
		{name: "no signature_algorithms", change: ch(func(m *message.ClientHello) { without(&m.Extensions, iana.ExtSignatureAlgorithms) }), want: missing},
		{name: "two shares of one group", change: ch(func(m *message.ClientHello) {
			x := edit[*message.KeyShareClient](m)
			x.Shares = append(x.Shares, x.Shares[0])
		}), want: illegal(reason.BadValue, x+"key_share")},
		{name: "a share of a group not listed", change: ch(func(m *message.ClientHello) {
			x := edit[*message.KeyShareClient](m)
			x.Shares = append(x.Shares, share(iana.X448))
		}), want: illegal(reason.BadValue, x+"key_share")},
		{name: "a share that is too short", change: ch(func(m *message.ClientHello) { edit[*message.KeyShareClient](m).Shares[0].Share = []byte{1} }),
			want: want{reason.BadShare, x + "key_share.key_exchange", anywhere, iana.IllegalParameter, event.SendServerHello}},
		{name: "a share of small order", change: ch(func(m *message.ClientHello) { edit[*message.KeyShareClient](m).Shares[0].Share = zero32 }),
			want: want{reason.BadShare, x + "key_share.key_exchange", anywhere, iana.IllegalParameter, event.SendServerHello}},
		{name: "compression: CRIME", change: ch(func(m *message.ClientHello) { m.Compressions = append(m.Compressions, iana.CompressionDEFLATE) }),
			want: illegal(reason.BadValue, "client_hello.compression_methods")},
		{name: "no null compression", change: ch(func(m *message.ClientHello) { m.Compressions = []iana.Compression{1} }),
			want: illegal(reason.BadValue, "client_hello.compression_methods")},
		{name: "neither TLS 1.2 nor 1.3", change: ch(func(m *message.ClientHello) {
			edit[*message.SupportedVersions](m).Versions = []iana.Version{0x7f1c, 0x0a0a, iana.TLS11}
		}), want: want{reason.UnsupportedVersion, x + "supported_versions", anywhere, iana.ProtocolVersion, event.Start}},
		{name: "no suite of TLS 1.3", change: ch(func(m *message.ClientHello) { m.CipherSuites = []iana.CipherSuite{ecdheECDSA} }),
			want: want{reason.NoCommonSuite, "client_hello.cipher_suites", anywhere, iana.HandshakeFailure, event.Start}},
		{name: "no group of ours", change: ch(func(m *message.ClientHello) {
			edit[*message.SupportedGroups](m).Groups = []iana.Group{iana.P521}
			edit[*message.KeyShareClient](m).Shares = nil
		}), want: want{reason.NoCommonGroup, x + "supported_groups", anywhere, iana.HandshakeFailure, event.Start}},
		{name: "no scheme for our key", change: ch(func(m *message.ClientHello) {
			edit[*message.SignatureAlgorithms](m).Schemes = []iana.SignatureScheme{iana.RSAPSSRSAESHA256, iana.ECDSAP384SHA384}
		}), want: want{reason.NoCommonScheme, x + "signature_algorithms", anywhere, iana.HandshakeFailure, event.Start}},
		{name: "schemes of TLS 1.2 alone", setup: func(c, s *handshake.Config) {
			l := world("rsa")
			c.Roots, s.Certificates = l.Roots, []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}
		}, change: ch(func(m *message.ClientHello) {
			edit[*message.SignatureAlgorithms](m).Schemes = []iana.SignatureScheme{iana.RSAPKCS1SHA256, iana.RSAPKCS1SHA1}
		}), want: want{reason.NoCommonScheme, x + "signature_algorithms", anywhere, iana.HandshakeFailure, event.Start}},
		{name: "a limit that leaves no room", setup: func(c, s *handshake.Config) { c.RecordSizeLimit, s.RecordSizeLimit = 64, 64 },
			change: ch(func(m *message.ClientHello) { edit[*message.RecordSizeLimit](m).Limit = 63 }), want: illegal(reason.BadValue, x+"record_size_limit")},
		{name: "a PSK that is not the last extension", change: ch(func(m *message.ClientHello) {
			psk := &message.Raw{ExtType: iana.ExtPreSharedKey, Data: append(append([]byte{0, 7, 0, 1, 1, 0, 0, 0, 0, 0, 33}, 32), zero32...)}
			m.Extensions.List = slices.Insert(m.Extensions.List, 0, message.Extension(psk))
		}), want: illegal(reason.BadValue, x+"pre_shared_key")},
		{name: "a PSK without a mode for it", change: ch(func(m *message.ClientHello) {
			m.Extensions.Add(&message.Raw{ExtType: iana.ExtPreSharedKey, Data: append(append([]byte{0, 7, 0, 1, 1, 0, 0, 0, 0, 0, 33}, 32), zero32...)})
		}), want: missing},
	} {
		a.kind = message.KindClientHello
		a.run(t, client)
	}
}

// A second ClientHello that is not the first again: what the server decided on the
// first would not hold for it.
func TestSecondClientHello(t *testing.T) {
	const field = "client_hello."
	const x = field + "extensions."
	ch := func(f func(*message.ClientHello)) func(message.Message) {
		return func(m message.Message) { f(m.(*message.ClientHello)) }
	}
	both := func(c, s *handshake.Config) { noShare(c, s); cookieWanted(c, s) }
	for _, test := range []struct {
		name   string
		setup  func(c, s *handshake.Config)
		change func(*message.ClientHello)
		field  string
	}{
		{"another random", both, func(m *message.ClientHello) { m.Random[0] ^= 1 }, field + "random"},
		{"another session ID", both, func(m *message.ClientHello) { m.SessionID = zero32 }, field + "session_id"},
		{"other suites", both, func(m *message.ClientHello) { m.CipherSuites = m.CipherSuites[1:] }, field + "cipher_suites"},
		{"other compressions", both, func(m *message.ClientHello) { m.Compressions = []iana.Compression{0, 1} }, field + "compression_methods"},
		{"another legacy_version", both, func(m *message.ClientHello) { m.Version = iana.TLS11 }, field + "client_version"},
		{"another name", both, func(m *message.ClientHello) { replace(m, &message.ServerName{Name: "www.else.test"}) }, x + "server_name"},
		{"other groups", both, func(m *message.ClientHello) {
			replace(m, &message.SupportedGroups{Groups: []iana.Group{iana.X25519}})
		}, x + "supported_groups"},
		{"one more extension", both, func(m *message.ClientHello) { m.Extensions.Add(&message.Raw{ExtType: 0x4444}) }, field + "extensions"},
		{"one extension less", both, func(m *message.ClientHello) { without(&m.Extensions, iana.ExtServerName) }, field + "extensions"},
		{"another cookie", both, func(m *message.ClientHello) { replace(m, &message.Cookie{Cookie: zero32}) }, x + "cookie"},
		{"no cookie", both, func(m *message.ClientHello) { without(&m.Extensions, iana.ExtCookie) }, x + "cookie"},
		{"still no share", both, func(m *message.ClientHello) { replace(m, &message.KeyShareClient{}) }, x + "key_share"},
		{"a share of another group", noShare, func(m *message.ClientHello) {
			o, _ := kx.P256.Offer(seeded("another"))
			replace(m, &message.KeyShareClient{Shares: []message.KeyShareEntry{{Group: iana.P256, Share: o.Share()}}})
		}, x + "key_share"},
		{"two shares", noShare, func(m *message.ClientHello) {
			o, _ := kx.P256.Offer(seeded("another"))
			own := edit[*message.KeyShareClient](m).Shares
			replace(m, &message.KeyShareClient{Shares: append(slices.Clone(own), message.KeyShareEntry{Group: iana.P256, Share: o.Share()})})
		}, x + "key_share"},
		{"another share though none was wanted", cookieWanted, func(m *message.ClientHello) {
			own := slices.Clone(edit[*message.KeyShareClient](m).Shares)
			own[0].Share = bytes.Repeat([]byte{9}, 32)
			replace(m, &message.KeyShareClient{Shares: own})
		}, x + "key_share"},
	} {
		attack{name: test.name, setup: test.setup, kind: message.KindClientHello, nth: 1, change: ch(test.change),
			want: want{reason.BadValue, test.field, anywhere, iana.IllegalParameter, event.WaitSecondClientHello}}.run(t, client)
	}
	// No share at all is something missing, not something wrong.
	attack{name: "no key_share", setup: both, kind: message.KindClientHello, nth: 1, change: ch(func(m *message.ClientHello) { without(&m.Extensions, iana.ExtKeyShare) }),
		want: want{reason.MissingExtension, "client_hello.extensions", anywhere, iana.MissingExtension, event.WaitSecondClientHello}}.run(t, client)

	// Padding may change, and early data must be gone: neither is a change.
	cc, sc := pair13()
	both(cc, sc)
	n := 0
	cc.Edit(func(m message.Message) {
		if h, ok := m.(*message.ClientHello); ok {
			if n++; n == 2 {
				h.Extensions.Add(&message.Padding{Data: make([]byte, 9)})
			}
		}
	})
	connect(t, cc, sc).run(nil).is13()
}

// replace puts an extension into the place of the one of its type. The list is the
// message's own: an extension may be another message's, too.
func replace(m *message.ClientHello, x message.Extension) {
	m.Extensions.List = slices.Clone(m.Extensions.List)
	for i, old := range m.Extensions.List {
		if old.Type() == x.Type() {
			m.Extensions.List[i] = x
		}
	}
}

// Somebody on the wire takes TLS 1.3 out of the ClientHello. The server settles for TLS
// 1.2 and says in its random that it could have done better; the client, that could,
// too, sees it (RFC 9846 §4.2.3). If the mark is taken out on the way back, the
// server's signature does not hold.
func TestDowngrade13(t *testing.T) {
	strip := edited(t, helloCtx, client, message.KindClientHello, func(m message.Message) {
		without(&clientHello(m).Extensions, iana.ExtSupportedVersions)
	})
	cc, sc := ends13(world("ecdsa"))
	connect(t, cc, sc).run(strip).
		refuses(client, want{reason.DowngradeDetected, "server_hello.random", 6, iana.IllegalParameter, event.WaitServerHello})

	unmark := edited(t, helloCtx, server, message.KindServerHello, func(m message.Message) { hello(m).Random[31] ^= 0x40 })
	cc, sc = ends13(world("ecdsa"))
	connect(t, cc, sc).run(func(p packet) []byte {
		if p.from == client {
			return strip(p)
		}
		return unmark(p)
	}).refuses(client, want{reason.BadSignature, "server_key_exchange.signature", -1, iana.DecryptError, event.WaitServerKeyExchange})

	// The list shortened instead of taken away comes to the same.
	cc, sc = ends13(world("ecdsa"))
	connect(t, cc, sc).run(edited(t, helloCtx, client, message.KindClientHello, func(m message.Message) {
		edit[*message.SupportedVersions](clientHello(m)).Versions = []iana.Version{iana.TLS12}
	})).refuses(client, want{reason.DowngradeDetected, "server_hello.random", 6, iana.IllegalParameter, event.WaitServerHello})

	// A client with TLS 1.3 alone does not come down at all.
	cc, sc = ends13(world("ecdsa"))
	cc.MinVersion, sc.MaxVersion = iana.TLS13, iana.TLS12
	connect(t, cc, sc).run(strip).
		refuses(server, want{reason.NoCommonSuite, "client_hello.cipher_suites", anywhere, iana.HandshakeFailure, event.Start})
}

// The client's session ID is made up for middleboxes to see. A server of TLS 1.2 that
// sends it back claims to know a session that never was (RFC 9846 §E.4).
func TestMadeUpSessionID(t *testing.T) {
	cc, sc := ends13(world("ecdsa"))
	sc.MaxVersion = iana.TLS12
	var made []byte
	cc.Edit(func(m message.Message) {
		if h, ok := m.(*message.ClientHello); ok {
			made = h.SessionID
		}
	})
	sc.Edit(func(m message.Message) {
		if h, ok := m.(*message.ServerHello); ok {
			h.SessionID = made
		}
	})
	connect(t, cc, sc).run(nil).
		refuses(client, want{reason.NotOffered, "server_hello.session_id", anywhere, iana.IllegalParameter, event.WaitServerHello})
}
