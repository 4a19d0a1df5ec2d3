package handshake_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// Attacks on what the two ends agree on: versions, suites, extensions, sessions.

// A server that answers what was not asked: it could choose a suite, a compression,
// a protocol, a group that the client would never have taken.
func TestServerChoosesWhatWasNotOffered(t *testing.T) {
	const field = "server_hello."
	const x = field + "extensions."
	for _, test := range []struct {
		name   string
		change func(*message.ServerHello)
		want   reason.Reason
		field  string
		off    int
		alert  iana.AlertDescription
	}{
		{"a suite we have not offered", func(m *message.ServerHello) { m.CipherSuite = ecdheRSA }, reason.NotOffered, field + "cipher_suite", 39, iana.IllegalParameter},
		{"a suite that hides nothing", func(m *message.ServerHello) { m.CipherSuite = rsaNULL }, reason.NotOffered, field + "cipher_suite", 39, iana.IllegalParameter},
		{"no suite, but a signal", func(m *message.ServerHello) { m.CipherSuite = iana.EmptyRenegotiationInfoSCSV }, reason.NotOffered, field + "cipher_suite", 39, iana.IllegalParameter},
		{"a suite of TLS 1.3", func(m *message.ServerHello) { m.CipherSuite = 0x1301 }, reason.NotOffered, field + "cipher_suite", 39, iana.IllegalParameter},
		{"DEFLATE: CRIME", func(m *message.ServerHello) { m.Compression = iana.CompressionDEFLATE }, reason.NotOffered, field + "compression_method", 41, iana.IllegalParameter},
		{"another compression", func(m *message.ServerHello) { m.Compression = 64 }, reason.NotOffered, field + "compression_method", 41, iana.IllegalParameter},
		{"TLS 1.1", func(m *message.ServerHello) { m.Version = 0x0302 }, reason.UnsupportedVersion, field + "server_version", 4, iana.ProtocolVersion},
		{"SSL 3.0: POODLE", func(m *message.ServerHello) { m.Version = 0x0300 }, reason.UnsupportedVersion, field + "server_version", 4, iana.ProtocolVersion},
		{"TLS 1.3 in the wrong place", func(m *message.ServerHello) { m.Version = iana.TLS13 }, reason.UnsupportedVersion, field + "server_version", 4, iana.ProtocolVersion},
		{"ALPN nobody spoke of", alpn("spdy/1"), reason.NotOffered, x + "application_layer_protocol_negotiation", 44, iana.IllegalParameter},
		{"two protocols", alpn("h2", "http/1.1"), reason.NotOffered, x + "application_layer_protocol_negotiation", 44, iana.IllegalParameter},
		{"another fragment length", replaceExt(&message.MaxFragmentLength{Code: 1}), reason.NotOffered, x + "max_fragment_length", anywhere, iana.IllegalParameter},
		{"a fragment length that does not exist", replaceExt(&message.MaxFragmentLength{Code: 9}), reason.NotOffered, x + "max_fragment_length", anywhere, iana.IllegalParameter},
		{"encrypt-then-MAC for an AEAD", addExt(&message.EncryptThenMAC{}), reason.UnsolicitedExtension, x + "encrypt_then_mac", -1, iana.UnsupportedExtension},
		{"an extension not asked for", addExt(&message.SignedCertTimestamps{List: [][]byte{{1}}}), reason.UnsolicitedExtension, x + "signed_certificate_timestamp", anywhere, iana.UnsupportedExtension},
		{"a ticket not asked for", addExt(&message.SessionTicket{}), reason.UnsolicitedExtension, x + "session_ticket", anywhere, iana.UnsupportedExtension},
		{"a version of TLS 1.3's kind", addExt(&message.SelectedVersion{Version: iana.TLS13}), reason.UnsolicitedExtension, x + "supported_versions", anywhere, iana.UnsupportedExtension},
		{"an unknown extension", addExt(&message.Raw{ExtType: 0x4444}), reason.UnsolicitedExtension, x + "0x4444", anywhere, iana.UnsupportedExtension},
		{"the same extension twice", addExt(&message.ExtendedMasterSecret{}), reason.DuplicateExtension, x[:len(x)-1], anywhere, iana.IllegalParameter},
		{"a renegotiation", replaceExt(&message.RenegotiationInfo{RenegotiatedConnection: make([]byte, 24)}), reason.RenegotiationInfo, x + "renegotiation_info", anywhere, iana.HandshakeFailure},
	} {
		t.Run(test.name, func(t *testing.T) {
			cc, sc := pairFor(ecdheECDSA)
			cc.ALPN, sc.ALPN = []string{"http/1.1", "h2"}, []string{"http/1.1"}
			cc.MaxFragmentLength, cc.EncryptThenMAC = 4, true
			c := connect(t, cc, sc).run(edited(t, helloCtx, server, message.KindServerHello, func(m message.Message) {
				if x := &hello(m).Extensions; test.off == 44 { // alone, so that it stands there
					*x = message.Extensions{List: []message.Extension{x.Find(iana.ExtALPN)}}
				}
				test.change(hello(m))
			}))
			c.refuses(client, want{test.want, test.field, test.off, test.alert, event.WaitServerHello})
		})
	}

	// A group that the client has, and has not offered.
	cc, sc := pairFor(ecdheECDSA)
	cc.Groups = []kx.Group{kx.P256}
	sc.Exchanges = []kx.Exchange{evil{Exchange: kx.ECDHE, offer: func(p *kx.Params) { p.Group, p.Share = iana.X25519, zero32 }}}
	connect(t, cc, sc).run(nil).
		refuses(client, want{reason.NotOffered, "server_key_exchange.params.named_curve", -1, iana.IllegalParameter, event.SendClientKeyExchange})
}

