package replays_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"tlslab/handshake/render/replays"
	"tlslab/handshake/replay"
	"tlslab/handshake/transcript"
)

func TestReplayMatrixJSON(t *testing.T) {
	o := replay.Options{Seed: "render"}
	rows, err := replay.Matrix(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := replays.WriteReplayMatrixJSON(&b, rows, o); err != nil {
		t.Fatal(err)
	}
	doc, err := transcript.DecodeReplayMatrix(&b)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		for j, v := range row {
			got := doc.Matrix[i][j]
			if got.Attack != v.Attack || got.Outcome != string(v.Outcome) || got.Reason != string(v.Reason) || got.Moved != v.Moved ||
				got.Login != "cookie" || got.Defences == nil || got.Until != v.Until.Seconds() || doc.Store != "in process" {
				t.Errorf("%+v, want %+v", got, v)
			}
		}
	}
}

func TestReplayJSON(t *testing.T) {
	j := new(replays.ReplayJSON)
	o := replay.Options{Seed: "render", Listener: j}
	r, err := replay.Run(context.Background(), "early-data", []string{replay.Fresh}, o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := j.Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	doc, err := transcript.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if doc.Version != 1 || doc.Seed != "render" || len(doc.Flows) != 1 || doc.Flows[0].Name != "early-data" || len(doc.Flows[0].Events) < 100 ||
		!slices.Contains(doc.Flows[0].Parties, "mallory") {
		t.Errorf("flows: %v", doc.Flows[0].Parties)
	}
	x := doc.Replay
	if x.Outcome != "limited" || x.Reason != "not_fresh" || x.Limit != "time" || x.Until != 11 || len(x.Routes) != 1 || len(x.Routes[0].Attempts) != 6 ||
		!x.Routes[0].Attempts[1].Worked || x.Routes[0].Attempts[2].Why != "not_fresh" || !x.Facts["get_answered_again"].True() {
		t.Errorf("replay: %+v", x)
	}
}
