package lesson_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
	"tlslab/handshake/transcript"
)

// document writes a lesson, and reads it back.
func document(t *testing.T, o scenario.Options) (*scenario.Transcript, transcript.Document, string) {
	t.Helper()
	o.Seed = "1"
	l, err := scenario.Run(context.Background(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := lesson.WriteJSON(&b, l); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	doc, err := transcript.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return l, doc, text
}

// A lesson's outcomes are its flows'.
func TestOutcomesInJSON(t *testing.T) {
	for name, o := range map[string]scenario.Options{
		"all": {}, "refused": {Kx: []iana.Kx{iana.KxECDHE}, UntrustedRoot: true}, "resumed": {Resume: scenario.ResumeEarly, ALPN: []string{"h2"}},
	} {
		l, doc, _ := document(t, o)
		if doc.Seed != "1" || len(doc.Flows) != len(l.Flows) {
			t.Fatalf("%s: seed %q, %d flows", name, doc.Seed, len(doc.Flows))
		}
		for i, f := range doc.Flows {
			want, got := l.Flows[i].Outcome, f.Outcome
			if f.Name != l.Flows[i].Name || !slices.Equal(f.Parties, l.Flows[i].Parties) || got.Done != want.Done || got.Intended != want.Intended ||
				got.Refused != want.Refused || (got.Error != nil) != (want.Err != nil) {
				t.Errorf("%s: %s is told as %+v", name, f.Name, got)
			}
			if want.Received != "" && got.Received == "" || strings.Contains(got.Received, "\ufffd") {
				t.Errorf("%s: received %q", name, got.Received)
			}
			if name == "refused" && (got.Error.Reason != "certificate_untrusted" || got.Error.Alert.String() != "unknown_ca") {
				t.Errorf("%s: %+v", name, got.Error)
			}
		}
	}
}

// The comparison, the legs and the beliefs are in the JSON as they are on the page.
func TestMITMScenesInJSON(t *testing.T) {
	_, _, text := document(t, scenario.Options{MITM: true, ClickThrough: true})
	for _, want := range []string{`"what": "spki_pin"`, `"what": "master_secret"`, `"truth": "mitm"`, `"overridden": {`, `"same": false`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestMITMMatrixJSON(t *testing.T) {
	verdicts, err := scenario.MITMMatrix(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := lesson.WriteMITMMatrixJSON(&b, verdicts, "1"); err != nil {
		t.Fatal(err)
	}
	doc, err := transcript.DecodeMITMMatrix(&b)
	if err != nil || len(doc.Matrix) != len(verdicts) || !doc.Matrix[1].TrustMITM || !doc.Matrix[1].Read || doc.Matrix[1].Version.String() != "TLS 1.2" {
		t.Errorf("%v: %d rows, %+v", err, len(doc.Matrix), doc.Matrix[1])
	}
}

func TestWriteComparisonJSON(t *testing.T) {
	ways, err := scenario.Compare(context.Background(), scenario.CompareOptions{Seed: "1", RTT: 40 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := lesson.WriteComparisonJSON(&b, "1", ways); err != nil {
		t.Fatal(err)
	}
	doc, err := transcript.DecodeComparison(&b)
	if err != nil {
		t.Fatal(err)
	}
	if doc.Version != 1 || doc.Seed != "1" || len(doc.Ways) != len(ways) {
		t.Fatalf("%+v", doc)
	}
	for i, w := range ways {
		j := doc.Ways[i]
		if j.Name != w.Name || j.RTT != 40 || j.Took.Messages != w.Messages || j.Took.FirstByte != 40*float64(w.RoundTrips+1) ||
			(j.Full == nil) != (w.Full == nil) || j.Full != nil && j.Full.Messages != w.Full.Messages {
			t.Errorf("%+v is told as %+v", w, j)
		}
	}
}
