package message

import "tlslab/handshake/iana"

// samples13 is what Samples has of the messages that only TLS 1.3 has.
func samples13() []Sample {
	server := Context{Version: iana.TLS13, FromServer: true}
	client := Context{Version: iana.TLS13}
	none := Extensions{Present: true}
	return []Sample{
		{"EncryptedExtensions", server, sampleEncryptedExtensions()},
		{"EncryptedExtensions with none", server, &EncryptedExtensions{Extensions: none}},
		{"Certificate13", server, sampleCertificate13()},
		{"Certificate13 of nobody", client, &Certificate13{RequestContext: pattern(9)}},
		{"CertificateRequest13", server, sampleCertificateRequest13()},
		{"CertificateRequest13 with none", server, &CertificateRequest13{Extensions: none}},
		{"NewSessionTicket13", server, sampleNewSessionTicket13()},
		{"NewSessionTicket13 without a nonce", server, &NewSessionTicket13{Ticket: pattern(1), Extensions: none}},
		{"KeyUpdate", client, &KeyUpdate{RequestUpdate: iana.UpdateNotRequested}},
		{"KeyUpdate that asks for one", server, &KeyUpdate{RequestUpdate: iana.UpdateRequested}},
		{"EndOfEarlyData", client, &EndOfEarlyData{}},
		{"CompressedCertificate", server, &CompressedCertificate{
			Algorithm: iana.CompressBrotli, Length: 0x012345, Compressed: pattern(400)}},
	}
}

func sampleEncryptedExtensions() *EncryptedExtensions {
	m := new(EncryptedExtensions)
	m.Extensions.Add(
		&Raw{ExtType: iana.ExtQUICTransportParameters, Data: pattern(6)},
		&ServerNameAck{},
		&MaxFragmentLength{Code: 2},
		&SupportedGroups{Groups: []iana.Group{iana.X25519MLKEM768, iana.X25519}},
		&ALPN{Protocols: []string{"h2"}},
		&RecordSizeLimit{Limit: 16385},
		&EarlyData{},
	)
	return m
}

func sampleCertificate13() *Certificate13 {
	leaf := CertificateEntry{Cert: pattern(700)}
	leaf.Extensions.Add(
		&Raw{ExtType: iana.ExtDelegatedCredential, Data: pattern(7)},
		&StapledStatus{Status: iana.StatusOCSP, Response: pattern(300)},
		&SignedCertTimestamps{List: [][]byte{sampleTimestamp()}},
	)
	issuer := CertificateEntry{Cert: pattern(500), Extensions: Extensions{Present: true}}
	return &Certificate13{RequestContext: pattern(4), Entries: []CertificateEntry{leaf, issuer}}
}

func sampleCertificateRequest13() *CertificateRequest13 {
	m := &CertificateRequest13{RequestContext: pattern(32)}
	m.Extensions.Add(
		&Raw{ExtType: 0x5a5a, Data: pattern(2)},
		&StatusRequestEmpty{},
		&SignatureAlgorithms{Schemes: []iana.SignatureScheme{iana.ECDSAP256SHA256, iana.RSAPSSRSAESHA256}},
		&SignedCertTimestamp{},
		&CompressCertificate{Algorithms: []iana.CertificateCompressionAlgorithm{iana.CompressZlib}},
		&CertificateAuthorities{Authorities: [][]byte{pattern(40), pattern(41)}},
		&OIDFilters{Filters: []OIDFilter{{OID: pattern(5), Values: pattern(12)}, {OID: pattern(3)}}},
		&SignatureAlgorithmsCert{Schemes: []iana.SignatureScheme{iana.RSAPKCS1SHA256}},
	)
	return m
}

func sampleNewSessionTicket13() *NewSessionTicket13 {
	m := &NewSessionTicket13{Lifetime: 604800, AgeAdd: 0x89abcdef, Nonce: pattern(8), Ticket: pattern(160)}
	m.Extensions.Add(&Raw{ExtType: 0x7a7a, Data: pattern(3)}, &EarlyDataLimit{Max: 16384})
	return m
}

// sampleTimestamp is a signed certificate timestamp in its serialized form, of version 1.
func sampleTimestamp() []byte {
	b := append([]byte{0}, pattern(32)...)            // version, log_id
	b = append(b, 0, 0, 1, 0x9b, 0x76, 0xda, 0x40, 0) // timestamp
	b = append(b, 0, 2, 9, 9, 4, 3, 0, 70)            // extensions, algorithms, signature's length
	return append(b, pattern(70)...)
}
