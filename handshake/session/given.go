package session

import (
	"bytes"
	"crypto/sha256"
	"io"
	"time"

	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// TicketKey is a key that seals tickets, for who keeps it: in a file, for several servers and for
// those that start again. As bytes it is
//
//	"tlslab ticket key 1\n"               20 bytes; 1 is the version of this format
//	opaque  name[16]                      stands in each ticket in clear
//	opaque  key[32]                       of AES-256-GCM
//	opaque  digest[32]                    SHA-256 of all before
//
// together 100. The digest finds damage, and stops no attacker. Whoever has the bytes can open each
// ticket that the key has sealed, at any time, and so can read recorded TLS 1.2 connections that gave
// or resumed by one, and of TLS 1.3 those that resumed without a key exchange, and early data.
//
// The files of ssl_session_ticket_key (nginx) and SSLSessionTicketKeyFile (Apache), of 48 or 80 bytes
// without a beginning, are no such keys: they are OpenSSL's, of a name, a key of AES-CBC and one of
// HMAC-SHA-256, and what OpenSSL seals under them is a session in a form of its own.
type TicketKey struct {
	Name [16]byte
	Key  [32]byte
}

// ticketKeyFile is its stored form.
type ticketKeyFile struct {
	TicketKey
	digest [sha256.Size]byte
}

const keyMagic = "tlslab ticket key "

// TicketKeyLen is how many bytes a TicketKey has as Marshal writes it.
const TicketKeyLen = len(keyMagic) + 2 + 16 + 32 + sha256.Size

// NewTicketKey draws a key.
func NewTicketKey(rand io.Reader) (*TicketKey, error) {
	k := new(TicketKey)
	if _, err := io.ReadFull(rand, k.Name[:]); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(rand, k.Key[:]); err != nil {
		return nil, err
	}
	return k, nil
}

// Walk visits the stored form. It does not compute the digest.
func (k *ticketKeyFile) Walk(c *wire.Codec) {
	b := c.Enter("ticket_key_file")
	heading(c, keyMagic)
	c.Array("name", k.Name[:])
	c.Array("key", k.Key[:])
	c.Array("digest", k.digest[:])
	c.End(b)
}

// Marshal returns the key's bytes.
func (k *TicketKey) Marshal() ([]byte, error) {
	b, err := wire.Append(nil, &ticketKeyFile{TicketKey: *k}, nil)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(b[:len(b)-sha256.Size])
	return append(b[:len(b)-sha256.Size], digest[:]...), nil
}

// ParseTicketKey reads a key's bytes. The error is a *reason.Error: Truncated, TrailingBytes, or
// BadValue, with the field that tells foreign bytes (magic), another version of the format (version)
// and damaged ones (digest) apart.
func ParseTicketKey(b []byte) (*TicketKey, error) {
	k := new(ticketKeyFile)
	if err := wire.Parse(bytes.Clone(b), k, nil); err != nil {
		return nil, err
	}
	at := len(b) - sha256.Size
	if want := sha256.Sum256(b[:at]); k.digest != want {
		return nil, &reason.Error{Reason: reason.BadValue, Field: "ticket_key_file.digest", Off: at, Want: want[:], Got: k.digest[:]}
	}
	if err := k.known(); err != nil {
		return nil, err
	}
	return &k.TicketKey, nil
}

// known refuses a key of zeros: it is one that nobody has drawn, and everybody has. Who knows the key seals
// a ticket in which he is whoever he likes.
func (k *TicketKey) known() error {
	if k.Key == [32]byte{} {
		return &reason.Error{Reason: reason.BadValue, Field: "ticket_key_file.key", Off: -1, Want: reason.Say("a key that was drawn at random"), Got: reason.Say("zeros")}
	}
	return nil
}

// NewGivenTicketKeys returns keys that the caller has and cares for: the first seals, and all open. None
// is replaced, and none is forgotten, however long it takes: forward secrecy is as long as the caller keeps
// them. To change keys, make a new one the first and leave those of before behind it until their tickets
// have expired (Config.SessionLifetime). Two keys of one name are an error, BadValue, and so is one of zeros.
//
// Tickets of one key have nonces drawn at random, so it should seal no more than 2^32 of them, on all servers
// together (NIST SP 800-38D §8.3): a busy farm changes its key within days. And where several servers have a
// key, what they remember about replays (Config.SingleUse, Config.AcceptEarlyData) must be in a store that
// they share: else each ticket and each flight of early data is taken once by each of them.
func NewGivenTicketKeys(seals TicketKey, opens ...TicketKey) (*TicketKeys, error) {
	t := &TicketKeys{given: true}
	for i, given := range append([]TicketKey{seals}, opens...) {
		if err := given.known(); err != nil {
			return nil, err
		}
		k := &ticketKey{name: given.Name, key: given.Key}
		if i == 0 {
			k.seals = time.Unix(1, 0) // later than the others'
		}
		for _, other := range t.keys {
			if other.name == k.name {
				return nil, &reason.Error{Reason: reason.BadValue, Field: "ticket_key_file.name", Off: -1, Want: reason.Say("another name than any other key's"), Got: k.name[:]}
			}
		}
		if err := k.ready(); err != nil {
			return nil, err
		}
		t.keys = append(t.keys, k)
	}
	return t, nil
}