func alpn(names ...string) func(*message.ServerHello) {
	return replaceExt(&message.ALPN{Protocols: names})
}

func addExt(x message.Extension) func(*message.ServerHello) {
	return func(m *message.ServerHello) { m.Extensions.Add(x) }
}

func replaceExt(x message.Extension) func(*message.ServerHello) {
	return func(m *message.ServerHello) {
		for i, old := range m.Extensions.List {
			if old.Type() == x.Type() {
				m.Extensions.List[i] = x
			}
		}
	}
}

// A client that says what no client may.
func TestClientHelloRefused(t *testing.T) {
	const x = "client_hello.extensions."
	for _, test := range []struct {
		name   string
		change func(*message.ClientHello)
		want   reason.Reason
		field  string
		off    int
		alert  iana.AlertDescription
	}{
		{"TLS 1.1", func(m *message.ClientHello) { m.Version = 0x0302 }, reason.UnsupportedVersion, "client_hello.client_version", 4, iana.ProtocolVersion},
		{"SSL 3.0", func(m *message.ClientHello) { m.Version = 0x0300 }, reason.UnsupportedVersion, "client_hello.client_version", 4, iana.ProtocolVersion},
		{"TLS 1.3 alone", func(m *message.ClientHello) {
			m.Extensions.Add(&message.SupportedVersions{Versions: []iana.Version{iana.TLS13}})
		}, reason.UnsupportedVersion, x + "supported_versions", anywhere, iana.ProtocolVersion},
		{"no suite of ours", func(m *message.ClientHello) { m.CipherSuites = []iana.CipherSuite{0x000a, 0x0005} }, reason.NoCommonSuite, "client_hello.cipher_suites", 39, iana.HandshakeFailure},
		{"no null compression", func(m *message.ClientHello) { m.Compressions = []iana.Compression{iana.CompressionDEFLATE} }, reason.NoCommonCompression, "client_hello.compression_methods", 43, iana.IllegalParameter},
		{"no group of ours", func(m *message.ClientHello) {
			edit[*message.SupportedGroups](m).Groups = []iana.Group{0x0001, iana.P256}
		}, reason.NoCommonGroup, x + "supported_groups", anywhere, iana.HandshakeFailure},
		{"no scheme of ours", func(m *message.ClientHello) {
			edit[*message.SignatureAlgorithms](m).Schemes = []iana.SignatureScheme{0x0101, iana.RSAPKCS1SHA256}
		}, reason.NoCommonScheme, x + "signature_algorithms", anywhere, iana.HandshakeFailure},
		{"no protocol of ours: ALPACA", func(m *message.ClientHello) { m.Extensions.Add(&message.ALPN{Protocols: []string{"ftp"}}) }, reason.NoCommonProtocol, x + "application_layer_protocol_negotiation", anywhere, iana.NoApplicationProtocol},
		{"a fragment length that does not exist", func(m *message.ClientHello) { m.Extensions.Add(&message.MaxFragmentLength{Code: 5}) }, reason.BadValue, x + "max_fragment_length", anywhere, iana.IllegalParameter},
		{"a renegotiation", func(m *message.ClientHello) {
			edit[*message.RenegotiationInfo](m).RenegotiatedConnection = make([]byte, 12)
		}, reason.RenegotiationInfo, x + "renegotiation_info", anywhere, iana.HandshakeFailure},
		{"points compressed only", func(m *message.ClientHello) { edit[*message.ECPointFormats](m).Formats = []iana.ECPointFormat{1} }, reason.BadValue, x + "ec_point_formats", anywhere, iana.IllegalParameter},
		{"the same extension twice", func(m *message.ClientHello) { m.Extensions.Add(&message.ExtendedMasterSecret{}) }, reason.DuplicateExtension, x[:len(x)-1], anywhere, iana.IllegalParameter},
		{"an unknown extension twice", func(m *message.ClientHello) {
			m.Extensions.Add(&message.Raw{ExtType: 0x4444}, &message.Raw{ExtType: 0x4444})
		}, reason.DuplicateExtension, x[:len(x)-1], anywhere, iana.IllegalParameter},
	} {
		t.Run(test.name, func(t *testing.T) {
			cc, sc := pairFor(ecdheECDSA)
			sc.ALPN, sc.Groups = []string{"http/1.1"}, []kx.Group{kx.X25519}
			connect(t, cc, sc).run(edited(t, helloCtx, client, message.KindClientHello, func(m message.Message) { test.change(clientHello(m)) })).
				refuses(server, want{test.want, test.field, test.off, test.alert, event.Start})
		})
	}
}

