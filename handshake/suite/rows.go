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

// The ciphers. An AEAD's lengths are those of RFC 5288 §3 and RFC 7905 §2; in CBC
// nothing of the IV comes from the key block (RFC 5246 §6.3).
var (
	aes128GCM = &Cipher{Name: "AES-128-GCM", Kind: AEAD, KeyLen: 16, FixedIVLen: 4, ExplicitLen: 8, TagLen: 16, aead: newGCM}
	aes256GCM = &Cipher{Name: "AES-256-GCM", Kind: AEAD, KeyLen: 32, FixedIVLen: 4, ExplicitLen: 8, TagLen: 16, aead: newGCM}
	chacha20  = &Cipher{Name: "ChaCha20-Poly1305", Kind: AEAD, KeyLen: 32, FixedIVLen: 12, TagLen: 16, aead: chacha20poly1305.New}

	aes128SHA1   = aesCBC("AES-128-CBC HMAC-SHA-1", 16, crypto.SHA1)
	aes256SHA1   = aesCBC("AES-256-CBC HMAC-SHA-1", 32, crypto.SHA1)
	aes128SHA256 = aesCBC("AES-128-CBC HMAC-SHA-256", 16, crypto.SHA256)
	aes256SHA256 = aesCBC("AES-256-CBC HMAC-SHA-256", 32, crypto.SHA256)
	aes256SHA384 = aesCBC("AES-256-CBC HMAC-SHA-384", 32, crypto.SHA384)

	nullSHA1   = &Cipher{Name: "NULL HMAC-SHA-1", Kind: NULL, MAC: crypto.SHA1, MACLen: crypto.SHA1.Size()}
	nullSHA256 = &Cipher{Name: "NULL HMAC-SHA-256", Kind: NULL, MAC: crypto.SHA256, MACLen: crypto.SHA256.Size()}
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

// rows is every suite, best first: forward secrecy before the cipher's kind, that
// before ECDHE before DHE for its speed, and those that hide nothing last.
//
// The PRF hash is SHA-256 where a name ends in _SHA or _SHA256 and SHA-384 where
// it ends in _SHA384 (RFC 5246 §5, RFC 5289 §3): in CBC suites the name's last
// word is the MAC's hash, and only SHA-384 is both.
var rows = []*Suite{
	{ID: 0xc02b, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: aes128GCM},
	{ID: 0xc02f, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128GCM},
	{ID: 0xc02c, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA384, Cipher: aes256GCM},
	{ID: 0xc030, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA384, Cipher: aes256GCM},
	{ID: 0xcca9, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: chacha20},
	{ID: 0xcca8, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: chacha20},

	{ID: 0x009e, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128GCM},
	{ID: 0x009f, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA384, Cipher: aes256GCM},
	{ID: 0xccaa, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: chacha20},

	{ID: 0xc023, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: aes128SHA256},
	{ID: 0xc027, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128SHA256},
	{ID: 0xc024, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA384, Cipher: aes256SHA384},
	{ID: 0xc028, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA384, Cipher: aes256SHA384},
	{ID: 0xc009, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: aes128SHA1},
	{ID: 0xc013, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128SHA1},
	{ID: 0xc00a, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: aes256SHA1},
	{ID: 0xc014, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256SHA1},

	{ID: 0x0067, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128SHA256},
	{ID: 0x006b, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256SHA256},
	{ID: 0x0033, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128SHA1},
	{ID: 0x0039, Kx: iana.KxDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256SHA1},

	{ID: 0x009c, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128GCM},
	{ID: 0x009d, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA384, Cipher: aes256GCM},

	{ID: 0x003c, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128SHA256},
	{ID: 0x003d, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256SHA256},
	{ID: 0x002f, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes128SHA1},
	{ID: 0x0035, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: aes256SHA1},

	{ID: 0xc006, Kx: iana.KxECDHE, Auth: iana.AuthECDSA, Hash: crypto.SHA256, Cipher: nullSHA1, Weak: true},
	{ID: 0xc010, Kx: iana.KxECDHE, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: nullSHA1, Weak: true},
	{ID: 0x003b, Kx: iana.KxRSA, Auth: iana.AuthRSA, Hash: crypto.SHA256, Cipher: nullSHA256, Weak: true},
}
