// Package suite has the cipher suites of TLS 1.2 and TLS 1.3 as rows, and what they
// do to a record. In TLS 1.2 there are three ways to protect one, side by side: AEAD
// (aead.go), CBC with a MAC in either order (cbc.go), and a MAC alone (null.go),
// where the plaintext can be read beside it. TLS 1.3 has AEAD (aead13.go), over an
// inner plaintext (inner.go) that hides the type and can be padded; and a MAC alone
// again (mac13.go), by RFC 9150.
//
// It does not frame, fragment, compress or count: record does, and hands each
// sequence number in. It does not derive keys: keyschedule does. What the key
// exchange in a suite's name means is kx's business.
//
// Read suite.go, then rows.go for the list, then aead.go and aead13.go for the
// shortest protections, a version each. mac.go holds the answer to Lucky Thirteen;
// ccm.go is a mode of AES that no library has for us.
package suite

import (
	"crypto"
	"crypto/cipher"
	"fmt"
	"io"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// Suite is one cipher suite: what its name says, taken apart. A row is shared by
// all connections; nobody changes it.
type Suite struct {
	ID      iana.CipherSuite
	Version iana.Version // TLS12 or TLS13: a suite belongs to one
	Kx      iana.Kx      // KxNone in TLS 1.3, whose suites say nothing of it,
	Auth    iana.Auth    // and AuthAny
	Hash    crypto.Hash  // of the PRF or HKDF, and of the transcript
	Cipher  *Cipher
	Weak    bool // keeps nothing secret: only ever by explicit choice
}

// String returns the registry's name.
func (s *Suite) String() string { return s.ID.String() }

// ChaCha reports whether s encrypts by ChaCha20-Poly1305 (RFC 8439), which needs no AES.
func (s *Suite) ChaCha() bool { return s.Cipher == chacha20 || s.Cipher == chacha13 }

// Cipher is how a suite protects records. All lengths are in bytes.
type Cipher struct {
	Name        string // "AES-128-GCM", "AES-256-CBC HMAC-SHA-1"
	Kind        Kind
	KeyLen      int         // encryption key; of MAC13 the MAC's
	MACLen      int         // MAC key and MAC of TLS 1.2, where they are of one length; 0 for an AEAD and for MAC13
	MAC         crypto.Hash // of the HMAC; 0 for an AEAD
	FixedIVLen  int         // the nonce's part that comes from the key block; in TLS 1.3 write_iv, the nonce's length
	ExplicitLen int         // the IV's or nonce's part that each record carries
	TagLen      int         // of an AEAD; of MAC13 the MAC
	BlockLen    int         // of a block cipher in CBC mode, which plaintext is padded to

	// MaxRecords is how many records keys may protect before a sender should
	// change them (RFC 9846 §5.5), 0 if that is more than there are sequence
	// numbers. It lies well below the bound itself, so that there is room for
	// the KeyUpdate, which the old keys protect too. It is there for TLS 1.3
	// alone: TLS 1.2 has no way to change keys but a new handshake.
	MaxRecords uint64

	aead  func(key []byte) (cipher.AEAD, error)
	block func(key []byte) (cipher.Block, error)
}

// Encrypts reports whether c hides what a record holds: all but NULL and MAC13 do, which have
// a MAC alone.
func (c *Cipher) Encrypts() bool { return c.Kind != NULL && c.Kind != MAC13 }

// Kind is the way in which a Cipher protects: the first three TLS 1.2's (RFC 5246
// §6.2.3), the others TLS 1.3's.
type Kind uint8

// The kinds.
const (
	AEAD   Kind = iota // GenericAEADCipher
	CBC                // GenericBlockCipher
	NULL               // GenericStreamCipher, with the identity for a cipher
	AEAD13             // RFC 9846 §5.2
	MAC13              // RFC 9150: TLS 1.3 with an HMAC for an AEAD
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case AEAD:
		return "AEAD"
	case CBC:
		return "CBC"
	case NULL:
		return "NULL"
	case AEAD13:
		return "AEAD13"
	case MAC13:
		return "MAC13"
	}
	return fmt.Sprintf("0x%02x", uint8(k))
}

// Keys are one direction's share of the key block; in TLS 1.3 Key and IV, made from
// the traffic secret (RFC 9846 §7.3).
type Keys struct {
	MAC, Key, IV []byte
}

// Options are what the handshake settles beside the suite.
type Options struct {
	EncryptThenMAC bool      // RFC 7366; means something for CBC only
	Rand           io.Reader // for CBC's explicit IVs; nil is crypto/rand.Reader

	// Padding is how many zeros to add to a TLS 1.3 record of so many content
	// bytes; nil adds none. What would make the record too long is cut off.
	Padding func(content int) int
}

