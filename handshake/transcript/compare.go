package transcript

import (
	"fmt"
	"io"

	"tlslab/handshake/foreign"
)

// Comparison is what handshakes of several kinds take, side by side.
type Comparison struct {
	Version int    `json:"tlslab"`
	Seed    string `json:"seed"`
	Ways    []Way  `json:"ways"`
}

// Way is one kind of handshake: "rsa", "ecdhe", "ticket", "0rtt", …
type Way struct {
	Name       string  `json:"name"`
	KeyAlg     string  `json:"key_alg"` // of the certificate
	Stapled    bool    `json:"stapled"`
	RTT        float64 `json:"rtt_ms"`
	Suite      Code    `json:"cipher_suite"`
	Group      string  `json:"group"`
	Replayable bool    `json:"replayable"`
	Took       *Count  `json:"took"`
	Full       *Count  `json:"full"` // what the handshake took that this one resumes; null for a full one
}

// Count is what a handshake took. What the numbers mean is told at scenario.Count.
type Count struct {
	Messages      int     `json:"messages"`
	Bytes         int     `json:"bytes"`
	Signed        int     `json:"signatures_made"`
	Verified      int     `json:"signatures_verified"`
	ScalarMults   int     `json:"scalar_multiplications"`
	Powers        int     `json:"exponentiations"`
	KEM           int     `json:"kem_operations"`
	RSA           int     `json:"rsa_operations"`
	RoundTrips    int     `json:"round_trips"`
	Sent          float64 `json:"request_sent_ms"`
	FirstByte     float64 `json:"first_byte_ms"`
	LargestFlight int     `json:"largest_flight_bytes"`
}

// Encode writes c.
func (c Comparison) Encode(w io.Writer) error { return encode(w, c, "  ") }

// DecodeComparison reads what Comparison.Encode wrote. Its errors are those of Decode.
func DecodeComparison(r io.Reader) (c Comparison, err error) {
	if err = decode(r, &c, &c.Version); err == nil && c.Ways == nil {
		err = otherSort("ways")
	}
	return c, err
}

// MITMMatrix is what became of every combination of the interceptor's switches.
type MITMMatrix struct {
	Version int           `json:"tlslab"`
	Seed    string        `json:"seed"`
	Matrix  []MITMVerdict `json:"mitm_matrix"`
}

// MITMVerdict is what became of one.
type MITMVerdict struct {
	Version      Value  `json:"version"`
	TrustMITM    bool   `json:"trust_mitm"`
	ClickThrough bool   `json:"click_through"`
	StolenCA     bool   `json:"stolen_ca"`
	Passthrough  bool   `json:"passthrough"`
	Pin          bool   `json:"pin"`
	ClientAuth   bool   `json:"client_auth"`
	Page         bool   `json:"page"`      // the client got its page
	Read         bool   `json:"read"`      // the box had the request in clear
	Delivered    bool   `json:"delivered"` // the server received it
	Refused      string `json:"refused"`
	Reason       string `json:"reason"`
}

// Encode writes m.
func (m MITMMatrix) Encode(w io.Writer) error { return encode(w, m, " ") }

// DecodeMITMMatrix reads what MITMMatrix.Encode wrote. Its errors are those of Decode.
func DecodeMITMMatrix(r io.Reader) (m MITMMatrix, err error) {
	if err = decode(r, &m, &m.Version); err == nil && m.Matrix == nil {
		err = otherSort("mitm_matrix")
	}
	return m, err
}

// encode writes a document that is no transcript of events, and so is short.
func encode(w io.Writer, v any, indent string) error { return foreign.EncodeJSON(w, v, indent) }

// decode reads one; version is where in it its version stands.
func decode(r io.Reader, v any, version *int) error {
	d := NewDecoder(r)
	err := d.value(v)
	if err == nil && *version != Version {
		err = fmt.Errorf("%w: %d, and not %d", ErrVersion, *version, Version)
	}
	if err != nil {
		return d.explained(err)
	}
	return d.nothingFollows()
}

// otherSort is the error for a document of another sort.
func otherSort(member string) error {
	return fmt.Errorf("transcript: %w of this sort: it has no %s", ErrFormat, member)
}
