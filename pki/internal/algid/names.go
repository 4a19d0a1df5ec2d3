package algid

import "encoding/asn1"

// Name names the algorithms of keys and signatures that we do not compute.
func Name(id asn1.ObjectIdentifier) string {
	for _, row := range otherAlgorithms {
		if row.id.Equal(id) {
			return row.name
		}
	}
	return id.String()
}

var otherAlgorithms = []struct {
	id   asn1.ObjectIdentifier
	name string
}{
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, "RSA"},
	{OIDPSS, "RSA-PSS"},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, "EC"}, // RFC 5480 §2.1.1
	{asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}, "DSA"},
	{asn1.ObjectIdentifier{1, 2, 840, 10046, 2, 1}, "DH"}, // RFC 3279 §2.3.3
	{asn1.ObjectIdentifier{1, 3, 101, 110}, "X25519"},     // RFC 8410 §3
	{asn1.ObjectIdentifier{1, 3, 101, 111}, "X448"},
	{asn1.ObjectIdentifier{1, 3, 101, 112}, "Ed25519"},
	{OIDEd448, "Ed448"},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 17}, "ML-DSA-44"}, // RFC 9881 §2
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 18}, "ML-DSA-65"},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 19}, "ML-DSA-87"},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 4, 1}, "ML-KEM-512"}, // RFC 9935 §3
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 4, 2}, "ML-KEM-768"},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 4, 3}, "ML-KEM-1024"},
}