// edit returns an extension of a hello, to be changed.
func edit[T message.Extension](m *message.ClientHello) T {
	x, ok := message.Get[T](&m.Extensions)
	if !ok {
		panic(fmt.Sprintf("the hello has no %T", x))
	}
	return x
}

// Version rollback: the man in the middle makes the server believe that its client
// is old. A server that could have done better says so in its random, which its
// signature covers (RFC 9846 §4.2.3); a client that tries again at a lower version
// says that it does (RFC 7507, after POODLE).
func TestVersionRollback(t *testing.T) {
	for _, test := range []struct {
		name     string
		max      iana.Version
		version  iana.Version
		sentinel string
	}{
		{"from 1.2 to 1.1", iana.TLS12, 0x0302, "DOWNGRD\x00"},
		{"from 1.3 to 1.1", iana.TLS13, 0x0302, "DOWNGRD\x00"},
		{"from 1.3 to 1.2", iana.TLS13, iana.TLS12, "DOWNGRD\x01"},
	} {
		cc, sc := pairFor(ecdheECDSA)
		cc.MaxVersion, cc.Suites = test.max, only(ecdheECDSA, aes128GCM)
		connect(t, cc, sc).run(edited(t, helloCtx, server, message.KindServerHello, func(m message.Message) {
			hello(m).Version = test.version
			copy(hello(m).Random[24:], test.sentinel)
		})).refuses(client, want{reason.DowngradeDetected, "server_hello.random", 6, iana.IllegalParameter, event.WaitServerHello})
	}
	// An end that knows nothing above TLS 1.2 must not see in DOWNGRD\x01 what it
	// does not mean to it.
	cc, sc := pairFor(ecdheECDSA)
	sc.MaxVersion, sc.Suites = iana.TLS13, only(aes128GCM, ecdheECDSA)
	c := connect(t, cc, sc)
	c.run(func(p packet) []byte {
		if p.is(server, message.KindServerHello) && !bytes.Equal(p.body[30:38], []byte("DOWNGRD\x01")) {
			t.Errorf("a server with TLS 1.3 that settles for 1.2 ends its random with %q", p.body[30:38])
		}
		return p.wire
	}).completes()

	cc, sc = pairFor(ecdheECDSA)
	cc.Fallback, sc.MaxVersion, sc.Suites = true, iana.TLS13, only(aes128GCM, ecdheECDSA)
	connect(t, cc, sc).run(nil).
		refuses(server, want{reason.InappropriateFallback, "client_hello.cipher_suites", 39, iana.InappropriateFallback, event.Start})
	cc, sc = pairFor(ecdheECDSA)
	cc.Fallback = true // as good as it gets: no harm done
	connect(t, cc, sc).run(nil).completes()
}

