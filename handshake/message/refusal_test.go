package message_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// hello is the smallest ClientHello, with x as its extensions.
func hello(x ...message.Extension) *message.ClientHello {
	m := &message.ClientHello{
		Version: iana.TLS12, CipherSuites: []iana.CipherSuite{0x002f}, Compressions: []iana.Compression{0},
	}
	m.Extensions.Add(x...)
	return m
}

func raw(t iana.ExtensionType, data string) *message.Raw {
	return &message.Raw{ExtType: t, Data: []byte(data)}
}

// extensionData is where the first extension's data begins in hello.
const extensionData = 4 + 2 + 32 + 1 + 4 + 2 + 2 + 4

func TestRefusals(t *testing.T) {
	long := hello()
	long.SessionID = make([]byte, 33)
	noSuites, noCompressions := hello(), hello()
	noSuites.CipherSuites, noCompressions.Compressions = nil, nil

	tls12 := message.Context{Version: iana.TLS12}
	for _, test := range []struct {
		name  string
		msg   message.Message // written as it is: writing refuses no value
		want  reason.Reason
		field string // below client_hello
		off   int
	}{
		{"session_id of 33 bytes", long, reason.BadLength, "session_id", 38},
		{"no cipher suite", noSuites, reason.BadLength, "cipher_suites.length", 39},
		{"no compression method", noCompressions, reason.BadLength, "compression_methods.length", 43},
		{"an extension twice", hello(&message.ExtendedMasterSecret{}, raw(0xfafa, ""), &message.ExtendedMasterSecret{}),
			reason.DuplicateExtension, "extensions", extensionData + 4},
		{"an unknown extension twice", hello(raw(0xfafa, "a"), raw(0xfafa, "b")),
			reason.DuplicateExtension, "extensions", extensionData + 1},
		{"server_name without a name", hello(raw(iana.ExtServerName, "\x00\x00")),
			reason.BadLength, "extensions.server_name.server_name_list.length", extensionData},
		{"server_name of an empty name", hello(raw(iana.ExtServerName, "\x00\x03\x00\x00\x00")),
			reason.BadLength, "extensions.server_name.host_name", extensionData + 3},
		{"server_name of two names", hello(raw(iana.ExtServerName, "\x00\x08\x00\x00\x01a\x00\x00\x01b")),
			reason.BadValue, "extensions.server_name.server_name_list", extensionData + 5},
		{"server_name of another type", hello(raw(iana.ExtServerName, "\x00\x04\x01\x00\x01a")),
			reason.BadValue, "extensions.server_name.name_type", extensionData + 2},
		{"server_name with a NUL", hello(raw(iana.ExtServerName, "\x00\x06\x00\x00\x03a\x00b")),
			reason.BadValue, "extensions.server_name.host_name", extensionData + 5},
		{"server_name in UTF-8", hello(&message.ServerName{Name: "bücher.test"}),
			reason.BadValue, "extensions.server_name.host_name", extensionData + 5},
		{"a byte in extended_master_secret", hello(raw(iana.ExtExtendedMasterSecret, "x")),
			reason.TrailingBytes, "extensions.extended_master_secret", extensionData},
		{"a byte after renegotiation_info", hello(raw(iana.ExtRenegotiationInfo, "\x00x")),
			reason.TrailingBytes, "extensions.renegotiation_info", extensionData + 1},
		{"an empty protocol name", hello(&message.ALPN{Protocols: []string{"h2", ""}}),
			reason.BadLength, "extensions.application_layer_protocol_negotiation.protocol_name", extensionData + 5},
		{"no protocol", hello(&message.ALPN{}),
			reason.BadLength, "extensions.application_layer_protocol_negotiation.protocol_name_list.length", extensionData},
		{"no group", hello(&message.SupportedGroups{}),
			reason.BadLength, "extensions.supported_groups.named_group_list.length", extensionData},
		{"half a group", hello(raw(iana.ExtSupportedGroups, "\x00\x03\x00\x1d\x00")),
			reason.Truncated, "extensions.supported_groups.group", extensionData + 4},
		{"no point format", hello(&message.ECPointFormats{}),
			reason.BadLength, "extensions.ec_point_formats.ec_point_format_list.length", extensionData},
		{"no scheme", hello(&message.SignatureAlgorithms{}),
			reason.BadLength, "extensions.signature_algorithms.supported_signature_algorithms.length", extensionData},
		{"no version", hello(&message.SupportedVersions{}),
			reason.BadLength, "extensions.supported_versions.versions.length", extensionData},
		{"an empty key share", hello(&message.KeyShareClient{Shares: []message.KeyShareEntry{{Group: iana.X25519}}}),
			reason.BadLength, "extensions.key_share.entry.key_exchange", extensionData + 4},
		{"a binder too short", hello(&message.PreSharedKeyClient{
			Identities: []message.PSKIdentity{{Identity: []byte("x")}}, Binders: [][]byte{make([]byte, 31), make([]byte, 32)}}),
			reason.BadLength, "extensions.pre_shared_key.binders.binder", extensionData + 11},
		{"a psk mode missing", hello(&message.PSKKeyExchangeModes{}),
			reason.BadLength, "extensions.psk_key_exchange_modes.ke_modes.length", extensionData},
	} {
		var e *reason.Error
		if _, err := holds(t, tls12, marshal(t, test.msg)); !errors.As(err, &e) {
			t.Errorf("%s: accepted", test.name)
		} else if field := "client_hello." + test.field; e.Reason != test.want || e.Field != field || e.Off != test.off {
			t.Errorf("%s:\n got %s in %s at %d\nwant %s in %s at %d", test.name, e.Reason, e.Field, e.Off, test.want, field, test.off)
		}
	}
}

