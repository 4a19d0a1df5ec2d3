package transcript

import "io"

// Replay is what a replay came to. What its numbers mean is told at replay.Verdict.
type Replay struct {
	Verdict
	Routes []Route          `json:"routes"`
	Facts  map[string]Value `json:"facts"`
}

// Verdict is how an attack fared against defences.
type Verdict struct {
	Attack    string   `json:"attack"`
	Defences  []string `json:"defences"`
	Login     string   `json:"login"`   // "cookie" or "certificate"
	Outcome   string   `json:"outcome"` // "stopped", "limited", "not_stopped"
	Reason    string   `json:"reason"`
	Limit     string   `json:"limit"` // "count" or "time"; "" unless the outcome is limited
	Times     int      `json:"times"`
	For       float64  `json:"for_s"` // seconds, as all that end in _s
	Until     float64  `json:"until_s"`
	Remembers float64  `json:"remembers_s"`
	Moved     int64    `json:"moved"`
	Alice     int64    `json:"alice"`
	Mallory   int64    `json:"mallory"`
}

// Route is one way in which an attack was tried.
type Route struct {
	Name     string    `json:"name"`
	Outcome  string    `json:"outcome"`
	Attempts []Attempt `json:"attempts"`
}

// Attempt is one try.
type Attempt struct {
	After  float64 `json:"after_s"` // since the capture
	Server string  `json:"server"`
	Worked bool    `json:"worked"`
	Why    string  `json:"why"`
	Moved  int64   `json:"moved"`
}

// ReplayMatrix is every attack against every defence.
type ReplayMatrix struct {
	Version int         `json:"tlslab"`
	Seed    string      `json:"seed"`
	Store   string      `json:"shared_store"` // the URL of the store that two servers share, or "in process"
	Matrix  [][]Verdict `json:"matrix"`       // a row for each attack
}

// Encode writes m.
func (m ReplayMatrix) Encode(w io.Writer) error { return encode(w, m, " ") }

// DecodeReplayMatrix reads what ReplayMatrix.Encode wrote. Its errors are those of Decode.
func DecodeReplayMatrix(r io.Reader) (m ReplayMatrix, err error) {
	if err = decode(r, &m, &m.Version); err == nil && m.Matrix == nil {
		err = otherSort("matrix")
	}
	return m, err
}
