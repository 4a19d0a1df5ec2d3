package lesson

import (
	"fmt"
	"io"
	"time"

	"tlslab/handshake/scenario"
	"tlslab/handshake/transcript"
)

// WriteComparisonJSON writes what scenario.Compare found as a transcript.Comparison. Its
// names are among scenario.WayNames.
func WriteComparisonJSON(w io.Writer, seed string, ways []scenario.Way) error {
	doc := transcript.Comparison{Version: transcript.Version, Seed: seed, Ways: []transcript.Way{}}
	for _, x := range ways {
		doc.Ways = append(doc.Ways, transcript.Way{Name: x.Name, KeyAlg: x.KeyAlg, Stapled: x.Stapled, RTT: inMilliseconds(x.RTT),
			Suite: transcript.Code{Hex: fmt.Sprintf("0x%04x", uint16(x.Suite)), Name: x.Suite.String(), Value: uint64(x.Suite)},
			Group: x.Group, Replayable: x.Replayable, Took: count(&x.Count), Full: count(x.Full)})
	}
	return doc.Encode(w)
}

func count(c *scenario.Count) *transcript.Count {
	if c == nil {
		return nil
	}
	return &transcript.Count{Messages: c.Messages, Bytes: c.Bytes, Signed: c.Signed, Verified: c.Verified, ScalarMults: c.ScalarMults,
		Powers: c.Powers, KEM: c.KEM, RSA: c.RSA, RoundTrips: c.RoundTrips, Sent: inMilliseconds(c.Sent), FirstByte: inMilliseconds(c.FirstByte),
		LargestFlight: c.LargestFlight}
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
