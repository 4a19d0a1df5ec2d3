package replays

import (
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/replay"
	"tlslab/handshake/transcript"
)

// ReplayJSON is a Listener that keeps what a replay tells, and writes it as a document with
// a "replay": one flow, named after the attack, with every event of every party.
type ReplayJSON struct{ recording transcript.Recording }

// Event takes the next event.
func (j *ReplayJSON) Event(e event.Event) { j.recording.Event(e) }

// Write writes the document about r, which was played under o.
func (j *ReplayJSON) Write(w io.Writer, r *replay.Result, o replay.Options) error {
	events := j.recording.Events()
	var parties []string
	seen := map[string]bool{"": true}
	for _, e := range events {
		if !seen[e.Party] {
			seen[e.Party] = true
			parties = append(parties, e.Party)
		}
	}
	came := &transcript.Replay{Verdict: verdict(r.Verdict, o), Facts: map[string]transcript.Value{}}
	for _, route := range r.Routes {
		x := transcript.Route{Name: string(route.Name), Outcome: string(route.Outcome)}
		for _, a := range route.Attempts {
			x.Attempts = append(x.Attempts, transcript.Attempt{After: a.After.Seconds(), Server: a.Server, Worked: a.Worked, Why: string(a.Why), Moved: a.Moved})
		}
		came.Routes = append(came.Routes, x)
	}
	for _, f := range r.Facts {
		came.Facts[string(f.Name)] = transcript.ValueOf(f.Yes)
	}
	for _, f := range r.EarlyDataFacts {
		came.Facts[string(f.Name)] = transcript.ValueOf(f.Status.String())
	}
	return transcript.Encode(w, transcript.Document{Version: transcript.Version, Seed: o.Seed, Replay: came,
		Flows: []transcript.Flow{{Name: r.Attack, Parties: parties, Events: events}}})
}

// WriteReplayMatrixJSON writes what replay.Matrix found under o.
func WriteReplayMatrixJSON(w io.Writer, rows [][]replay.Verdict, o replay.Options) error {
	doc := transcript.ReplayMatrix{Version: transcript.Version, Seed: o.Seed, Store: "in process", Matrix: [][]transcript.Verdict{}}
	if o.Shared != nil {
		doc.Store = o.SharedName
	}
	for _, row := range rows {
		var cells []transcript.Verdict
		for _, v := range row {
			cells = append(cells, verdict(v, o))
		}
		doc.Matrix = append(doc.Matrix, cells)
	}
	return doc.Encode(w)
}

func verdict(v replay.Verdict, o replay.Options) transcript.Verdict {
	out := transcript.Verdict{Attack: v.Attack, Defences: v.Defences, Login: string(o.Login), Outcome: string(v.Outcome), Reason: string(v.Reason),
		Limit: string(v.Limit), Times: v.Times, For: v.For.Seconds(), Until: v.Until.Seconds(), Remembers: v.Remembers.Seconds(),
		Moved: v.Moved, Alice: v.Alice, Mallory: v.Mallory}
	if out.Login == "" {
		out.Login = string(replay.ByCookie)
	}
	if out.Defences == nil {
		out.Defences = []string{}
	}
	return out
}
