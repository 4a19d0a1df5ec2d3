package render

import (
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/replay"
)

// ReplayJSON is a Listener that keeps what a replay tells, and writes it as WriteJSON
// writes a lesson: one flow, named after the attack, with every event of every party. Beside
// "flows" stands
//
//	"replay": {
//	  "attack": "early-data", "defences": ["freshness"], "login": "cookie",
//	  "outcome": "limited", "reason": "not_fresh",
//	  "limit": "time", "times": 2, "for_s": 10, "until_s": 11,
//	  "remembers_s": 0, "moved": 200, "alice": 9700, "mallory": 300,
//	  "routes": [{"name": "post", "outcome": "limited", "attempts":
//	    [{"after_s": 1, "server": "bank", "worked": true, "why": "", "moved": 100}, …]}],
//	  "facts": {"get_answered_again": true}}
//
// limit is "" unless the outcome is limited. What the numbers mean is told at
// replay.Verdict.
type ReplayJSON struct{ events []jsonEvent }

// Event takes the next event.
func (j *ReplayJSON) Event(e event.Event) {
	if x, ok := jsonOf(e); ok {
		j.events = append(j.events, x)
	}
}

// Write writes the document about r, which was played under o.
func (j *ReplayJSON) Write(w io.Writer, r *replay.Result, o replay.Options) error {
	type document struct {
		jsonDoc
		Replay jsonReplay `json:"replay"`
	}
	var parties []string
	seen := map[string]bool{"": true}
	for _, e := range j.events {
		if !seen[e.Party] {
			seen[e.Party] = true
			parties = append(parties, e.Party)
		}
	}
	doc := document{jsonDoc{1, o.Seed, []jsonFlow{{Name: r.Attack, Parties: parties, Events: j.events}}}, jsonReplay{jsonVerdictOf(r.Verdict, o), nil, map[string]any{}}}
	for _, route := range r.Routes {
		x := jsonRoute{string(route.Name), string(route.Outcome), nil}
		for _, a := range route.Attempts {
			x.Attempts = append(x.Attempts, jsonAttempt{a.After.Seconds(), a.Server, a.Worked, string(a.Why), a.Moved})
		}
		doc.Replay.Routes = append(doc.Replay.Routes, x)
	}
	for _, f := range r.Facts {
		doc.Replay.Facts[string(f.Name)] = f.Yes
	}
	for _, f := range r.EarlyDataFacts {
		doc.Replay.Facts[string(f.Name)] = f.Status.String()
	}
	return foreign.EncodeJSON(w, doc, " ")
}

// WriteReplayMatrixJSON writes what replay.Matrix found under o:
//
//	{"tlslab": 1, "seed": "1", "shared_store": "in process", "matrix": [[{…}, …], …]}
//
// with a row for each attack; a cell is the "replay" of ReplayJSON, without routes and
// facts. shared_store is the URL of the store that two servers share, if it is not in
// this process.
func WriteReplayMatrixJSON(w io.Writer, rows [][]replay.Verdict, o replay.Options) error {
	doc := struct {
		Version int             `json:"tlslab"`
		Seed    string          `json:"seed"`
		Store   string          `json:"shared_store"`
		Matrix  [][]jsonVerdict `json:"matrix"`
	}{1, o.Seed, "in process", [][]jsonVerdict{}}
	if o.Shared != nil {
		doc.Store = o.SharedName
	}
	for _, row := range rows {
		var cells []jsonVerdict
		for _, v := range row {
			cells = append(cells, jsonVerdictOf(v, o))
		}
		doc.Matrix = append(doc.Matrix, cells)
	}
	return foreign.EncodeJSON(w, doc, " ")
}

type jsonVerdict struct {
	Attack    string   `json:"attack"`
	Defences  []string `json:"defences"`
	Login     string   `json:"login"`
	Outcome   string   `json:"outcome"`
	Reason    string   `json:"reason"`
	Limit     string   `json:"limit"`
	Times     int      `json:"times"`
	For       float64  `json:"for_s"`
	Until     float64  `json:"until_s"`
	Remembers float64  `json:"remembers_s"`
	Moved     int64    `json:"moved"`
	Alice     int64    `json:"alice"`
	Mallory   int64    `json:"mallory"`
}

type jsonReplay struct {
	jsonVerdict
	Routes []jsonRoute    `json:"routes"`
	Facts  map[string]any `json:"facts"`
}

type jsonRoute struct {
	Name     string        `json:"name"`
	Outcome  string        `json:"outcome"`
	Attempts []jsonAttempt `json:"attempts"`
}

type jsonAttempt struct {
	After  float64 `json:"after_s"`
	Server string  `json:"server"`
	Worked bool    `json:"worked"`
	Why    string  `json:"why"`
	Moved  int64   `json:"moved"`
}

func jsonVerdictOf(v replay.Verdict, o replay.Options) jsonVerdict {
	j := jsonVerdict{Attack: v.Attack, Defences: v.Defences, Login: string(o.Login), Outcome: string(v.Outcome), Reason: string(v.Reason),
		Limit: string(v.Limit), Times: v.Times, For: v.For.Seconds(), Until: v.Until.Seconds(), Remembers: v.Remembers.Seconds(),
		Moved: v.Moved, Alice: v.Alice, Mallory: v.Mallory}
	if j.Login == "" {
		j.Login = string(replay.ByCookie)
	}
	if j.Defences == nil {
		j.Defences = []string{}
	}
	return j
}