func TestRefusalsElsewhere(t *testing.T) {
	rsa := message.Context{Version: iana.TLS12, Kx: iana.KxRSA}
	ecdhe := message.Context{Version: iana.TLS12, Kx: iana.KxECDHE}
	for _, test := range []struct {
		name string
		ctx  message.Context
		in   string
		want string
	}{
		{"nothing", ecdhe, "", "truncated in msg_type at byte 0"},
		{"an unknown type", ecdhe, "\xfe\x00\x00\x00", "unexpected_message in msg_type at byte 0: got message_hash"},
		{"ServerKeyExchange under RSA", rsa, "\x0c\x00\x00\x00", "unexpected_message in msg_type at byte 0: got server_key_exchange"},
		{"ClientKeyExchange before a suite is chosen", message.Context{}, "\x10\x00\x00\x00", "unexpected_message in msg_type at byte 0"},
		{"ServerHelloDone in TLS 1.3", message.Context{Version: iana.TLS13}, "\x0e\x00\x00\x00", "unexpected_message in msg_type"},
		{"EncryptedExtensions in TLS 1.2", ecdhe, "\x08\x00\x00\x02\x00\x00", "unexpected_message in msg_type at byte 0: got encrypted_extensions"},
		{"KeyUpdate before a version is chosen", message.Context{}, "\x18\x00\x00\x01\x00", "unexpected_message in msg_type at byte 0: got key_update"},
		{"ServerHelloDone with a body", ecdhe, "\x0e\x00\x00\x01x", "trailing_bytes in server_hello_done at byte 4"},
		{"half a header", ecdhe, "\x0e\x00", "truncated in server_hello_done.length at byte 1"},
		{"an explicit curve", ecdhe, "\x0c\x00\x00\x01\x01",
			"bad_value in server_key_exchange.params.curve_type at byte 4: expected named_curve, got explicit_prime"},
		{"an empty point", ecdhe, "\x10\x00\x00\x01\x00", "bad_length in client_key_exchange.ecdh_Yc at byte 4"},
		{"an empty certificate", ecdhe, "\x0b\x00\x00\x06\x00\x00\x03\x00\x00\x00",
			"bad_length in certificate.certificate_list.certificate at byte 7"},
		{"a status that is no OCSP response", ecdhe, "\x16\x00\x00\x05\x02\x00\x00\x01x",
			"bad_value in certificate_status.status_type at byte 4: expected ocsp, got 0x02"},
		{"no certificate type", ecdhe, "\x0d\x00\x00\x07\x00\x00\x02\x04\x01\x00\x00",
			"bad_length in certificate_request.certificate_types.length at byte 4"},
		{"no scheme", ecdhe, "\x0d\x00\x00\x06\x01\x01\x00\x00\x00\x00",
			"bad_length in certificate_request.supported_signature_algorithms.length at byte 6"},
	} {
		if _, err := holds(t, test.ctx, []byte(test.in)); !strings.HasPrefix(fmt.Sprint(err), test.want) {
			t.Errorf("%s:\n got %v\nwant %s…", test.name, err, test.want)
		}
	}
}

