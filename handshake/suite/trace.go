package suite

import "slices"

// Trace collects the intermediate values of one Seal or Open, in the order in
// which they are computed. A nil Trace means nobody listens, and costs nothing.
type Trace struct{ Steps []Step }

// Step is one value. Bytes are the trace's own.
type Step struct {
	Name  string // one of the Step constants: narrate's key
	Bytes []byte
}

// The names of steps. The first three are record's, which fragments, compresses
// and frames; the others are a Protection's.
const (
	StepPlaintext  = "plaintext"  // TLSPlaintext.fragment
	StepCompressed = "compressed" // TLSCompressed.fragment, if a compression method is in use
	StepHeader     = "header"     // type + version + length, as on the wire

	StepSequenceNumber = "sequence_number" // 8 bytes, never sent
	StepAdditionalData = "additional_data" // AEAD: seq_num + type + version + length
	StepMACHeader      = "mac_header"      // CBC, NULL: the same 13 bytes, in front of what the MAC covers
	StepFixedIV        = "fixed_iv"        // AEAD: the nonce's share of the key block
	StepExplicitNonce  = "nonce_explicit"  // AEAD: the nonce's part in the record
	StepNonce          = "nonce"           // AEAD: what the cipher takes
	StepExplicitIV     = "explicit_iv"     // CBC
	StepMAC            = "mac"             // CBC, NULL
	StepPadding        = "padding"         // CBC: padding + padding_length
	StepCiphertext     = "ciphertext"      // without IV, tag, and a MAC that follows it
	StepTag            = "tag"             // AEAD
)

// StepNames lists every name that a Step can have.
func StepNames() []string {
	return []string{StepPlaintext, StepCompressed, StepHeader, StepSequenceNumber, StepAdditionalData,
		StepMACHeader, StepFixedIV, StepExplicitNonce, StepNonce, StepExplicitIV, StepMAC, StepPadding,
		StepCiphertext, StepTag}
}

// Add appends a copy of b under name, if anybody listens.
func (t *Trace) Add(name string, b []byte) {
	if t == nil {
		return
	}
	t.Steps = append(t.Steps, Step{Name: name, Bytes: slices.Clone(b)})
}
