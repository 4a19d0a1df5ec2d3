package render

import (
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/scenario"
	"tlslab/pki"
)

// How single values become JSON; what they are part of is in json.go.

func jsonInputs(in []event.Input) []jsonValue {
	var out []jsonValue
	for _, v := range in {
		out = append(out, jsonValue{v.Name, hex.EncodeToString(v.Bytes), v.Private, string(v.From)})
	}
	return out
}

// jsonGroup is a group under the name that it gives itself; nil where there is none.
func jsonGroup(g event.Group) any {
	if g.ID == 0 {
		return nil
	}
	return jsonEnum{fmt.Sprintf("0x%04x", uint16(g.ID)), g.Name, uint64(g.ID)}
}

func jsonReportOf(r *pki.Report) *jsonReport {
	if r == nil {
		return nil
	}
	j := &jsonReport{OK: r.OK, Chosen: r.Chosen, Paths: []jsonPath{}}
	for i := range r.Paths {
		p := jsonPath{Anchored: r.Paths[i].Anchored, Checks: []jsonCheck{}}
		for _, c := range r.Paths[i].Certs {
			p.Subjects, p.Prints = append(p.Subjects, c.Subject.String()), append(p.Prints, fingerprint(c))
		}
		if err := r.Paths[i].Err; err != nil {
			p.Error = jsonError(err)
		}
		for _, c := range r.Paths[i].Checks {
			k := jsonCheck{Key: string(c.Key), Cert: c.Cert, OK: c.OK, Ref: c.Ref}
			for _, in := range c.Inputs {
				k.Inputs = append(k.Inputs, jsonNamed{in.Name, jsonAny(in.Value())})
			}
			if c.Err != nil {
				k.Error = jsonError(c.Err)
			}
			p.Checks = append(p.Checks, k)
		}
		for _, s := range r.Paths[i].States() {
			k := jsonState{Cert: s.Cert}
			for _, in := range s.Inputs() {
				k.Inputs = append(k.Inputs, jsonNamed{in.Name, jsonAny(in.Value())})
			}
			p.States = append(p.States, k)
		}
		for _, n := range r.Paths[i].Notes {
			p.Notes = append(p.Notes, jsonNote{string(n.Key), n.Cert, n.Ref, jsonAny(n.Got)})
		}
		j.Paths = append(j.Paths, p)
	}
	for _, x := range r.Rejected {
		k := jsonRejection{Subject: x.Cert.Subject.String(), Print: fingerprint(x.Cert), Reason: string(x.Reason)}
		if x.For != nil {
			k.For = x.For.Subject.String()
		}
		j.Rejected = append(j.Rejected, k)
	}
	return j
}

// jsonError converts an error; one without a typed reason has the reason "internal".
func jsonError(err error) *jsonFault {
	if err == nil {
		return nil
	}
	j := &jsonFault{Reason: reason.Of(err).String(), Off: -1, Message: err.Error()}
	var re *reason.Error
	if errors.As(err, &re) {
		j.Ref, j.Field, j.Off, j.Want, j.Got = re.Ref, re.Field, re.Off, jsonAny(re.Want), jsonAny(re.Got)
	}
	if d, ok := reason.Alert(reason.Of(err)); ok {
		j.Alert = jsonAny(d)
	}
	return j
}

// jsonEnum is a number from a registry.
type jsonEnum struct {
	Hex   string `json:"hex"`
	Name  string `json:"name"`
	Value uint64 `json:"value"`
}

var ianaPath = reflect.TypeFor[iana.Version]().PkgPath()

// jsonAny converts a value of a field, a decision, a scene or an input.
func jsonAny(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case []byte:
		return hex.EncodeToString(v)
	case string:
		return jsonText(v)
	case bool, []string, time.Time:
		return v
	case *pki.Report:
		return jsonReportOf(v)
	case scenario.Knowledge:
		return jsonKnowledge(v)
	case *scenario.Knowledge:
		return jsonKnowledge(*v)
	case scenario.SideBySide:
		return jsonSideBySide(v)
	case scenario.Belief:
		return jsonBelief(v)
	case error:
		return jsonError(v)
	}
	r := reflect.ValueOf(v)
	switch {
	case r.CanUint() && r.Type().PkgPath() == ianaPath:
		return jsonEnum{fmt.Sprintf("0x%0*x", 2*int(r.Type().Size()), r.Uint()), text(v), r.Uint()}
	case r.CanUint():
		return r.Uint()
	case r.CanInt():
		return r.Int()
	case r.Kind() == reflect.Array && r.Type().Elem().Kind() == reflect.Uint8:
		return fmt.Sprintf("%x", v)
	case r.Kind() == reflect.Slice:
		list := make([]any, r.Len())
		for i := range list {
			list[i] = jsonAny(r.Index(i).Interface())
		}
		return list
	}
	return text(v)
}

// jsonText is text that was said; HTTP/2, which is binary, a line a frame.
func jsonText(s string) string { return strings.ToValidUTF8(conversation(s), "\ufffd") }

func jsonKnowledge(k scenario.Knowledge) any {
	return struct {
		Party          string `json:"party"`
		ReadsHandshake bool   `json:"reads_handshake"`
		ReadsData      bool   `json:"reads_data"`
		EarlyOnly      bool   `json:"early_only"`
		HasMaster      bool   `json:"has_master"`
		CanImpersonate bool   `json:"can_impersonate"`
		Plaintext      string `json:"plaintext"`
	}{k.Party, k.ReadsHandshake, k.ReadsData, k.EarlyOnly, k.HasMaster, k.CanImpersonate, jsonText(k.Plaintext)}
}

func jsonSideBySide(s scenario.SideBySide) any {
	type row struct {
		What  string `json:"what"`
		Left  any    `json:"left"`
		Right any    `json:"right"`
		Same  bool   `json:"same"`
	}
	out := struct {
		Left  string `json:"left"`
		Right string `json:"right"`
		Rows  []row  `json:"rows"`
	}{s.Left, s.Right, []row{}}
	for _, r := range s.Rows {
		out.Rows = append(out.Rows, row{r.What, jsonAny(r.Left), jsonAny(r.Right), r.Same})
	}
	return out
}

func jsonBelief(b scenario.Belief) any {
	return struct {
		Party     string     `json:"party"`
		Peer      string     `json:"peer"`
		Anchor    string     `json:"anchor"`
		Over      *jsonFault `json:"overridden,omitempty"`
		Done      bool       `json:"done"`
		Refused   *jsonFault `json:"refused,omitempty"`
		Asked     bool       `json:"certificate_requested"`
		Truth     string     `json:"truth"`
		Sent      string     `json:"sent"`
		Received  string     `json:"received"`
		OtherSent string     `json:"other_sent"`
	}{b.Party, b.Peer, b.Anchor, jsonError(b.Over), b.Done, jsonError(b.Refused), b.Asked, b.Truth,
		jsonText(b.Sent), jsonText(b.Received), jsonText(b.OtherSent)}
}
