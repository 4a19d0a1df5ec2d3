package keyschedule

import (
	"crypto"
	"encoding/binary"
	"fmt"
)

// PreMasterSecret is what the key exchange left: 48 bytes for RSA, for the others the shared
// secret, of DHE without its leading zeros (RFC 5246 §8.1.2).
type PreMasterSecret []byte

// Master computes the master secret from the premaster secret and the two hello
// randoms, 32 bytes each (RFC 5246 §8.1).
func (s PreMasterSecret) Master(h crypto.Hash, clientRandom, serverRandom []byte) MasterSecret {
	var m MasterSecret
	var seed [64]byte
	PRF12(h, m[:], s, "master secret", join(&seed, clientRandom, serverRandom))
	return m
}

// ExtendedMaster computes the master secret from the premaster secret and the
// hash of the handshake messages from ClientHello up to and including
// ClientKeyExchange (RFC 7627 §4). The randoms enter through the hellos.
func (s PreMasterSecret) ExtendedMaster(h crypto.Hash, sessionHash []byte) MasterSecret {
	var m MasterSecret
	PRF12(h, m[:], s, "extended master secret", sessionHash)
	return m
}

// MasterSecret is the secret of a TLS 1.2 session. Connections that resume the
// session start from it, each with randoms of its own.
type MasterSecret [48]byte

// KeyBlock computes key_block and cuts it into the keys of both directions
// (RFC 5246 §6.3). Lengths are in bytes and per direction; ivLen is that of the
// nonce's fixed part, 0 for CBC, whose IVs travel in the records. Here the server's
// random comes first: the reverse of the order in Master.
func (m *MasterSecret) KeyBlock(h crypto.Hash, clientRandom, serverRandom []byte, macLen, keyLen, ivLen int) KeyBlock {
	raw := make([]byte, 2*(macLen+keyLen+ivLen))
	var seed [64]byte
	PRF12(h, raw, m[:], "key expansion", join(&seed, serverRandom, clientRandom))
	b := KeyBlock{Raw: raw}
	cut := func(n int) []byte {
		k := raw[:n:n]
		raw = raw[n:]
		return k
	}
	b.ClientMAC, b.ServerMAC = cut(macLen), cut(macLen)
	b.ClientKey, b.ServerKey = cut(keyLen), cut(keyLen)
	b.ClientIV, b.ServerIV = cut(ivLen), cut(ivLen)
	return b
}

// KeyBlock holds the keys of one connection: Raw is key_block, the others are
// its parts in the order in which they lie there. A client writes with the
// Client keys.
type KeyBlock struct {
	Raw                  []byte
	ClientMAC, ServerMAC []byte
	ClientKey, ServerKey []byte
	ClientIV, ServerIV   []byte
}

// ClientFinished computes verify_data of the client's Finished. transcriptHash
// covers every handshake message before it, headers included (RFC 5246 §7.4.9).
func (m *MasterSecret) ClientFinished(h crypto.Hash, transcriptHash []byte) [12]byte {
	return m.finished(h, "client finished", transcriptHash)
}

// ServerFinished computes verify_data of the server's Finished, in the same way.
func (m *MasterSecret) ServerFinished(h crypto.Hash, transcriptHash []byte) [12]byte {
	return m.finished(h, "server finished", transcriptHash)
}

func (m *MasterSecret) finished(h crypto.Hash, label string, transcriptHash []byte) (v [12]byte) {
	PRF12(h, v[:], m[:], label, transcriptHash)
	return v
}

// Export computes n bytes of keying material for an application (RFC 5705 §4). A
// nil context means that the application gives none, which is not the same as
// an empty one. Without extended master secret the result is not bound to this
// handshake (RFC 7627 §5.4). Export panics if context is longer than 65535 bytes;
// keeping clear of the labels that TLS uses itself is the caller's part.
func (m *MasterSecret) Export(h crypto.Hash, label string, clientRandom, serverRandom, context []byte, n int) []byte {
	if len(context) > 0xffff {
		panic(fmt.Sprintf("keyschedule: an exporter context is at most 65535 bytes, got %d", len(context)))
	}
	seed := make([]byte, 0, len(clientRandom)+len(serverRandom)+2+len(context))
	seed = append(append(seed, clientRandom...), serverRandom...)
	if context != nil {
		seed = binary.BigEndian.AppendUint16(seed, uint16(len(context)))
		seed = append(seed, context...)
	}
	out := make([]byte, n)
	PRF12(h, out, m[:], label, seed)
	return out
}

// join lays a and b, two randoms, end to end in buf.
func join(buf *[64]byte, a, b []byte) []byte {
	return append(append(buf[:0], a...), b...)
}
