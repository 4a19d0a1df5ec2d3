package handshake_test

import (
	"bytes"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// Attacks by a peer of TLS 1.3 itself, who has the keys: on certificates and who may sign
// with them, on Finished, and behind it.

// Certificates as they may not be.
func TestCertificate13(t *testing.T) {
	cert := func(f func(*message.Certificate13)) func(message.Message) {
		return func(m message.Message) { f(m.(*message.Certificate13)) }
	}
	mutual := func(c, s *handshake.Config) { wantClientCert(t, c, s) }
	for _, test := range []struct {
		name   string
		setup  func(c, s *handshake.Config)
		change func(*message.Certificate13)
		from   event.Role
		want   want
	}{
		{"a server without one", nil, func(m *message.Certificate13) { m.Entries = nil }, server,
			want{reason.BadLength, "certificate.certificate_list", 5, iana.DecodeError, event.WaitCertificateOrRequest}},
		{"a client without one", mutual, func(m *message.Certificate13) { m.Entries = nil }, client,
			want{reason.CertificateRequired, "certificate.certificate_list", 5, iana.CertificateRequired, event.WaitCertificate}},
		{"a context", nil, func(m *message.Certificate13) { m.RequestContext = []byte{1} }, server,
			want{reason.BadValue, "certificate.certificate_request_context", anywhere, iana.IllegalParameter, event.WaitCertificateOrRequest}},
		{"a client's context", mutual, func(m *message.Certificate13) { m.RequestContext = []byte{1} }, client,
			want{reason.BadValue, "certificate.certificate_request_context", anywhere, iana.IllegalParameter, event.WaitCertificate}},
		{"no certificate in an entry", nil, func(m *message.Certificate13) { m.Entries[0].Cert = nil }, server,
			want{reason.BadLength, "certificate.certificate_list.certificate_entry.cert_data", anywhere, iana.DecodeError, event.WaitCertificateOrRequest}},
		{"noise for a certificate", nil, func(m *message.Certificate13) { m.Entries[0].Cert = []byte("no certificate") }, server,
			want{reason.CertificateMalformed, "certificate.certificate_list[0].not_der", -1, iana.BadCertificate, event.WaitCertificateOrRequest}},
		{"a chain to nowhere", nil, func(m *message.Certificate13) { m.Entries = m.Entries[:1] }, server,
			want{reason.CertificateUntrusted, "certificate[0].issuer", anywhere, iana.UnknownCA, event.WaitCertificateOrRequest}},
		{"a server's certificate from a client", mutual, func(m *message.Certificate13) { m.Entries[0].Cert = world("ecdsa").Chain[0] }, client,
			want{reason.CertificateUsage, "certificate[0].extended_key_usage", -1, iana.UnsupportedCertificate, event.WaitCertificate}},
	} {
		attack{name: test.name, setup: test.setup, kind: message.KindCertificate, change: cert(test.change), want: test.want}.run(t, test.from)
	}

	// Required, and the client has none to show.
	cc, sc := pair13()
	sc.ClientAuth, sc.Roots = handshake.RequireClientCert, world("ecdsa").Roots
	connect(t, cc, sc).run(nil).
		refuses(server, want{reason.CertificateRequired, "certificate.certificate_list", 5, iana.CertificateRequired, event.WaitCertificate})

	// A request that names no schemes, and one with a context, in the handshake.
	request := func(f func(*message.CertificateRequest13)) func(message.Message) {
		return func(m message.Message) { f(m.(*message.CertificateRequest13)) }
	}
	attack{name: "a request without schemes", setup: mutual, kind: message.KindCertificateRequest,
		change: request(func(m *message.CertificateRequest13) { without(&m.Extensions, iana.ExtSignatureAlgorithms) }),
		want:   want{reason.MissingExtension, "certificate_request.extensions", anywhere, iana.MissingExtension, event.WaitCertificateOrRequest}}.run(t, server)
	attack{name: "a request with a context", setup: mutual, kind: message.KindCertificateRequest,
		change: request(func(m *message.CertificateRequest13) { m.RequestContext = []byte{1} }),
		want:   want{reason.BadValue, "certificate_request.certificate_request_context", anywhere, iana.IllegalParameter, event.WaitCertificateOrRequest}}.run(t, server)
}

// A compressed certificate is a bomb, or not what it says, or in a tongue that nobody
// offered to understand (RFC 8879 §4, §5).
func TestCompressedCertificateRefused(t *testing.T) {
	const field = "compressed_certificate."
	bomb, err := certcompress.Zlib.Compress(make([]byte, 1<<18))
	if err != nil {
		t.Fatal(err)
	}
	pack := func(body []byte) func(*message.CompressedCertificate) {
		b, err := certcompress.Zlib.Compress(body)
		if err != nil {
			t.Fatal(err)
		}
		return func(m *message.CompressedCertificate) { m.Compressed, m.Length = b, uint32(len(body)) }
	}
	bad := func(field string) want {
		return want{reason.CertificateCompression, field, anywhere, iana.BadCertificate, 0}
	}
	for _, test := range []struct {
		name   string
		change func(*message.CompressedCertificate)
		want   want
	}{
		{"one byte more than it says", func(m *message.CompressedCertificate) { m.Length-- }, bad(field + "compressed_certificate_message")},
		{"one byte less than it says", func(m *message.CompressedCertificate) { m.Length++ }, bad(field + "compressed_certificate_message")},
		{"a length of nothing", func(m *message.CompressedCertificate) { m.Length = 0 }, bad(field + "uncompressed_length")},
		{"a bomb that says so", func(m *message.CompressedCertificate) { m.Length, m.Compressed = 1<<24-1, bomb },
			want{reason.MessageTooLong, field + "uncompressed_length", anywhere, iana.DecodeError, 0}},
		{"a bomb that does not", func(m *message.CompressedCertificate) { m.Compressed = bomb }, bad(field + "compressed_certificate_message")},
		{"noise", func(m *message.CompressedCertificate) { m.Compressed = []byte("noise") }, bad(field + "compressed_certificate_message")},
		{"something behind it", func(m *message.CompressedCertificate) { m.Compressed = append(slices.Clone(m.Compressed), 0) }, bad(field + "compressed_certificate_message")},
		{"cut off", func(m *message.CompressedCertificate) { m.Compressed = m.Compressed[:len(m.Compressed)-1] }, bad(field + "compressed_certificate_message")},
		{"an algorithm that was not offered", func(m *message.CompressedCertificate) { m.Algorithm = iana.CompressZstd },
			want{reason.NotOffered, field + "algorithm", anywhere, iana.IllegalParameter, 0}},
		{"an algorithm that does not exist", func(m *message.CompressedCertificate) { m.Algorithm = 77 },
			want{reason.NotOffered, field + "algorithm", anywhere, iana.IllegalParameter, 0}},
		{"no Certificate inside", pack([]byte{0, 0, 0}), want{reason.Truncated, "certificate.certificate_list.length", anywhere, iana.DecodeError, 0}},
		{"something behind the Certificate inside", pack([]byte{0, 0, 0, 0, 9}), want{reason.TrailingBytes, "certificate", anywhere, iana.DecodeError, 0}},
	} {
		for _, from := range []event.Role{client, server} {
			w := test.want
			w.state = event.WaitCertificate
			attack{name: test.name + "/" + from.String(), kind: message.KindCompressedCertificate, want: w,
				setup: func(c, s *handshake.Config) {
					wantClientCert(t, c, s)
					c.CertificateCompression = []*certcompress.Method{certcompress.Zlib}
					s.CertificateCompression = c.CertificateCompression
				},
				change: func(m message.Message) { test.change(m.(*message.CompressedCertificate)) }}.run(t, from)
		}
	}

	// Nobody, compressed: from a server a matter of form; from a client, who might have
	// sent the four bytes plain, a missing certificate.
	empty := []byte{0, 0, 0, 0}
	for from, w := range map[event.Role]want{
		server: {reason.BadLength, "certificate.certificate_list", 5, iana.DecodeError, event.WaitCertificate},
		client: {reason.CertificateRequired, "compressed_certificate", anywhere, iana.CertificateRequired, event.WaitCertificate},
	} {
		attack{name: "nobody, from a " + from.String(), kind: message.KindCompressedCertificate, want: w,
			setup: func(c, s *handshake.Config) {
				wantClientCert(t, c, s)
				c.CertificateCompression = []*certcompress.Method{certcompress.Zlib}
				s.CertificateCompression = c.CertificateCompression
			},
			change: func(m message.Message) { pack(empty)(m.(*message.CompressedCertificate)) }}.run(t, from)
	}
}

// Somebody who cannot sign, or signs something else, or with what TLS 1.3 has given up.
func TestCertificateVerify13(t *testing.T) {
	rsa := func(c, s *handshake.Config) {
		l := world("rsa")
		c.Roots, s.Certificates = l.Roots, []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}
		c.Certificates = []handshake.Certificate{alice(t, l)}
		s.ClientAuth, s.Roots = handshake.RequireClientCert, l.Roots
	}
	ecdsa := func(c, s *handshake.Config) { wantClientCert(t, c, s) }
	as := func(id iana.SignatureScheme) func(*message.Signature) {
		return func(sg *message.Signature) { sg.Scheme = id }
	}
	const alg, value = "certificate_verify.signature.algorithm", "certificate_verify.signature"
	for _, test := range []struct {
		name   string
		setup  func(c, s *handshake.Config)
		change func(*message.Signature)
		want   reason.Reason
		field  string
		alert  iana.AlertDescription
	}{
		{"RSA PKCS #1", rsa, as(iana.RSAPKCS1SHA256), reason.CertificateWrongKey, alg, iana.IllegalParameter},
		{"RSA PKCS #1 with SHA-1", rsa, as(iana.RSAPKCS1SHA1), reason.NotOffered, alg, iana.IllegalParameter},
		{"RSA-PSS of the other kind of key", rsa, as(iana.RSAPSSPSSSHA256), reason.CertificateWrongKey, alg, iana.IllegalParameter},
		{"RSA-PSS with another hash", rsa, as(iana.RSAPSSRSAESHA384), reason.BadSignature, value, iana.DecryptError},
		{"ECDSA with SHA-1", ecdsa, as(iana.ECDSASHA1), reason.NotOffered, alg, iana.IllegalParameter},
		{"ECDSA of another curve", ecdsa, as(iana.ECDSAP384SHA384), reason.CertificateWrongKey, alg, iana.IllegalParameter},
		{"EdDSA for an ECDSA key", ecdsa, as(iana.Ed25519), reason.CertificateWrongKey, alg, iana.IllegalParameter},
		{"a scheme that does not exist", ecdsa, as(0xfefe), reason.NotOffered, alg, iana.IllegalParameter},
		{"another value", ecdsa, func(sg *message.Signature) {
			sg.Bytes = slices.Clone(sg.Bytes)
			sg.Bytes[len(sg.Bytes)-1] ^= 1
		}, reason.BadSignature, value, iana.DecryptError},
		{"no value", ecdsa, func(sg *message.Signature) { sg.Bytes = nil }, reason.BadSignature, value, iana.DecryptError},
	} {
		for _, from := range []event.Role{client, server} {
			attack{name: test.name + "/" + from.String(), setup: test.setup, kind: message.KindCertificateVerify,
				change: func(m message.Message) { test.change(&m.(*message.CertificateVerify).Signature) },
				want:   want{test.want, test.field, -1, test.alert, event.WaitCertificateVerify}}.run(t, from)
		}
	}

	// A key that does not belong to the certificate.
	for _, from := range []event.Role{client, server} {
		cc, sc := pair13()
		wantClientCert(t, cc, sc)
		if from == client {
			cc.Certificates[0].Key = world("ecdsa").Intermediate.Key
		} else {
			sc.Certificates[0].Key = world("ecdsa").Intermediate.Key
		}
		connect(t, cc, sc).run(nil).refuses(other(from), want{reason.BadSignature, value, -1, iana.DecryptError, event.WaitCertificateVerify})
	}
}

