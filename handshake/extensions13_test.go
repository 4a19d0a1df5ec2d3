package handshake_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/certcompress/zstd"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/pki/lesson"
)

// What the ends of TLS 1.3 settle by extensions, and the suites that hide nothing.

// Each algorithm for certificates, in both directions; the first of ours that the peer
// takes; none if there is none.
func TestCertificateCompression(t *testing.T) {
	type algs = []*certcompress.Method
	z, b, s := certcompress.Zlib, brotli.Method, zstd.Method
	for _, test := range []struct {
		client, server algs
		down, up       *certcompress.Method // what the server uses, and the client
	}{
		{algs{z}, algs{z}, z, z}, {algs{b}, algs{b}, b, b}, {algs{s}, algs{s}, s, s},
		{algs{z, b, s}, algs{s, b}, s, b}, {algs{z}, algs{b}, nil, nil}, {algs{z}, nil, nil, nil}, {nil, algs{z}, nil, nil},
	} {
		cc, sc := pair13()
		wantClientCert(t, cc, sc)
		cc.CertificateCompression, sc.CertificateCompression = test.client, test.server
		c := connect(t, cc, sc).run(nil).is13()
		for role, want := range []*certcompress.Method{test.up, test.down} {
			from := event.Role(role)
			packed, plain := c.sent(from, message.KindCompressedCertificate), c.sent(from, message.KindCertificate)
			if len(packed)+len(plain) != 1 || len(packed) > 0 != (want != nil) {
				t.Errorf("%+v: the %v sends %d plain and %d compressed", test, from, len(plain), len(packed))
			} else if want != nil && packed[0].(*message.CompressedCertificate).Algorithm != want.Algorithm() {
				t.Errorf("%+v: the %v uses %v", test, from, packed[0].(*message.CompressedCertificate).Algorithm)
			}
		}
	}
}

// Small records, each way a limit of its own, in both versions; and no answer to what
// was not asked.
func TestRecordSizeLimit(t *testing.T) {
	for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
		for _, test := range []struct{ client, server int }{{64, 16385}, {16385, 64}, {64, 65}, {1000, 200}, {16384, 16385}, {100, 0}, {0, 100}} {
			cc, sc := pair13()
			wantClientCert(t, cc, sc)
			cc.MaxVersion, sc.MaxVersion = v, v
			cc.RecordSizeLimit, sc.RecordSizeLimit = test.client, test.server
			cc.Padding = func(int) int { return 300 }
			c := connect(t, cc, sc).run(nil).completes()
			say(t, c.ends[0].Endpoint, c.ends[1].Endpoint, strings.Repeat("a", 20000))
			say(t, c.ends[1].Endpoint, c.ends[0].Endpoint, strings.Repeat("b", 20000))
			agreed := test.client > 0 && test.server > 0
			for role, peer := range []int{test.server, test.client} {
				if v == iana.TLS12 {
					peer = min(peer, 1<<14) // more than a record can hold may not be said (RFC 8449 §4)
				}
				if got := c.ends[role].Summary().RecordSizeLimit; agreed && got != peer || !agreed && got != 0 {
					t.Errorf("%v, %+v: the %v has a limit of %d", v, test, event.Role(role), got)
				}
				longest := 0
				for _, r := range all[*event.Record](c.heard[role]) {
					if r.Dir != event.Send || !r.Protected {
						continue
					}
					n := len(r.Payload)
					if v == iana.TLS13 {
						n = len(r.Wire) - 5 - 16 // type and padding count
					}
					longest = max(longest, n)
				}
				want := 1 << 14
				if v == iana.TLS13 {
					want++
				}
				if agreed {
					want = min(want, peer)
				}
				if longest != want {
					t.Errorf("%v, %+v: the longest record of the %v holds %d bytes, want %d", v, test, event.Role(role), longest, want)
				}
			}
		}
	}
}

// What a client's limit says it takes it takes, and not a byte more.
func TestRecordSizeLimitIsExact(t *testing.T) {
	for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
		for over := range 2 {
			cc, sc := pair13()
			cc.MaxVersion, cc.RecordSizeLimit, sc.RecordSizeLimit = v, 100, 16385
			c := connect(t, cc, sc).run(nil).completes()
			n := 100 + over
			if v == iana.TLS13 {
				n-- // the content type counts
			}
			sent := 0
			if v == iana.TLS12 {
				sent = 1
			}
			c.inject(client, put(t, c.as(server, sent), iana.ApplicationData, make([]byte, n)))
			if over == 0 {
				if !c.ends[client].Done() {
					t.Errorf("%v: a record of %d bytes: %v", v, n, c.ends[client].Err())
				}
				continue
			}
			field := choose(v == iana.TLS13, "inner_plaintext", "record.plaintext")
			c.refuses(client, want{reason.RecordOverflow, field, anywhere, iana.RecordOverflow, event.Connected})
		}
	}
}