// GREASE (RFC 8701) and unknown values in a ClientHello are passed over, so that
// the next version of anything can be deployed.
func TestUnknownIsTolerated(t *testing.T) {
	for range 16 {
		cc, sc := pairFor(ecdheECDSA)
		cc.GREASE = true
		connect(t, cc, sc).run(nil).completes().talk()
	}
	cc, sc := pairFor(ecdheECDSA)
	c := connect(t, cc, sc)
	c.run(edited(t, helloCtx, client, message.KindClientHello, func(m message.Message) {
		h := clientHello(m)
		h.CipherSuites = append([]iana.CipherSuite{0x0a0a, 0xfeed}, h.CipherSuites...)
		h.Compressions = append(h.Compressions, 77)
		groups := edit[*message.SupportedGroups](h)
		groups.Groups = append([]iana.Group{0x1a1a, 0xabcd}, groups.Groups...)
		schemes := edit[*message.SignatureAlgorithms](h)
		schemes.Schemes = append([]iana.SignatureScheme{0x2a2a, 0xabcd}, schemes.Schemes...)
		h.Extensions.Add(&message.ALPN{Protocols: []string{"\x3a\x3a", "what next"}},
			&message.SupportedVersions{Versions: []iana.Version{0x4a4a, 0x0305, iana.TLS12}},
			&message.Raw{ExtType: 0x5a5a}, &message.Raw{ExtType: 0x4444, Data: []byte("some data")})
	}))
	// All that is wrong with it is that the client did not send it.
	c.refuses(server, want{reason.BadRecordMAC, "record.fragment", 5, iana.BadRecordMAC, event.WaitFinished})

	// And they may not come back: nobody can have chosen them (RFC 8701 §3.1).
	cc, sc = pairFor(ecdheECDSA)
	cc.GREASE = true
	var sent iana.ExtensionType
	c = connect(t, cc, sc).run(func(p packet) []byte {
		switch {
		case p.is(client, message.KindClientHello):
			m, err := message.Parse(helloCtx, p.body, nil)
			if err != nil {
				t.Fatal(err)
			}
			sent = clientHello(m).Extensions.List[0].Type()
		case p.is(server, message.KindServerHello):
			m, err := message.Parse(helloCtx, p.body, nil)
			if err != nil {
				t.Fatal(err)
			}
			hello(m).Extensions.Add(&message.Raw{ExtType: sent})
			return clearRecord(iana.Handshake, marshalled(t, m))
		}
		return p.wire
	})
	c.refuses(client, want{reason.UnsolicitedExtension, "server_hello.extensions." + sent.String(), anywhere, iana.UnsupportedExtension, event.WaitServerHello})
}