// Protect makes the protection of one direction, for one epoch. Keys of a wrong
// length are reason.Internal.
func (c *Cipher) Protect(k Keys, o Options) (Protection, error) {
	switch {
	case len(k.MAC) != c.MACLen:
		return nil, wrongKey("keys.mac", k.MAC, c.MACLen)
	case len(k.Key) != c.KeyLen:
		return nil, wrongKey("keys.key", k.Key, c.KeyLen)
	case len(k.IV) != c.FixedIVLen:
		return nil, wrongKey("keys.iv", k.IV, c.FixedIVLen)
	}
	switch c.Kind {
	case AEAD:
		return newAEAD(c, k), nil
	case CBC:
		return newCBC(c, k, o)
	case NULL:
		return newNull(c, k), nil
	case AEAD13:
		return newAEAD13(c, k, o), nil
	case MAC13:
		return newMAC13(c, k, o), nil
	}
	return nil, reason.New(reason.Internal, "", "cipher.kind", nil, c.Kind)
}

func wrongKey(field string, key []byte, want int) error {
	return reason.New(reason.Internal, "", field, reason.Say("%d bytes", want), reason.Say("%d bytes", len(key)))
}

// Protection seals and opens records in one direction with one set of keys. It is
// not for concurrent use: its scratch space is its own, so that a call allocates
// nothing where the destination has the room and nobody traces.
type Protection interface {
	// Seal appends one whole record, header included, to dst. version is the
	// record header's, and in TLS 1.2 typ too; in TLS 1.3 that says
	// application_data, and typ goes inside. plaintext (a TLSCompressed.fragment,
	// in RFC 5246's words) must not overlap the free space behind dst. What
	// does not fit a record's 16-bit length is reason.Internal.
	Seal(dst []byte, seq uint64, typ iana.ContentType, version iana.Version, plaintext []byte, tr *Trace) ([]byte, error)
	// Open authenticates and decrypts one whole record, header included. The
	// plaintext goes to the start of into's storage if its capacity has the
	// room (for CBC also for what is decrypted with it, MAC and padding; in TLS
	// 1.3 for the type and the zeros); else it goes over rec. into and rec must
	// not overlap. Whatever is wrong is reason.BadRecordMAC, and then the
	// destination holds nothing of use; but a genuine TLS 1.3 record that has
	// no type is reason.UnexpectedRecord. Which types may come is for the
	// caller to say.
	Open(into []byte, seq uint64, rec []byte, tr *Trace) (typ iana.ContentType, plaintext []byte, err error)
	// Overhead is the most bytes a record gains, header and the zeros of
	// Options.Padding not included. In TLS 1.3 it is exact: type and tag.
	Overhead() int
}

// Protection13 is what TLS 1.3's protections can do besides.
type Protection13 interface {
	Protection
	// LimitInner sets the most bytes that content, type and zeros may come to
	// together: zeros are cut to fit, but the caller must keep content short enough. 0 is
	// MaxInner.
	LimitInner(n int)
	// MaxRecords is the MaxRecords of the Cipher.
	MaxRecords() uint64
}

// HeaderLen is the length of a record's header: type, version, length.
const HeaderLen = 5

// appendHeader appends type, version and length n.
func appendHeader(dst []byte, typ iana.ContentType, version iana.Version, n int) ([]byte, error) {
	if n > 0xffff {
		return dst, reason.New(reason.Internal, "", "record.length", reason.Say("at most 65535 bytes"), n)
	}
	return append(dst, byte(typ), byte(version>>8), byte(version), byte(n>>8), byte(n)), nil
}

// badRecord is the one error of every Open: which check failed must not be told
// (RFC 5246 §7.2.2). ref is where the protection is specified, the same for all its checks.
func badRecord(ref string) error {
	return &reason.Error{Reason: reason.BadRecordMAC, Ref: ref, Field: "record.fragment", Off: HeaderLen}
}

// fragment returns what follows the header of a whole record.
func fragment(rec []byte) (body []byte, ok bool) {
	if len(rec) < HeaderLen || int(rec[3])<<8|int(rec[4]) != len(rec)-HeaderLen {
		return nil, false
	}
	return rec[HeaderLen:], true
}

// pseudoHeader writes seq_num + type + version + length: the 13 bytes that are
// authenticated with every record, and of which the sequence number is never
// sent (RFC 5246 §6.2.3.1, §6.2.3.3).
func pseudoHeader(b *[13]byte, seq uint64, typ iana.ContentType, version iana.Version, n int) []byte {
	*b = [13]byte{
		byte(seq >> 56), byte(seq >> 48), byte(seq >> 40), byte(seq >> 32),
		byte(seq >> 24), byte(seq >> 16), byte(seq >> 8), byte(seq),
		byte(typ), byte(version >> 8), byte(version), byte(n >> 8), byte(n)}
	return b[:]
}

// recordVersion reads the version from a record's header.
func recordVersion(rec []byte) iana.Version { return iana.Version(rec[1])<<8 | iana.Version(rec[2]) }
