package render

import (
	"fmt"
	"io"
	"time"

	"tlslab/handshake/foreign"
	"tlslab/handshake/scenario"
)

// WriteComparisonJSON writes what scenario.Compare found as one object:
//
//	{"tlslab": 1, "seed": "1", "ways": [{
//	  "name": "ticket", "key_alg": "rsa", "stapled": false, "rtt_ms": 50,
//	  "cipher_suite": {"hex": "0xc02f", "name": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "value": 49199},
//	  "group": "x25519", "replayable": false,
//	  "took": {"messages": 6, "bytes": 524, "signatures_made": 0, "signatures_verified": 0,
//	           "scalar_multiplications": 0, "exponentiations": 0, "kem_operations": 0, "rsa_operations": 0,
//	           "round_trips": 2, "request_sent_ms": 100, "first_byte_ms": 150, "largest_flight_bytes": 300},
//	  "full": {…}}]}
//
// name is one of scenario.WayNames. full is what the handshake took that this one
// resumes, and null for a full one. What the numbers mean is told at scenario.Count.
func WriteComparisonJSON(w io.Writer, seed string, ways []scenario.Way) error {
	type suite struct {
		Hex   string `json:"hex"`
		Name  string `json:"name"`
		Value uint16 `json:"value"`
	}
	type way struct {
		Name       string     `json:"name"`
		KeyAlg     string     `json:"key_alg"`
		Stapled    bool       `json:"stapled"`
		RTT        float64    `json:"rtt_ms"`
		Suite      suite      `json:"cipher_suite"`
		Group      string     `json:"group"`
		Replayable bool       `json:"replayable"`
		Took       *jsonCount `json:"took"`
		Full       *jsonCount `json:"full"`
	}
	doc := struct {
		Version int    `json:"tlslab"`
		Seed    string `json:"seed"`
		Ways    []way  `json:"ways"`
	}{Version: 1, Seed: seed, Ways: []way{}}
	for _, x := range ways {
		doc.Ways = append(doc.Ways, way{Name: x.Name, KeyAlg: x.KeyAlg, Stapled: x.Stapled, RTT: inMilliseconds(x.RTT),
			Suite: suite{fmt.Sprintf("0x%04x", uint16(x.Suite)), x.Suite.String(), uint16(x.Suite)},
			Group: x.Group, Replayable: x.Replayable, Took: countJSON(&x.Count), Full: countJSON(x.Full)})
	}
	return foreign.EncodeJSON(w, doc, "  ")
}

type jsonCount struct {
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

func countJSON(c *scenario.Count) *jsonCount {
	if c == nil {
		return nil
	}
	return &jsonCount{Messages: c.Messages, Bytes: c.Bytes, Signed: c.Signed, Verified: c.Verified, ScalarMults: c.ScalarMults,
		Powers: c.Powers, KEM: c.KEM, RSA: c.RSA, RoundTrips: c.RoundTrips, Sent: inMilliseconds(c.Sent), FirstByte: inMilliseconds(c.FirstByte),
		LargestFlight: c.LargestFlight}
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
