package suite

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"

	// The hashes that the rows name must be linked.
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"

	"golang.org/x/crypto/chacha20poly1305"

	"tlslab/handshake/iana"
)

// The ciphers of TLS 1.2. An AEAD's lengths are those of RFC 5288 §3, RFC 6655 §3 and
// RFC 7905 §2; in CBC nothing of the IV comes from the key block (RFC 5246 §6.3).
var (
	aes128GCM = &Cipher{Name: "AES-128-GCM", Kind: AEAD, KeyLen: 16, FixedIVLen: 4, ExplicitLen: 8, TagLen: 16, aead: newGCM}
	aes256GCM = &Cipher{Name: "AES-256-GCM", Kind: AEAD, KeyLen: 32, FixedIVLen: 4, ExplicitLen: 8, TagLen: 16, aead: newGCM}
	chacha20  = &Cipher{Name: "ChaCha20-Poly1305", Kind: AEAD, KeyLen: 32, FixedIVLen: 12, TagLen: 16, aead: chacha20poly1305.New}

	aes128CCM  = &Cipher{Name: "AES-128-CCM", Kind: AEAD, KeyLen: 16, FixedIVLen: 4, ExplicitLen: 8, TagLen: 16, aead: newCCM}
	aes256CCM  = &Cipher{Name: "AES-256-CCM", Kind: AEAD, KeyLen: 32, FixedIVLen: 4, ExplicitLen: 8, TagLen: 16, aead: newCCM}
	aes128CCM8 = &Cipher{Name: "AES-128-CCM-8", Kind: AEAD, KeyLen: 16, FixedIVLen: 4, ExplicitLen: 8, TagLen: 8, aead: newCCM8}
	aes256CCM8 = &Cipher{Name: "AES-256-CCM-8", Kind: AEAD, KeyLen: 32, FixedIVLen: 4, ExplicitLen: 8, TagLen: 8, aead: newCCM8}

	aes128SHA1   = aesCBC("AES-128-CBC HMAC-SHA-1", 16, crypto.SHA1)
	aes256SHA1   = aesCBC("AES-256-CBC HMAC-SHA-1", 32, crypto.SHA1)
	aes128SHA256 = aesCBC("AES-128-CBC HMAC-SHA-256", 16, crypto.SHA256)
	aes256SHA256 = aesCBC("AES-256-CBC HMAC-SHA-256", 32, crypto.SHA256)
	aes256SHA384 = aesCBC("AES-256-CBC HMAC-SHA-384", 32, crypto.SHA384)

	nullSHA1   = &Cipher{Name: "NULL HMAC-SHA-1", Kind: NULL, MAC: crypto.SHA1, MACLen: crypto.SHA1.Size()}
	nullSHA256 = &Cipher{Name: "NULL HMAC-SHA-256", Kind: NULL, MAC: crypto.SHA256, MACLen: crypto.SHA256.Size()}
)

// The ciphers of TLS 1.3: every nonce has 12 bytes, and none is sent (RFC 9846 §5.3);
// RFC 9150 §6 takes the hash's length for key, IV and tag alike.
var (
	aes128GCM13      = &Cipher{Name: "AES-128-GCM", Kind: AEAD13, KeyLen: 16, FixedIVLen: 12, TagLen: 16, MaxRecords: gcmRecords, aead: newGCM}
	aes256GCM13      = &Cipher{Name: "AES-256-GCM", Kind: AEAD13, KeyLen: 32, FixedIVLen: 12, TagLen: 16, MaxRecords: gcmRecords, aead: newGCM}
	chacha13         = &Cipher{Name: "ChaCha20-Poly1305", Kind: AEAD13, KeyLen: 32, FixedIVLen: 12, TagLen: 16, aead: chacha20poly1305.New}
	aes128CCM13      = &Cipher{Name: "AES-128-CCM", Kind: AEAD13, KeyLen: 16, FixedIVLen: 12, TagLen: 16, MaxRecords: ccmRecords, aead: newCCM}
	aes128ShortCCM13 = &Cipher{Name: "AES-128-CCM-8", Kind: AEAD13, KeyLen: 16, FixedIVLen: 12, TagLen: 8, MaxRecords: ccmRecords, aead: newCCM8}

	hmacSHA256 = &Cipher{Name: "NULL HMAC-SHA-256", Kind: MAC13, KeyLen: 32, MAC: crypto.SHA256, FixedIVLen: 32, TagLen: 32}
	hmacSHA384 = &Cipher{Name: "NULL HMAC-SHA-384", Kind: MAC13, KeyLen: 48, MAC: crypto.SHA384, FixedIVLen: 48, TagLen: 48}
)

// What keys may protect, in records of 2^14 bytes (2^10 blocks), rounded down.
const (
	// RFC 9846 §5.5 allows AES-GCM 2^24.5, for an advantage of 2^-57.
	gcmRecords = 1 << 24
	// It is silent on CCM; RFC 9147 §B.1 and §4.5.3 allow 2^23: of two AES
	// calls a block, (2 × 2^10 × 2^23)^2 / 2^128 is an advantage of 2^-60. A
	// short tag changes nothing here: it helps who forges, and the first forged
	// record ends a TLS connection.
	ccmRecords = 1 << 22
)

