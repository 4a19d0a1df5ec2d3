package quic

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"

	"tlslab/handshake/keyschedule"
)

// Hash is that of every Initial packet's keys (RFC 9001 §5.2).
const Hash = crypto.SHA256

// The labels of the two secrets (RFC 9001 §5.2).
const (
	ClientIn = "client in"
	ServerIn = "server in"
)

// A Schedule is what the keys of Initial packets come from, and the keys: all of it from the
// Destination Connection ID that the client chose first, or that a Retry gave it.
type Schedule struct {
	Version Version
	DCID    []byte
	Secret  []byte // initial_secret
	Ends    [2]Keys

	first *opening // the packet of Begins, until it is taken in
}

// The two ends, in Schedule.Ends.
const (
	Client = iota
	Server
)

// Keys are one end's.
type Keys struct {
	Label       string // ClientIn or ServerIn
	Secret      []byte // client_initial_secret or server_initial_secret
	Key, IV, HP []byte // of AEAD_AES_128_GCM, and of header protection
}

// NewSchedule derives the keys of a version that must be Known.
func NewSchedule(v Version, dcid []byte) *Schedule {
	s := &Schedule{Version: v, DCID: append([]byte(nil), dcid...), Secret: make([]byte, Hash.Size())}
	keyschedule.Extract(Hash, s.Secret, v.Salt(), s.DCID)
	key, iv, hp := v.Labels()
	for end, label := range [...]string{Client: ClientIn, Server: ServerIn} {
		b := make([]byte, 32+16+12+16)
		k := Keys{Label: label, Secret: b[:32:32], Key: b[32:48:48], IV: b[48:60:60], HP: b[60:]}
		keyschedule.ExpandLabel(Hash, k.Secret, s.Secret, label, nil)
		keyschedule.ExpandLabel(Hash, k.Key, k.Secret, key, nil)
		keyschedule.ExpandLabel(Hash, k.IV, k.Secret, iv, nil)
		keyschedule.ExpandLabel(Hash, k.HP, k.Secret, hp, nil)
		s.Ends[end] = k
	}
	return s
}

// Ciphers are made for each packet: an Initial is one of a few, and what stays in memory of a
// connection is its keys.

func block(key []byte) cipher.Block {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // a key of 16 bytes is one
	}
	return b
}

func gcm(key []byte) cipher.AEAD {
	a, err := cipher.NewGCM(block(key))
	if err != nil {
		panic(err) // AES has blocks of 16 bytes
	}
	return a
}
