package lesson

import (
	"io"

	"tlslab/handshake/scenario"
	"tlslab/handshake/transcript"
)

// WriteJSON writes a lesson as a document of package transcript.
func WriteJSON(w io.Writer, t *scenario.Transcript) error {
	doc := transcript.NewWriter(w, t.Seed)
	for _, f := range t.Flows {
		doc.Begin(f.Name, f.Parties...)
		for _, e := range f.Events {
			doc.Event(e)
		}
		doc.End(&transcript.Outcome{Done: f.Outcome.Done, Intended: f.Outcome.Intended, Refused: f.Outcome.Refused,
			Error: transcript.FaultOf(f.Outcome.Err), Received: transcript.Text(f.Outcome.Received)})
	}
	return doc.Close()
}

// WriteMITMMatrixJSON writes what scenario.MITMMatrix found, with an element for each
// combination.
func WriteMITMMatrixJSON(w io.Writer, verdicts []scenario.MITMVerdict, seed string) error {
	doc := transcript.MITMMatrix{Version: transcript.Version, Seed: seed, Matrix: []transcript.MITMVerdict{}}
	for _, v := range verdicts {
		doc.Matrix = append(doc.Matrix, transcript.MITMVerdict{Version: transcript.ValueOf(v.Version), TrustMITM: v.TrustMITM, ClickThrough: v.ClickThrough,
			StolenCA: v.StolenCA, Passthrough: v.Passthrough, Pin: v.Pin, ClientAuth: v.ClientAuth,
			Page: v.Page, Read: v.Read, Delivered: v.Delivered, Refused: v.Refused, Reason: v.Reason.String()})
	}
	return doc.Encode(w)
}
