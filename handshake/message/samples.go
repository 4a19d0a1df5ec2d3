package message

import (
	"maps"
	"slices"

	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// Sample is a message as tests want it: every field filled.
type Sample struct {
	Name string // of the Go type, and what is special about it
	Ctx  Context
	Msg  Message
}

// Samples returns at least one value of every handshake message that travels
// (ChangeCipherSpec and Alert are no handshake messages, MessageHash never travels), each kind holding
// every extension it may, so that whoever has something to say about each field
// can test that nothing is left out. The values are well-formed, fresh on every
// call, and make no sense.
func Samples() []Sample {
	ecdhe := Context{Version: iana.TLS12, Kx: iana.KxECDHE, FromServer: true}
	dhe := Context{Version: iana.TLS12, Kx: iana.KxDHE, FromServer: true}
	private := Context{Version: iana.TLS12, Kx: iana.KxPrivate, FromServer: true}
	client := func(k iana.Kx) Context { return Context{Version: iana.TLS12, Kx: k} }
	signature := Signature{Scheme: iana.ECDSAP256SHA256, Bytes: pattern(71)}
	return append([]Sample{
		{"HelloRequest", ecdhe, &HelloRequest{}},
		{"ClientHello", client(iana.KxNone), sampleClientHello()},
		{"ClientHello with other forms", client(iana.KxNone), sampleClientHelloOther()},
		{"ClientHello without extensions", client(iana.KxNone), &ClientHello{
			Version: iana.TLS12, Random: Random(pattern(32)),
			CipherSuites: []iana.CipherSuite{0x002f}, Compressions: []iana.Compression{iana.CompressionNull}}},
		{"ClientHello with an empty block", client(iana.KxNone), &ClientHello{
			Version: iana.TLS12, Random: Random(pattern(32)), Extensions: Extensions{Present: true},
			CipherSuites: []iana.CipherSuite{0x002f}, Compressions: []iana.Compression{iana.CompressionNull}}},
		{"ClientHello over QUIC", Context{Version: iana.TLS13, QUIC: true}, sampleClientHelloOverQUIC()},
		{"ServerHello", ecdhe, sampleServerHello()},
		{"ServerHello without extensions", ecdhe, &ServerHello{
			Version: iana.TLS12, Random: Random(pattern(32)), CipherSuite: 0x002f}},
		{"HelloRetryRequest", ecdhe, sampleHelloRetryRequest()},
		{"NewSessionTicket12", ecdhe, &NewSessionTicket12{Lifetime: 7200, Ticket: pattern(160)}},
		{"Certificate12", ecdhe, &Certificate12{Certificates: [][]byte{pattern(700), pattern(500)}}},
		{"Certificate12 of nobody", client(iana.KxECDHE), &Certificate12{}},
		{"CertificateStatus", ecdhe, &CertificateStatus{Type: iana.StatusOCSP, Response: pattern(300)}},
		{"ServerKeyExchangeECDHE", ecdhe, &ServerKeyExchangeECDHE{
			Group: iana.P256, Point: pattern(65), Signature: signature}},
		{"ServerKeyExchangeDHE", dhe, &ServerKeyExchangeDHE{
			P: pattern(256), G: []byte{2}, Y: pattern(256), Signature: signature}},
		{"ServerKeyExchangeOpaque", private, &ServerKeyExchangeOpaque{Share: pattern(100), Signature: signature}},
		{"CertificateRequest12", ecdhe, &CertificateRequest12{
			Types:       []iana.ClientCertificateType{iana.CertRSASign, iana.CertECDSASign},
			Schemes:     []iana.SignatureScheme{iana.ECDSAP256SHA256, iana.RSAPSSRSAESHA256},
			Authorities: [][]byte{pattern(40), pattern(50)}}},
		{"ServerHelloDone", ecdhe, &ServerHelloDone{}},
		{"CertificateVerify", client(iana.KxECDHE), &CertificateVerify{Signature: signature}},
		{"ClientKeyExchangeRSA", client(iana.KxRSA), &ClientKeyExchangeRSA{EncryptedPreMaster: pattern(256)}},
		{"ClientKeyExchangeDHE", client(iana.KxDHE), &ClientKeyExchangeDHE{Y: pattern(256)}},
		{"ClientKeyExchangeECDHE", client(iana.KxECDHE), &ClientKeyExchangeECDHE{Point: pattern(65)}},
		{"ClientKeyExchangeOpaque", client(iana.KxPrivate), &ClientKeyExchangeOpaque{Bytes: pattern(100)}},
		{"Finished", client(iana.KxECDHE), &Finished{VerifyData: pattern(12)}},
	}, samples13()...)
}

// FieldPaths returns, sorted, every dotted name that the walk of a message, a
// ChangeCipherSpec, a MessageHash or an Alert can put into a wire.Field.
func FieldPaths() []string {
	paths := map[string]bool{}
	add := func(s wire.Struct) {
		var note []wire.Field
		if _, err := Marshal(s, &note); err != nil {
			panic(err) // a sample that does not fit its own lengths
		}
		for _, f := range note {
			paths[f.Name] = true
		}
	}
	for _, s := range Samples() {
		add(s.Msg)
	}
	add(&ChangeCipherSpec{})
	add(&MessageHash{Hash: pattern(32)})
	add(&Alert{Level: iana.Fatal, Description: iana.HandshakeFailure})
	return slices.Sorted(maps.Keys(paths))
}

func sampleClientHello() *ClientHello {
	m := &ClientHello{
		Version: iana.TLS12, Random: Random(pattern(32)), SessionID: pattern(32),
		CipherSuites: []iana.CipherSuite{0x1301, 0xc02f, 0x9c, iana.EmptyRenegotiationInfoSCSV},
		Compressions: []iana.Compression{iana.CompressionDEFLATE, iana.CompressionNull},
	}
	m.Extensions.Add(
		&Raw{ExtType: 0x3a3a, Data: pattern(1)},
		&ServerName{Name: "www.lab.test"},
		&MaxFragmentLength{Code: 4},
		&StatusRequest{StatusType: iana.StatusOCSP, ResponderIDs: [][]byte{pattern(22)}, RequestExtensions: pattern(30)},
		&SupportedGroups{Groups: []iana.Group{iana.X25519, iana.P256, iana.FFDHE2048}},
		&ECPointFormats{Formats: []iana.ECPointFormat{iana.Uncompressed}},
		&SignatureAlgorithms{Schemes: []iana.SignatureScheme{iana.ECDSAP256SHA256, iana.RSAPKCS1SHA256}},
		&ALPN{Protocols: []string{"h2", "http/1.1"}},
		&SignedCertTimestamp{},
		&EncryptThenMAC{},
		&ExtendedMasterSecret{},
		&CompressCertificate{Algorithms: []iana.CertificateCompressionAlgorithm{2, 1}},
		&RecordSizeLimit{Limit: 16385},
		&SessionTicket{Ticket: pattern(160)},
		&RenegotiationInfo{RenegotiatedConnection: pattern(12)},
		&EarlyData{},
		&SupportedVersions{Versions: []iana.Version{0x6a6a, iana.TLS13, iana.TLS12}},
		&Cookie{Cookie: pattern(20)},
		&PSKKeyExchangeModes{Modes: []iana.PSKKeyExchangeMode{iana.PSKWithDHE, iana.PSKOnly}},
		&CertificateAuthorities{Authorities: [][]byte{pattern(40), pattern(41)}},
		&PostHandshakeAuth{},
		&SignatureAlgorithmsCert{Schemes: []iana.SignatureScheme{iana.RSAPKCS1SHA384}},
		&KeyShareClient{Shares: []KeyShareEntry{{iana.X25519, pattern(32)}, {iana.P256, pattern(65)}}},
		&Padding{Data: make([]byte, 9)},
		&PreSharedKeyClient{
			Identities: []PSKIdentity{{pattern(100), 0x01020304}, {pattern(5), 0}},
			Binders:    [][]byte{pattern(32), pattern(48)}},
	)
	return m
}

// sampleClientHelloOther has what excludes something in sampleClientHello.
func sampleClientHelloOther() *ClientHello {
	m := &ClientHello{
		Version: iana.TLS12, Random: Random(pattern(32)), CipherSuites: []iana.CipherSuite{0xc02f},
		Compressions: []iana.Compression{iana.CompressionNull},
	}
	m.Extensions.Add(
		&StatusRequest{StatusType: 2, Request: pattern(7)},
		&SessionTicket{},
		&RenegotiationInfo{},
		&KeyShareClient{},
	)
	return m
}

func sampleClientHelloOverQUIC() *ClientHello {
	m := &ClientHello{
		Version: iana.TLS12, Random: Random(pattern(32)), CipherSuites: []iana.CipherSuite{0x1301},
		Compressions: []iana.Compression{iana.CompressionNull}, quic: true,
	}
	x := new(QUICTransportParameters)
	for _, id := range slices.Sorted(maps.Keys(transportParameters)) {
		p := TransportParameter{ID: wire.NumberOf(id), Integer: transportParameters[id].integer}
		if p.Integer {
			p.Int, p.Length = wire.Number{V: 7, N: 4}, wire.NumberOf(4) // longer than it needs to be
		} else {
			p.Value, p.Length = pattern(20), wire.NumberOf(20)
		}
		x.List = append(x.List, p)
	}
	x.List = append(x.List, TransportParameter{ID: wire.NumberOf(27), Length: wire.Number{N: 1}}) // reserved (RFC 9000 §18.1)
	m.Extensions.Add(x)
	m.Extensions.quic = true
	return m
}

func sampleServerHello() *ServerHello {
	m := &ServerHello{
		Version: iana.TLS12, Random: Random(pattern(32)), SessionID: pattern(32), CipherSuite: 0xc02f,
	}
	m.Extensions.Add(
		&Raw{ExtType: iana.ExtNextProtoNeg, Data: pattern(4)},
		&ServerNameAck{},
		&MaxFragmentLength{Code: 4},
		&StatusRequestAck{},
		&ECPointFormats{Formats: []iana.ECPointFormat{iana.Uncompressed}},
		&ALPN{Protocols: []string{"h2"}},
		&SignedCertTimestamps{List: [][]byte{sampleTimestamp(), append([]byte{7}, pattern(20)...)}},
		&EncryptThenMAC{},
		&ExtendedMasterSecret{},
		&RecordSizeLimit{Limit: 16384},
		&SessionTicket{Ticket: pattern(3)}, // empty by RFC 5077, but the form allows it
		&RenegotiationInfo{RenegotiatedConnection: pattern(24)},
		&SelectedVersion{Version: iana.TLS13},
		&KeyShareServer{Entry: KeyShareEntry{iana.X25519, pattern(32)}},
		&PreSharedKeyServer{Selected: 1},
	)
	return m
}

func sampleHelloRetryRequest() *ServerHello {
	m := &ServerHello{
		Version: iana.TLS12, Random: HelloRetryRequestRandom, SessionID: pattern(32), CipherSuite: 0x1301,
	}
	m.Extensions.Add(
		&Raw{ExtType: iana.ExtEncryptedClientHello, Data: pattern(8)},
		&SelectedVersion{Version: iana.TLS13},
		&Cookie{Cookie: pattern(20)},
		&KeyShareRetry{Group: iana.P256},
	)
	return m
}

// pattern is n bytes that are no run of zeros, so that a misplaced one shows.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + n)
	}
	return b
}