func newGCM(key []byte) (cipher.AEAD, error) {
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}

func aesCBC(name string, keyLen int, mac crypto.Hash) *Cipher {
	return &Cipher{Name: name, Kind: CBC, KeyLen: keyLen, MAC: mac, MACLen: mac.Size(),
		ExplicitLen: aes.BlockSize, BlockLen: aes.BlockSize, block: aes.NewCipher}
}

// rows is every suite, best first: TLS 1.3 before TLS 1.2; forward secrecy before the
// cipher's kind, that before ECDHE before DHE for its speed; CCM, which is slower and
// with 8 bytes of tag weaker, behind the other AEADs; and those that hide nothing last.
//
// TLS 1.3's rows say nothing of key exchange and authentication: extensions settle
// them (RFC 9846 §B.4).
//
// The PRF hash is SHA-384 where a name ends in _SHA384, and else SHA-256, also where it
// ends in _SHA, _CCM or _CCM_8 (RFC 5246 §5, RFC 5289 §3, RFC 6655 §3): in CBC suites the
// name's last word is the MAC's hash, and SHA-1 is that alone.
var rows = []*Suite{
	{ID: 0x1301, Version: iana.TLS13, Hash: crypto.SHA256, Cipher: aes128GCM13},
	{ID: 0x1302, Version: iana.TLS13, Hash: crypto.SHA384, Cipher: aes256GCM13},
	{ID: 0x1303, Version: iana.TLS13, Hash: crypto.SHA256, Cipher: chacha13},
	{ID: 0x1304, Version: iana.TLS13, Hash: crypto.SHA256, Cipher: aes128CCM13},
	{ID: 0x1305, Version: iana.TLS13, Hash: crypto.SHA256, Cipher: aes128ShortCCM13},

	{ID: 0xc02b, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: aes128GCM},
	{ID: 0xc02f, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128GCM},
	{ID: 0xc02c, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA384, Cipher: aes256GCM},
	{ID: 0xc030, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA384, Cipher: aes256GCM},
	{ID: 0xcca9, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: chacha20},
	{ID: 0xcca8, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: chacha20},
	{ID: 0xc0ac, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: aes128CCM},
	{ID: 0xc0ad, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: aes256CCM},
	{ID: 0xc0ae, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: aes128CCM8},
	{ID: 0xc0af, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: aes256CCM8},

	{ID: 0x009e, Version: iana.TLS12, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128GCM},
	{ID: 0x009f, Version: iana.TLS12, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA384, Cipher: aes256GCM},
	{ID: 0xccaa, Version: iana.TLS12, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: chacha20},
	{ID: 0xc09e, Version: iana.TLS12, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128CCM},
	{ID: 0xc09f, Version: iana.TLS12, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256CCM},
	{ID: 0xc0a2, Version: iana.TLS12, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128CCM8},
	{ID: 0xc0a3, Version: iana.TLS12, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256CCM8},

	{ID: 0xc023, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: aes128SHA256},
	{ID: 0xc027, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128SHA256},
	{ID: 0xc024, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA384, Cipher: aes256SHA384},
	{ID: 0xc028, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA384, Cipher: aes256SHA384},
	{ID: 0xc009, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: aes128SHA1},
	{ID: 0xc013, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128SHA1},
	{ID: 0xc00a, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: aes256SHA1},
	{ID: 0xc014, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256SHA1},

	{ID: 0x0067, Version: iana.TLS12, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128SHA256},
	{ID: 0x006b, Version: iana.TLS12, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256SHA256},
	{ID: 0x0033, Version: iana.TLS12, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128SHA1},
	{ID: 0x0039, Version: iana.TLS12, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256SHA1},

	{ID: 0x009c, Version: iana.TLS12, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128GCM},
	{ID: 0x009d, Version: iana.TLS12, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA384, Cipher: aes256GCM},
	{ID: 0xc09c, Version: iana.TLS12, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128CCM},
	{ID: 0xc09d, Version: iana.TLS12, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256CCM},
	{ID: 0xc0a0, Version: iana.TLS12, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128CCM8},
	{ID: 0xc0a1, Version: iana.TLS12, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256CCM8},

	{ID: 0x003c, Version: iana.TLS12, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128SHA256},
	{ID: 0x003d, Version: iana.TLS12, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256SHA256},
	{ID: 0x002f, Version: iana.TLS12, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128SHA1},
	{ID: 0x0035, Version: iana.TLS12, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256SHA1},

	{ID: 0xc006, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: nullSHA1, Weak: true},
	{ID: 0xc010, Version: iana.TLS12, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: nullSHA1, Weak: true},
	{ID: 0x003b, Version: iana.TLS12, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: nullSHA256, Weak: true},
	{ID: 0xc0b4, Version: iana.TLS13, Hash: crypto.SHA256, Cipher: hmacSHA256, Weak: true},
	{ID: 0xc0b5, Version: iana.TLS13, Hash: crypto.SHA384, Cipher: hmacSHA384, Weak: true},
}