// A signature means nothing outside its role and its handshake: the words before the
// hash differ for client and server, and the hash covers all that was said (RFC 9846
// §4.5.2). Signed here: what the other role would sign, what TLS 1.2 would, the hash
// without the words, another transcript.
func TestSignatureIsBound(t *testing.T) {
	spaces := bytes.Repeat([]byte{' '}, 64)
	for name, forge := range map[string]func(right []byte, from event.Role) []byte{
		"the other role's words": func(right []byte, from event.Role) []byte {
			words := []byte("TLS 1.3, " + other(from).String() + " CertificateVerify\x00")
			return slices.Concat(spaces, words, right[len(right)-32:])
		},
		"no words":           func(right []byte, _ event.Role) []byte { return right[len(right)-32:] },
		"no spaces":          func(right []byte, _ event.Role) []byte { return right[64:] },
		"another transcript": func(right []byte, _ event.Role) []byte { b := slices.Clone(right); b[len(b)-1] ^= 1; return b },
		"the right ones":     func(right []byte, _ event.Role) []byte { return right },
	} {
		for _, from := range []event.Role{client, server} {
			cc, sc := pair13()
			wantClientCert(t, cc, sc)
			var signed []byte // what the right signature is over, as its maker tells
			listen := event.ListenerFunc(func(e event.Event) {
				if s, ok := e.(*event.Secret); ok && s.Label == event.LabelCertificateVerifySignature {
					signed = s.Inputs[0].Bytes
				}
			})
			ends := [2]*handshake.Config{cc, sc}
			key := ends[from].Certificates[0].Key
			ends[from].Listener, ends[from].ShowSecrets = listen, true
			ends[from].Edit(func(m message.Message) {
				v, ok := m.(*message.CertificateVerify)
				if !ok {
					return
				}
				s := schemes(t, v.Signature.Scheme)[0]
				b, err := s.Sign(seeded("forger"), key, forge(signed, from))
				if err != nil {
					t.Fatal(err)
				}
				v.Signature.Bytes = b
			})
			c, s := shake(t, cc, sc)
			victim := [2]*handshake.Endpoint{c, s}[other(from)]
			if ok := name == "the right ones"; ok != victim.Done() || !ok && reason.Of(victim.Err()) != reason.BadSignature {
				t.Errorf("%s, signed by the %v: %v", name, from, victim.Err())
			}
		}
	}
}