// The triple handshake (2014): two sessions of two connections can be given one
// master secret, and what was bound to one is believed in the other. Extended
// master secret ends that, if no session ever slips from one kind to the other
// (RFC 7627 §5.3).
func TestTripleHandshake(t *testing.T) {
	pair := func() (*handshake.Config, *handshake.Config) {
		cc, sc := pairFor(ecdheECDSA)
		cc.Sessions, sc.Sessions, cc.NoTickets = growing{frozen{}}, growing{frozen{}}, true
		return cc, sc
	}
	strip := func(x *message.Extensions) {
		x.List = slices.DeleteFunc(x.List, func(x message.Extension) bool { return x.Type() == iana.ExtExtendedMasterSecret })
	}

	// The session has it, the ClientHello that resumes it has not.
	cc, sc := pair()
	connect(t, cc, sc).run(nil).completes()
	connect(t, cc, sc).run(edited(t, helloCtx, client, message.KindClientHello, func(m message.Message) { strip(&clientHello(m).Extensions) })).
		refuses(server, want{reason.EMSMismatch, "client_hello.extensions.extended_master_secret", -1, iana.HandshakeFailure, event.Start})

	// The session has it, the ServerHello that resumes it has not.
	cc, sc = pair()
	connect(t, cc, sc).run(nil).completes()
	connect(t, cc, sc).run(edited(t, helloCtx, server, message.KindServerHello, func(m message.Message) { strip(&hello(m).Extensions) })).
		refuses(client, want{reason.EMSMismatch, "server_hello.extensions.extended_master_secret", -1, iana.HandshakeFailure, event.WaitServerHello})

	// The session has it not: neither end goes on with it once it could have it.
	cc, sc = pair()
	old := *cc
	old.Weak.NoExtendedMasterSecret = true
	c := connect(t, &old, sc).run(nil).completes()
	id := c.ends[client].Summary().SessionID
	c = connect(t, cc, sc).run(nil).completes()
	if got := c.decisions(client, event.DecisionResumption); !slices.Equal(got, []event.Why{event.WhySessionOtherEMS}) || c.ends[client].Summary().Resumed {
		t.Errorf("the client decides %v", got)
	}
	c = connect(t, &old, sc).run(edited(t, helloCtx, client, message.KindClientHello, func(m message.Message) {
		clientHello(m).SessionID = id
		clientHello(m).Extensions.Add(&message.ExtendedMasterSecret{})
	}))
	if got := c.decisions(server, event.DecisionResumption); !slices.Contains(got, event.WhySessionOtherEMS) {
		t.Errorf("the server decides %v", got)
	}
}

// A session is resumed only where all that it stands for still holds; otherwise
// the handshake is a full one, and completes.
func TestResumptionThatFallsBack(t *testing.T) {
	l := world("ecdsa")
	for _, test := range []struct {
		name   string
		change func(c, s *handshake.Config) // between the first handshake and the second
		who    event.Role
		why    event.Why
	}{
		{"nothing changed", func(c, s *handshake.Config) {}, server, event.WhyTicketOpened},
		{"a ticket of another server", func(c, s *handshake.Config) { s.Tickets = session.NewTicketKeys(seeded("another"), 0) }, server, event.WhyTicketUnreadable},
		{"expired, says the client", func(c, s *handshake.Config) { c.Time = later(3 * time.Hour) }, client, event.WhySessionExpired},
		{"expired, says the server", func(c, s *handshake.Config) { s.Time = later(3 * time.Hour) }, server, event.WhySessionExpired},
		{"from the future", func(c, s *handshake.Config) { s.Time = later(-session.ClockSkew) }, server, event.WhySessionExpired},
		{"from the future, and so is its key", func(c, s *handshake.Config) { s.Time = later(-time.Hour) }, server, event.WhyTicketUnreadable},
		{"the client has dropped the suite", func(c, s *handshake.Config) { c.Suites = only(0xcca9) }, client, event.WhySessionOtherSuite},
		{"the server has dropped the suite", func(c, s *handshake.Config) { s.Suites = only(0xcca9) }, server, event.WhySessionOtherSuite},
		{"the client has dropped extended master secret", func(c, s *handshake.Config) { c.Weak.NoExtendedMasterSecret = true }, client, event.WhySessionOtherEMS},
		{"the server has dropped extended master secret", func(c, s *handshake.Config) {
			s.Weak.NoExtendedMasterSecret = true
		}, server, "refused"},
		{"now a client certificate is required", func(c, s *handshake.Config) {
			c.Certificates = []handshake.Certificate{alice(t, l)}
			s.ClientAuth, s.Roots = handshake.RequireClientCert, l.Roots
		}, server, event.WhySessionWithoutClientCertificate},
	} {
		t.Run(test.name, func(t *testing.T) {
			cc, sc := pairFor(ecdheECDSA)
			cc.Suites, sc.Suites = only(ecdheECDSA, 0xcca9), only(ecdheECDSA, 0xcca9)
			cc.Sessions, sc.Tickets = growing{frozen{}}, session.NewTicketKeys(seeded("keys"), 0)
			connect(t, cc, sc).run(nil).completes()
			test.change(cc, sc)
			c := connect(t, cc, sc).run(nil)
			if test.why == "refused" { // RFC 7627 §5.3: the server must, having a session with it
				c.refuses(server, want{reason.EMSMismatch, "client_hello.extensions.extended_master_secret", -1, iana.HandshakeFailure, event.Start})
				return
			}
			c.completes().talk()
			if got := c.decisions(test.who, event.DecisionResumption); !slices.Contains(got, test.why) {
				t.Errorf("the %v decides %v, want %s", test.who, got, test.why)
			}
			c.keptBack(test.who, test.why)
			if resumed := c.ends[client].Summary().Resumed; resumed != (test.why == event.WhyTicketOpened) || resumed != c.ends[server].Summary().Resumed {
				t.Errorf("resumed: %v", resumed)
			}
		})
	}
}

