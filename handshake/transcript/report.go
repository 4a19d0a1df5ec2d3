package transcript

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"

	"tlslab/handshake/reason"
	"tlslab/pki"
)

// Report is what the verifier made of a chain: every path that it tried, every check.
type Report struct {
	OK       bool        `json:"ok"`
	Chosen   int         `json:"chosen"` // index in Paths; -1 for none
	Paths    []Path      `json:"paths"`
	Rejected []Rejection `json:"rejected,omitempty"`
}

// Path is one path, the leaf first.
type Path struct {
	Subjects []string    `json:"subjects"`
	Prints   []string    `json:"fingerprints"` // SHA-256 of each: two may have one subject
	Anchored bool        `json:"anchored"`
	Checks   []Check     `json:"checks"`
	Notes    []Note      `json:"notes,omitempty"`
	States   []PathState `json:"states,omitempty"` // RFC 5280 §6.1, anchor first
	Error    *Fault      `json:"error,omitempty"`
}

// Check is one check of a path.
type Check struct {
	Key    string   `json:"key"`
	Cert   int      `json:"cert"` // index in the path; -1 for all of it
	OK     bool     `json:"ok"`
	Ref    string   `json:"ref"`
	Inputs []Named  `json:"inputs,omitempty"`
	Error  *Fault   `json:"error,omitempty"`
	Fields []Looked `json:"fields,omitempty"`
}

// Looked is a field that a check looked at, by its path in a walk of package pki/der.
type Looked struct {
	Cert   int    `json:"cert"` // index in the path; -1 for the stapled response
	Path   string `json:"path"`
	Absent string `json:"absent,omitempty"` // what it means that there is no such field: a pki.Absence
}

// PathState is what is carried down from a certificate to those below.
type PathState struct {
	Cert   int     `json:"cert"`
	Inputs []Named `json:"inputs"`
}

// Note is a remark that decides nothing: what breaks a rule for issuers.
type Note struct {
	Key  string `json:"key"`
	Cert int    `json:"cert"`
	Ref  string `json:"ref"`
	Got  Value  `json:"got"`
}

// Rejection is a certificate that is in no path.
type Rejection struct {
	Subject string `json:"subject"`
	Print   string `json:"fingerprint"`
	For     string `json:"for,omitempty"` // whose issuer it was looked at as
	Reason  string `json:"reason"`
}

func reportOf(r *pki.Report) *Report {
	if r == nil {
		return nil
	}
	out := &Report{OK: r.OK, Chosen: r.Chosen, Paths: []Path{}}
	for i := range r.Paths {
		out.Paths = append(out.Paths, pathOf(&r.Paths[i]))
	}
	for _, x := range r.Rejected {
		k := Rejection{Subject: x.Cert.Subject.String(), Print: fingerprint(x.Cert), Reason: string(x.Reason)}
		if x.For != nil {
			k.For = x.For.Subject.String()
		}
		out.Rejected = append(out.Rejected, k)
	}
	return out
}

func pathOf(p *pki.Path) Path {
	out := Path{Anchored: p.Anchored, Checks: []Check{}, Error: refusal(p.Err)}
	for _, c := range p.Certs {
		out.Subjects, out.Prints = append(out.Subjects, c.Subject.String()), append(out.Prints, fingerprint(c))
	}
	looked := p.Looked()
	for i, c := range p.Checks {
		check := Check{Key: string(c.Key), Cert: c.Cert, OK: c.OK, Ref: c.Ref, Inputs: inputsOf(c.Inputs), Error: refusal(c.Err)}
		for _, l := range looked[i] {
			check.Fields = append(check.Fields, Looked{l.Cert, l.Path, string(l.Absent)})
		}
		out.Checks = append(out.Checks, check)
	}
	for _, s := range p.States() {
		out.States = append(out.States, PathState{s.Cert, inputsOf(s.Inputs())})
	}
	for _, n := range p.Notes {
		out.Notes = append(out.Notes, Note{string(n.Key), n.Cert, n.Ref, ValueOf(n.Got)})
	}
	return out
}

func inputsOf(in []pki.Input) []Named {
	var out []Named
	for _, x := range in {
		out = append(out, Named{x.Name, ValueOf(x.Value())})
	}
	return out
}

func fingerprint(c *x509.Certificate) string { return fmt.Sprintf("%x", sha256.Sum256(c.Raw)) }

// refusal is FaultOf, which would take a nil of this type for an error.
func refusal(err *reason.Error) *Fault {
	if err == nil {
		return nil
	}
	return FaultOf(err)
}

// FaultOf converts an error: nil is nil, and one without a typed reason has "internal".
func FaultOf(err error) *Fault {
	if err == nil {
		return nil
	}
	f := &Fault{Reason: reason.Of(err).String(), Off: -1, Message: err.Error()}
	var re *reason.Error
	if errors.As(err, &re) {
		f.Ref, f.Field, f.Off, f.Want, f.Got = re.Ref, re.Field, re.Off, ValueOf(re.Want), ValueOf(re.Got)
	}
	if d, ok := reason.Alert(reason.Of(err)); ok {
		f.Alert = ValueOf(d)
	}
	return f
}