// A Finished that does not hold what both ends have said.
func TestFinished13(t *testing.T) {
	for _, from := range []event.Role{client, server} {
		for name, change := range map[string]func([]byte) []byte{
			"another bit":  func(b []byte) []byte { b = slices.Clone(b); b[31] ^= 1; return b },
			"a byte short": func(b []byte) []byte { return b[:31] },
			"a byte long":  func(b []byte) []byte { return append(slices.Clone(b), 0) },
			"TLS 1.2's":    func(b []byte) []byte { return b[:12] },
			"nothing":      func(b []byte) []byte { return nil },
			"zeros":        func(b []byte) []byte { return zero32 },
		} {
			w := want{reason.BadFinished, "finished.verify_data", 4, iana.DecryptError, event.WaitFinished}
			if len(change(zero32)) != 32 { // RFC 9846 §6.2
				w.reason, w.alert = reason.BadLength, iana.DecodeError
			}
			attack{name: name + "/" + from.String(), kind: message.KindFinished,
				change: func(m message.Message) {
					f := m.(*message.Finished)
					f.VerifyData = change(f.VerifyData)
				},
				want: w}.run(t, from)
		}
	}
	// A Finished reflected to its sender, or of the other handshake's keys, is what the
	// keys are separate for: it does not even open.
	rec := recordedAs(t, "1.3, ecdsa")
	s := rec.replay(t, server, 2)
	s.feed(rec.to(client)[len(rec.to(client))-1])
	if e := s.refused(t); e.Reason != reason.BadRecordMAC {
		t.Errorf("the server's own Finished: %v", e)
	}
}