// max_fragment_length bounds the content (RFC 6066 §4): the type that TLS 1.3 adds inside
// does not count.
func TestMaxFragmentLength13(t *testing.T) {
	for _, role := range []event.Role{client, server} {
		for over := range 2 {
			cc, sc := pair13()
			cc.MaxFragmentLength = 1
			c := connect(t, cc, sc).run(nil).is13()
			if got := c.ends[server].Summary().MaxFragmentLength; got != 1 {
				t.Fatalf("the server has agreed to %v", got)
			}
			c.inject(role, put(t, c.as(other(role), 1), iana.ApplicationData, make([]byte, 512+over)))
			if over == 0 {
				if !c.ends[role].Done() {
					t.Errorf("512 bytes to a %v: %v", role, c.ends[role].Err())
				}
				continue
			}
			c.refuses(role, want{reason.RecordOverflow, "inner_plaintext", anywhere, iana.RecordOverflow, event.Connected})
		}
	}
	cc, sc := pair13()
	cc.MaxFragmentLength = 1
	c := connect(t, cc, sc).run(nil).is13()
	say(t, c.ends[0].Endpoint, c.ends[1].Endpoint, strings.Repeat("a", 2000))
	longest := 0
	for _, r := range all[*event.Record](c.heard[client]) {
		if r.Dir == event.Send && r.Protected {
			longest = max(longest, len(r.Payload))
		}
	}
	if longest != 512 {
		t.Errorf("the longest record holds %d bytes", longest)
	}
}

// A staple comes with the certificate that it speaks of.
func TestStapling13(t *testing.T) {
	for _, asked := range []bool{false, true} {
		cc, sc := pair13()
		cc.Stapling = asked
		c := connect(t, cc, sc).run(nil).is13()
		cert := c.sent(server, message.KindCertificate)[0].(*message.Certificate13)
		if _, ok := message.Get[*message.StapledStatus](&cert.Entries[0].Extensions); ok != asked {
			t.Errorf("asked for %v, stapled %v", asked, ok)
		}
		if got := c.ends[client].Summary().Staple; asked != bytes.Equal(got, world("ecdsa").Staple) {
			t.Errorf("asked for %v, the client has %d bytes of staple", asked, len(got))
		}
	}
	cc, sc := pair13()
	cc.Stapling = true
	sc.Certificates = []handshake.Certificate{sc.Certificates[0]}
	sc.Certificates[0].Staple = nil
	connect(t, cc, sc).run(nil).is13()
}

// What either end says of the signatures in certificates, and of authorities.
func TestCertificateWishes(t *testing.T) {
	ids := []iana.SignatureScheme{iana.ECDSAP256SHA256, iana.Ed25519}
	own := schemes(t, ids...)
	cc, sc := pair13()
	wantClientCert(t, cc, sc)
	cc.CertificateSchemes, sc.CertificateSchemes, cc.SendCertificateAuthorities = own, own, true
	c := connect(t, cc, sc).run(nil).is13()
	ch := c.sent(client, message.KindClientHello)[0].(*message.ClientHello)
	cr := c.sent(server, message.KindCertificateRequest)[0].(*message.CertificateRequest13)
	root := world("ecdsa").Root.Cert.RawSubject
	for what, x := range map[string]*message.Extensions{"ClientHello": &ch.Extensions, "CertificateRequest": &cr.Extensions} {
		if s, ok := message.Get[*message.SignatureAlgorithmsCert](x); !ok || !slices.Equal(s.Schemes, ids) {
			t.Errorf("%s: signature_algorithms_cert %v", what, s)
		}
		if a, ok := message.Get[*message.CertificateAuthorities](x); !ok || len(a.Authorities) != 1 || !bytes.Equal(a.Authorities[0], root) {
			t.Errorf("%s: certificate_authorities %v", what, a)
		}
	}

	// A server with two chains shows the one whose root the client names.
	for _, l := range []*lesson.Lesson{world("ecdsa"), forgery(t)} {
		cc, sc := pair13()
		cc.Roots, cc.SendCertificateAuthorities = l.Roots, true
		other := forgery(t)
		sc.Certificates = append(sc.Certificates, handshake.Certificate{Chain: other.Chain, Key: other.Key})
		connect(t, cc, sc).run(nil).is13()
	}
}

// forgery is a chain for the same name by another root, which bears another name.
func forgery(t testing.TB) *lesson.Lesson {
	t.Helper()
	l, err := lesson.NewForgery(lesson.Options{KeyAlg: "ecdsa", Name: "www.lab.test", Time: clock()})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// The suites of RFC 9150 hide nothing: the text can be read on the wire, beside its
// MAC. They are for who asks twice: in Suites and in Weak.
func TestIntegrityOnly(t *testing.T) {
	for id, mac := range map[iana.CipherSuite]int{0xc0b4: 32, 0xc0b5: 48} {
		cc, sc := pair13()
		cc.Suites, sc.Suites, cc.Weak.NULL, sc.Weak.NULL = only(id), only(id), true, true
		c := connect(t, cc, sc).run(nil).is13()
		if _, err := c.ends[client].Write([]byte("for everybody to read")); err != nil {
			t.Fatal(err)
		}
		out := slices.Clone(c.ends[client].Output())
		if want := "for everybody to read\x17"; string(out[5:5+len(want)]) != want || len(out) != 5+len(want)+mac {
			t.Errorf("%v: on the wire stands %q", id, out)
		}
		out[7] ^= 1
		c.inject(server, out)
		c.refuses(server, want{reason.BadRecordMAC, "record.fragment", 5, iana.BadRecordMAC, event.Connected})

		for who := range 2 {
			cc, sc := pair13()
			cc.Suites, sc.Suites = only(id, aes128GCM), only(id, aes128GCM)
			cc.Weak.NULL, sc.Weak.NULL = who == 0, who == 1
			c := connect(t, cc, sc).run(nil).is13()
			if got := c.ends[client].Summary().Suite.ID; got != aes128GCM {
				t.Errorf("only one end asks for %v, and it comes to %v", id, got)
			}
		}
	}
}