// Sixteen thousand extensions fit into one ClientHello; that they are refused
// only for a duplicate, wherever it hides, shows that all were compared.
func TestManyExtensions(t *testing.T) {
	var many []message.Extension
	for i := range 16_000 {
		many = append(many, raw(iana.ExtensionType(0x4000+i), ""))
	}
	if _, err := holds(t, message.Context{}, marshal(t, hello(many...))); err != nil {
		t.Errorf("all different: %v", err)
	}
	many[15_998] = many[3]
	var e *reason.Error
	_, err := holds(t, message.Context{}, marshal(t, hello(many...)))
	if off := extensionData + 15_998*4 - 4; !errors.As(err, &e) || e.Reason != reason.DuplicateExtension || e.Off != off || e.Got != many[3].Type() {
		t.Errorf("%v, want duplicate_extension at byte %d", err, off)
	}
}

func TestExtensionsDependOnTheMessage(t *testing.T) {
	b := marshal(t, hello(raw(iana.ExtKeyShare, "\x00\x00"), &message.ServerName{Name: "a"}, raw(0x1a1a, "grease")))
	m, err := holds(t, message.Context{}, b)
	if err != nil {
		t.Fatal(err)
	}
	x := &m.(*message.ClientHello).Extensions
	if _, ok := message.Get[*message.KeyShareClient](x); !ok {
		t.Errorf("key_share in a ClientHello is %T", x.Find(iana.ExtKeyShare))
	}
	if _, ok := message.Get[*message.KeyShareServer](x); ok {
		t.Error("key_share in a ClientHello is a server's, too")
	}
	if name, ok := message.Get[*message.ServerName](x); !ok || name.Name != "a" {
		t.Errorf("the name is %+v", name)
	}
	if grease, ok := x.Find(0x1a1a).(*message.Raw); !ok || string(grease.Data) != "grease" {
		t.Errorf("the unknown extension is %+v", x.Find(0x1a1a))
	}
	if x.Find(iana.ExtCookie) != nil {
		t.Error("found a cookie that nobody sent")
	}

	s := &message.ServerHello{}
	s.Extensions.Add(&message.ServerName{Name: "out of place"}, &message.Cookie{Cookie: []byte("likewise")})
	if _, err := holds(t, message.Context{}, marshal(t, s)); reason.Of(err) != reason.TrailingBytes {
		t.Errorf("a name in a ServerHello: %v, want trailing_bytes", err)
	}
	s.Extensions.List = s.Extensions.List[1:]
	m, err = holds(t, message.Context{}, marshal(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if x, ok := m.(*message.ServerHello).Extensions.Find(iana.ExtCookie).(*message.Raw); !ok {
		t.Errorf("a cookie in a ServerHello is %T, want it kept raw", x)
	}
}

func TestAbsentExtensionsAreNotEmptyOnes(t *testing.T) {
	absent, empty := hello(), hello()
	absent.Extensions = message.Extensions{}
	a, e := marshal(t, absent), marshal(t, empty)
	if len(e) != len(a)+2 || !bytes.HasSuffix(e, []byte{0, 0}) {
		t.Errorf("absent is %x, empty is %x", a, e)
	}
	for _, want := range []*message.ClientHello{absent, empty} {
		if got, err := holds(t, message.Context{}, marshal(t, want)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

// Attack lessons write what no honest peer would; only a length that cannot be
// said at all stops them.
func TestWritingStopsAtTheLengthOnly(t *testing.T) {
	m := hello()
	m.SessionID = make([]byte, 256)
	var e *reason.Error
	if b, err := message.Marshal(m, nil); !errors.As(err, &e) || e.Reason != reason.BadLength || e.Field != "client_hello.session_id" || b != nil {
		t.Errorf("a session_id of 256 bytes: %x, %v", b, err)
	}
	m = hello(raw(1, strings.Repeat("x", 40_000)), raw(2, strings.Repeat("x", 40_000)))
	if _, err := message.Marshal(m, nil); !errors.As(err, &e) || e.Reason != reason.BadLength || e.Field != "client_hello.extensions.length" {
		t.Errorf("80,000 bytes of extensions: %v", err)
	}
}
