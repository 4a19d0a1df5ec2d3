package event

import (
	"bytes"
	"fmt"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// Secret is a value that must stay secret, or the public value made from one, with all that
// went into it. It is emitted only under Config.ShowSecrets. The Inputs' From make a graph of
// a connection's secrets: that is the key schedule (RFC 9846 §7.1; RFC 5246 §8.1, §6.3).
type Secret struct {
	Meta
	Label    SecretLabel
	Version  iana.Version         // whose secret it is, which a ClientHello's is before a version is chosen
	Exchange iana.Kx              // of TLS 1.2's server_ephemeral and premaster_secret, which it makes; KxNone elsewhere
	Group    Group                // that made it, or half of it; zero where none did
	Function Function             // that makes Value of Inputs; FunctionNone: Group, Exchange or Scheme does
	Scheme   iana.SignatureScheme // of a signature; 0 elsewhere
	Method   string               // all of that as a person reads it: "PRF", "ECDHE x25519", "key_block[0:32]"
	Op       Op
	Hash     string // the function's hash, "SHA-256", where there is one
	Tag      string // the function's label, "master secret", where there is one
	Off      int    // of a FunctionPart: where in its input it begins, in bytes
	Inputs   []Input
	Value    []byte
}

// Known reports whether a step of a key schedule is made of nothing but what everybody knows, as
// those for QUIC's Initial packets are: then its value is no secret either. (Where zeros stand for
// a secret that a handshake has not, what is made of them is not what a reader is warned of, and
// not Known.)
func (s *Secret) Known() bool {
	if s.Function != FunctionExtract && s.Function != FunctionExpandLabel {
		return false
	}
	for _, in := range s.Inputs {
		if in.Private || len(in.Bytes) > 0 && len(bytes.Trim(in.Bytes, "\x00")) == 0 {
			return false
		}
	}
	return len(s.Inputs) > 0
}

// Input is one value that went into a Secret or a Check.
type Input struct {
	kx.Value
	// From is the label of the Secret that this value is: one that the same party has told of
	// on this connection, the last of that label with this Value. It is "" of what no Secret
	// has told of: a random, a hash, a label, zeros, a number that a group or RSA explains, a
	// pre-shared key. An input of a Check has one only where Secrets are told.
	From SecretLabel
}

// Inputs are values that no Secret has told of.
func Inputs(values ...kx.Value) []Input {
	if values == nil {
		return nil
	}
	in := make([]Input, len(values))
	for i, v := range values {
		in[i].Value = v
	}
	return in
}

// Public is an input that anybody may know.
func Public(name string, b []byte) Input { return Input{Value: kx.Value{Name: name, Bytes: b}} }

// Private is an input that only the ends may know; from is "" where no Secret has told of it.
func Private(name string, b []byte, from SecretLabel) Input {
	return Input{Value: kx.Value{Name: name, Bytes: b, Private: true}, From: from}
}

// CloneInputs copies inputs, bytes and all.
func CloneInputs(in []Input) []Input {
	if in == nil {
		return nil
	}
	own := make([]Input, len(in))
	for i, v := range in {
		v.Bytes = bytes.Clone(v.Bytes)
		own[i] = v
	}
	return own
}

// Function is what makes one secret of others.
type Function uint8

// The functions, and what stands in the place of one.
const (
	FunctionNone        Function = iota // a group, RSA or a signature scheme
	FunctionPRF                         // RFC 5246 §5: of a secret, Tag and the other inputs
	FunctionExtract                     // HKDF-Extract (RFC 5869 §2.2): of salt and ikm
	FunctionExpandLabel                 // HKDF-Expand-Label (RFC 9846 §7.1)
	FunctionHMAC                        // RFC 2104, as Finished and binders use it (RFC 9846 §4.5.3)
	FunctionPart                        // cut out of the one input, from Off on (RFC 5246 §6.3)
	FunctionSession                     // none: it was kept in a session
	FunctionGiven                       // none: whoever listens was given it, as by a key log
)

// String returns "prf", "hkdf_extract", "hkdf_expand_label", "hmac", "part", "session",
// "given" or ""; "0xc8" for a number that is no Function.
func (f Function) String() string {
	names := [...]string{"", "prf", "hkdf_extract", "hkdf_expand_label", "hmac", "part", "session", "given"}
	if int(f) >= len(names) {
		return fmt.Sprintf("0x%02x", uint8(f))
	}
	return names[f]
}
