package suite

import "slices"

// Trace collects the intermediate values of one Seal or Open, in the order in
// which they are computed. A nil Trace means nobody listens, and costs nothing.
type Trace struct {
	Steps []Step

	small []byte // the bytes of short steps, side by side

	// Room for what most records have.
	room      [mostSteps]Step
	smallRoom [smallSteps]byte
}

// Step is one value. Bytes are the trace's own; steps may share them.
type Step struct {
	Name  string // one of the Step constants: narrate's key
	Bytes []byte
}

// OfKeys reports whether what a step has is made of the keys, and does not travel.
func (s Step) OfKeys() bool {
	return s.Name == StepFixedIV || s.Name == StepWriteIV || s.Name == StepNonce
}

// The names of steps. The first three come from package record, which fragments, compresses
// and frames; the others come from a Protection. Where TLS 1.3 puts something else under
// a word of TLS 1.2 the step has a name of its own, since another text explains it.
const (
	StepPlaintext  = "plaintext"  // TLSPlaintext.fragment
	StepCompressed = "compressed" // TLSCompressed.fragment, if a compression method is in use
	StepHeader     = "header"     // type + version + length, as on the wire

	StepSequenceNumber = "sequence_number" // 8 bytes, never sent
	StepAdditionalData = "additional_data" // AEAD: seq_num + type + version + length
	StepMACHeader      = "mac_header"      // CBC, NULL: the same 13 bytes, in front of what the MAC covers
	StepFixedIV        = "fixed_iv"        // AEAD: the nonce's share of the key block
	StepExplicitNonce  = "nonce_explicit"  // AEAD: the nonce's part in the record
	StepNonce          = "nonce"           // AEAD, AEAD13: what the cipher takes; MAC13: what the MAC begins with
	StepExplicitIV     = "explicit_iv"     // CBC
	StepMAC            = "mac"             // CBC, NULL
	StepPadding        = "padding"         // CBC: padding + padding_length
	StepCiphertext     = "ciphertext"      // without IV, tag, and a MAC that follows it
	StepTag            = "tag"             // AEAD, AEAD13

	StepContentType      = "content_type"          // TLS 1.3: TLSInnerPlaintext.type, 1 byte
	StepZeros            = "zeros"                 // TLS 1.3: TLSInnerPlaintext.zeros, if there are any
	StepInnerPlaintext   = "inner_plaintext"       // TLS 1.3: content + type + zeros
	StepWriteIV          = "write_iv"              // TLS 1.3: as long as the nonce
	StepAdditionalData13 = "additional_data/tls13" // TLS 1.3: the record's header
	StepMAC13            = "mac/tls13"             // MAC13: the HMAC of nonce + header + inner plaintext
)

// StepNames lists every name that a Step can have.
func StepNames() []string {
	return []string{StepPlaintext, StepCompressed, StepHeader, StepSequenceNumber, StepAdditionalData,
		StepMACHeader, StepFixedIV, StepExplicitNonce, StepNonce, StepExplicitIV, StepMAC, StepPadding,
		StepCiphertext, StepTag, StepContentType, StepZeros, StepInnerPlaintext, StepWriteIV,
		StepAdditionalData13, StepMAC13}
}

// Most steps of a record are a number, an IV, a tag: they share one allocation, for
// whoever sends its data byte by byte has us trace each of them.
const (
	mostSteps  = 10 // of one record, as a rule
	smallStep  = 32
	smallSteps = 128
)

// Add appends a copy of b under name, if anybody listens.
func (t *Trace) Add(name string, b []byte) {
	if t != nil {
		t.AddOwn(name, t.own(b))
	}
}

// AddOwn appends b itself under name, if anybody listens: it is the trace's from here on, and
// nobody changes it. So what stands in several places of a record is kept once.
func (t *Trace) AddOwn(name string, b []byte) {
	if t == nil {
		return
	}
	if t.Steps == nil {
		t.Steps = t.room[:0]
	}
	t.Steps = append(t.Steps, Step{Name: name, Bytes: b[:len(b):len(b)]})
}

// own copies b.
func (t *Trace) own(b []byte) []byte {
	if len(b) > smallStep || b == nil {
		return slices.Clone(b)
	}
	if t.small == nil {
		t.small = t.smallRoom[:0]
	}
	at := len(t.small)
	if at+len(b) > cap(t.small) {
		at, t.small = 0, make([]byte, 0, smallSteps)
	}
	t.small = append(t.small, b...)
	return t.small[at:len(t.small):len(t.small)]
}