// What a client may not be told behind the handshake: to prove itself, which it has not
// agreed to; or to keep a ticket for more than a week.
func TestPostHandshake13(t *testing.T) {
	request := &message.CertificateRequest13{RequestContext: []byte{1}}
	request.Extensions.Add(&message.SignatureAlgorithms{Schemes: []iana.SignatureScheme{iana.ECDSAP256SHA256}})
	misplaced := &message.NewSessionTicket13{Lifetime: 1, Ticket: []byte("t")}
	misplaced.Extensions.Add(&message.Raw{ExtType: iana.ExtKeyShare, Data: []byte{0, 29}})
	for _, test := range []struct {
		to     event.Role
		m      message.Message
		reason reason.Reason
		field  string
		alert  iana.AlertDescription
	}{
		{client, request, reason.UnexpectedMessage, "certificate_request", iana.UnexpectedMessage},
		{client, &message.HelloRequest{}, reason.UnexpectedMessage, "hello_request", iana.UnexpectedMessage},
		{client, &message.Finished{VerifyData: zero32}, reason.UnexpectedMessage, "finished", iana.UnexpectedMessage},
		{client, &message.EncryptedExtensions{}, reason.UnexpectedMessage, "encrypted_extensions", iana.UnexpectedMessage},
		{client, &message.EndOfEarlyData{}, reason.UnexpectedMessage, "end_of_early_data", iana.UnexpectedMessage},
		{client, &message.MessageHash{Hash: zero32}, reason.UnexpectedMessage, "message_hash", iana.UnexpectedMessage},
		{client, &message.NewSessionTicket13{Lifetime: 7*24*3600 + 1, Ticket: []byte("t")}, reason.BadValue, "new_session_ticket.ticket_lifetime", iana.IllegalParameter},
		{client, misplaced, reason.BadValue, "new_session_ticket.extensions.key_share", iana.IllegalParameter},
		{server, &message.NewSessionTicket13{Lifetime: 1, Ticket: []byte("t")}, reason.UnexpectedMessage, "new_session_ticket", iana.UnexpectedMessage},
		{server, &message.Certificate13{RequestContext: []byte{1}}, reason.UnexpectedMessage, "certificate", iana.UnexpectedMessage},
		{server, &message.EndOfEarlyData{}, reason.UnexpectedMessage, "end_of_early_data", iana.UnexpectedMessage},
		{client, &message.KeyUpdate{RequestUpdate: 2}, reason.BadValue, "key_update.request_update", iana.IllegalParameter},
		{server, &message.KeyUpdate{RequestUpdate: 255}, reason.BadValue, "key_update.request_update", iana.IllegalParameter},
	} {
		cc, sc := pair13()
		cc.Sessions = growing{frozen{}}
		c := connect(t, cc, sc).run(nil).completes()
		c.inject(test.to, put(t, c.as(other(test.to), 0), iana.Handshake, marshalled(t, test.m)))
		c.refuses(test.to, want{test.reason, test.field, anywhere, test.alert, event.Connected})
		if n := len(cc.Sessions.(growing).frozen); n != 0 {
			t.Errorf("%v: the client keeps %d sessions", test.field, n)
		}
	}

	// A ticket of exactly a week is kept, one of no time is not; an empty one has no form.
	for lifetime, keeps := range map[uint32]int{7 * 24 * 3600: 1, 1: 1, 0: 0} {
		cc, sc := pair13()
		cc.Sessions = growing{frozen{}}
		c := connect(t, cc, sc).run(nil).completes()
		c.inject(client, put(t, c.as(server, 0), iana.Handshake, marshalled(t, &message.NewSessionTicket13{Lifetime: lifetime, Ticket: []byte("t")})))
		if n := len(cc.Sessions.(growing).frozen); n != keeps || !c.ends[client].Done() {
			t.Errorf("a ticket for %d s: %d kept, %v", lifetime, n, c.ends[client].Err())
		}
	}

	// Renegotiation is gone: a ClientHello is as unexpected as any other message.
	rec := recordedAs(t, "1.3, ecdsa")
	n := len(rec.to(server))
	s := rec.replay(t, server, n)
	s.feed(put(t, rec.writer(t, server, n), iana.Handshake, body(rec.to(server)[0])))
	if e := s.refused(t); e.Reason != reason.UnexpectedMessage || e.Field != "client_hello" {
		t.Errorf("a ClientHello behind the handshake: %v", e)
	}
}