func later(d time.Duration) func() time.Time {
	return func() time.Time { return clock().Add(d) }
}

// A ticket that somebody has made up, bent or cut, and a session ID nobody gave
// out, lead to a full handshake: what comes back in them is nobody's secret, and
// a forger must learn nothing but that they failed.
func TestForgedTicket(t *testing.T) {
	cc, sc := pairFor(ecdheECDSA)
	cc.Sessions, sc.Tickets = growing{frozen{}}, session.NewTicketKeys(seeded("keys"), 0)
	connect(t, cc, sc).run(nil).completes()
	for name, forge := range map[string]func([]byte) []byte{
		"a bit of the name":    func(b []byte) []byte { b[0] ^= 1; return b },
		"a bit of the nonce":   func(b []byte) []byte { b[20] ^= 1; return b },
		"a bit of the session": func(b []byte) []byte { b[40] ^= 1; return b },
		"a bit of the tag":     func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"cut in the tag":       func(b []byte) []byte { return b[:len(b)-1] },
		"the name alone":       func(b []byte) []byte { return b[:16] },
		"name and nonce":       func(b []byte) []byte { return b[:28] },
		"one byte":             func(b []byte) []byte { return b[:1] },
		"longer":               func(b []byte) []byte { return append(b, 0) },
		"all zero":             func(b []byte) []byte { return make([]byte, len(b)) },
	} {
		c := connect(t, cc, sc).run(edited(t, helloCtx, client, message.KindClientHello, func(m message.Message) {
			x := edit[*message.SessionTicket](clientHello(m))
			x.Ticket = forge(slices.Clone(x.Ticket))
		}))
		if got := c.decisions(server, event.DecisionResumption); !slices.Equal(got, []event.Why{event.WhyTicketUnreadable}) || c.ends[server].Summary().Resumed {
			t.Errorf("%s: the server decides %v", name, got)
		}
	}

	// Another name in the same ClientHello (RFC 6066 §3; virtual host confusion, 2014).
	c := connect(t, cc, sc).run(edited(t, helloCtx, client, message.KindClientHello, func(m message.Message) {
		edit[*message.ServerName](clientHello(m)).Name = "xxx.lab.test"
	}))
	if got := c.decisions(server, event.DecisionResumption); !slices.Equal(got, []event.Why{event.WhySessionOtherName}) {
		t.Errorf("another name: the server decides %v", got)
	}

	cc, sc = pairFor(ecdheECDSA)
	cc.NoTickets, cc.Sessions, sc.Sessions = true, growing{frozen{}}, growing{frozen{}}
	connect(t, cc, sc).run(nil).completes()
	sc.Sessions = growing{frozen{}} // it has forgotten all
	c = connect(t, cc, sc).run(nil).completes()
	if got := c.decisions(server, event.DecisionResumption); !slices.Equal(got, []event.Why{event.WhySessionUnknown}) {
		t.Errorf("an unknown ID: the server decides %v", got)
	}
}

// A server that goes on with the client's session under another suite: what was
// negotiated for one would be used with the other.
func TestResumptionUnderAnotherSuite(t *testing.T) {
	cc, sc := pairFor(ecdheECDSA)
	cc.Suites = only(ecdheECDSA, 0xcca9)
	cc.Sessions, sc.Sessions, cc.NoTickets = growing{frozen{}}, growing{frozen{}}, true
	connect(t, cc, sc).run(nil).completes()
	connect(t, cc, sc).run(edited(t, helloCtx, server, message.KindServerHello, func(m message.Message) { hello(m).CipherSuite = 0xcca9 })).
		refuses(client, want{reason.BadValue, "server_hello.cipher_suite", 71, iana.IllegalParameter, event.WaitServerHello})
}
