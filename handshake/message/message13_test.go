package message_test

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

var tls13 = message.Context{Version: iana.TLS13}

// The bytes are put together by hand from the structures in RFC 9846 and RFC 8879.
func TestKnownAnswers13(t *testing.T) {
	withLimit := message.Extensions{Present: true, List: []message.Extension{&message.EarlyDataLimit{Max: 0x4000}}}
	withStatus := message.Extensions{Present: true, List: []message.Extension{
		&message.StapledStatus{Status: iana.StatusOCSP, Response: []byte{0xd1, 0xd2}}}}
	withFilter := message.Extensions{Present: true, List: []message.Extension{
		&message.StatusRequestEmpty{},
		&message.OIDFilters{Filters: []message.OIDFilter{{OID: []byte{6, 1, 42}, Values: []byte{0xf1}}}}}}
	none := message.Extensions{Present: true}
	for _, test := range []struct {
		hex string
		msg message.Message
	}{
		{"04 000018 00015180 01020304 02 aabb 0001 cc 0008 002a 0004 00004000",
			&message.NewSessionTicket13{Lifetime: 86400, AgeAdd: 0x01020304, Nonce: []byte{0xaa, 0xbb}, Ticket: []byte{0xcc}, Extensions: withLimit}},
		{"05 000000", &message.EndOfEarlyData{}},
		{"08 000002 0000", &message.EncryptedExtensions{Extensions: none}},
		{"0b 00001c 01 c1 000017 000002 e1e2 000a 0005 0006 01 000002 d1d2 000001 e3 0000",
			&message.Certificate13{RequestContext: []byte{0xc1}, Entries: []message.CertificateEntry{
				{Cert: []byte{0xe1, 0xe2}, Extensions: withStatus}, {Cert: []byte{0xe3}, Extensions: none}}}},
		{"0b 000004 00 000000", &message.Certificate13{}},
		{"0d 000014 00 0011 0005 0000 0030 0009 0007 03 06012a 0001 f1", &message.CertificateRequest13{Extensions: withFilter}},
		{"18 000001 00", &message.KeyUpdate{RequestUpdate: iana.UpdateNotRequested}},
		{"18 000001 01", &message.KeyUpdate{RequestUpdate: iana.UpdateRequested}},
		{"19 00000a 0002 010203 000002 abcd",
			&message.CompressedCertificate{Algorithm: iana.CompressBrotli, Length: 0x010203, Compressed: []byte{0xab, 0xcd}}},
	} {
		want, err := hex.DecodeString(strings.ReplaceAll(test.hex, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got := marshal(t, test.msg); !bytes.Equal(got, want) {
			t.Errorf("%s is\n%x, want\n%x", test.msg.Kind(), got, want)
		}
		if got, err := holds(t, tls13, want); err != nil || !reflect.DeepEqual(got, test.msg) {
			t.Errorf("%x is\n%+v, %v, want\n%+v", want, got, err, test.msg)
		}
	}
}

func TestMessageHash(t *testing.T) {
	m := &message.MessageHash{Hash: bytes.Repeat([]byte{0xa5}, 32)}
	var wrote, read []wire.Field
	b, err := message.Marshal(m, &wrote)
	if want := append([]byte{0xfe, 0, 0, 32}, m.Hash...); err != nil || !bytes.Equal(b, want) {
		t.Fatalf("it is %x, %v, want %x", b, err, want)
	}
	var back message.MessageHash
	if err := wire.Parse(b, &back, &read); err != nil || !reflect.DeepEqual(&back, m) || !reflect.DeepEqual(read, wrote) {
		t.Errorf("read back %+v, %v", back, err)
	}
	if err := wire.Covered(read, len(b)); err != nil {
		t.Error(err)
	}
	for n := range b {
		if err := wire.Parse(b[:n], &back, nil); reason.Of(err) != reason.Truncated {
			t.Errorf("%d of its bytes: %v, want truncated", n, err)
		}
	}
	if _, err := holds(t, tls13, b); reason.Of(err) != reason.UnexpectedMessage {
		t.Errorf("from a peer: %v, want unexpected_message", err)
	}
}

// Which Go type reads a type of message is the version's to say; what TLS 1.3 adds
// leaves TLS 1.2 as it was.
func TestNewByVersion(t *testing.T) {
	tls12 := message.Context{Version: iana.TLS12, Kx: iana.KxECDHE}
	both := map[iana.HandshakeType]bool{iana.ClientHello: true, iana.ServerHello: true, iana.CertificateVerify: true, iana.Finished: true}
	only12 := map[iana.HandshakeType]message.Message{
		iana.HelloRequest: &message.HelloRequest{}, iana.NewSessionTicket: &message.NewSessionTicket12{},
		iana.Certificate: &message.Certificate12{}, iana.ServerKeyExchange: &message.ServerKeyExchangeECDHE{},
		iana.CertificateRequest: &message.CertificateRequest12{}, iana.ServerHelloDone: &message.ServerHelloDone{},
		iana.ClientKeyExchange: &message.ClientKeyExchangeECDHE{}, iana.CertificateStatus: &message.CertificateStatus{},
	}
	only13 := map[iana.HandshakeType]message.Message{
		iana.NewSessionTicket: &message.NewSessionTicket13{}, iana.EndOfEarlyData: &message.EndOfEarlyData{},
		iana.EncryptedExtensions: &message.EncryptedExtensions{}, iana.Certificate: &message.Certificate13{},
		iana.CertificateRequest: &message.CertificateRequest13{}, iana.KeyUpdate: &message.KeyUpdate{},
		iana.CompressedCertificate: &message.CompressedCertificate{},
	}
	for i := range 256 {
		h := iana.HandshakeType(i)
		m12, m13 := message.New(tls12, h), message.New(tls13, h)
		if both[h] {
			if m12 == nil || reflect.TypeOf(m12) != reflect.TypeOf(m13) {
				t.Errorf("%s is %T in TLS 1.2 and %T in TLS 1.3", h, m12, m13)
			}
			continue
		}
		if want := only12[h]; reflect.TypeOf(m12) != reflect.TypeOf(want) {
			t.Errorf("%s in TLS 1.2 is %T, want %T", h, m12, want)
		}
		if want := only13[h]; reflect.TypeOf(m13) != reflect.TypeOf(want) {
			t.Errorf("%s in TLS 1.3 is %T, want %T", h, m13, want)
		}
		for _, m := range []message.Message{m12, m13} {
			if m != nil && m.Kind() != message.Kind(h) {
				t.Errorf("type %s makes a %s", h, m.Kind())
			}
		}
	}
}

func TestHelloRetryRequestHasItsOwnNames(t *testing.T) {
	for _, s := range message.Samples() {
		if s.Msg.Kind() != message.KindHelloRetryRequest {
			continue
		}
		b := marshal(t, s.Msg)
		var note []wire.Field
		m, err := message.Parse(tls13, b, &note)
		if err != nil || m.Kind() != message.KindHelloRetryRequest {
			t.Fatalf("read as %v, %v", m, err)
		}
		for _, f := range note {
			if f.Name != "hello_retry_request" && !strings.HasPrefix(f.Name, "hello_retry_request.") {
				t.Errorf("one of its fields is called %s", f.Name)
			}
		}
		x := &m.(*message.ServerHello).Extensions
		if v, ok := message.Get[*message.SelectedVersion](x); !ok || v.Version != iana.TLS13 {
			t.Errorf("its version is %T", x.Find(iana.ExtSupportedVersions))
		}
		if v, ok := message.Get[*message.KeyShareRetry](x); !ok || v.Group != iana.P256 {
			t.Errorf("its share is %T", x.Find(iana.ExtKeyShare))
		}
		if v, ok := message.Get[*message.Cookie](x); !ok || len(v.Cookie) != 20 {
			t.Errorf("its cookie is %T", x.Find(iana.ExtCookie))
		}
		// One bit of the random away, the same bytes are a ServerHello, whose
		// key_share has another form.
		b[6] ^= 1
		if _, err := holds(t, tls13, b); !strings.HasPrefix(err.Error(), "truncated in server_hello.extensions.key_share.key_exchange at byte") {
			t.Errorf("with another random: %v", err)
		}
		return
	}
	t.Error("no sample")
}
